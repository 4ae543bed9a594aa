"""The second door: estimates leave only through `suppress`, which returns another type, `SafeTable`.

Only that type can be released. Primary cells are those that stand on too few people; further cells go with them so that
none can be computed from what is shown (`withholding`) or pinned down by reasoning from all of it (`reading`). A table
knows earlier ones made from the same answers.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from analysis.codebook import OVERALL
from analysis.errors import N_, AnalysisError
from analysis.reading import COARSER, Known, Reader, nearest
from analysis.withholding import Sum, Unprotectable, withhold

Record = dict[str, Any]
Key = tuple[str, tuple[tuple[str, str], ...]]

_FORMAT, _VERSION = "sipas-safe-table", 1
_THE_DOOR = object()


class HasRecords(Protocol):
    def records(self) -> Iterable[Mapping[str, Any]]: ...


class CannotBeProtected(AnalysisError):
    """A figure that must be hidden follows from figures published earlier."""


class NotASafeTable(AnalysisError):
    """The text is not a protected table as this version writes it."""


class NotInTable(AnalysisError, KeyError):
    """The table has no such row."""

    __str__ = AnalysisError.__str__


@dataclass(frozen=True)
class Policy:
    """When a figure stands on too few people to be shown.

    `minimum`: fewer people than this, and the figure is withheld. `unanimous`: a share of 0 or 1 among fewer people
    than this tells what each of them answered, and is withheld too. Name and version are written into every table.

    Digits betray as well: with a share, its standard error and its design effect in full, anybody can compute the
    weights behind a figure and, from them and the frame, how many answered in a withheld one. So a table keeps
    `decimals` places of shares and limits and two digits of the rest; a figure too uncertain to show keeps its words.

    Counts betray each other: whoever answered an item answered its factor, so the shown counts around a withheld one
    leave it little room. So people and answers are given to the nearest `rounding` (never below `minimum`), and as many
    more rows are withheld as it takes that each withheld count could be any of at least `spread` numbers. With 1 and 1
    counts are exact and this reader is left out, as in tables of version 1.
    """

    minimum: int = 10
    unanimous: int = 20
    decimals: int = 3
    rounding: int = 5
    spread: int = 5
    name: str = "sipas-primary"
    version: str = "2"

    def __post_init__(self) -> None:
        if self.minimum < 3:
            raise AnalysisError(
                N_("the smallest group that may be shown is {minimum}; below 3 each member could recognise the other"),
                minimum=self.minimum,
            )

    def rounded(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row as it may be read: no more digits than a reader needs."""
        found = dict(row)
        uncertain = row.get("reliability") == "hidden"
        if self.rounding > 1:
            people, answers = found["n"], found.get("answers")
            if people:
                found["n"] = max(nearest(people, self.rounding), self.minimum)
            if answers:
                found["answers"] = (
                    found["n"] if answers == people else max(nearest(answers, COARSER * self.rounding), found["n"])
                )
        for name in ("estimate", "low", "high"):
            if found.get(name) is not None:
                found[name] = None if uncertain else round(found[name], self.decimals)
        for name in ("se", "deff"):
            if found.get(name) is not None:
                found[name] = None if uncertain else float(f"{found[name]:.2g}")
        if found.get("method"):
            found["method"] = re.sub(r" deff=\S+", "", found["method"])
        return found

    def hides(self, row: Mapping[str, Any]) -> bool:
        """Whether this row must not be shown, whatever stands around it. No answers at all are not a secret."""
        n = row["n"] or 0
        return 0 < n < self.minimum or (0 < n < self.unanimous and row["estimate"] in (0, 1))


class SafeTable:
    """Estimates that may be shown. Made by `suppress`, or read back from what `suppress` made.

    A withheld row has no values, no flags and no reason (a reason would tell); a row without answers has n = 0.
    """

    def __init__(
        self, rows: Iterable[Record], policy: Policy, source: str, about: Mapping[str, Any], *, door: object = None
    ) -> None:
        if door is not _THE_DOOR:
            raise TypeError("a SafeTable is made by analysis.suppress() or SafeTable.from_json(), never directly")
        self._rows = {_key(row): row for row in rows}
        self.policy, self.source, self.about = policy, source, dict(about)

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SafeTable) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    @property
    def measures(self) -> tuple[str, ...]:
        """Items, factors and the whole, in the order of the estimates."""
        return tuple(dict.fromkeys(of for of, _ in self._rows))

    def domains(self, *names: str) -> list[dict[str, str]]:
        """The domains of one family: `domains("unit")`, `domains("unit", "field")`; `domains()` is the whole."""
        wanted = tuple(sorted(names))
        found = dict.fromkeys(domain for _, domain in self._rows if tuple(name for name, _ in domain) == wanted)
        return [dict(domain) for domain in found]

    def records(self) -> Iterator[Record]:
        """All rows, as `Estimates.records()` gives them, with `withheld` added."""
        return (_copy(row) for row in self._rows.values())

    def row(self, of: str, **domain: str) -> Record:
        """One row: `row("overall")`, `row("B1", unit="03646")`."""
        key = (of, tuple(sorted(domain.items())))
        if key not in self._rows:
            raise NotInTable(N_("the table has no row for {of} in {domain}"), of=of, domain=dict(domain))
        return _copy(self._rows[key])

    def to_json(self) -> str:
        """The table as text; equal tables give equal text."""
        columns = list(dict.fromkeys(name for row in self._rows.values() for name in row))
        table = {
            "format": _FORMAT,
            "version": _VERSION,
            "policy": asdict(self.policy),
            "source": self.source,
            "about": dict(sorted(self.about.items())),
            "columns": columns,
            "rows": [[row.get(name) for name in columns] for row in self._rows.values()],
        }
        return json.dumps(table, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "SafeTable":
        """Read back what `to_json` wrote; refuses anything else, and any row that the table's own policy forbids."""
        try:
            table = json.loads(text)
            if (table["format"], table["version"]) != (_FORMAT, _VERSION):
                raise NotASafeTable(
                    N_("this is {format} version {version}; {known} version 1 is needed"),
                    format=table["format"], version=table["version"], known=_FORMAT,
                )  # fmt: skip
            policy = Policy(**{"rounding": 1, "spread": 1, **table["policy"]})
            rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
            unsafe = [
                row
                for row in rows
                if (row != _hidden(row) if row["withheld"] else policy.hides(row) or row != policy.rounded(row))
            ]
            source, about = table["source"], table["about"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotASafeTable(N_("this is not a protected table: {reason}"), reason=repr(error)) from error
        if unsafe:
            raise NotASafeTable(
                N_("the row for {of} in {domain} shows what policy {policy} withholds"),
                of=unsafe[0]["of"], domain=unsafe[0]["domain"], policy=policy.name,
            )  # fmt: skip
        return cls(rows, policy, source, about, door=_THE_DOOR)


def suppress(
    estimates: HasRecords | Iterable[Mapping[str, Any]],
    policy: Policy | None = None,
    earlier: Sequence[SafeTable] = (),
    *,
    parts: Mapping[str, Sequence[str]] | None = None,
    source: str = "",
    about: Mapping[str, Any] | None = None,
) -> SafeTable:
    """Withhold what could tell how a person answered, and return the only thing that may be released.

    For each measure, every published total of another domain family is used against the table: units and fields against
    the whole, unit x field against each. `parts` names the items of each factor, so that a factor minus its other items
    (and the whole minus the other factors) tells nothing either. `source` says which answers these are (a snapshot's
    digest); `earlier` tables of the same source keep their secrets, and what they showed counts as known. `about`
    travels with the table.

    >>> counts = [({}, 60), ({"unit": "a"}, 4), ({"unit": "b"}, 26), ({"unit": "c"}, 30)]
    >>> rows = [{"domain": domain, "of": "O", "n": n, "estimate": 0.8} for domain, n in counts]
    >>> [row["withheld"] for row in suppress(rows, Policy(minimum=10)).records()]
    [False, True, True, False]
    """
    policy = policy or Policy()
    found = estimates.records() if hasattr(estimates, "records") else estimates
    rows = {_key(row): dict(row) for row in found}
    before = {
        key: row
        for table in earlier
        if table.source == source
        for key, row in table._rows.items()
    }  # fmt: skip
    keys = sorted(rows.keys() | before.keys())
    number = {key: cell for cell, key in enumerate(keys)}
    sizes = [rows.get(key, before.get(key, {})).get("n") or 0 for key in keys]
    poles = [_pole(rows.get(key, before.get(key, {}))) for key in keys]
    secret = {number[key] for key, row in rows.items() if policy.hides(row) or policy.hides(policy.rounded(row))}
    secret |= {number[key] for key, row in before.items() if row["withheld"]}
    shown = {number[key] for key, row in before.items() if not row["withheld"]}
    nested = {OVERALL: tuple(parts), **parts} if parts else {}
    sums = [*_sums_over_domains(keys, number, sizes), *_sums_over_parts(keys, number, sizes, nested)]
    reader = _reader(keys, sums, parts or {}, rows, policy, [one for one in earlier if one.source == source])
    costs = [
        (rows[key].get("reliability") != "hidden", size) if key in rows else ()
        for key, size in zip(keys, sizes, strict=True)
    ]
    open_cells = {number[key] for key in rows if rows[key]["n"]} - shown

    def wider(hidden: set[int]) -> set[int]:
        narrow = reader.narrow(hidden, policy.spread) if policy.spread > 1 else []
        found = (reader.company(cell, open_cells - hidden, costs) for cell in narrow)
        return {cell for cell in found if cell is not None}

    try:
        hidden = withhold(
            sizes, sums, secret,
            minimum=policy.minimum, known=shown, poles=poles, unanimous=policy.unanimous, wider=wider,
        )  # fmt: skip
    except Unprotectable as error:
        of, domain = keys[error.cell]
        raise CannotBeProtected(
            N_("{of} in {domain} must be withheld, but follows from what was published before; leave this table out"),
            of=of, domain=dict(domain),
        ) from error  # fmt: skip
    safe = (_hidden(row) if number[key] in hidden else _shown(policy.rounded(row)) for key, row in rows.items())
    return SafeTable(safe, policy, source, about or {}, door=_THE_DOOR)


def _reader(
    keys: list[Key], sums: list[Sum], parts: Mapping[str, Sequence[str]], rows: Mapping[Key, Record], policy: Policy,
    earlier: Sequence[SafeTable],
) -> Reader:  # fmt: skip
    """Whoever reads this table and the earlier ones of the same answers, without lines that the true counts break."""
    pooled = {OVERALL, *parts}

    def known(row: Mapping[str, Any], rules: Policy, true: Record | None) -> Known:
        return Known.of(row, rules.rounding, rules.minimum, bool(parts) and row["of"] in pooled, true)

    shown = {
        cell: known(_shown(policy.rounded(rows[key])), policy, rows[key])
        for cell, key in enumerate(keys)
        if key in rows
    }
    before: dict[int, Known] = {}
    for table in earlier:
        for cell, key in enumerate(keys):
            if key in table._rows:
                before[cell] = before.get(cell, Known()) & known(table._rows[key], table.policy, rows.get(key))
    true = {cell: Known.exactly(rows[key]) for cell, key in enumerate(keys) if key in rows}
    return Reader(keys, sums, parts, shown, before).checked(true)


def _sums_over_domains(keys: list[Key], number: dict[Key, int], sizes: list[int]) -> Iterator[Sum]:
    """Every domain is the sum of the finer domains inside it, for each pair of families present."""
    families: dict[str, dict[tuple[str, ...], list[Key]]] = {}
    for of, domain in keys:
        families.setdefault(of, {}).setdefault(tuple(name for name, _ in domain), []).append((of, domain))
    for of, family in families.items():
        for coarse in family:
            for fine in family:
                if not set(coarse) < set(fine):
                    continue
                inside: dict[Key, list[int]] = {}
                for key in family[fine]:
                    total = (of, tuple(pair for pair in key[1] if pair[0] in coarse))
                    inside.setdefault(total, []).append(number[key])
                for total, cells in inside.items():
                    if total in number and any(sizes[cell] for cell in cells):
                        yield Sum(number[total], tuple(cells), table=of)


def _sums_over_parts(
    keys: list[Key], number: dict[Key, int], sizes: list[int], parts: Mapping[str, Sequence[str]]
) -> Iterator[Sum]:
    for of, domain in keys:
        cells = tuple(number[part, domain] for part in parts.get(of, ()) if (part, domain) in number)
        if any(sizes[cell] for cell in cells):
            yield Sum(number[of, domain], cells, disjoint=False)


def _pole(row: Mapping[str, Any]) -> int:
    """1 where everybody answered one way, -1 where nobody did, 0 else and where it is not known."""
    share = row.get("estimate")
    return 1 if share == 1 else -1 if share == 0 else 0


def _key(row: Mapping[str, Any]) -> Key:
    return row["of"], tuple(sorted(row["domain"].items()))


def _shown(row: Record) -> Record:
    return {**row, "withheld": False}


def _hidden(row: Record) -> Record:
    empty: Record = {name: [] if name == "flags" else None for name in row}
    return {**empty, "domain": row["domain"], "of": row["of"], "withheld": True}


def _copy(row: Record) -> Record:
    return {**row, "domain": dict(row["domain"]), **({"flags": list(row["flags"])} if "flags" in row else {})}

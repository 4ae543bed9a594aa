"""The table that may be shown: made by `suppress` alone, or read back from what that made."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from analysis.disclosure.policy import Policy
from analysis.errors import N_, AnalysisError

Record = dict[str, Any]
Key = tuple[str, tuple[tuple[str, str], ...]]

_FORMAT, _VERSION = "sipas-safe-table", 1
_BEFORE = {
    "rounding": 1,
    "spread": 1,
    "own_words": False,
    "least_people": 0,
    "least_df": 0,
}  # where a table says nothing
THE_DOOR = object()  # held by `suppress`


class NotASafeTable(AnalysisError):
    """The text is not a protected table as this version writes it."""


class NotInTable(AnalysisError, KeyError):
    """The table has no such row."""

    __str__ = AnalysisError.__str__


class SafeTable:
    """Estimates that may be shown. Made by `suppress`, or read back from what `suppress` made.

    A withheld row has no values, no flags and no reason (a reason would tell); a row without answers has n = 0.
    """

    def __init__(
        self, rows: Iterable[Record], policy: Policy, source: str, about: Mapping[str, Any], *, door: object = None
    ) -> None:
        if door is not THE_DOOR:
            raise TypeError("a SafeTable is made by analysis.suppress() or SafeTable.from_json(), never directly")
        self._rows = by_key(rows)
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
        """Return the domains of one family: `domains("unit")`, `domains("unit", "field")`; `domains()` is the whole."""
        wanted = tuple(sorted(names))
        found = dict.fromkeys(domain for _, domain in self._rows if tuple(name for name, _ in domain) == wanted)
        return [dict(domain) for domain in found]

    def records(self) -> Iterator[Record]:
        """Return all rows, as `Estimates.records()` gives them, with `withheld` added."""
        return (_copy(row) for row in self._rows.values())

    def row(self, of: str, **domain: str) -> Record:
        """Return one row: `row("overall")`, `row("B1", unit="03646")`."""
        key = (of, tuple(sorted(domain.items())))
        if key not in self._rows:
            raise NotInTable(N_("the table has no row for {of} in {domain}"), of=of, domain=dict(domain))
        return _copy(self._rows[key])

    def saying(self, **more: Any) -> "SafeTable":
        """Return the same figures with more said about them; whoever says it vouches that it may be read."""
        return SafeTable(self.records(), self.policy, self.source, {**self.about, **more}, door=THE_DOOR)

    def to_json(self) -> str:
        """Serialise the table; equal tables give equal text."""
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
            policy = Policy(**{**_BEFORE, **table["policy"]})
            rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
            unsafe = [
                row
                for row in rows
                if (row != hidden(row) if row["withheld"] else policy.hides(row) or row != policy.rounded(row))
            ]
            source, about = table["source"], table["about"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotASafeTable(N_("this is not a protected table: {reason}"), reason=repr(error)) from error
        if unsafe:
            raise NotASafeTable(
                N_("the row for {of} in {domain} shows what policy {policy} withholds"),
                of=unsafe[0]["of"], domain=unsafe[0]["domain"], policy=policy.name,
            )  # fmt: skip
        return cls(rows, policy, source, about, door=THE_DOOR)


def by_key(rows: Iterable[Mapping[str, Any]]) -> dict[Key, Record]:
    """Index rows by figure and domain."""
    return {(row["of"], tuple(sorted(row["domain"].items()))): dict(row) for row in rows}


def hidden(row: Record) -> Record:
    """Return what is left of a suppressed row: of what it speaks, and that it is withheld."""
    empty: Record = {name: [] if name == "flags" else None for name in row}
    return {**empty, "domain": row["domain"], "of": row["of"], "withheld": True}


def _copy(row: Record) -> Record:
    return {**row, "domain": dict(row["domain"]), **({"flags": list(row["flags"])} if "flags" in row else {})}

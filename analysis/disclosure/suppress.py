"""The second door: estimates leave only through `suppress`, which returns another type, `SafeTable`.

Only that type (`safe_table`) can be released. Primary suppression takes the cells that stand on too few people
(`policy`); secondary suppression takes further ones, so that none can be computed from what is published
(`secondary_suppression`) or pinned down by reasoning from all of it (`attacker`). A table knows earlier ones made from
the same answers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from analysis.data.codebook import OVERALL
from analysis.disclosure.attacker import FeasibilityInterval, IntervalAttacker
from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import THE_DOOR, Key, Record, SafeTable, by_key, hidden
from analysis.disclosure.secondary_suppression import Sum, Unprotectable, suppress_secondary
from analysis.errors import N_, AnalysisError

INSIDE = ("kish",)  # 11, 12, 13 heavy answers beside 200 of a hundredth give 14.95, 16.31, 17.66: it tells the count


class HasRecords(Protocol):
    def records(self) -> Iterable[Mapping[str, Any]]: ...


class CannotBeProtected(AnalysisError):
    """A figure that must be hidden follows from figures published earlier."""


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
    travels with the table. Kish's weighting effect stays inside, whatever the policy.

    >>> counts = [({}, 60), ({"unit": "a"}, 4), ({"unit": "b"}, 26), ({"unit": "c"}, 30)]
    >>> rows = [{"domain": domain, "of": "O", "n": n, "estimate": 0.8} for domain, n in counts]
    >>> [row["withheld"] for row in suppress(rows, Policy(minimum=10)).records()]
    [False, True, True, False]
    """
    policy = policy or Policy()
    records = estimates.records() if hasattr(estimates, "records") else estimates
    rows = by_key({name: row[name] for name in row if name not in INSIDE} for row in records)
    issued = [table for table in earlier if table.source == source]
    before = by_key(row for table in issued for row in table.records())
    keys = sorted(rows.keys() | before.keys())
    number = {key: cell for cell, key in enumerate(keys)}
    sizes = [rows.get(key, before.get(key, {})).get("n") or 0 for key in keys]
    unanimity = [_unanimous_side(rows.get(key, before.get(key, {}))) for key in keys]
    primary = {number[key] for key, row in rows.items() if policy.hides(row) or policy.hides(policy.rounded(row))}
    primary |= {number[key] for key, row in before.items() if row["withheld"]}
    published = {number[key] for key, row in before.items() if not row["withheld"]}
    nested = {OVERALL: tuple(parts), **parts} if parts else {}
    sums = [*_sums_over_domains(keys, number, sizes), *_sums_over_parts(keys, number, sizes, nested)]
    attacker = _attacker(keys, sums, parts or {}, rows, policy, issued)
    costs = [
        (rows[key].get("reliability") != "hidden", size) if key in rows else ()
        for key, size in zip(keys, sizes, strict=True)
    ]
    open_cells = {number[key] for key in rows if rows[key]["n"]} - published

    def audit(withheld: set[int]) -> set[int]:
        exposed = attacker.underprotected(withheld, policy.spread) if policy.spread > 1 else []
        found = (attacker.secondary_cell(cell, open_cells - withheld, costs) for cell in exposed)
        return {cell for cell in found if cell is not None}

    try:
        withheld = suppress_secondary(
            sizes, sums, primary,
            minimum=policy.minimum, published=published, unanimity=unanimity, unanimous=policy.unanimous, audit=audit,
        )  # fmt: skip
    except Unprotectable as error:
        of, domain = keys[error.cell]
        raise CannotBeProtected(
            N_("{of} in {domain} must be withheld, but follows from what was published before; leave this table out"),
            of=of, domain=dict(domain),
        ) from error  # fmt: skip
    safe = (hidden(row) if number[key] in withheld else _shown(policy.rounded(row)) for key, row in rows.items())
    return SafeTable(safe, policy, source, about or {}, door=THE_DOOR)


def _attacker(
    keys: list[Key], sums: list[Sum], parts: Mapping[str, Sequence[str]], rows: Mapping[Key, Record], policy: Policy,
    earlier: Sequence[SafeTable],
) -> IntervalAttacker:  # fmt: skip
    """An attacker with this table and earlier ones of the same answers, less constraints that the true counts break."""
    pooled = {OVERALL, *parts}

    def known(row: Mapping[str, Any], rules: Policy, true: Record | None) -> FeasibilityInterval:
        return FeasibilityInterval.of(row, rules.rounding, rules.minimum, bool(parts) and row["of"] in pooled, true)

    shown = {
        cell: known(_shown(policy.rounded(rows[key])), policy, rows[key])
        for cell, key in enumerate(keys)
        if key in rows
    }
    before: dict[int, FeasibilityInterval] = {}
    for table in earlier:
        written = by_key(table.records())
        for cell, key in enumerate(keys):
            if key in written:
                before[cell] = before.get(cell, FeasibilityInterval()) & known(
                    written[key], table.policy, rows.get(key)
                )
    true = {cell: FeasibilityInterval.exactly(rows[key]) for cell, key in enumerate(keys) if key in rows}
    return IntervalAttacker(keys, sums, parts, shown, before).checked(true)


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


def _unanimous_side(row: Mapping[str, Any]) -> int:
    """1 where everybody answered one way, -1 where nobody did, 0 else and where it is not known."""
    share = row.get("estimate")
    return 1 if share == 1 else -1 if share == 0 else 0


def _shown(row: Record) -> Record:
    return {**row, "withheld": False}

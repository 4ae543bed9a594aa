"""How a wave's answers came, as far as it may be told: of each point for analysts, in tenths for readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import MIXED, suppress
from analysis.disclosure.safe_table import SafeTable
from sipas.fieldwork.models import Point, Wave
from sipas.intake.ways import TOGETHER, Way, all_ways_of
from sipas.registry.models import Unit

MOST = 0.8  # of a point's answers, by the way that is said to be its own
WORDS = {way: way.name.lower() for way in Way}
ByUnit = Mapping[str, Counter[str]]
OTHER = "other"  # read from a file, or from before ways were counted


def main_ways(session: Session, home: Path, wave: Wave) -> tuple[tuple[str, str], ...] | None:
    """Each point with ten answers or more, and by which way nearly all of them came; None where nothing was counted."""
    counted: dict[int, Counter[str]] = {}
    for (_, point, _, way), number in all_ways_of(session.connection(), home, wave.id).items():
        counted.setdefault(point, Counter())[WORDS[Way(way)]] += number
    codes = {place.id: place.code for place in session.scalars(select(Point))}
    found = []
    for point, ways in counted.items():
        if point in codes and ways.total() >= TOGETHER:
            (main, number), *_ = ways.most_common(1)
            found.append((codes[point], main if number >= MOST * ways.total() else MIXED))
    return tuple(sorted(found)) or None


def by_unit(session: Session, home: Path, wave: Wave) -> ByUnit:
    """Each responsible unit's answers by way, exactly: these stay inside."""
    units = {unit.id: unit.code for unit in session.scalars(select(Unit))}
    found: dict[str, Counter[str]] = {}
    for (_, _, unit, way), number in all_ways_of(session.connection(), home, wave.id).items():
        if unit in units:  # else counted before a restore, for an office that this database does not know
            found.setdefault(units[unit], Counter())[WORDS[Way(way)]] += number
    return found


def shares(counted: ByUnit, table: SafeTable) -> dict[str, Any]:
    """For everybody and each unit, tenths of their answers by way: {"all": {"screen": 8, "open": 2}, "units": ...}.

    Computed from what `suppress` lets out: a unit of which one way is withheld, or whose number of people is, says
    nothing, and what it says follows from counts that are rounded as all others. Empty where nothing was counted.
    """
    if not counted:
        return {}
    rows = [*_rows({}, sum(counted.values(), Counter()))]
    for unit in sorted(counted):
        rows += _rows({"unit": unit}, counted[unit])
    safe = suppress(rows, table.policy, source=table.source)
    found = {unit: _tenths(safe, table, {"unit": unit}) for unit in sorted(counted)}
    return {"all": _tenths(safe, table, {}), "units": {unit: said for unit, said in found.items() if said}}


def _rows(domain: Mapping[str, str], ways: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    return ({"domain": dict(domain), "of": way, "n": ways.get(way, 0), "estimate": None} for way in WORDS.values())


def _tenths(safe: SafeTable, table: SafeTable, domain: Mapping[str, str]) -> dict[str, int]:
    """Of one domain, by the largest remainders; empty where its people or one of its ways are withheld."""
    if dict(domain) not in table.domains(*domain):
        return {}
    people, rows = table.row("overall", **domain), [safe.row(way, **domain) for way in WORDS.values()]
    if people["withheld"] or not people["n"] or any(row["withheld"] for row in rows):
        return {}
    numbers = {row["of"]: row["n"] for row in rows}
    other = people["n"] - sum(numbers.values())
    if other >= table.policy.minimum:
        numbers[OTHER] = other
    whole = sum(numbers.values())
    exact = {name: 10 * number / whole for name, number in numbers.items()}
    found = {name: int(number) for name, number in exact.items()}
    for name in sorted(exact, key=lambda name: found[name] - exact[name])[: 10 - sum(found.values())]:
        found[name] += 1
    return {name: number for name, number in found.items() if number}

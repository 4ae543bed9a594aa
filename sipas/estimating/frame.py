"""A table of dossiers beside a snapshot, and weights that reproduce it, as a release has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import analysis
from analysis.weighting.population_counts import counts_as_stored
from sipas.errors import N_, SipasError
from sipas.tables import Problems, read_table
from sipas.tables.periods import for_weighting, is_quarter, lies_within, months_in, reaches_across
from sipas.tables.population_rows import population_table, read_population_rows

COLUMNS = ("unit", "field", "month")
SHOWN = 6  # months that are named
OTHER_MONTHS = N_("{file}: rows of other months than {first} to {last} are left out: {rows} ({months})")

MONTH_TWICE = N_(
    "waves {one} and {other} both asked in {month}, so that its dossiers would count twice; leave out --frame, or one "
    "of the waves"
)
NOT_COUNTED = N_(
    "{file} has no dossiers of {months}, in which wave {wave} asked; its other months stand for these answers too, and "
    "the wave may weigh too little in the period"
)
BY_QUARTER = N_(
    "the dossiers of some offices are counted by quarter, so nobody knows how many fall on each month: weights "
    "reproduce the dossiers of each office and field, and months are no margin"
)
ACROSS = N_(
    "{file} counts dossiers of quarters ({quarters}) that reach beyond the months in which the answers were given, "
    "{first} to {last}; nobody knows how many of them belong to these. Give counts by month"
)
OUTSIDE_WAVES = N_("{file}: rows of months in which no wave of this period asked are left out: {rows} ({months})")


def weights_to_frame(cells: analysis.Cells, path: Path, sheet: str = "") -> tuple[analysis.Weights, list[SipasError]]:
    """Weights to the dossiers of each unit and field, with the months as a margin; months without answers are left out.

    Also what a reader should know of them: units nobody answered for, classes that were merged, and rows of other
    months. Raises BadTable with every line that `sipas frame load` would refuse for itself.
    """
    dossiers, told = dossiers_of(cells, path, sheet)
    weights, more = weights_to_dossiers(cells, dossiers)
    return weights, [*told, *more]


def weights_to_dossiers(
    cells: analysis.Cells, dossiers: Mapping[tuple[str, ...], float]
) -> tuple[analysis.Weights, list[SipasError]]:
    """Weights to dossiers by unit, field and month, and what a reader should know of them."""
    counts, columns = for_weighting(dossiers)
    weights = analysis.frame_weights(cells, counts, columns=columns, classes=COLUMNS[:2])
    return weights, ([SipasError(BY_QUARTER)] if columns != COLUMNS else []) + _told(weights)


def dossiers_of(
    cells: analysis.Cells, path: Path, sheet: str = ""
) -> tuple[dict[tuple[str, ...], float], list[SipasError]]:
    """Dossiers by unit, field and month, of the months in which the answers were given; and what was left out."""
    name, rows = read_dossiers(path, sheet)
    first, last = _months_asked(cells.codebook, cells.labels["month"])
    dossiers = within(name, rows, first, last)
    others = sorted({key[2] for key in rows if not lies_within(key[2], first, last)})
    if not others:
        return dossiers, []
    count = sum(key[2] in others for key in rows)
    values = {"file": name, "rows": count, "first": first, "last": last, "months": _shortly(others)}
    return dossiers, [SipasError(OTHER_MONTHS, **values)]


def read_dossiers(path: Path, sheet: str = "") -> tuple[str, dict[tuple[str, ...], int]]:
    """The name of a table of dossiers, and its counts by unit, field and month."""
    table = population_table(read_table(path, sheet=sheet))
    problems = Problems(table)
    rows = read_population_rows(table, problems)
    problems.refuse()
    return table.name, {key: count for key, (_, count) in rows.items()}


def within(name: str, rows: Mapping[tuple[str, ...], int], first: str, last: str) -> dict[tuple[str, ...], float]:
    """The dossiers of some months, and of the quarters within them; raises SipasError where there are none, and where
    a quarter reaches beyond the months."""
    across = sorted({key[2] for key, count in rows.items() if count and reaches_across(key[2], first, last)})
    if across:
        raise SipasError(ACROSS, file=name, first=first, last=last, quarters=", ".join(across))
    found = {key: float(count) for key, count in rows.items() if lies_within(key[2], first, last) and count}
    if not found:
        raise SipasError(
            N_("{file} has no dossiers of the months {first} to {last}, in which the answers were given"),
            file=name,
            first=first,
            last=last,
        )
    return found


def dossiers_of_waves(
    name: str, rows: Mapping[tuple[str, ...], int], waves: Mapping[str, analysis.Cells]
) -> tuple[dict[str, dict[tuple[str, ...], float]], list[SipasError]]:
    """Dossiers of each wave of a period by its name, and what a reader should be told of them.

    Raises SipasError where two waves asked in one month, whose dossiers would count twice, and where a wave has none:
    beside others it would weigh nothing, and unweighted it could not be added to them.
    """
    found, notes = {}, []
    whose: dict[str, str] = {}
    for wave, cells in waves.items():
        first, last = _months_asked(cells.codebook, cells.labels["month"])
        found[wave] = within(name, rows, first, last)
        counted = {month for *_, period in found[wave] for month in months_in(period)}
        for month in sorted(counted):
            if whose.setdefault(month, wave) != wave:
                raise SipasError(MONTH_TWICE, one=whose[month], other=wave, month=month)
        lacking = [
            month for month in map(str, cells.labels["month"]) if first <= month <= last and month not in counted
        ]
        if lacking:
            notes.append(SipasError(NOT_COUNTED, file=name, wave=wave, months=_shortly(sorted(lacking))))
    others = sorted(one for one in {key[2] for key in rows} if not whose.keys() >= set(months_in(one)))
    if others:
        count = sum(key[2] in others for key in rows)
        notes.append(SipasError(OUTSIDE_WAVES, file=name, rows=count, months=_shortly(others)))
    return found, notes


def _shortly(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= SHOWN else f"{names[0]}, {names[1]}, …, {names[-1]}"


def _months_asked(codebook: analysis.Codebook, labels: Iterable[object]) -> tuple[str, str]:
    """Return the first and the last month of the wave as its codebook says, else those of the answers' labels."""
    if codebook.opens_on and codebook.closes_on:
        return f"{codebook.opens_on:%Y-%m}", f"{codebook.closes_on:%Y-%m}"
    said = re.fullmatch(r"(\d{4}-\d\d)-\d\d – (\d{4}-\d\d)-\d\d", codebook.notes)  # frozen until November 2026
    if said:
        return said[1], said[2]
    answered = [str(label) for label in labels if re.fullmatch(r"\d{4}-\d\d", str(label))]
    return min(answered, default="0000-00"), max(answered, default="9999-99")


def dossiers_by_family(
    cells: analysis.Cells, waves: Sequence[tuple[analysis.Codebook, str, str]], path: Path, sheet: str, by: Sequence
) -> dict[str, dict[str, int]]:
    """Dossiers of each family that the frame has the columns of, by its columns joined with commas, and domain.

    waves   of a period each wave's codebook, first and last month; empty where there is one wave
    """
    if waves:
        name, rows = read_dossiers(path, sheet)
        counted = [(book, within(name, rows, first, last)) for book, first, last in waves]
    else:
        counted = [(cells.codebook, dossiers_of(cells, path, sheet)[0])]
    found: dict[str, dict[str, int]] = {}
    for family in by:
        for book, dossiers in counted:
            own = by_family(book, dossiers, family)
            if own is not None:
                sums = found.setdefault(",".join(family), {})
                for domain, count in own.items():
                    sums[domain] = sums.get(domain, 0) + count
    return found


def by_family(
    codebook: analysis.Codebook, dossiers: Mapping[tuple[str, ...], float], family: Sequence[str]
) -> dict[str, int] | None:
    """Dossiers of each domain of a family, in the terms of the answers; None where the frame lacks its columns, or its
    months."""
    if not set(family) <= set(COLUMNS) or ("month" in family and any(is_quarter(key[2]) for key in dossiers)):
        return None
    dossiers = counts_as_stored(dossiers, COLUMNS, codebook)
    places = [COLUMNS.index(column) for column in family]
    found: dict[str, int] = {}
    for key, count in dossiers.items():
        name = " + ".join(key[place] for place in places)
        found[name] = found.get(name, 0) + int(count)
    return found


def _told(weights: analysis.Weights) -> list[SipasError]:
    notes = []
    uncovered, merged = weights.diagnostics["uncovered"], weights.diagnostics["merged"]
    if uncovered:
        notes.append(
            SipasError(
                N_("nobody answered for {units}; their {dossiers} dossiers are not represented"),
                units=", ".join(unit for unit, _ in uncovered),
                dossiers=f"{sum(count for _, count in uncovered):.0f}",
            )
        )
    if merged:
        notes.append(
            SipasError(
                N_("weighting classes merged with another field of their unit, having too few answers: {count}"),
                count=len(merged),
            )
        )
    return notes

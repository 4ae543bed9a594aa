"""A table of dossiers beside a snapshot, and weights that reproduce it, as a release has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import analysis
from analysis.weighting.population_counts import counts_as_stored
from sipas.errors import N_, SipasError
from sipas.tables import Problems, read_table
from sipas.tables.population_rows import population_table, read_population_rows

COLUMNS = ("unit", "field", "month")
SHOWN = 6  # months that are named
OTHER_MONTHS = N_("{file}: rows of other months than {first} to {last} are left out: {rows} ({months})")


def weights_to_frame(cells: analysis.Cells, path: Path, sheet: str = "") -> tuple[analysis.Weights, list[SipasError]]:
    """Weights to the dossiers of each unit and field, with the months as a margin; months without answers are left out.

    Also what a reader should know of them: units nobody answered for, classes that were merged, and rows of other
    months. Raises BadTable with every line that `sipas frame load` would refuse for itself.
    """
    dossiers, told = dossiers_of(cells, path, sheet)
    weights = analysis.frame_weights(cells, dossiers, columns=COLUMNS, classes=COLUMNS[:2])
    return weights, [*told, *_told(weights)]


def dossiers_of(
    cells: analysis.Cells, path: Path, sheet: str = ""
) -> tuple[dict[tuple[str, ...], float], list[SipasError]]:
    """Dossiers by unit, field and month, of the months in which the answers were given; and what was left out."""
    table = population_table(read_table(path, sheet=sheet))
    problems = Problems(table)
    rows = read_population_rows(table, problems)
    problems.refuse()
    first, last = _months_asked(cells.codebook, cells.labels["month"])
    dossiers: dict[tuple[str, ...], float] = {
        key: float(count) for key, (_, count) in rows.items() if first <= key[2] <= last and count
    }
    if not dossiers:
        raise SipasError(
            N_("{file} has no dossiers of the months {first} to {last}, in which the answers were given"),
            file=table.name,
            first=first,
            last=last,
        )
    others = sorted({month for _, _, month in rows if not first <= month <= last})
    if not others:
        return dossiers, []
    count = sum(month in others for _, _, month in rows)
    values = {"file": table.name, "rows": count, "first": first, "last": last, "months": _shortly(others)}
    return dossiers, [SipasError(OTHER_MONTHS, **values)]


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


def by_family(
    cells: analysis.Cells, dossiers: Mapping[tuple[str, ...], float], family: Sequence[str]
) -> dict[str, int] | None:
    """Dossiers of each domain of a family, in the terms of the answers; None where the frame lacks its columns."""
    if not set(family) <= set(COLUMNS):
        return None
    dossiers = counts_as_stored(dossiers, COLUMNS, cells.codebook)
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

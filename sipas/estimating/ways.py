"""Points with enrolled screens and open ones, compared within each office: did somebody send answers in heaps?

Who knows an open address can send as many inconspicuous answers as its limits allow; at an enrolled screen somebody has
to stand. So where both ask about the same fields for one office and their levels differ, somebody should look: people
at their own phone may be others than those before a screen, or may not be people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import analysis
from analysis import MIXED, OPEN, SCREEN, SEVERAL, holm, stratified_difference
from analysis.estimands.estimands import pooled
from sipas.errors import N_, SipasError, UnknownCode
from sipas.estimating.comparing import known
from sipas.estimating.survey import DataSource, Survey

COLUMNS = ("unit", "field", "point")
LEVEL = 0.95
FOUND = {"difference": "value", "low": "low", "high": "high", "p": "p"}
FLAGS = {
    "open higher": N_("open address higher"),
    "open lower": N_("open address lower"),
    "no screens": N_("no point with screens to compare with"),
    "few weeks": N_("too few weeks or no common field"),
    "mixed": N_("many answers by the open address of a point with screens"),
}


def kinds_of(source: DataSource, open_points: Sequence[str] = ()) -> dict[str, str]:
    """Point -> screen, code, open or mixed, as the snapshot's codebook says, or with `open_points`, the others having
    screens; empty where nothing is known."""
    if source.design is not None:
        if open_points:
            raise SipasError(N_("--open-points needs a snapshot, whose answers say at which point they were given"))
        return {}
    files = [part.path for part in source.parts] or [source.path]
    if not open_points:
        return _over_waves([dict(analysis.read_snapshot(file).codebook.ways or ()) for file in files])
    import pyarrow.parquet as pq

    columns = [pq.read_table(file, columns=["point"])["point"] for file in files]
    points = {str(one) for column in columns for one in column.unique().to_pylist()}
    if strangers := sorted(set(open_points) - points):
        raise UnknownCode(N_("No answer was given at {points}; see --open-points."), points=", ".join(strangers))
    return {point: OPEN if point in open_points else SCREEN for point in points - {SEVERAL}}


def _over_waves(waves: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The way of each point over all waves that say it; mixed where it is not one."""
    found: dict[str, str] = {}
    for ways in waves:
        for point, way in ways.items():
            found[point] = way if found.get(point, way) == way else MIXED
    return found


def compared(survey: Survey, kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row for each unit at which an open or mixed point asks; adjusted for their number by Holm."""
    if not set(kinds.values()) & {OPEN, MIXED}:
        return []
    cells, measures = survey.cells, pooled(survey.cells, ["overall"])
    kind = np.array([kinds.get(cells.label("point", code) or "", "") for code in range(len(cells.labels["point"]))])
    of_cell, unit = kind[cells.code("point")], cells.code("unit")
    group = np.select([of_cell == OPEN, of_cell == SCREEN], [1, 0], -1)
    rows: list[dict[str, Any]] = []
    for code in np.unique(unit[np.isin(of_cell, (OPEN, MIXED))]):
        here = unit == code
        forms = {side: int(cells.rows[here & (of_cell == side)].sum()) for side in (OPEN, SCREEN, MIXED)}
        found = stratified_difference(cells, survey.weights, measures, np.where(here, group, -1), "field", LEVEL)
        flags = ["mixed"] if forms[MIXED] else []
        if not forms[SCREEN]:
            flags.append("no screens")
        elif forms[OPEN] and (found is None or np.isnan(found.p)):
            flags.append("few weeks")
        rows.append({
            "what": "ways", "domain": {"unit": cells.label("unit", code)}, "forms": sum(forms.values()),
            "open": forms[OPEN], "screen": forms[SCREEN], "flags": flags,
            **{key: known(getattr(found, name)) if found else None for key, name in FOUND.items()},
        })  # fmt: skip
    adjusted = holm([np.nan if row["p"] is None else row["p"] for row in rows])
    for row, p in zip(rows, adjusted.tolist(), strict=True):
        row["adjusted"] = known(p)
        if p < 1 - LEVEL:
            row["flags"].insert(0, "open higher" if row["difference"] > 0 else "open lower")
    return rows

"""The doors of what is known beforehand: totals, features of offices, lists to draw from, dossiers, boundaries."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

import analysis
from sipas.estimating.boundaries import MERGED, read_boundaries
from sipas.estimating.census import weights_to_census
from sipas.estimating.comparing import Asked, between_waves
from sipas.estimating.design_file import read_design
from sipas.estimating.frame import weights_to_frame
from sipas.estimating.one_stop import offices_without_answers
from sipas.estimating.one_stop_file import read_office_counts
from sipas.estimating.opening import opened
from sipas.estimating.planning import allocation, drawn
from sipas.estimating.run import estimate_source
from sipas.estimating.small import read_features, small_areas
from sipas.estimating.survey import DataSource, Survey
from sipas.estimating.waves import opened_waves
from tests.sipas.tables.damages import CODE, CODES, COUNT, LABEL, MONTH, NAMES, NUMBER, Sheet
from tests.sipas.tables.doors.door import Door, Here, Made, figures

FIELDS = ("dat-dai", "ho-tich")
MONTHS = ("2026-01", "2026-02", "2026-03")
LISTED = [f"{number:03}" for number in range(30)]


def listed(draw: random.Random) -> Made:
    rows = [
        [no, f"{NAMES[place % 4]} {place}", str(draw.randint(200, 2500)), f"{draw.uniform(0.1, 9):.1f}"]
        for place, no in enumerate(LISTED)
    ]
    return ["no", "village", "people", "spread"], [CODE, LABEL, COUNT, NUMBER], rows


def listed_totals(draw: random.Random) -> Made:
    names, kinds, rows = listed(draw)
    return ["total" if name == "people" else name for name in names], kinds, rows


def dossiers(draw: random.Random) -> Made:
    rows = [[code, field, month, str(draw.randint(0, 4000))] for code in CODES for field in FIELDS for month in MONTHS]
    return ["unit", "field", "month", "dossiers"], [CODE, "other", MONTH, COUNT], rows


def census(draw: random.Random) -> Made:
    rows = [[code, sex, str(draw.randint(100, 5000))] for code in CODES for sex in "fm"]
    return ["unit", "sex", "people"], [CODE, "other", COUNT], rows


def offices(draw: random.Random) -> Made:
    rows = [
        [no, str(draw.randint(1000, 5000)), str(draw.randint(0, 900)), f"{draw.randint(0, 20) / 10:.1f}"]
        for no in LISTED
    ]
    return ["unit", "dossiers", "dossiers_online", "points_2"], [CODE, COUNT, COUNT, NUMBER], rows


def crosswalk(draw: random.Random) -> Made:
    rows = [[code, NAMES[place % 4], "1"] for place, code in enumerate(LISTED)]
    return ["old", "new", "share"], [CODE, LABEL, NUMBER], rows


def sampled(path: Path, _: Here) -> Any:
    rows, _more = drawn(path, 5, 2026, "people")
    return [float(row["people"].replace(",", ".")) for row in rows], ()


def divided(path: Path, _: Here) -> Any:
    rows = allocation(path, ("no",), "people", 300, "neyman", "spread")
    return sorted((row["people"], row["interviews"]) for row in rows), ()


def features(path: Path, _: Here) -> Any:
    found = read_features(path, ("no",), ("people", "spread"))
    with opened(_answers(path.parent, LISTED, 9), [("no",)]) as survey:
        rows, _more = small_areas(survey, ("no",), "overall", "reml", found, 0.95)
    return figures(rows, "n", "direct", "predicted"), survey.notes


def totals_of_a_file(path: Path, _: Here) -> Any:
    return _poststratified(path.parent, f"file: {path.name}")


def totals_in_yaml(path: Path, _: Here) -> Any:
    return _poststratified(path.parent, path.read_text("utf-8"))


def _poststratified(folder: Path, cells: str) -> Any:
    """Answers of two for each number of the list, weighted to the totals."""
    result = estimate_source(_answers(folder, LISTED, 2, f"poststratify:\n  by: [no]\n  {cells}\n"))
    return [(row["n"], row["estimate"], row["se"]) for row in result.estimates.records()], result.notes


def _answers(folder: Path, groups: Sequence[str], each: int, more: str = "", name: str = "answers") -> DataSource:
    """So many answers of each group, in the column `no`."""
    lines = [f"{no},{1 + (3 * place + 7 * one) % 5}" for place, no in enumerate(groups) for one in range(each)]
    path, design = folder / f"{name}.csv", folder / f"{name}.yaml"
    path.write_text("\n".join(["no,q01", *lines]) + "\n", "utf-8")
    design.write_text(f"items: [q01]\nsatisfied: 4\n{more}", "utf-8")
    return DataSource(path, read_design(design))


def in_yaml(sheet: Sheet, folder: Path) -> Path:
    """The rows as cells of a design file."""
    cells = ", ".join(f"{{no: {row[0]}, total: {row[2]}}}" for row in sheet.rows if row[0])
    path = folder / "cells.yaml"
    path.write_text(f"cells: [{cells}]", "utf-8")
    return path


@cache
def asked() -> analysis.Cells:
    """Three answers in each unit, field and month."""
    rows = [(unit, field, month, sex) for unit in CODES for field in FIELDS for month in MONTHS for sex in "ffm"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(("unit", "field", "month", "sex"))}
    levels = [1 + (7 * number) % 5 for number in range(len(rows))]
    table = pa.table({**columns, "q01": pa.array(levels, pa.int8())})
    book = analysis.Codebook.plain(["q01"])
    return analysis.tabulate(table, [("unit",)], codebook=book, keep=["unit", "field", "month", "sex"])


@cache
def every_office() -> analysis.Cells:
    """An answer in each office."""
    table = pa.table({"unit": LISTED, "q01": pa.array([4] * len(LISTED), pa.int8())})
    return analysis.tabulate(table, [("unit",)], codebook=analysis.Codebook.plain(["q01"]))


def framed(path: Path, _: Here) -> Any:
    weights, notes = weights_to_frame(asked(), path)
    records = analysis.estimate(asked(), weights).records()
    return [(str(row["domain"]), row["n"], row["estimate"]) for row in records], notes


def people(path: Path, _: Here) -> Any:
    weights, notes = weights_to_census(asked(), path)
    return [(row["n"], row["estimate"]) for row in analysis.estimate(asked(), weights).records()], notes


def counted(path: Path, _: Here) -> Any:
    found = read_office_counts(path)
    notes = offices_without_answers(Survey("", every_office(), analysis.design_weights(every_office())), found)
    return sorted((unit, *one.dossiers, float(one.points.get(2, -1))) for unit, one in found.items()), notes


def carried(path: Path, _: Here) -> Any:
    before = _answers(path.parent, LISTED, 4, name="before")
    after = _answers(path.parent, NAMES, 30, name="after")
    with opened_waves([before, after], [("no",)], boundaries=read_boundaries(path)) as waves:
        rows = between_waves(waves, [("no",)], Asked())
    return figures(rows, "n", "other_n", "difference"), [note for note in waves.notes if note.template != MERGED]


KNOWN = {
    "small-areas": Door(listed, features),
    "sample draw": Door(listed, sampled),
    "sample allocate": Door(listed, divided),
    "totals in a file": Door(listed_totals, totals_of_a_file),
    "totals in YAML": Door(listed_totals, totals_in_yaml, in_yaml),
    "--frame": Door(dossiers, framed),
    "--frame of households": Door(census, people),
    "--crosswalk": Door(crosswalk, carried),
    "one-stop": Door(offices, counted),
}

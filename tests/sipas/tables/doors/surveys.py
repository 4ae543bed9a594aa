"""The doors of answers: `estimate`, `compare`, `rank`, `trend`, `quality`, `improve`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sipas.estimating import improving, questionnaire
from sipas.estimating.comparing import Asked, between_waves, each_other
from sipas.estimating.design_file import read_design
from sipas.estimating.opening import codebook_from, opened
from sipas.estimating.ranking import Ranking, ranked
from sipas.estimating.run import estimate_source
from sipas.estimating.series import series
from sipas.estimating.survey import DataSource, Survey
from sipas.estimating.waves import opened_waves
from tests.sipas.tables.damages import CODE, CODES, COUNT, LABEL, LEVEL, NAMES, NUMBER
from tests.sipas.tables.doors.door import Door, Here, Made, figures

ITEMS = ["q01", "q02", "q03", "q04"]
FACTORS = "items: {A: [q01, q02], B: [q03], C: [q04]}"
BY = [("code",), ("unit",)]


def answers(draw: random.Random) -> Made:
    place = [number % 4 for number in range(40)]
    draw.shuffle(place)
    whole = draw.random() < 0.5
    weight = [str(draw.randint(500, 3000)) if whole else f"{draw.uniform(1, 30):.2f}" for _ in place]
    rows = [
        [CODES[p], NAMES[p], w, *(str(draw.randint(1, 5)) for _ in ITEMS)] for p, w in zip(place, weight, strict=True)
    ]
    for number, row in enumerate(rows[:5], 1):  # every level occurs
        row[3] = str(number)
    return ["code", "unit", "w", *ITEMS], [CODE, LABEL, NUMBER if not whole else COUNT, *[LEVEL] * 4], rows


def source(path: Path, items: str = "items: [q01, q02, q03, q04]") -> DataSource:
    design = path.parent / "design.yaml"
    design.write_text(f"weights: w\n{items}\nsatisfied: 4\n", "utf-8")
    return DataSource(path, read_design(design))


def second(folder: Path) -> Path:
    """Another wave, as it should be."""
    names, _, rows = answers(random.Random(1))
    path = folder / "second.csv"
    path.write_text("\n".join(",".join(row) for row in [names, *rows]) + "\n", "utf-8")
    return path


def estimated(path: Path, _: Here) -> Any:
    result = estimate_source(source(path), BY)
    return figures(result.estimates.records(), "n", "estimate", "se"), result.notes


def compared(path: Path, _: Here) -> Any:
    with opened(source(path), BY, rows=True) as survey:
        return figures(each_other(survey, BY, Asked()), "n", "other_n", "se"), survey.notes


def compared_waves(path: Path, _: Here) -> Any:
    with opened_waves([source(path), source(second(path.parent))], BY) as waves:
        return figures(between_waves(waves, BY, Asked()), "n", "estimate", "difference", "se"), waves.notes


def trend(path: Path, _: Here) -> Any:
    with opened_waves([source(path), source(second(path.parent))], BY) as waves:
        return figures(series(waves, BY, Asked()), "n", "estimate", "se"), waves.notes


def rank(path: Path, _: Here) -> Any:
    with opened(source(path), BY, rows=True) as survey:
        rows = [row for family in BY for row in ranked(survey, family, Ranking())]
    return figures(rows, "n", "estimate", "rank_low", "rank_high"), survey.notes


def quality(path: Path, _: Here) -> Any:
    of = source(path, FACTORS)
    ask = {"cross_products": questionnaire.measured(codebook_from(of)), "straight_lines": questionnaire.LEAST}
    with _asking(of, ask=ask) as survey:
        rows = questionnaire.quality(survey, BY, {}, False)
    return figures(rows, "forms", "nonresponse", "straight", "answered", "alpha", "item_rest"), survey.notes


def improve(path: Path, _: Here) -> Any:
    of = source(path, "items: {A: [q01, q02], B: [q03], overall_item: [q04]}")
    with _asking(
        of, ask={"importance": "q04"}, rows=True, questionnaire=lambda book: improving.without(book, "q04")
    ) as survey:
        rows = improving.improve(survey, survey.domains([("code",)]), "q04", 0.95)
    return figures(rows, "persons", "performance", "importance", "r2"), survey.notes


@contextmanager
def _asking(of: DataSource, **asked: Any) -> Iterator[Survey]:
    with opened(of, BY, **asked) as survey:
        yield survey


SURVEYS = {
    "estimate": Door(answers, estimated),
    "compare": Door(answers, compared),
    "compare waves": Door(answers, compared_waves),
    "rank": Door(answers, rank),
    "trend": Door(answers, trend),
    "quality": Door(answers, quality),
    "improve": Door(answers, improve),
}

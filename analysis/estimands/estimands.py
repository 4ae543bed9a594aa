"""What is measured: for each figure, a numerator and a denominator per cell.

Every figure of this package is a ratio of weighted sums, R = sum(w y) / sum(w x): for an item, x counts its valid
answers and y those that satisfy (or their scores); for a factor and for the whole, x and y are pooled over the items.
"Not applicable" and "not answered" are in neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.data.codebook import OVERALL
from analysis.errors import N_, BadMethod, NotInCells
from analysis.estimands.scoring import SHARE, Scoring
from analysis.estimands.second_moments import SecondMoments, elements_missing, pooled_second_moments
from analysis.tabulation.cells import Cells
from analysis.tabulation.respondent_sums import members_of, required_sums

ITEM, FACTOR, WHOLE = "item", "factor", "overall"


@dataclass(frozen=True)
class Titles:
    """What figures are called and what they are, without their sums."""

    of: tuple[str, ...]
    kinds: tuple[str, ...]
    share: bool
    total: bool
    scoring: str

    def __add__(self, other: "Titles") -> "Titles":
        return replace(self, of=self.of + other.of, kinds=self.kinds + other.kinds)


@dataclass(frozen=True, eq=False)
class Estimands:
    """Numerators and denominators of several figures, as arrays [cells, figures].

    y, x     unweighted sums per cell
    rows     rows that count as respondents of the figure: for an item those that answered it, else all rows
    squares  sums of y squared over single rows, for the design effect; NaN where they are unknown
    kinds    for each figure: item (each respondent has one value), factor or overall (answers pooled)
    share    whether the figures are shares between 0 and 1
    people   people with at least one answer that counts; None = those of `rows`
    second   second moments of single rows; None = they follow from x, y and squares where each row has one value
    total    whether sum(w y) itself is wanted, not the ratio
    asked    x if all who were asked had answered, where population counts may say that everybody was counted; else None
    """

    of: tuple[str, ...]
    kinds: tuple[str, ...]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    rows: NDArray[np.float64]
    squares: NDArray[np.float64]
    share: bool
    total: bool = False
    scoring: str = ""
    second: SecondMoments | None = None
    people: NDArray[np.float64] | None = None
    asked: NDArray[np.float64] | None = None

    @property
    def titles(self) -> Titles:
        """Names and kinds of the figures, how they are scored, and whether they are shares or totals."""
        return Titles(self.of, self.kinds, self.share, self.total, self.scoring)

    def second_moments(self) -> SecondMoments:
        """Return sums of y^2, y x and x^2 over single rows; raises NotInCells where the cells do not hold them."""
        if self.second is not None:
            found = self.second
        elif all(kind == ITEM for kind in self.kinds) and np.array_equal(self.rows, self.x):
            found = SecondMoments(self.squares, self.y, self.x)
        else:
            raise elements_missing()
        if np.isnan(found.yy).any():
            raise elements_missing()
        return found

    def columns(self, chosen: slice) -> "Estimands":
        """Return some of the figures."""
        return Estimands(
            self.of[chosen],
            self.kinds[chosen],
            self.y[:, chosen],
            self.x[:, chosen],
            self.rows[:, chosen],
            self.squares[:, chosen],
            self.share,
            self.total,
            self.scoring,
            self.second
            and SecondMoments(*(part[:, chosen] for part in (self.second.yy, self.second.yx, self.second.xx))),
            self.people if self.people is None else self.people[:, chosen],
            self.asked if self.asked is None else self.asked[:, chosen],
        )

    def as_total(self) -> "Estimands":
        """Return the totals sum(w y) of the same figures."""
        return replace(self, share=False, total=True)


def estimand_names(cells: Cells) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return all figures of a questionnaire and their kinds: items, factors, the whole."""
    items, factors = cells.codebook.item_codes, tuple(cells.codebook.factor_items)
    return (*items, *factors, OVERALL), (ITEM,) * len(items) + (FACTOR,) * len(factors) + (WHOLE,)


def pooled(cells: Cells, of: Sequence[str] | None = None, scoring: Scoring = SHARE) -> Estimands:
    """Make estimands of items, and of factors and the whole as the pooled answers to their items."""
    known, kinds = estimand_names(cells)
    chosen = tuple(known if of is None else of)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise NotInCells(
            N_("there is no item or factor {names}; known are {known}"),
            names=", ".join(unknown),
            known=", ".join(known),
        )
    members = {**cells.codebook.factor_items, OVERALL: cells.codebook.overall_items}
    kind = tuple(kinds[known.index(name)] for name in chosen)
    sums = np.zeros((2 if scoring.share else 3, len(chosen), len(cells)))  # y, x, and squares where they are not y
    for item in cells.codebook.items:
        columns = [k for k, name in enumerate(chosen) if item.code == name or item.code in members.get(name, ())]
        if columns:
            counts, scores = cells.item(item.code), scoring.scores(item)
            values = [_worth(counts, scores), cells.answered(item.code)]
            values += [] if scoring.share else [_worth(counts, scores**2)]
            for sum_, value in zip(sums, values, strict=True):
                for k in columns:
                    sum_[k] += value
    y, x = np.ascontiguousarray(sums[0].T), np.ascontiguousarray(sums[1].T)
    squares = y if scoring.share else np.ascontiguousarray(sums[2].T)
    rows = np.empty_like(x)
    people = np.empty_like(x)
    for k, name in enumerate(chosen):
        rows[:, k] = x[:, k] if kind[k] == ITEM else cells.rows
        people[:, k] = x[:, k] if kind[k] == ITEM else cells.people(name)
    second = None
    if cells.grouped:
        parts = [
            (squares[:, k], y[:, k], x[:, k]) if kind[k] == ITEM else pooled_second_moments(cells, name, scoring)
            for k, name in enumerate(chosen)
        ]
        second = SecondMoments(*(np.column_stack(part) for part in zip(*parts, strict=True)))
    return Estimands(
        chosen, kind, y, x, rows, squares, share=scoring.share, scoring=scoring.label, second=second, people=people,
        asked=x + _passed_over(cells, chosen, members) if cells.design.fpc else None,
    )  # fmt: skip


def _passed_over(cells: Cells, chosen: Sequence[str], members: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """How many answers to each figure's items were missing in each cell."""
    missing = {item: cells.item(item)[:, 0].astype(float) for item in cells.codebook.item_codes}
    return np.column_stack([sum(missing[item] for item in members.get(name, (name,))) for name in chosen])


def person_means(cells: Cells, factors: Sequence[str] | None = None) -> Estimands:
    """Make the mean over persons of each person's own 0..100 score; at least half of the factor's items answered."""
    chosen = tuple(cells.codebook.factor_items if factors is None else factors)
    columns = []
    for factor in chosen:
        if factor not in cells.persons:
            raise NotInCells(
                N_("persons' own means of factor {factor} are not in the cells; ask tabulate for person_means=True"),
                factor=factor,
            )
        members = cells.codebook.factor_items[factor]
        levels = next(item.levels for item in cells.codebook.items if item.code == members[0])
        sums = cells.persons[factor]
        answered = np.arange(len(members) + 1)
        enough = answered >= (len(members) + 1) // 2
        scale = np.where(enough, 100 / (levels - 1) / np.maximum(answered, 1), 0.0)
        columns.append((sums.total @ scale, sums.squares @ scale**2, sums.rows[:, enough].sum(1).astype(float)))
    y, squares, x = (np.column_stack(part) for part in zip(*columns, strict=True))
    return Estimands(chosen, (ITEM,) * len(chosen), y, x, x, squares, share=False, scoring="person-mean-100 v1")


def numeric(cells: Cells, column: str, *, over: str | None = None) -> Estimands:
    """Make the mean of a column of numbers, or the ratio of two columns; rows where one is empty are left out."""
    y = cells.numbers(column)
    x = np.ones(len(cells)) if over is None else cells.numbers(over)
    known = ~np.isnan(y) & ~np.isnan(x)
    rows = np.where(known, cells.rows, 0).astype(float)
    y, x = np.where(known, y, 0), np.where(known, x, 0)
    name = column if over is None else f"{column}/{over}"
    squares = y * y * rows if over is None else np.full(len(cells), np.nan)
    return Estimands(
        (name,), (ITEM,), _column(y * rows), _column(x * rows), _column(rows), _column(squares), share=False
    )


def categories(cells: Cells, column: str, chosen: Sequence[str] | None = None) -> Estimands:
    """Make the share of each label of a column; rows where it is empty are left out."""
    codes = cells.code(column)
    labels = [cells.label(column, code) for code in range(len(cells.labels[column]))]
    wanted = labels if chosen is None else list(chosen)
    rows = np.where(codes >= 0, cells.rows, 0).astype(float)
    y = np.column_stack(
        [rows * (codes == labels.index(label)) if label in labels else np.zeros(len(cells)) for label in wanted]
    )
    many = np.repeat(rows[:, None], len(wanted), axis=1)
    return Estimands(tuple(str(label) for label in wanted), (ITEM,) * len(wanted), y, many, many, y, share=True)


def distribution(cells: Cells, item: str) -> Estimands:
    """Make the share of each level of an item among its valid answers."""
    counts = cells.item(item)[:, 1:-1].astype(float)
    answered = np.repeat(counts.sum(1, keepdims=True), counts.shape[1], axis=1)
    names = tuple(str(level) for level in range(1, counts.shape[1] + 1))
    return Estimands(names, (ITEM,) * len(names), counts, answered, answered, counts, share=True)


def _worth(counts: NDArray, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the answers of each cell are worth together; level by level, so that no library chooses the order."""
    total = np.zeros(len(counts))
    for level, score in enumerate(scores, start=1):
        if score:
            total += counts[:, level] * score
    return total


def complete_cases(cells: Cells, name: str, scoring: Scoring = SHARE) -> Estimands:
    """Make a factor's (or "overall"'s) items among those who answered all of them; asked for by `complete=[name]`."""
    sums = required_sums(cells.sums, f"complete:{name}", f"complete=['{name}']")
    items = [cells.codebook.items[place] for place in members_of(cells.codebook, name)]
    ends = np.cumsum([1, *(item.levels for item in items)])
    levels = [sums[:, start:end].astype(float) for start, end in pairwise(ends)]
    worth = [scoring.scores(item) for item in items]
    y, squares = (
        np.column_stack([count @ score**power for count, score in zip(levels, worth, strict=True)]) for power in (1, 2)
    )
    rows = np.repeat(sums[:, :1].astype(float), len(items), axis=1)
    names = tuple(item.code for item in items)
    return Estimands(names, (ITEM,) * len(names), y, rows, rows, squares, share=scoring.share, scoring=scoring.label)


def straight_lined(cells: Cells, least: int = 5) -> Estimands:
    """Make the share of forms that give one level to all their answers, among those with `least` answers or more.

    RequestedSums for by `straight_lines=least`. Satisfied people do answer alike: compare offices, accuse nobody.
    """
    enough, straight = required_sums(cells.sums, f"straight:{least}", f"straight_lines={least}").T.astype(float)
    return Estimands(
        ("straight lines",), (ITEM,), _column(straight), _column(enough), _column(enough), _column(straight), share=True
    )


def select(estimands: Estimands, rows: NDArray[np.bool_]) -> Estimands:
    """Restrict figures to chosen cells; the other cells stay in the design as zeros."""
    if len(rows) != len(estimands.y):
        raise BadMethod(N_("a choice of cells must be as long as the cells"))
    keep = rows[:, None].astype(float)
    second, people, asked = estimands.second, estimands.people, estimands.asked
    return replace(
        estimands,
        y=estimands.y * keep,
        x=estimands.x * keep,
        rows=estimands.rows * keep,
        squares=estimands.squares * keep,
        second=second and SecondMoments(second.yy * keep, second.yx * keep, second.xx * keep),
        people=people if people is None else people * keep,
        asked=asked if asked is None else asked * keep,
    )


def _column(values: NDArray) -> NDArray[np.float64]:
    return np.asarray(values, dtype=float)[:, None]


def combined(parts: Sequence[Estimands]) -> Estimands:
    """Join several estimands side by side; together they are shares only if each is."""

    def side(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name) for part in parts], axis=1)

    return Estimands(
        tuple(name for part in parts for name in part.of),
        tuple(kind for part in parts for kind in part.kinds),
        y=side("y"),
        x=side("x"),
        rows=side("rows"),
        squares=side("squares"),
        share=all(part.share for part in parts),
        total=all(part.total for part in parts),
        scoring=parts[0].scoring,
    )

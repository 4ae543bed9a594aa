"""What is measured: for each figure, a numerator and a denominator per cell.

Every figure of this package is a ratio of weighted sums, R = sum(w y) / sum(w x): for an item, x counts its valid
answers and y those that satisfy (or their scores); for a factor and for the whole, x and y are pooled over the items.
"Not applicable" and "not answered" are in neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.cells import Cells
from analysis.codebook import OVERALL
from analysis.errors import N_, BadMethod, NotInCells
from analysis.scoring import SHARE, Scoring

ITEM, FACTOR, WHOLE = "item", "factor", "overall"


@dataclass(frozen=True, eq=False)
class Measures:
    """Numerators and denominators of several figures, as arrays [cells, figures].

    y, x     unweighted sums per cell
    rows     rows that count as respondents of the figure: for an item those that answered it, else all rows
    squares  sums of y squared over single rows, for the design effect; NaN where they are unknown
    kinds    for each figure: item (each respondent has one value), factor or overall (answers pooled)
    share    whether the figures are shares between 0 and 1
    total    whether sum(w y) itself is wanted, not the ratio
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

    def columns(self, chosen: slice) -> "Measures":
        """Some of the figures."""
        return Measures(
            self.of[chosen],
            self.kinds[chosen],
            self.y[:, chosen],
            self.x[:, chosen],
            self.rows[:, chosen],
            self.squares[:, chosen],
            self.share,
            self.total,
            self.scoring,
        )

    def as_total(self) -> "Measures":
        """The totals sum(w y) of the same figures."""
        return Measures(self.of, self.kinds, self.y, self.x, self.rows, self.squares, False, True, self.scoring)


def names(cells: Cells) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All figures of a questionnaire and their kinds: items, factors, the whole."""
    items, factors = cells.codebook.item_codes, tuple(cells.codebook.factor_items)
    return (*items, *factors, OVERALL), (ITEM,) * len(items) + (FACTOR,) * len(factors) + (WHOLE,)


def pooled(cells: Cells, of: Sequence[str] | None = None, scoring: Scoring = SHARE) -> Measures:
    """Items as they are; factors and the whole as the pooled answers to their items."""
    known, kinds = names(cells)
    chosen = tuple(known if of is None else of)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise NotInCells(
            N_("there is no item or factor {names}; known are {known}"),
            names=", ".join(unknown),
            known=", ".join(known),
        )
    members = {**cells.codebook.factor_items, OVERALL: cells.codebook.overall_items}
    needed = [
        item
        for item in cells.codebook.items
        if any(item.code == name or item.code in members.get(name, ()) for name in chosen)
    ]
    place = {item.code: column for column, item in enumerate(needed)}
    y, x, squares = (np.empty((len(needed), len(cells))) for _ in range(3))
    for column, item in enumerate(needed):
        counts = cells.item(item.code)[:, 1 : item.levels + 1].astype(float)
        scores = scoring.scores(item)
        y[column], x[column] = counts @ scores, counts @ np.ones(item.levels)
        if not scoring.share:
            squares[column] = counts @ scores**2
    mixing = np.zeros((len(needed), len(chosen)))
    for column, name in enumerate(chosen):
        for code in members.get(name, (name,)):
            mixing[place[code], column] = 1.0
    kind = tuple(kinds[known.index(name)] for name in chosen)
    single = np.array([k == ITEM for k in kind])
    y, x = y.T @ mixing, x.T @ mixing
    squares = y if scoring.share else squares.T @ mixing
    rows = np.where(single, x, cells.rows[:, None].astype(float))
    return Measures(chosen, kind, y, x, rows, squares, share=scoring.share, scoring=scoring.label)


def person_means(cells: Cells, factors: Sequence[str] | None = None) -> Measures:
    """The mean over persons of each person's own 0..100 score; at least half of the factor's items answered."""
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
    return Measures(chosen, (ITEM,) * len(chosen), y, x, x, squares, share=False, scoring="person-mean-100 v1")


def numeric(cells: Cells, column: str, *, over: str | None = None) -> Measures:
    """The mean of a column of numbers, or the ratio of two columns; rows where one is empty are left out."""
    y = cells.numbers(column)
    x = np.ones(len(cells)) if over is None else cells.numbers(over)
    known = ~np.isnan(y) & ~np.isnan(x)
    rows = np.where(known, cells.rows, 0).astype(float)
    y, x = np.where(known, y, 0), np.where(known, x, 0)
    name = column if over is None else f"{column}/{over}"
    squares = y * y * rows if over is None else np.full(len(cells), np.nan)
    return Measures(
        (name,), (ITEM,), _column(y * rows), _column(x * rows), _column(rows), _column(squares), share=False
    )


def categories(cells: Cells, column: str, chosen: Sequence[str] | None = None) -> Measures:
    """The share of each label of a column; rows where it is empty are left out."""
    codes = cells.code(column)
    labels = [cells.label(column, code) for code in range(len(cells.labels[column]))]
    wanted = labels if chosen is None else list(chosen)
    rows = np.where(codes >= 0, cells.rows, 0).astype(float)
    y = np.column_stack(
        [rows * (codes == labels.index(label)) if label in labels else np.zeros(len(cells)) for label in wanted]
    )
    many = np.repeat(rows[:, None], len(wanted), axis=1)
    return Measures(tuple(str(label) for label in wanted), (ITEM,) * len(wanted), y, many, many, y, share=True)


def distribution(cells: Cells, item: str) -> Measures:
    """The share of each level of an item among its valid answers."""
    counts = cells.item(item)[:, 1:-1].astype(float)
    answered = np.repeat(counts.sum(1, keepdims=True), counts.shape[1], axis=1)
    names = tuple(str(level) for level in range(1, counts.shape[1] + 1))
    return Measures(names, (ITEM,) * len(names), counts, answered, answered, counts, share=True)


def select(measures: Measures, rows: NDArray[np.bool_]) -> Measures:
    """The same figures over chosen cells only; the other cells stay in the design as zeros."""
    if len(rows) != len(measures.y):
        raise BadMethod(N_("a choice of cells must be as long as the cells"))
    keep = rows[:, None].astype(float)
    return Measures(
        measures.of,
        measures.kinds,
        measures.y * keep,
        measures.x * keep,
        measures.rows * keep,
        measures.squares * keep,
        measures.share,
        measures.total,
        measures.scoring,
    )


def _column(values: NDArray) -> NDArray[np.float64]:
    return np.asarray(values, dtype=float)[:, None]


def combined(parts: Sequence[Measures]) -> Measures:
    """Several measures side by side; together they are shares only if each is."""

    def side(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name) for part in parts], axis=1)

    return Measures(
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

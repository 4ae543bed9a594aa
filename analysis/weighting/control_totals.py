"""What is known of the population, matched to the cells: categories with their totals, and columns of numbers.

Totals that disagree, that nobody answered for, or that answers have no total for are refused before anything is fitted.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, CannotCalibrate, Remark
from analysis.tabulation.cells import Cells
from analysis.tabulation.key_encoding import combine_keys, dense_rank, first_of_each
from analysis.weighting.weights import Weights

NEAR, ROUNDING = 1e-3, 1e-12  # by how much totals of margins may differ to be scaled, and to be the same
SCALED = N_(
    "the margins differ a little: {one} adds up to {first}, {two} to {second}; the second was scaled to the total of "
    "the first"
)
Totals: TypeAlias = Mapping[str, float] | Mapping[tuple[str, ...], float]
Margins: TypeAlias = Mapping[str | tuple[str, ...], Totals]


def columns_of(name: str | tuple[str, ...]) -> tuple[str, ...]:
    return (name,) if isinstance(name, str) else tuple(name)


def match_categories(weights: Weights, columns: tuple[str, ...], totals: Totals) -> tuple[NDArray[np.int64], NDArray]:
    """Match cells with totals: each cell's category and each category's total; raises CannotCalibrate on a mismatch."""
    cells = weights.cells
    own = [cells.code(column) for column in columns]
    wanted = {_key(key, len(columns)): float(value) for key, value in totals.items()}
    name = " x ".join(columns)
    for column, code in zip(columns, own, strict=True):
        empty = int(cells.rows[code < 0].sum())
        if empty:
            raise CannotCalibrate(
                N_(
                    "{count} rows have no {column}; give them a category of their own that the population has too, or "
                    "impute it"
                ),
                count=empty,
                column=column,
            )
    wrong = [key for key, value in wanted.items() if not np.isfinite(value) or value < 0]
    if wrong:
        raise CannotCalibrate(
            N_("the population of {names} ({column}) must be a number that is not negative"),
            names=_list(wrong),
            column=name,
        )
    key, span = combine_keys(own, [len(cells.labels[column]) for column in columns], len(cells))
    codes, size = dense_rank(key, span)
    first = first_of_each(codes, size)
    found = [tuple(cells.label(c, code[place]) or "" for c, code in zip(columns, own, strict=True)) for place in first]
    unknown = [key for key in found if key not in wanted]
    if unknown:
        raise CannotCalibrate(
            N_("answers but no population total for {names} ({column}); add the totals"),
            names=_list(unknown),
            column=name,
        )
    stand = (
        np.bincount(codes, weights.final != 0, size) > 0
    )  # a category whose rows all weigh nothing stands for nobody
    met = {key for key, some in zip(found, stand, strict=True) if some}
    nobody = [key for key, value in wanted.items() if value > 0 and key not in met]
    if nobody:
        raise CannotCalibrate(
            N_("population but no answers for {names} ({column}); merge each with a similar category"),
            names=_list(nobody),
            column=name,
        )
    empty_population = [key for key in found if key in met and wanted[key] == 0]
    if empty_population:
        raise CannotCalibrate(
            N_("answers but a population of zero for {names} ({column}); correct it, or merge"),
            names=_list(empty_population),
            column=name,
        )
    return codes, np.array([wanted[key] for key in found])


def _key(key: str | tuple[str, ...], width: int) -> tuple[str, ...]:
    parts = (key,) if not isinstance(key, tuple | list) else tuple(key)
    if len(parts) != width:
        raise CannotCalibrate(
            N_("the population total of {name} needs {width} labels"), name=_list([parts]), width=width
        )
    return tuple(str(part) for part in parts)


def _list(names: Sequence[tuple[str, ...]]) -> str:
    shown = ["/".join(map(str, name)) for name in names[:20]]
    return ", ".join(shown) + (f" … (+{len(names) - 20})" if len(names) > 20 else "")


def equal_totals(
    names: Sequence[str | tuple[str, ...]], targets: Sequence[NDArray]
) -> tuple[list[NDArray], list[Remark]]:
    """Bring margins of one population to the total of the first: their targets, and a remark for each that was scaled.

    Counts of one register taken at different hours, or rounded, differ a little; more than NEAR is another population,
    and is refused.
    """
    sums = [float(target.sum()) for target in targets]
    remarks = []
    for name, total in zip(names[1:], sums[1:], strict=True):
        if abs(total - sums[0]) > NEAR * sums[0]:
            raise CannotCalibrate(
                N_("the margins disagree: {one} adds up to {first}, {two} to {second}; they describe one population"),
                one="/".join(columns_of(names[0])),
                first=f"{sums[0]:.10g}",
                two="/".join(columns_of(name)),
                second=f"{total:.10g}",
            )
        if abs(total - sums[0]) > ROUNDING * sums[0]:
            remarks.append(
                Remark(
                    SCALED,
                    one="/".join(columns_of(names[0])),
                    first=f"{sums[0]:.10g}",
                    two="/".join(columns_of(name)),
                    second=f"{total:.10g}",
                )
            )
    scaled = [
        target * (sums[0] / total) if total != sums[0] else target for target, total in zip(targets, sums, strict=True)
    ]
    return scaled, remarks


def category_names(cells: Cells, columns: tuple[str, ...], codes: NDArray[np.int64], size: int) -> list[str]:
    """Return the labels of each category that `match_categories` numbered."""
    first = first_of_each(codes, size)
    return ["/".join(cells.label(column, cells.code(column)[place]) or "" for column in columns) for place in first]


def indicators(parts: Sequence[tuple[NDArray[np.int64], NDArray]], length: int, drop: int = 1) -> NDArray[np.float64]:
    """Make 0/1 columns of categories; the first of each margin is dropped, as the block already holds their sum."""
    blocks = [(codes[:, None] == np.arange(drop, len(target))[None, :]).astype(float) for codes, target in parts]
    return np.column_stack([np.zeros((length, 0)), *blocks])


def numeric_column(cells: Cells, column: str) -> NDArray[np.float64]:
    values = cells.numbers(column)
    if np.isnan(values).any():
        raise CannotCalibrate(
            N_("{count} rows have no {column}; impute it before calibrating"),
            count=int(cells.rows[np.isnan(values)].sum()),
            column=column,
        )
    return values

"""Sums over persons that the counts of answers do not give: asked for at `tabulate`, because they cost time and room.

Each is a whole number per row of data, added up by cell like the counts: so cells of parts still add to the same bytes.
A method that needs a sum which was not asked for raises `NotInCells` and names what to ask for.

    people          per factor and for the whole: who gave at least one answer that counts (always kept)
    person_means    per factor and number of items answered: rows, sum and sum of squares of the person's score
    cross_products  per set of items: for each pair, who answered both, and the sums of scores and products over them
    complete        per set of items: who answered them all, their levels, and the sums of products over them
    straight_lines  who answered that many items or more, and who gave all of them the same level
    importance      moments of every factor's mean and one item, over those who answered all of it
    squares         per factor and for the whole: second moments of the person's sums (designs whose rows are PSUs)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import lcm

import numpy as np
from numpy.typing import NDArray

from analysis.data.codebook import OVERALL, Codebook
from analysis.errors import N_, BadCodebook, NotInCells

Sums = Mapping[str, NDArray[np.integer]]
PEOPLE = "people"


@dataclass(frozen=True)
class RequestedSums:
    """What to sum over persons; sets of items are named by factors, or "overall" for all items of all factors."""

    person_means: bool = False
    cross_products: tuple[str, ...] = ()
    complete: tuple[str, ...] = ()
    straight_lines: int = 0
    importance: str = ""
    squares: bool = False

    @property
    def rows(self) -> bool:
        """Whether each row's answers are needed together."""
        return any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class PersonSums:
    """For the mean of each person's own score over a factor: sums by how many of its items the person answered.

    rows, total, squares: [cells, 0..k items answered]; total and squares are of S = sum of (level - 1).
    """

    rows: NDArray[np.int64]
    total: NDArray[np.int64]
    squares: NDArray[np.int64]


def members_of(codebook: Codebook, name: str) -> tuple[int, ...]:
    """Return the places of the items of a factor, or of the whole."""
    sets = {**codebook.factor_items, OVERALL: codebook.overall_items}
    if name not in sets:
        raise BadCodebook(N_("there is no factor {factor}; known are {known}"), factor=name, known=", ".join(sets))
    return tuple(codebook.item_codes.index(code) for code in sets[name])


def pooled_names(codebook: Codebook) -> tuple[str, ...]:
    """Return the figures that pool several items: the factors, and the whole."""
    return (*codebook.factor_items, OVERALL)


class People:
    """Counts, item by item, who has given an answer that counts to any item of each factor and of the whole."""

    def __init__(self, codebook: Codebook, length: int) -> None:
        self.codebook = codebook
        self.sets = [members_of(codebook, name) for name in tuple(codebook.factor_items) or (OVERALL,)]
        self.seen = [np.zeros(length, dtype=bool) for _ in self.sets]

    def see(self, place: int, state: NDArray[np.uint8]) -> None:
        """Take in one item's answers."""
        valid = _valid(state, self.codebook.items[place].levels)
        for seen, places in zip(self.seen, self.sets, strict=True):
            if place in places:
                seen |= valid

    def join(self, others: "People") -> None:
        """Take in what others have seen of the same rows."""
        for seen, also in zip(self.seen, others.seen, strict=True):
            seen |= also

    def sums(self, ids: NDArray, size: int, rows: NDArray) -> NDArray[np.int64]:
        """Count people per cell [cells, factors and the whole]: all rows of the cell but those without an answer."""
        whole = [np.logical_or.reduce(self.seen)] if self.codebook.factor_items else []
        silent = [np.bincount(ids[np.flatnonzero(~seen)], minlength=size) for seen in (*self.seen, *whole)]
        return rows[:, None] - np.column_stack(silent)


def sums_of(states: Sequence[NDArray[np.uint8]], ids: NDArray, size: int, codebook: Codebook, requested: RequestedSums
            ) -> dict[str, NDArray[np.int64]]:  # fmt: skip
    """Compute all requested sums, by name, as whole numbers [cells, ...]; `states` holds every item's answers."""
    by_cell = _ByCell(ids, size)
    found: dict[str, NDArray[np.int64]] = {}
    if requested.person_means:
        for factor in codebook.factor_items:
            found[f"person:{factor}"] = _person_means(states, by_cell, codebook, factor)
    for name in requested.cross_products:
        found[f"pairs:{name}"] = _pairs(*_scores(states, codebook, name), by_cell)
    for name in requested.complete:
        found[f"complete:{name}"] = _complete(states, by_cell, codebook, name)
    if requested.straight_lines:
        found[f"straight:{requested.straight_lines}"] = _straight(states, by_cell, codebook, requested.straight_lines)
    if requested.importance:
        found[f"importance:{requested.importance}"] = _importance(states, by_cell, codebook, requested.importance)
    if requested.squares:
        found["squares"] = np.stack(
            [_squares(states, by_cell, codebook, name) for name in pooled_names(codebook)], axis=1
        )
    return found


def required_sums(sums: Sums, name: str, words: str) -> NDArray[np.int64]:
    """Return the sums of that name as 64-bit numbers; raises NotInCells, naming what to ask for."""
    if name not in sums:
        raise NotInCells(N_("sums that this method needs are not in the cells; ask tabulate for {what}"), what=words)
    return sums[name].astype(np.int64)


@dataclass(frozen=True)
class _ByCell:
    """Adds values of rows up by cell; in float64, which is exact for whole numbers below 2^53."""

    ids: NDArray
    size: int

    def __call__(self, values: NDArray) -> NDArray[np.int64]:
        return np.bincount(self.ids, values, self.size).astype(np.int64)

    def rows(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many rows of each cell are among the chosen."""
        return np.bincount(self.ids[np.flatnonzero(chosen)], minlength=self.size)


def _valid(state: NDArray[np.uint8], levels: int) -> NDArray[np.bool_]:
    return state - np.uint8(1) < np.uint8(levels)


def _scores(states: Sequence[NDArray], codebook: Codebook, name: str) -> tuple[list[NDArray], list[NDArray]]:
    """Which answers of a set of items count, and their levels (0 where they do not)."""
    places = members_of(codebook, name)
    valid = [_valid(states[place], codebook.items[place].levels) for place in places]
    scores = [np.where(good, states[place], 0).astype(np.uint16) for good, place in zip(valid, places, strict=True)]
    return valid, scores


def _pairs(valid: list[NDArray], scores: list[NDArray], by_cell: _ByCell) -> NDArray[np.int64]:
    """[cells, 3, items, items]: rows that answered both, the first item's score over them, the product."""
    k = len(valid)
    found = np.zeros((by_cell.size, 3, k, k), dtype=np.int64)
    for i in range(k):
        for j in range(i, k):
            both = by_cell.rows(valid[i] & valid[j])
            product = by_cell(scores[i] * scores[j])
            for a, b in ((i, j), (j, i)):
                found[:, 0, a, b], found[:, 2, a, b] = both, product
                found[:, 1, a, b] = by_cell(scores[a] * valid[b])
    return found


def _complete(states: Sequence[NDArray], by_cell: _ByCell, codebook: Codebook, name: str) -> NDArray[np.int64]:
    """[cells, 1 + levels of each item + items x items]: rows that answered all, their levels, sums of products."""
    places, (valid, scores) = members_of(codebook, name), _scores(states, codebook, name)
    whole = np.flatnonzero(np.logical_and.reduce(valid))
    inside = _ByCell(by_cell.ids[whole], by_cell.size)
    columns = [np.bincount(inside.ids, minlength=by_cell.size)[:, None]]
    for place in places:
        levels = codebook.items[place].levels
        own = inside.ids * levels + (states[place][whole] - 1)
        columns.append(np.bincount(own, minlength=by_cell.size * levels).reshape(-1, levels))
    kept = [score[whole] for score in scores]
    k = len(kept)
    products = np.zeros((by_cell.size, k, k), dtype=np.int64)
    for i in range(k):
        for j in range(i, k):
            products[:, i, j] = products[:, j, i] = inside(kept[i] * kept[j])
    return np.concatenate([*columns, products.reshape(by_cell.size, -1)], axis=1)


def _straight(states: Sequence[NDArray], by_cell: _ByCell, codebook: Codebook, least: int) -> NDArray[np.int64]:
    """[cells, 2]: rows with `least` answers or more among the items of the whole, and those with one level only."""
    answered = np.zeros(len(by_cell.ids), dtype=np.uint16)
    lowest, highest = np.full(len(answered), 255, np.uint8), np.zeros(len(answered), np.uint8)
    for place in members_of(codebook, OVERALL):
        state, valid = states[place], _valid(states[place], codebook.items[place].levels)
        answered += valid
        lowest = np.minimum(lowest, np.where(valid, state, 255))
        highest = np.maximum(highest, np.where(valid, state, 0))
    enough = answered >= least
    return np.column_stack([by_cell.rows(enough), by_cell.rows(enough & (lowest == highest))])


def _person_means(states: Sequence[NDArray], by_cell: _ByCell, codebook: Codebook, factor: str) -> NDArray[np.int64]:
    """[cells, 3, 0..k]: rows, sum and sum of squares of S = sum of (level - 1), by how many items were answered."""
    places = members_of(codebook, factor)
    if len({codebook.items[place].levels for place in places}) > 1:
        raise BadCodebook(N_("factor {factor}: a person's mean needs items with equally many levels"), factor=factor)
    kinds = len(places) + 1
    answered, total = _answered(states, codebook, places)
    by_number = _ByCell(by_cell.ids * kinds + answered, by_cell.size * kinds)
    three = [by_number(np.ones(len(total))), by_number(total), by_number(total * total)]
    return np.stack([part.reshape(by_cell.size, kinds) for part in three], axis=1)


def _answered(states: Sequence[NDArray], codebook: Codebook, places: Sequence[int]) -> tuple[NDArray, NDArray]:
    """How many of some items each row answered, and the sum of (level - 1) over them."""
    answered, total = (np.zeros(len(states[0]), dtype=np.int64) for _ in range(2))
    for place in places:
        valid = _valid(states[place], codebook.items[place].levels)
        answered += valid
        total += np.where(valid, states[place] - np.uint8(1), 0)
    return answered, total


def importance_scale(codebook: Codebook) -> list[int]:
    """Return by what each factor's mean of (level - 1) is multiplied to be a whole number for every person."""
    return [lcm(*range(1, len(items) + 1)) for items in codebook.factor_items.values()]


def _importance(states: Sequence[NDArray], by_cell: _ByCell, codebook: Codebook, outcome: str) -> NDArray[np.int64]:
    """[cells, f + 2, f + 2]: sums of products of 1, the factors' means x `importance_scale`, and the outcome's level.

    Over those who answered the outcome and at least half of the items of every factor.
    """
    if outcome not in codebook.item_codes:
        raise NotInCells(
            N_("there is no item {item}; the items are {items}"), item=outcome, items=", ".join(codebook.item_codes)
        )
    place = codebook.item_codes.index(outcome)
    whole = _valid(states[place], codebook.items[place].levels)
    columns = []
    for factor, scale in zip(codebook.factor_items, importance_scale(codebook), strict=True):
        places = members_of(codebook, factor)
        answered, total = _answered(states, codebook, places)
        whole &= answered >= max(1, (len(places) + 1) // 2)
        highest = scale * max(codebook.items[one].levels for one in places)
        if highest**2 * len(total) >= 2**53:
            raise BadCodebook(N_("factor {factor} has too many items for exact sums of its squares"), factor=factor)
        columns.append(scale * total // np.maximum(answered, 1))
    kept = np.flatnonzero(whole)
    inside = _ByCell(by_cell.ids[kept], by_cell.size)
    values = [np.ones(len(kept), np.int64), *(column[kept] for column in columns), states[place][kept].astype(np.int64)]
    found = np.zeros((by_cell.size, len(values), len(values)), dtype=np.int64)
    for i in range(len(values)):
        for j in range(i, len(values)):
            found[:, i, j] = found[:, j, i] = inside(values[i] * values[j])
    return found


def _squares(states: Sequence[NDArray], by_cell: _ByCell, codebook: Codebook, name: str) -> NDArray[np.int64]:
    """[cells, 5]: sums over rows of f^2, f a, a^2, S^2, S a: f satisfied, a answered, S the sum of (level - 1)."""
    places = members_of(codebook, name)
    answered, total = _answered(states, codebook, places)
    satisfied = np.zeros(len(total), dtype=np.int64)
    for place in places:
        satisfied += np.isin(states[place], codebook.items[place].satisfied)
    pairs = ((satisfied, satisfied), (satisfied, answered), (answered, answered), (total, total), (total, answered))
    return np.column_stack([by_cell(one * other) for one, other in pairs])

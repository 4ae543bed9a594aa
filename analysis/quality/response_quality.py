"""How well a wave was answered: coverage of dossiers, questions passed over, forms filled in with one stroke.

These are counts about the fieldwork, for the desk. They lead to questions, never to dropping answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.tabulation.cells import Cells


@dataclass(frozen=True)
class ItemResponse:
    """How one item was answered by those who had it before them, and how many had not."""

    item: str
    answered: int
    not_applicable: int
    missing: int
    not_asked: int = 0

    @property
    def nonresponse(self) -> float | None:
        """Missing over missing and answered; "not applicable" is an answer of its own and in neither, and who was not
        asked is in neither."""
        asked = self.answered + self.missing
        return self.missing / asked if asked else None


def item_response(cells: Cells, where: NDArray[np.bool_] | None = None) -> list[ItemResponse]:
    """Count responses per item, over all cells or some.

    A short form does not ask all items, and cells whose codebook has no `not_asked` cannot tell "not asked" from "not
    answered": keep the form in the cells (`tabulate(..., keep=["form"])`) and choose one form by `where`.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"psu": [1, 2, 3], "q": [5, None, -1]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"], not_applicable=[-1]), design=Design(psus="psu"))
    >>> (q,) = item_response(cells)
    >>> q.answered, q.not_applicable, q.missing, q.nonresponse
    (1, 1, 1, 0.5)
    """
    chosen = np.ones(len(cells), bool) if where is None else np.asarray(where, bool)
    found = []
    for item in cells.codebook.items:
        counts = cells.item(item.code)[chosen].sum(axis=0, dtype=np.int64)
        not_asked = int(cells.rows[chosen].sum(dtype=np.int64) - counts.sum())
        found.append(
            ItemResponse(item.code, int(counts[1 : item.levels + 1].sum()), int(counts[-1]), int(counts[0]), not_asked)
        )
    return found


def straight_lines(levels: ArrayLike, *, least: int = 5) -> NDArray[np.bool_]:
    """Mark forms that give the same level to all of at least `least` answered items.

    `levels` is [forms, items] with items of one scale; 0, negative or missing means no answer. Satisfied people do
    answer alike: compare offices, accuse nobody.

    >>> straight_lines([[5, 5, 5, 5, 5], [5, 5, 4, 5, 5], [3, 0, 3, 3, 3]]).tolist()
    [True, False, False]
    """
    found = np.nan_to_num(np.asarray(levels, float))
    answered = found > 0
    highest = found.max(axis=1, initial=0)
    lowest = np.where(answered, found, np.inf).min(axis=1, initial=np.inf)
    return (answered.sum(axis=1) >= least) & (highest == lowest)


@dataclass(frozen=True)
class Coverage:
    """Answers per dossier of one unit (or unit x field), beside those of all."""

    name: str
    answers: int
    dossiers: int
    rate: float | None
    times: float | None
    flag: str | None


def coverage(
    answers: Mapping[str, int],
    dossiers: Mapping[str, int],
    *,
    eager: float = 3.0,
    faint: float = 1 / 3,
    least: int = 30,
) -> list[Coverage]:
    """Compare answers per dossier, and flag units that answer out of proportion to their dossiers.

    `times` is the rate over that of all the others together. "eager" at `eager` times or more with `least` answers:
    perhaps staff urge visitors. "faint" at `faint` times or less, where `least` answers were to be expected; "no
    answers" and "no dossiers" where one side is empty. Weights repair the proportion, not the choice of who answers.

    >>> for unit in coverage({"a": 90, "b": 50, "c": 60}, {"a": 300, "b": 1000, "c": 1000}):
    ...     print(unit.name, unit.rate, round(unit.times, 2), unit.flag)
    a 0.3 5.45 eager
    b 0.05 0.43 None
    c 0.06 0.56 None
    """
    all_answers, all_dossiers = sum(answers.values()), sum(dossiers.values())
    found = []
    for name in sorted(answers.keys() | dossiers.keys()):
        n, size = answers.get(name, 0), dossiers.get(name, 0)
        others, other_size = all_answers - n, all_dossiers - size
        rate = n / size if size else None
        times = rate / (others / other_size) if rate is not None and others > 0 and other_size > 0 else None
        found.append(Coverage(name, n, size, rate, times, _flag(n, size, times, eager, faint, least)))
    return found


def _flag(n: int, size: int, times: float | None, eager: float, faint: float, least: int) -> str | None:
    if n and not size:
        return "no dossiers"
    if size and not n:
        return "no answers"
    if times is None:
        return None
    if times >= eager and n >= least:
        return "eager"
    return "faint" if times <= faint and n / times >= least else None

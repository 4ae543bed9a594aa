"""Points of the nine indicators of Circular 01/2018/TT-VPCP, Articles 13 to 15: what a fact, or a count, is worth.

Each indicator has 2 points at most, 18 in all. 1, 3, 4 and 7 are points of each dossier, and the indicator is their
mean; 2, 5, 6, 8 and 9 are points of the office. Whether Decree 118/2025 keeps this rule is not verified. Nor are three
cases of it: a late result without a complaint has no point in indicator 7 here, a complaint that was refuted 1, and an
office without complaints has no points in indicator 8.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from analysis.data.codebook import CodebookItem
from analysis.errors import N_, BadMethod
from analysis.estimands.scoring import Scoring

INDICATORS = tuple(range(1, 10))
CLASSES = ((15, "Xuất sắc"), (12, "Tốt"), (9, "Khá"), (6, "Trung bình"), (0, "Yếu"))
IN_TIME_NO_COMPLAINT, IN_TIME_COMPLAINED, LATE = 1, 2, 3  # levels of a dossier in indicator 7


def facts(refuted: float = 0.0) -> Scoring:
    """Return the rule for facts on three levels, the first of which is best: 2, 1 and 0 points.

    For indicator 7 the second level is worth `refuted`, the share of the office's decided complaints about behaviour
    that were refuted.

    >>> facts().scores(CodebookItem("I1", levels=3, satisfied=(1,))).tolist()
    [2.0, 1.0, 0.0]
    """

    def worth(item: CodebookItem) -> NDArray[np.float64]:
        if item.levels != 3:
            raise BadMethod(
                N_("item {item} has {levels} levels; a fact of the one-stop rule has three"),
                item=item.code,
                levels=item.levels,
            )
        return np.array([2.0, refuted if item.code == "I7" else 1.0, 0.0])

    return Scoring("onestop-2018-facts", 1, False, worth)


def handled_in_time(complaints: int, in_time: int) -> int | None:
    """Return the points of indicator 8: complaints handled in time, 2 for all, 1 from 90%; None without complaints.

    >>> [handled_in_time(10, n) for n in (10, 9, 8)]
    [2, 1, 0]
    """
    if not complaints:
        return None
    return 2 if in_time == complaints else 1 if 10 * in_time >= 9 * complaints else 0


def filed_online(dossiers: int, online: int) -> int | None:
    """Return the points of indicator 9: the share of dossiers filed online, 2 from 30%, 1 from 15%; None without any.

    >>> [filed_online(100, n) for n in (30, 29, 15, 14)]
    [2, 1, 1, 0]
    """
    if not dossiers:
        return None
    return 2 if 10 * online >= 3 * dossiers else 1 if 20 * online >= 3 * dossiers else 0


def one_decimal(points: float) -> Decimal:
    """Round an indicator as Article 15 has it; half a tenth goes up, and what only floating point keeps from it too.

    >>> one_decimal(1.25), one_decimal(1.2499999999999998), one_decimal(1.249)
    (Decimal('1.3'), Decimal('1.3'), Decimal('1.2'))
    """
    return Decimal(repr(round(points, 9))).quantize(Decimal("0.1"), ROUND_HALF_UP)


def class_of(total: Decimal) -> str:
    """Return the class of a sum of nine indicators; each bound belongs to the class above it.

    >>> class_of(Decimal("15.0")), class_of(Decimal("14.9")), class_of(Decimal("5.9"))
    ('Xuất sắc', 'Tốt', 'Yếu')
    """
    return next(word for bound, word in CLASSES if total >= bound)

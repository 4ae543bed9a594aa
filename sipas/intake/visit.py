"""What passes through door 1, as typed values: one visitor's answer, or those of many as columns.

`Visit` is all that `anonymise` can know of a person. Under which random id it was sent, by which way, and what was
written beside it, is said to `receive` apart.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from sipas.intake.answers import Answers
from sipas.intake.models import PROBE, UNFINISHED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

N = TypeVar("N", int, "NDArray[np.int64]")


@dataclass(frozen=True, slots=True)
class VisitCodes(Generic[N]):
    """The small numbers that an answer carries; of many visitors each is an array, or one number for all of them.

    `coarse` is 1 where few people come for this field of the unit: then what `COARSER` names is not stored; `several`
    is 1 where several places receive for it: then what `PLACELESS` names is not.
    """

    wave: int
    point: N
    unit: N
    field: N
    channel: N
    form: N
    coarse: N
    several: N

    @property
    def nowhere(self) -> N:
        """1 where the point is not stored. A synthetic answer keeps it, so that it is never taken for a person's."""
        return self.several * (self.channel != PROBE)

    def left_unfinished(self: VisitCodes[int]) -> VisitCodes[int]:
        """Return the same of a form that was left in the middle."""
        return replace(self, form=self.form + UNFINISHED)

    def synthetic(self: VisitCodes[int]) -> VisitCodes[int]:
        """Return the same of an answer that nobody gave (`sipas probe`)."""
        return replace(self, channel=PROBE)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor's answer.

    `moment` leaves its month and, under a key that dies with the wave, the label it shares with its point's week.
    """

    wave: str  # its code, under whose keys the answer is stored
    codes: VisitCodes[int]
    answers: Answers
    moment: dt.datetime
    language: str
    sex: int = 0  # the place of the chosen option, 0 where none was chosen
    age: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether the form was not left in the middle."""
        return self.codes.form <= UNFINISHED

    @property
    def is_counted(self) -> bool:
        """Whether a person sent it, to its end: what else is stored counts nowhere."""
        return self.codes.channel != PROBE and self.is_finished


@dataclass(frozen=True, slots=True)
class Visits:
    """The answers of many visitors to one wave, as columns of one length; `answers` are packed as in `Answers`."""

    codes: VisitCodes[NDArray[np.int64]]
    answers: NDArray[np.uint8]  # a row for each visitor
    day: NDArray[np.datetime64]
    language: NDArray[np.int64]  # numbers, as stored
    sex: NDArray[np.int64]
    age: NDArray[np.int64]

"""The one gate through which everything passes that is destroyed because of a date: keys, marks, codes, answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Gate:
    """What the date of a night lets be destroyed: nothing while the clock is doubted (`sipas.expiry.trusted_date`),
    nothing of a wave whose destruction is stopped."""

    day: dt.date
    doubted: bool = False
    stopped: frozenset[int] = frozenset()  # waves, by their numbers

    def lets(self, wave: int, last: dt.date) -> bool:
        """Whether what a wave keeps to the end of its `last` day may go."""
        return not self.doubted and wave not in self.stopped and self.day > last

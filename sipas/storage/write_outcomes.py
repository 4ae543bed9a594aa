"""How the last writes of a process ended, so that its health need not try what was just done. In memory only."""

from __future__ import annotations

import time


class Outcomes:
    """The moments (of a clock that says no time of day) of the last success and the last failure."""

    def __init__(self) -> None:
        self._stored, self._failed, self._reason = float("-inf"), float("-inf"), ""

    def stored(self) -> None:
        """Something was stored now."""
        self._stored = time.monotonic()

    def failed(self, reason: str) -> None:
        """Something could not be stored now, and why."""
        self._failed, self._reason = time.monotonic(), reason

    def stored_within(self, seconds: float) -> bool:
        """Whether something was stored so lately, and nothing failed since."""
        return self._stored > self._failed and time.monotonic() - self._stored < seconds

    def failed_within(self, seconds: float) -> str:
        """Why something failed so lately, where nothing was stored since; else ""."""
        return self._reason if self._failed > self._stored and time.monotonic() - self._failed < seconds else ""

"""Trying the desk's password: whoever knows it comes in, however many others try; whoever does not, tries in vain.

A password that was generated (78 bits) is hashed cheaply and may be tried without end: a thousand tries a second find
it in ten million million years. A chosen one may not. Of wrong ones `AT_ONCE` are looked at and `A_DAY` more each day,
of which each address has a share (`sipas.web.rate_limits`); a browser that signed in before shows a cookie, and has a
count of its own that no stranger can spend. Its hash costs 60 ms of a processor, so one is computed at a time beside
the other work, those who failed least first; and once somebody signed in, wrong ones are told by a keyed hash in memory
that dies with the process.
"""

from __future__ import annotations

import datetime as dt
import heapq
import hmac
import itertools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from werkzeug.security import check_password_hash

from sipas.desk import access
from sipas.errors import N_, SipasError
from sipas.logs import EVENTS
from sipas.web.rate_limits import PASSWORDS, Budget, RateLimits

AT_ONCE, A_DAY = 24_000, 6_000  # wrong passwords looked at from browsers that never signed in here
OWN = 20.0  # wrong passwords of one browser that did; half of them are forgotten in six hours
BROWSERS = "desk browser"  # the counter of those
ALARM = 100  # wrong passwords in a day after which somebody is told
WAITING, LONGEST = 60, 4.0  # that may wait for a hash at a time, and for how many seconds

_WRONG = Budget.of_failures(AT_ONCE, A_DAY)


class TooManyAttempts(SipasError):
    """This password is not looked at now, right or wrong."""

    status = 429


class Crowded(SipasError):
    """More people sign in at this moment than can be looked at."""

    status = 503


@dataclass(order=True)
class _Waiting:
    failures: float
    number: int
    turn: threading.Event = field(compare=False, default_factory=threading.Event)
    refused: bool = field(compare=False, default=False)


class Queue:
    """One at a time: of those who wait whoever failed least, and of equals the newest.

    In a flood the oldest have waited long already; first come, first served would let everybody wait as long. Where too
    many wait, the one whose turn would be last is sent away.
    """

    def __init__(self, most: int = WAITING, longest: float = LONGEST) -> None:
        self._most, self._longest, self._numbers = most, longest, itertools.count(0, -1)
        self._lock, self._busy = threading.Lock(), False
        self._waiting: list[_Waiting] = []

    @contextmanager
    def turn(self, failures: float) -> Iterator[None]:
        """The block in which it is one's turn; raises Crowded where too many who failed less wait."""
        with self._lock:
            mine = _Waiting(failures, next(self._numbers))
            if not self._busy:
                self._busy = True
                mine.turn.set()
            else:
                heapq.heappush(self._waiting, mine)
                if len(self._waiting) > self._most:
                    self._send_away(max(self._waiting))
        if not mine.turn.wait(self._longest):
            with self._lock:
                if mine in self._waiting:  # otherwise its turn came at this very moment
                    self._send_away(mine)
        if mine.refused:
            raise Crowded(N_("Too many are trying to sign in at this moment. Please wait some seconds and try again."))
        try:
            yield
        finally:
            with self._lock:
                if self._waiting:
                    heapq.heappop(self._waiting).turn.set()
                else:
                    self._busy = False

    def _send_away(self, one: _Waiting) -> None:
        self._waiting.remove(one)
        heapq.heapify(self._waiting)
        one.refused = True
        one.turn.set()


class Attempts:
    """The password's door, as one process sees it."""

    def __init__(self, home: Path, limits: RateLimits) -> None:
        self._home, self._limits = home, limits
        self._queue, self._own_queue = Queue(), Queue()
        self._key = secrets.token_bytes(32)
        self._right: tuple[str, bytes] | None = None  # the stored hash, and the keyed hash of the password behind it

    def check(self, password: str, address: str, browser: str, today: dt.date) -> bool:
        """Tell whether this is the password. `browser` names one that signed in before, "" a stranger's.

        Raises TooManyAttempts where it is not looked at, Crowded where too many wait, NotReady where none was set.
        """
        stored = access.stored_hash(self._home)
        known = bool(browser) and self._limits.addresses.taken(BROWSERS, browser) < OWN
        if not known and not access.is_generated(stored) and not self._limits.allows(PASSWORDS, _WRONG, address):
            raise TooManyAttempts(
                N_(
                    "Wrong passwords came too often. Please try again in some minutes, or at a browser at which "
                    "somebody signed in before: it is not concerned."
                )
            )
        right = self._is_right(stored, password, address, known)
        if not right:
            self._count(address, browser if known else "", today)
        return right

    def _is_right(self, stored: str, password: str, address: str, known: bool) -> bool:
        seen, told = hmac.digest(self._key, password.encode(), "sha256"), self._right
        if told is not None and told[0] == stored:
            return hmac.compare_digest(told[1], seen)
        failures = self._limits.addresses.taken(PASSWORDS, address) if not known else 0.0
        with (self._own_queue if known else self._queue).turn(failures):
            right = check_password_hash(stored, password)
        if right:
            self._right = stored, seen
        return right

    def _count(self, address: str, browser: str, today: dt.date) -> None:
        if browser:
            self._limits.addresses.add(BROWSERS, browser)
            return
        count = self._limits.failed(PASSWORDS, _WRONG, address, today)
        if count in (ALARM, 100 * ALARM):
            EVENTS.warning("the desk's password is being guessed", extra={"facts": {"wrong": count}})

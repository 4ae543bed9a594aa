"""Trying passwords of accounts: whoever knows hers comes in, however many others try; whoever does not, tries in vain.

Before a password is hashed, wrong ones are counted on all processes: for each account and for all together, of which
each address has a share (`sipas.web.rate_limits`), so that nobody is locked out because a stranger fails. A browser at
which the account signed in before shows a cookie, and has a count of its own that no stranger can spend (OWASP's
"device cookie"). A hash costs 0.2 s of a processor, so one is computed at a time beside the other work, those who
failed least first; a right one is known again by a keyed hash in memory that dies with the process. Names that nobody
has are counted and hashed as others are, so that neither words nor time tell which there are. Wrong codes of the
second factor are counted for the account alone: only its password leads there.
"""

from __future__ import annotations

import datetime as dt
import heapq
import hmac
import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sipas.accounts import passwords
from sipas.accounts.guesses import code_key, password_key
from sipas.errors import N_, SipasError
from sipas.logs import EVENTS
from sipas.web.client_address import UNKNOWN
from sipas.web.rate_limits import PASSWORDS, Budget, RateLimits

AT_ONCE, A_DAY = 24_000, 6_000  # wrong passwords of all accounts, from browsers that never signed in here
OF_ONE, OF_ONE_A_DAY = 2_000, 500  # of one account
CODES_AT_ONCE, CODES_A_DAY = 20, 20  # wrong codes of its second factor: one in a million is found in 45 years
OWN = 20.0  # wrong passwords of one browser that did; half of them are forgotten in six hours
BROWSERS = "desk browser"  # the counter of those
ALARM = 100  # wrong passwords in a day after which somebody is told
WAITING, LONGEST = 60, 4.0  # that may wait for a hash at a time, and for how many seconds

_WRONG = Budget.of_failures(AT_ONCE, A_DAY)
_OF_ONE = Budget.of_failures(OF_ONE, OF_ONE_A_DAY)
_CODES = Budget.of_failures(CODES_AT_ONCE, CODES_A_DAY)


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
    """The door of all accounts, as one process sees it."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._queue, self._own_queue = Queue(), Queue()
        self._key = secrets.token_bytes(32)
        self._right: dict[
            str, tuple[str, bytes]
        ] = {}  # account -> its stored hash, and the keyed hash of what opens it

    def check(self, account: str, stored: str, password: str, address: str, browser: str, today: dt.date) -> bool:
        """Tell whether this is the account's password; `stored` is its hash, "" where nobody has that account.

        `browser` names one at which the account signed in before, "" a stranger's. Raises TooManyAttempts where it is
        not looked at, Crowded where too many wait.
        """
        known = bool(browser) and self._limits.addresses.taken(BROWSERS, browser) < OWN
        if not known and not self._may_try(account, address):
            raise TooManyAttempts(
                N_(
                    "Wrong passwords came too often. Please try again in some minutes, or at a browser at which "
                    "you signed in before: it is not concerned."
                )
            )
        right = self._is_right(account, stored, password, address, known)
        if not right:
            self._count(account, address, browser if known else "", today)
        return right

    def are_worth_noting(self, account: str, today: dt.date) -> int:
        """How many wrong passwords of the account came today, where the log should say so: the first, the tenth, the
        hundredth and so on, and each of a browser at which she signed in before; 0 where it should not. So a flood does
        not fill the log."""
        count = self._limits.used(password_key(account), today)
        return (count or 1) if count in (0, 1, 10, 100, 1_000, 10_000) else 0

    def check_code(self, account: str, is_right: Callable[[], bool], today: dt.date) -> bool:
        """Tell whether a code of the second factor is right; raises TooManyAttempts where it is not looked at."""
        key = code_key(account)
        if self._limits.left(key, _CODES) < 1:
            raise TooManyAttempts(
                N_("Wrong codes came too often. Please try again in an hour, or ask an administrator.")
            )
        if is_right():
            return True
        self._limits.failed(key, _CODES, UNKNOWN, today)
        return False

    def _may_try(self, account: str, address: str) -> bool:
        if not self._limits.allows(PASSWORDS, _WRONG, address):
            return False
        return self._limits.allows(password_key(account), _OF_ONE, address)

    def _is_right(self, account: str, stored: str, password: str, address: str, known: bool) -> bool:
        seen, told = hmac.digest(self._key, passwords.plain(password).encode(), "sha256"), self._right.get(account)
        if told is not None and told[0] == stored and hmac.compare_digest(told[1], seen):
            return True  # wrong ones are hashed all the same: how long it takes would tell who signed in today
        failures = self._limits.addresses.taken(PASSWORDS, address) if not known else 0.0
        with (self._own_queue if known else self._queue).turn(failures):
            right = passwords.is_right(stored, password)
        if right:
            self._right[account] = stored, seen
        return right

    def _count(self, account: str, address: str, browser: str, today: dt.date) -> None:
        if browser:
            self._limits.addresses.add(BROWSERS, browser)
            return
        self._limits.failed(password_key(account), _OF_ONE, address, today)
        count = self._limits.failed(PASSWORDS, _WRONG, address, today)
        if count in (ALARM, 100 * ALARM):
            EVENTS.warning("passwords of the desk are being guessed", extra={"facts": {"wrong": count}})

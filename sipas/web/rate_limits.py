"""Rate limits: how many answers a point or a device may send, how many wrong codes and passwords are looked at.

The algorithm is the token bucket, filled up as it is asked, twice: each key has a quick bucket (so many a second, in
bursts of so many), a slow one (the pool, which fills up over hours, so that a flood of minutes cannot spend a day), and
a quota of the day. All processes count together, and no address is known there (`sipas.web.counter_file`).

One bucket for all could be turned against others, so of the pool an address may have taken at most a fraction of what
it leaves for everybody else (the dynamic threshold of Choudhury and Hahne, 1998, made for switches whose ports share
one memory): alone it has much, beside many that also take much it has little, and whoever has taken nothing yet is
served as long as one token is left. So nobody is locked out because others fail.

How much an address took is counted in the memory of one process, halves every six hours, and lies under a keyed hash
whose key dies with the process. The table has a fixed size; where it is full, the smallest count in sight makes room.
Nothing of either is stored with answers.
"""

from __future__ import annotations

import datetime as dt
import math
import secrets
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sipas.config.settings import Settings
from sipas.config.values import Network
from sipas.errors import NotStored
from sipas.keyring.wave_keys import label
from sipas.logs import EVENTS
from sipas.web.client_address import UNKNOWN, is_unnamed_proxy, lines_of, visitor_address
from sipas.web.counter_file import Counter, CounterFile, key_hash

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

SHORT_CODES, UNKNOWN_CODES, PASSWORDS = GUESSED = ("short codes", "unknown codes", "desk password")  # keys of guesses
LATER = 60  # seconds to wait where the day's budget is spent
REFILL = 12 * 3600  # seconds in which an empty pool of a point is full again
COUNT = struct.Struct("=8sfd")  # a part of the keyed hash, how much was taken, at which moment
PLACES, SEARCHED = 1 << 17, 8  # 2.6 MB
HALF_LIFE = 6 * 3600.0  # seconds


@dataclass(frozen=True)
class Budget:
    """`rate` a second in the long run, `burst` at once, `day` in a day; of a `pool` that gets `refill` a second.

    `share` is the fraction of what an address leaves in the pool that it may itself have taken.
    """

    rate: float
    burst: int
    day: int
    pool: float = math.inf
    refill: float = 0.0
    share: float = math.inf

    @classmethod
    def of_point(cls, settings: Settings) -> Budget:
        """What any browser together may send to one point.

        Half of a day can come at once, the rest over twelve hours: a flood's effect ends soon after the flood. One
        address may have half of what it leaves to others, an office behind one router as much as its people need.
        """
        half = max(1.0, settings.point_day / 2)
        return cls(settings.point_rate, settings.point_burst, settings.point_day, half, half / REFILL, 0.5)

    @classmethod
    def of_device(cls, settings: Settings) -> Budget:
        """What one enrolled device may send; it has gathered answers while the line was down, so it comes in bursts."""
        return cls(settings.point_rate, settings.point_burst, settings.device_day)

    @classmethod
    def of_failures(cls, at_once: int, a_day: int) -> Budget:
        """So many wrong guesses at first and so many more each day; an address may have a tenth of what it leaves."""
        return cls(1e9, 1 << 30, 1 << 30, at_once, a_day / 86_400, 0.1)


class AddressCounts:
    """How much each address took, for one process."""

    def __init__(self, places: int = PLACES) -> None:
        self._key = secrets.token_bytes(32)
        self._table = bytearray(places * COUNT.size)
        self._starts = max(1, places - SEARCHED + 1)
        self._searched = min(places, SEARCHED)
        self._threads = threading.Lock()

    def taken(self, purpose: str, address: str) -> float:
        """Return how much the address took and did not yet win back; 0 for one that nobody knows."""
        if address == UNKNOWN:
            return 0.0
        with self._threads:
            return max(self._find(self._name(purpose, line))[1] / weight for line, weight in lines_of(address))

    def add(self, purpose: str, address: str) -> None:
        """Count one more for the address."""
        if address == UNKNOWN:
            return
        with self._threads:
            for line, _share in lines_of(address):
                name = self._name(purpose, line)
                place, taken = self._find(name)
                COUNT.pack_into(self._table, place, name[:8], taken + 1, time.monotonic())

    def fits(self, purpose: str, address: str, left: float, share: float) -> bool:
        """Tell whether the address may take one more where so much is `left` and it may have `share` of that."""
        return self.taken(purpose, address) + 1 <= max(1.0, left * share)

    def _name(self, purpose: str, line: str) -> bytes:
        return label(self._key, purpose, line)

    def _find(self, name: bytes) -> tuple[int, float]:
        """Where the count lies or would lie, and how much it is."""
        now, least, place = time.monotonic(), float("inf"), 0
        first = int.from_bytes(name[8:], "big") % self._starts
        for at in range(first * COUNT.size, (first + self._searched) * COUNT.size, COUNT.size):
            known, taken, since = COUNT.unpack_from(self._table, at)
            taken *= 0.5 ** ((now - since) / HALF_LIFE)
            if known == name[:8]:
                return at, taken
            if taken < least:
                least, place = taken, at
        return place, 0.0


class RateLimits:
    """The limits of an installation, as one process sees them."""

    def __init__(self, home: Path, proxies: Sequence[Network] = ()) -> None:
        self._file, self.addresses = CounterFile(home), AddressCounts()
        self._proxies, self._told = tuple(proxies), False

    def address(self, peer: str | None, forwarded: str) -> str:
        """Return for whom a request is counted."""
        if not self._told and is_unnamed_proxy(peer or "", forwarded, self._proxies):
            self._told = True  # once: whoever stands there can repeat it at will
            EVENTS.warning("X-Forwarded-For from a proxy that the setting proxy does not name")
        return visitor_address(peer or "", forwarded, self._proxies)

    def address_of(self, request: Request) -> str:
        """Return for whom this request is counted."""
        return self.address(request.remote_addr, request.headers.get("X-Forwarded-For", ""))

    def take(self, key: str, budget: Budget, address: str, today: dt.date, count: int = 1) -> None:
        """Take `count` from the budget of `key` ("point to-hieu-1"), within the share of the address; UNKNOWN for what
        has none, as an enrolled device. Raises NotStored where there is not so much: all is taken, or nothing."""
        with self._file.locked():
            place, now = self._now(key, budget, today)
            has_share = address == UNKNOWN or self.addresses.fits(key, address, now.pool, budget.share)
            if not has_share or now.used + count > budget.day or now.pool < count:
                raise NotStored("limit", LATER)
            if now.tokens < count:
                raise NotStored("limit")
            self._file.write(
                place, replace(now, tokens=now.tokens - count, pool=now.pool - count, used=now.used + count)
            )
        for _each in range(count):
            self.addresses.add(key, address)

    def allows(self, key: str, budget: Budget, address: str) -> bool:
        """Tell whether a token is left for this address."""
        left = self.left(key, budget)
        return left >= 1 and self.addresses.fits(key, address, left, budget.share)

    def failed(self, key: str, budget: Budget, address: str, today: dt.date) -> int:
        """Count a failure against bucket and address, down to nothing and no further; return how many failed today."""
        self.addresses.add(key, address)
        with self._file.locked():
            place, now = self._now(key, budget, today)
            self._file.write(place, replace(now, pool=max(0.0, now.pool - 1), used=now.used + 1))
            return now.used + 1

    def left(self, key: str, budget: Budget) -> float:
        """How much of the pool is left."""
        if not self._file.was_used():
            return budget.pool
        with self._file.locked():
            return self._now(key, budget, dt.date.min)[1].pool

    def give_back(self, key: str, today: dt.date, count: int = 1) -> None:
        """What was taken for answers that had been stored before does not use up the day.

        It stays taken from the rate: whoever sent one form again and again would otherwise meet no limit at all.
        """
        with self._file.locked():
            place, known = self._file.slot(key_hash(key), today.toordinal())
            if known.name == key_hash(key) and known.day == today.toordinal():
                back = replace(known, pool=known.pool + count, used=max(0, known.used - count))
                self._file.write(place, back)

    def used(self, key: str, today: dt.date) -> int:
        """How much of a budget was taken on a day. Asking makes no file: `sipas doctor` may run as somebody else."""
        if not self._file.was_used():
            return 0
        with self._file.locked():
            _, known = self._file.slot(key_hash(key), today.toordinal())
        return known.used if known.name == key_hash(key) and known.day == today.toordinal() else 0

    def forget(self, but: Sequence[str] = ()) -> None:
        """Wipe the counters, which say when somebody last answered where; those of the keys in `but` stay."""
        with self._file.locked():
            self._file.forget([key_hash(key) for key in but])

    def _now(self, key: str, budget: Budget, today: dt.date) -> tuple[int, Counter]:
        """The key's place, and its counter as of this moment."""
        name, moment, day = key_hash(key), time.monotonic(), today.toordinal()
        place, known = self._file.slot(name, day)
        if known.name != name:
            part = 0.5 if self._file.is_mended() else 1.0
            used = int(budget.day * (1 - part)) if math.isinf(budget.pool) else 0
            return place, Counter(name, budget.burst * part, budget.pool * part, moment, day, used)
        if known.since > moment:  # the machine started anew, and so did its clock: `moment` seconds ago
            known = replace(known, tokens=float(budget.burst), since=0.0)
            self._file.write(
                place, replace(known, pool=min(budget.pool, known.pool + moment * budget.refill), since=moment)
            )
        passed = moment - known.since
        tokens = min(budget.burst, known.tokens + passed * budget.rate)
        pool = min(budget.pool, known.pool + passed * budget.refill)
        return place, Counter(name, tokens, pool, moment, day, known.used if known.day == day else 0)

"""Limits that a stranger cannot turn against others: one bucket for all, and of it a share for each address.

The bucket (`sipas.web.token_buckets`) is shared by all processes and knows no address. An address may have taken at
most a fraction of what it leaves for everybody else (the dynamic threshold of Choudhury and Hahne, 1998, made for
switches whose ports share one memory): alone it has much, beside many that also take much it has little, and whoever
has taken nothing yet is served as long as one token is left. So nobody is locked out because others fail.

How much an address took is counted in the memory of one process, halves every six hours, and lies under a keyed hash
whose key dies with the process. The table has a fixed size; where it is full, the smallest count in sight makes room.
"""

from __future__ import annotations

import datetime as dt
import secrets
import struct
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sipas.config.values import Network
from sipas.errors import NotStored
from sipas.keyring.wave_keys import label
from sipas.logs import EVENTS
from sipas.web.client_address import UNKNOWN, is_unnamed_proxy, lines_of, visitor_address
from sipas.web.token_buckets import LATER, Budget, Budgets

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

COUNT = struct.Struct("=8sfd")  # a part of the keyed hash, how much was taken, at which moment
PLACES, SEARCHED = 1 << 17, 8  # 2.6 MB
HALF_LIFE = 6 * 3600.0  # seconds


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
    """The buckets of the installation and this process's counts of addresses."""

    def __init__(self, budgets: Budgets, proxies: Sequence[Network] = ()) -> None:
        self.budgets, self.addresses = budgets, AddressCounts()
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

    def take(self, key: str, budget: Budget, address: str, today: dt.date) -> None:
        """Take one from a budget, within the address's share; raises NotStored."""
        if not self.allows(key, budget, address):
            raise NotStored("limit", LATER)
        self.budgets.take(key, budget, today)
        self.addresses.add(key, address)

    def allows(self, key: str, budget: Budget, address: str) -> bool:
        """Tell whether a token is left for this address."""
        left = self.budgets.left(key, budget)
        return left >= 1 and self.addresses.fits(key, address, left, budget.share)

    def failed(self, key: str, budget: Budget, address: str, today: dt.date) -> int:
        """Count a failure against bucket and address, down to nothing and no further; return how many failed today."""
        self.addresses.add(key, address)
        return self.budgets.spend(key, budget, today)

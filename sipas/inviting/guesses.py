"""Nobody finds a code by trying. Counted are codes that read well and that we never issued: of a person's own slips the
check character stops 22 of 23 before they come here, so that whoever comes here often is guessing.

Two counts. One is shared by all processes and knows no addresses: minutes and numbers in a small file. The other
knows where a guess came from, in the memory of one process only and only as a hash under a key that dies with the
process. While the first is low, one address (an office behind one router, say) may fail `NEAR` times in `WINDOW`
minutes; once it passes `ALARM`, an address that failed at all waits, and everybody else is let through; past `MOST`
everybody waits. A code that holds is never counted, and refusing one costs its holder some minutes, never her vote.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sipas.errors import N_, SipasError
from sipas.keys import label
from sipas.logs import EVENTS

WINDOW = 10  # minutes
NEAR, ALARM, MOST = 10, 60, 600  # failures: from one address, of all before caution, of all before everybody waits


class TooManyGuesses(SipasError):
    """Somebody is trying codes; this one will be looked at in some minutes."""

    status = 429


class Guesses:
    """The two counts, as one process sees them."""

    def __init__(self, home: Path) -> None:
        self._path = home / "guesses.json"
        self._salt = secrets.token_bytes(32)
        self._near: dict[bytes, list[float]] = {}

    def check(self, address: str, now: float | None = None) -> None:
        """Raises TooManyGuesses where a code from this address is not looked at now."""
        now = time.time() if now is None else now
        total, own = recent(self._path, now), len(self._own(address, now))
        if total >= MOST or own >= NEAR or (total >= ALARM and own):
            raise TooManyGuesses(
                N_("Too many wrong codes were tried. Please wait {minutes} minutes and try again; yours stays good."),
                minutes=WINDOW,
            )

    def wrong(self, address: str, now: float | None = None) -> None:
        """A code that reads well and does not exist came from this address."""
        now = time.time() if now is None else now
        if len(self._near) > 10_000:
            self._near = {one: times for one, times in self._near.items() if times[-1] > now - 60 * WINDOW}
        self._near[self._hashed(address)] = [*self._own(address, now), now][-NEAR:]
        with _counts(self._path, now) as counts:
            minute = str(int(now // 60))
            counts[minute] = counts.get(minute, 0) + 1
            if sum(counts.values()) in (ALARM, MOST):
                EVENTS.warning("codes are being guessed", extra={"facts": {"wrong": sum(counts.values())}})

    def _own(self, address: str, now: float) -> list[float]:
        return [one for one in self._near.get(self._hashed(address), ()) if now - 60 * WINDOW < one <= now]

    def _hashed(self, address: str) -> bytes:
        return label(self._salt, _line(address))


def _line(address: str) -> str:
    """What counts as one address: of IPv6 the half that a provider gives to one line, for the rest is everybody's own.

    >>> _line("203.0.113.7"), _line("2001:db8:1:2:3:4:5:6"), _line("2001:db8:1:2::9"), _line("::ffff:203.0.113.7")
    ('203.0.113.7', '2001:db8:1:2::/64', '2001:db8:1:2::/64', '203.0.113.7')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found.packed[:8] + bytes(8), 64)))


def recent(path: Path, now: float) -> int:
    """How many wrong codes all processes saw in the last minutes."""
    try:
        return sum(_fresh(json.loads(path.read_text() or "{}"), now).values())
    except (FileNotFoundError, ValueError):
        return 0


def _fresh(counts: dict[str, int], now: float) -> dict[str, int]:
    return {minute: n for minute, n in counts.items() if 0 <= now // 60 - int(minute) < WINDOW}


@contextmanager
def _counts(path: Path, now: float) -> Iterator[dict[str, int]]:
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            counts = _fresh(json.loads(file.read() or "{}"), now)
        except ValueError:
            counts = {}
        yield counts
        file.seek(0)
        file.truncate()
        json.dump(counts, file)

"""Nobody finds a code by trying, and nobody waits because somebody tries. The arithmetic stands in README.md.

Counted are codes that read well and that we never issued: of a person's own slips the check character stops 22 of 23
before they come here, so that whoever comes here often is guessing. Codes of today's length are too many to be found at
any speed at which we answer, so they are looked at whoever tries and how often. Those of eight characters, as issued
until November 2026, are not: of wrong ones so many are looked at in a day, of which each address has a share
(`sipas.web.rate_limits`). Beyond it a code of eight characters waits, which costs its holder some minutes, never her
vote.
"""

from __future__ import annotations

import datetime as dt

from sipas.errors import N_, SipasError
from sipas.fieldwork import invitation_codes
from sipas.logs import EVENTS
from sipas.web.client_address import UNKNOWN
from sipas.web.rate_limits import SHORT_CODES, UNKNOWN_CODES, Budget, RateLimits

AT_ONCE, A_DAY = 43_200, 43_200  # wrong short codes; in the first 24 hours 86,400, as many as 600 in ten minutes were
ALARM = 60  # unknown codes in a day after which somebody is told
MINUTES = 10  # that a person is asked to wait

_SHORT = Budget.of_failures(AT_ONCE, A_DAY)
_ALL = Budget.of_failures(1 << 30, 0)


class TooManyGuesses(SipasError):
    """Somebody is trying codes; this one will be looked at in some minutes."""

    status = 429


def check(limits: RateLimits, code: str, address: str) -> None:
    """Raises TooManyGuesses where this code, as `codes.read` gives it, is not looked at now."""
    if len(code) == invitation_codes.SHORT and not limits.allows(SHORT_CODES, _SHORT, address):
        raise TooManyGuesses(
            N_("Too many wrong codes were tried. Please wait {minutes} minutes and try again; yours stays good."),
            minutes=MINUTES,
        )


def wrong(limits: RateLimits, code: str, address: str, today: dt.date) -> None:
    """A code that reads well and does not exist came from this address."""
    if len(code) == invitation_codes.SHORT:
        limits.failed(SHORT_CODES, _SHORT, address, today)
    count = limits.failed(UNKNOWN_CODES, _ALL, UNKNOWN, today)
    if count in (ALARM, 100 * ALARM, 10_000 * ALARM):
        EVENTS.warning("codes are being guessed", extra={"facts": {"wrong": count}})

"""Sessions at the desk: rows of a table, so that they can be ended from elsewhere. The cookie holds a random number.

A session lasts eight hours from the password, and one hour without a page. What has been shown so far is its stage:
the password alone ("code": the second factor is asked for; "setup": password or second factor are made first), or all.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sipas.accounts.models import DeskSession

LONGEST, IDLE = 8 * 3600, 3600  # seconds
CODE, SETUP, WHOLE = "code", "setup", "whole"
WRITTEN = 60  # seconds: how exactly `seen` is kept


@dataclass(frozen=True)
class Known:
    """A session that holds at this moment."""

    account: str
    stage: str
    begun: float


def begin(session: Session, account: str, stage: str, now: float) -> str:
    """A new session; returns what the cookie holds. Those of the same account go on."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(DeskSession).where((DeskSession.begun <= now - LONGEST) | (DeskSession.seen <= now - IDLE)))
    session.add(DeskSession(token=_hash(token), account=account, stage=stage, begun=now, seen=now))
    return token


def known(session: Session, token: str, now: float) -> tuple[Known | None, bool]:
    """The session of a cookie, None where it is over or was none; and whether `touch` is due."""
    row = session.get(DeskSession, _hash(token))
    if row is None or not (0 <= now - row.begun < LONGEST and now - row.seen < IDLE):
        return None, False
    return Known(row.account, row.stage, row.begun), now - row.seen >= WRITTEN


def touch(session: Session, token: str, now: float) -> None:
    """The session was used just now."""
    row = session.get(DeskSession, _hash(token))
    if row is not None:
        row.seen = now


def end(session: Session, token: str) -> None:
    """From now on the cookie opens nothing, wherever a copy of it lies."""
    session.execute(delete(DeskSession).where(DeskSession.token == _hash(token)))


def end_all(session: Session, account: str, but: str = "") -> int:
    """Ends every session of an account, except that of the cookie `but`; returns how many there were."""
    gone = delete(DeskSession).where(DeskSession.account == account, DeskSession.token != _hash(but))
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]


def count(session: Session, account: str, now: float) -> int:
    """How many sessions of the account hold now."""
    rows = session.scalars(select(DeskSession).where(DeskSession.account == account))
    return sum(now - row.begun < LONGEST and now - row.seen < IDLE for row in rows)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""The tables of `desk.sqlite`: who may do what at the desk, who is signed in, and what was done.

A file of its own, never the database of answers, also where that is PostgreSQL: see README.md, "Apart from answers".
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import DDL, Boolean, Date, Float, Integer, LargeBinary, String, Text, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION = 1  # of these tables, kept by SQLite itself (`user_version`)


class DeskBase(DeclarativeBase):
    """The tables of `desk.sqlite`."""


class Account(DeskBase):
    """Somebody who is known by name; never removed, so that the log keeps its names."""

    __tablename__ = "account"

    name: Mapped[str] = mapped_column(String(40), primary_key=True, comment="typed to sign in: a-z, 0-9, . - _")
    person: Mapped[str] = mapped_column(String(100), comment="as it stands in releases and in the log")
    password: Mapped[str] = mapped_column(String(200), comment="Argon2id, encoded")
    must_change: Mapped[bool] = mapped_column(Boolean, comment="the password was given by somebody else")
    second_factor: Mapped[bytes | None] = mapped_column(LargeBinary, comment="TOTP key, encrypted; none before set-up")
    last_step: Mapped[int] = mapped_column(Integer, default=0, comment="TOTP time step that was spent last")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    is_simulated: Mapped[bool] = mapped_column(Boolean, default=False, comment="of a demo, whose page shows the code")
    made_on: Mapped[dt.date] = mapped_column(Date)


class RoleGrant(DeskBase):
    """A role that an account holds; a clerk's is bound to a unit."""

    __tablename__ = "role_grant"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    unit: Mapped[str] = mapped_column(String(20), primary_key=True, default="", comment="code; empty: of no unit")


class Deputy(DeskBase):
    """Who holds another's roles for some days of leave."""

    __tablename__ = "deputy"

    account: Mapped[str] = mapped_column(String(40), primary_key=True, comment="who is on leave")
    deputy: Mapped[str] = mapped_column(String(40), primary_key=True)
    first_day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    last_day: Mapped[dt.date] = mapped_column(Date)


class RecoveryCode(DeskBase):
    """A code that stands for the second factor once, hashed: it has 60 random bits."""

    __tablename__ = "recovery_code"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of account and code")


class DeskSession(DeskBase):
    """A browser that signed in, until it signs out, is idle, or the day is over."""

    __tablename__ = "desk_session"

    token: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of what the cookie holds")
    account: Mapped[str] = mapped_column(String(40))
    stage: Mapped[str] = mapped_column(String(10), comment="code, setup or whole: what has been shown so far")
    begun: Mapped[float] = mapped_column(Float, comment="seconds, UTC")
    seen: Mapped[float] = mapped_column(Float, comment="seconds, UTC; written once a minute at most")


class LogEntry(DeskBase):
    """Who did what, when, to what, with what outcome. Append-only; each entry holds the digest of the one before."""

    __tablename__ = "log_entry"

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    moment: Mapped[str] = mapped_column(String(30), comment="ISO 8601, UTC, to the second")
    account: Mapped[str] = mapped_column(String(40), comment="empty: the operator, by the command line")
    deed: Mapped[str] = mapped_column(String(60))
    target: Mapped[str] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(20))
    facts: Mapped[str] = mapped_column(Text, comment="JSON; nothing about citizens")
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the digest before and of this entry")


for _deed in ("UPDATE", "DELETE"):
    event.listen(
        LogEntry.__table__,
        "after_create",
        DDL(
            f"CREATE TRIGGER log_refuses_{_deed.lower()} BEFORE {_deed} ON log_entry "
            "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        ),
    )

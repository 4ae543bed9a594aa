"""The log of deeds: who did what, when, to what, with what outcome. It holds nothing about citizens.

Each entry's digest is SHA-256 of the digest before it and of the entry as canonical JSON, so a changed, inserted or
removed entry breaks all that follow. A cut tail breaks nothing: the file `keys/log.head` therefore names the last
entry, and the head is printed in manifests and minutes. Whoever holds file and keys can write another chain; only what
was printed outside of this machine shows that. Writers of several processes wait for one another (`Store.writing`).
"""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.accounts.models import LogEntry
from sipas.accounts.store import GONE, put_store_aside, store_of
from sipas.errors import N_, NotReady, SipasError
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import private_folder, read_state, write_whole
from sipas.logs import EVENTS

START = "0" * 64  # the digest before the first entry
RESTORED = "log restored"
DONE, REFUSED, BEGUN, FAILED = "done", "refused", "begun", "failed"
PAGE = 100

Facts = Mapping[str, object]
NOTHING: Facts = {}

OUTCOMES = {DONE: N_("done"), REFUSED: N_("refused"), BEGUN: N_("begun"), FAILED: N_("failed")}
DEEDS = {
    "sign in": N_("signed in"),
    "sign out": N_("signed out"),
    "second factor": N_("second factor shown"),
    "second factor set up": N_("second factor set up"),
    "recovery codes made": N_("recovery codes made"),
    "password changed": N_("password changed"),
    "sessions ended": N_("other sessions ended"),
    "first administrator": N_("first administrator made"),
    "demo's accounts made": N_("demo's accounts made"),
    "account added": N_("account made"),
    "account renamed": N_("account's person renamed"),
    "account put to rest": N_("account put to rest"),
    "account back at work": N_("account back at work"),
    "account reset": N_("first password given again"),
    "roles changed": N_("roles changed"),
    "deputy named": N_("deputy named"),
    "deputy ended": N_("deputy ended"),
    "codes issued": N_("invitation codes issued"),
    "screen's code made": N_("code for a screen made"),
    "screen revoked": N_("screen revoked"),
    "comments read": N_("comments read"),
    "log exported": N_("log exported"),
    RESTORED: N_("log restored from a copy"),
}
"""Deeds that are no command, in words for people; the log keeps the English key."""

DAMAGED_HEAD = N_("keys/{file} in SIPAS_HOME is damaged: whether the end of the log was cut can no longer be told.")


@dataclass(frozen=True)
class Head:
    """The last entry of a log: what is printed outside."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True)
class Fault:
    """Something amiss with the log, as a sentence to be translated."""

    error: SipasError


def add(
    session: Session, account: str, deed: str, target: str = "", outcome: str = DONE, facts: Facts = NOTHING
) -> Head:
    """Add an entry in the transaction at hand; `account` "" is the operator. Call `keep_head` once it is committed."""
    last = session.scalar(select(LogEntry).order_by(LogEntry.number.desc()).limit(1))
    entry = LogEntry(
        number=last.number + 1 if last else 1,
        moment=clock.now().astimezone(dt.UTC).isoformat(timespec="seconds"),
        account=account,
        deed=deed,
        target=target[:200],
        outcome=outcome,
        facts=json.dumps(dict(facts), ensure_ascii=False, sort_keys=True),
    )
    entry.digest = _digest(last.digest if last else START, entry)
    session.add(entry)
    session.flush()
    return Head(entry.number, entry.digest)


def note(home: Path, account: str, deed: str, target: str = "", outcome: str = DONE, facts: Facts = NOTHING) -> Head:
    """Add one entry in a transaction of its own."""
    with store_of(home).writing() as session:
        head = add(session, account, deed, target, outcome, facts)
    keep_head(home, head)
    return head


@contextmanager
def transaction(home: Path, account: str, what: str, target: str = "", facts: Facts = NOTHING) -> Iterator[Session]:
    """A deed in the store itself: what the block writes and its entry are one transaction."""
    with store_of(home).writing() as session:
        yield session
        head = add(session, account, what, target, facts=facts)
    keep_head(home, head)


@contextmanager
def deed(home: Path, account: str, what: str, target: str = "", **facts: object) -> Iterator[None]:
    """Around a deed in the other database: one entry before it, one with its outcome after it. Where the first cannot
    be written nothing is done. A power cut or a full disk between the two leaves an entry "begun" that nothing ends,
    which can be seen; what was done is not called undone for it."""
    note(home, account, what, target, BEGUN, facts)
    try:
        yield
    except SipasError:
        _ends(home, account, what, target, REFUSED)
        raise
    except BaseException:
        _ends(home, account, what, target, FAILED)
        raise
    _ends(home, account, what, target, DONE)


def _ends(home: Path, account: str, what: str, target: str, outcome: str) -> None:
    try:
        note(home, account, what, target, outcome)
    except (SipasError, OSError) as error:
        EVENTS.error(
            "the outcome was not logged", extra={"facts": {"deed": what, "outcome": outcome, "why": str(error)}}
        )


def keep_head(home: Path, head: Head, force: bool = False) -> None:
    """Say in `keys/log.head` which entry is the last; never an earlier one than it says already, unless `force`."""
    path = HomePaths(home).log_head
    folder = os.open(private_folder(path.parent), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        try:
            known = kept_head(home)
        except SipasError:
            known = None  # `sipas doctor` has said so; from here on it is right again
        if not force and known is not None and not _holds(home, known):
            EVENTS.error("the log does not hold its former head", extra={"facts": {"number": known.number}})
        elif force or known is None or head.number > known.number:
            write_whole(path, json.dumps({"number": head.number, "digest": head.digest}).encode())
    finally:
        os.close(folder)


def _holds(home: Path, known: Head) -> bool:
    """Whether the store still has the entry that was the last: else its end was cut, and the head goes on saying so."""
    with store_of(home).reading() as session:
        entry = session.get(LogEntry, known.number)
    return entry is not None and entry.digest == known.digest


def kept_head(home: Path) -> Head | None:
    """What `keys/log.head` says, None where it says nothing yet; raises Damaged."""
    return read_state(HomePaths(home).log_head, _head, DAMAGED_HEAD)


def head(session: Session) -> Head | None:
    """The last entry; None where nothing was logged."""
    last = session.scalar(select(LogEntry).order_by(LogEntry.number.desc()).limit(1))
    return Head(last.number, last.digest) if last else None


def last_head(home: Path) -> Head | None:
    """The last entry of a home's log; None where it has none."""
    store = store_of(home)
    if not store.exists():
        return None
    with store.reading() as session:
        return head(session)


def entries(
    session: Session, account: str = "", deed: str = "", newest: int | None = None, count: int = PAGE
) -> list[LogEntry]:
    """The newest entries first, from number `newest` down; of one account ("-" is the operator), of one deed."""
    wanted = select(LogEntry).order_by(LogEntry.number.desc()).limit(count)
    if account:
        wanted = wanted.where(LogEntry.account == ("" if account == "-" else account))
    if deed:
        wanted = wanted.where(LogEntry.deed == deed)
    if newest is not None:
        wanted = wanted.where(LogEntry.number <= newest)
    return list(session.scalars(wanted))


def deeds(session: Session) -> list[str]:
    """The deeds that occur."""
    return list(session.scalars(select(LogEntry.deed).distinct().order_by(LogEntry.deed)))


def as_csv(session: Session) -> bytes:
    """The whole log, oldest first, with its digests: what can be checked elsewhere."""
    out = io.StringIO()
    table = csv.writer(out)
    columns = [column.name for column in LogEntry.__table__.columns]
    table.writerow(columns)
    for one in session.scalars(select(LogEntry).order_by(LogEntry.number)):
        table.writerow([getattr(one, column) for column in columns])
    return out.getvalue().encode("utf-8-sig")


def faults(home: Path) -> list[Fault]:
    """What is amiss: a changed or missing entry, a cut tail. One sentence for each cause."""
    store = store_of(home)
    if not store.exists():
        return [] if kept_head(home) is None else [Fault(SipasError(GONE))]
    found: list[Fault] = []
    with store.reading() as session:
        before, number, digests = START, 0, {}
        for one in session.scalars(select(LogEntry).order_by(LogEntry.number)):
            is_next = one.number == number + 1
            if not is_next or one.digest != _digest(before, one):
                found.append(Fault(SipasError(CHANGED, number=one.number if is_next else number + 1)))
                break
            before, number, digests[one.number] = one.digest, one.number, one.digest
        last = session.scalar(select(func.max(LogEntry.number))) or 0
    kept = kept_head(home)
    if kept and kept.number > last:
        found.append(Fault(SipasError(CUT, number=kept.number, last=last, lost=kept.number - last)))
    elif kept and not found and digests[kept.number] != kept.digest:
        found.append(Fault(SipasError(OTHER, number=kept.number)))
    return found


CHANGED = N_(
    "The log of deeds was changed: entry {number} is not the one that was written, or is missing. Compare its head "
    "with the one printed in the newest release and in the minutes, and keep a copy of desk.sqlite."
)
CUT = N_(
    "The log of deeds was cut: keys/log.head knows entry {number}, desk.sqlite ends with {last}, and no restore is "
    "noted ({lost} entries are missing). If desk.sqlite was restored from a backup, say so: `sipas log restored`."
)
OTHER = N_(
    "The log of deeds is another one: its entry {number} is not the one that keys/log.head knows. Compare its head "
    "with the one printed in the newest release and in the minutes."
)


def note_restore(home: Path, account: str = "") -> int:
    """After `desk.sqlite` was put back from a copy, or is lost for good: an entry that says how many were lost. Returns
    that number. A store that is missing begins anew; one that cannot be read is put aside first."""
    kept, store = kept_head(home), store_of(home)
    try:
        with store.reading() as session:
            head(session)
    except NotReady:
        put_store_aside(home)
        HomePaths(home).log_head.unlink(missing_ok=True)
    with store.writing() as session:
        last = head(session) or Head(0, START)
        lost = max(0, kept.number - last.number) if kept else 0
        now = add(session, account, RESTORED, facts={"lost": lost, "before": str(kept) if kept else ""})
    keep_head(home, now, force=True)
    return lost


def _digest(before: str, entry: LogEntry) -> str:
    said = [entry.number, entry.moment, entry.account, entry.deed, entry.target, entry.outcome, entry.facts]
    return hashlib.sha256(f"{before}\n{json.dumps(said, ensure_ascii=False)}".encode()).hexdigest()


def _head(data: bytes) -> Head:
    told = json.loads(data)
    return Head(int(told["number"]), str(told["digest"]))

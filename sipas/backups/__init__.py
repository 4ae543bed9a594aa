"""Backups of the database while it is in use, and the way back; on SQLite and on PostgreSQL.

No backup keeps a trace of the order of writing: SQLite's is made by `VACUUM INTO`, PostgreSQL's holds every table in
the order of its key. What waits for the night beside the database (`day.py`) lies in it as the night would leave it.
Beside each lies its digest, and a backup whose digest differs is not restored. What is restored replaces everything in
one transaction: a power cut leaves the old database or the new one. What cannot be read is not needed: on SQLite the
files of a damaged or foreign database are put aside whole, on PostgreSQL our tables are made anew.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError

from sipas import clock
from sipas.accounts.audit_log import note_restore
from sipas.accounts.store import packed, restore_copy
from sipas.backups import postgresql, sqlite
from sipas.backups.pending import Day
from sipas.config.settings import Settings
from sipas.errors import N_, BadFile, NotReady, SchemaMismatch
from sipas.files.disk_space import sync_folder
from sipas.files.overwriting import discard
from sipas.files.state_files import write_whole
from sipas.intake import ways
from sipas.intake.comment_spool import CommentSpool
from sipas.logs import EVENTS
from sipas.storage.condition import is_unreadable, our_tables
from sipas.storage.database import HEAD, Database
from sipas.storage.sqlite_files import discard_copies
from sipas.wordings import shelf

SUMS = ".sha256"
WORDS = ".instruments"  # beside a backup, the questionnaires in words put in here; its digest stands in the same list
DESK = ".desk"  # and the accounts and the log of deeds
BESIDE = {
    WORDS: N_("{file} lacks the questionnaires in words put in here; copy {words} from where the backup lies."),
    DESK: N_("{file} lacks the accounts and the log of deeds; copy {words} from where the backup lies."),
}
"""What lies beside a backup, and what is said where it was left behind."""


class NotEmpty(NotReady):
    """A database that a restored one would replace."""

    status = 409


def backup(settings: Settings, database: Database, name: str) -> Path:
    """Writes a whole copy into the folder `backups`, with its digest beside it, and gives its path."""
    day = Day.of(settings.home, database)  # first: what the night carries over meanwhile is in one of the two
    if database.file:
        with database.queue():
            made = _written(settings, name, ".sqlite", lambda path: sqlite.dump(database, path, day))
        discard_copies(database.file)
        return made
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        return _written(settings, name, ".pgcopy", lambda path: postgresql.dump(connection, path, day))


def restore(
    settings: Settings, database: Database, file: Path, *, force: bool = False, name: str = "before"
) -> Path | None:
    """Replaces the database's content by a backup's; gives the backup that was made of what had been there, or where
    that was put aside because nobody can read it (`is_put_aside`); None where nothing was there.

    Nobody writes from that backup on until all is replaced, so whatever was thanked lies in one or the other. Raises
    BadFile where the backup is damaged, SchemaMismatch where it is newer than this program, NotEmpty where the database
    holds waves or answers already, unless `force`.
    """
    check(file)
    version = sqlite.version(file) if database.file else postgresql.version(file)
    if version > HEAD:
        raise SchemaMismatch(
            N_(
                "{file} was made at version {version}, this program needs {head}. Restore it with the program that "
                "made it, then run `sipas migrate`."
            ),
            file=file.name,
            version=version,
            head=HEAD,
        )
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    counts = ways.File(settings.home)  # of answers that will be gone; the backup counts those that it holds
    if database.file:
        with database.queue():
            before = _replace_sqlite(settings, database, file, force, name)
            counts.clear()
        discard_copies(database.file)
    else:
        with postgresql.alone(database) as connection:
            postgresql.refuse_foreign(connection)
            before = _before(settings, database, name, force, connection)
            postgresql.load(connection, file, version)
            counts.clear()
    _leave_out_strangers(settings.home, database)
    words, desk = (file.with_name(file.name + ending) for ending in (WORDS, DESK))
    if words.name in _listed(file):
        shelf.put_back(settings.home, words.read_bytes())
    if desk.name in _listed(file) and restore_copy(settings.home, desk.read_bytes()):
        note_restore(settings.home)
    settings.paths.maintained.unlink(missing_ok=True)  # the next night writes everything anew
    if before is None:  # a new machine: the day on which it was set up says nothing of what is due in here
        settings.paths.nights.unlink(missing_ok=True)
    return before


def is_put_aside(path: Path) -> bool:
    """Whether what `restore` gave is a database that nobody could read, rather than a backup of it."""
    return sqlite.ASIDE in path.name


def _replace_sqlite(settings: Settings, database: Database, file: Path, force: bool, name: str) -> Path | None:
    try:
        if sqlite.is_there(database):
            before = _before(settings, database, name, force, None)
            sqlite.load(database, file)
            return before
    except (DatabaseError, sqlite3.DatabaseError) as error:
        if not is_unreadable(error):
            raise
    return sqlite.put_in_place(database, file, clock.today())


def _leave_out_strangers(home: Path, database: Database) -> None:
    """Comments that wait for a wave this database does not know would fall to the wave that gets its number next; the
    backup made before the restore holds them."""
    with database.engine.connect() as connection:
        known = {row.id for row in connection.execute(text("select id from wave"))}
    inbox = CommentSpool(home)
    if strangers := [one for one in inbox.waiting() if one.wave not in known]:
        inbox.remove(strangers)


def check(file: Path) -> None:
    """Raises BadFile where a backup lacks its digest or is not the file that was written."""
    sums = file.with_name(file.name + SUMS)
    if not file.is_file():
        raise BadFile(N_("There is no file {file}."), file=file.name)
    if not sums.is_file():
        raise BadFile(
            N_("{file} lacks its digest; copy {sums} from where the backup lies."), file=file.name, sums=sums.name
        )
    if sums.read_text(encoding="utf-8").split()[:1] != [_digest(file)]:
        raise BadFile(
            N_("{file} is not the backup that was made: its digest differs. Take another one."), file=file.name
        )
    for ending, missing in BESIDE.items():
        beside = file.with_name(file.name + ending)
        if beside.name not in _listed(file):
            continue
        if not beside.is_file():
            raise BadFile(missing, file=file.name, words=beside.name)
        if _listed(file)[beside.name] != _digest(beside):
            raise BadFile(
                N_("{file} is not the backup that was made: its digest differs. Take another one."), file=beside.name
            )


def _before(
    settings: Settings, database: Database, name: str, force: bool, connection: Connection | None
) -> Path | None:
    """The backup of what is to be replaced, None where that is nothing; whoever calls keeps all others from writing."""
    with nullcontext(connection) if connection else database.engine.connect() as reader:
        every = set(inspect(reader).get_table_names())
        told = sorted({"wave", "response"} & every)
        if not any(reader.execute(text(f"select 1 from {one} limit 1")).first() for one in told):  # noqa: S608
            return None
    if not force:
        raise NotEmpty(
            N_("The database holds waves already. Give --force to replace all of it; a backup of it is made first.")
        )
    is_whole = our_tables() <= every
    day = Day.of(settings.home, database, connection) if is_whole else Day()
    if connection:
        return _written(settings, name, ".pgcopy", lambda path: postgresql.dump(connection, path, day))
    return _written(settings, name, ".sqlite", lambda path: sqlite.dump(database, path, day))


def _written(settings: Settings, name: str, ending: str, write: Callable[[Path], None]) -> Path:
    """A backup under the next free name: on the disk, with its digest, or not at all."""
    path = _free(settings.paths.backups, name, ending)
    partial, sums = path.with_name(path.name + ".partial"), path.with_name(path.name + SUMS)
    beside = {WORDS: shelf.packed(settings.home), DESK: _accounts(settings.home)}
    discard(partial)  # a crash may have left it
    try:
        write(partial)
        partial.chmod(0o600)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        listed = f"{_digest(partial)}  {path.name}\n"
        for ending, data in beside.items():
            if data:
                other = path.with_name(path.name + ending)
                write_whole(other, data)
                listed += f"{_digest(other)}  {other.name}\n"
        write_whole(sums, listed.encode())
        os.replace(partial, path)
        sync_folder(path.parent)
    finally:
        discard(partial)
    return path


def _accounts(home: Path) -> bytes | None:
    """The accounts' copy; answers are backed up without it where it cannot be had, and `sipas doctor` says why."""
    try:
        return packed(home)
    except NotReady as error:
        EVENTS.error("accounts are not in the backup", extra={"facts": {"why": str(error)}})
        return None


def _free(folder: Path, name: str, ending: str) -> Path:
    folder.mkdir(exist_ok=True, mode=0o700)
    path, number = folder / f"{name}{ending}", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}{ending}"
    return path


def _listed(file: Path) -> dict[str, str]:
    """The digests that were noted with a backup, by the names of files."""
    lines = file.with_name(file.name + SUMS).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split(None, 1) for line in lines if len(line.split(None, 1)) == 2)}


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""What state a database is in, whatever lies there, and the next step for each: the one place that knows.

A database can be missing, empty, damaged, another program's, without some of its tables, older or newer than this
program. Every command says which in one sentence, and names the backup to restore.
"""

from __future__ import annotations

import importlib
import re
import shlex
import sqlite3
from collections.abc import Iterable, Set
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import DatabaseError, OperationalError

from sipas.config.settings import Settings
from sipas.errors import N_, NotReady, SipasError, first_few
from sipas.files.home_paths import HomePaths
from sipas.storage.database import HEAD, Base, Database

ENDINGS = {True: ".sqlite", False: ".pgcopy"}  # of backups, on SQLite and on PostgreSQL
REPLACED = "before-restore"  # how the name of a backup begins that `sipas restore` made of what it replaced
VERSION = "alembic_version"
SHOWN = 3  # names of tables in a sentence

MISSING = N_("The database {file} is missing, though keys, snapshots, releases or backups of it lie beside it.")
EMPTY = N_("The database {file} is empty, though keys, snapshots, releases or backups of it lie beside it.")
NOT_A_FILE = N_("{file} is no file, so it is no database.")
DAMAGED = N_("The database {file} is damaged ({reason}).")
NO_DATABASE = N_("{file} is no database: its first bytes are those of something else, or were overwritten.")
FOREIGN = N_("The database {file} is another program's: it holds {tables} and no table that says our version.")
INCOMPLETE = N_("The database {file} lacks tables of ours: {tables}.")
UNKNOWN_VERSION = N_("The database {file} says version “{version}”, which no version of this program ever had.")


class Unusable(NotReady):
    """What lies in the database's place is none that this program could use; the sentence ends with the way out."""


def check(settings: Settings, database: Database) -> None:
    """Raise Unusable, NotReady where nothing was ever here, or SchemaMismatch; None where the database can be used."""
    refuse_unusable(settings, database)
    database.check()


def refuse_unusable(settings: Settings, database: Database) -> None:
    """Raise Unusable where something lies there that is no database of ours, or nothing does and something did.

    It looks at the file's head and the list of tables alone; damage further inside shows where it is met (`fault`)."""
    found = _found(settings, database)
    if found is not None:
        raise found


def fault(error: BaseException, settings: Settings) -> SipasError | None:
    """What an error of the database's driver means, where its cause lies in the database; None for any other."""
    known = _cause(error, name_of(settings, Database.of(settings)))
    return None if known is None else _with_way_out(known, settings)


def is_unreadable(error: BaseException) -> bool:
    """Whether an error says that the database is damaged, none at all, or lacks what every one of ours has."""
    return _cause(error, "") is not None


def way_out(settings: Settings) -> SipasError:
    """The next step: which backup to restore, and how."""
    newest = newest_backup(settings)
    if newest is None:
        return SipasError(
            N_(
                "No backup lies in the folder backups of SIPAS_HOME: bring the newest one there from where copies are "
                "kept, with its .sha256, and run `sipas restore FILE`."
            )
        )
    return SipasError(
        N_("Restore the newest backup (the server may go on running): sipas restore {backup}"),
        backup=shlex.quote(str(newest)),
    )


def newest_backup(settings: Settings) -> Path | None:
    """The backup in the folder `backups` that was written last; one without its digest does not count, and one that was
    made of what a restore replaced only where there is no other."""
    ending = ENDINGS[settings.url.startswith("sqlite")]
    listed = [
        path
        for path in settings.paths.backups.glob(f"*{ending}")
        if path.is_file() and path.with_name(path.name + ".sha256").is_file()
    ]
    return max(listed, key=_age, default=None)


def _age(path: Path) -> tuple[bool, float, str]:
    return not path.name.startswith(REPLACED), path.stat().st_mtime, path.name


def our_tables() -> Set[str]:
    """The tables of a database at the newest version."""
    for module in ("fieldwork.models", "intake.invitations", "intake.models", "publishing.models", "registry.models"):
        importlib.import_module(f"sipas.{module}")
    return frozenset(Base.metadata.tables)


def name_of(settings: Settings, database: Database) -> str:
    """The database as a sentence names it: the file's path, or PostgreSQL's name."""
    return str(database.file or database.engine.url.database or settings.url)


def listed(names: Iterable[str]) -> str:
    """A few names of tables, and that there are more."""
    return first_few(sorted(names), SHOWN)


def _found(settings: Settings, database: Database) -> SipasError | None:
    name, file = name_of(settings, database), database.file
    if file is not None and (template := _file_fault(file)):
        if template in (MISSING, EMPTY) and not _was_used(settings.home):
            return None  # nothing was ever here; `Database.check` says how to begin
        return _with_way_out(SipasError(template, file=name), settings)
    try:
        with database.engine.connect() as connection:
            tables = set(inspect(connection).get_table_names())
        if tables - {VERSION} and VERSION in tables:
            version = database.version()
    except DatabaseError as error:
        cause = _cause(error, name)
        if cause is None:
            raise
        return _with_way_out(cause, settings)
    except NotReady as no_version:
        return _with_way_out(no_version, settings)
    if not tables and _was_used(settings.home):
        return _with_way_out(SipasError(EMPTY, file=name), settings)
    if not tables - {VERSION}:
        return None
    if VERSION not in tables:
        return _with_way_out(SipasError(FOREIGN, file=name, tables=listed(tables)), settings)
    if not re.fullmatch(r"\d{4}", version):
        return _with_way_out(SipasError(UNKNOWN_VERSION, file=name, version=version), settings)
    if version == HEAD and (lost := our_tables() - tables):
        return _with_way_out(SipasError(INCOMPLETE, file=name, tables=listed(lost)), settings)
    return None


def _file_fault(file: Path) -> str | None:
    if not file.exists():
        return MISSING
    if not file.is_file():
        return NOT_A_FILE
    return None if file.stat().st_size else EMPTY


def _was_used(home: Path) -> bool:
    """Whether anything lies in it that was not there before a home was used."""
    paths = HomePaths(home)
    left = ((paths.keys, "*.*.key"), (paths.snapshots, "*.parquet"), (paths.releases, "*"), (paths.backups, "*"))
    return any(next(folder.glob(pattern), None) for folder, pattern in left)


def _with_way_out(cause: SipasError, settings: Settings) -> Unusable:
    return Unusable(N_("{cause} {way}"), cause=cause, way=way_out(settings))


def _cause(error: BaseException, name: str) -> SipasError | None:
    driver = getattr(error, "orig", error)
    reason = str(driver).splitlines()[0] if str(driver) else type(driver).__name__
    code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return SipasError(NO_DATABASE, file=name)
    if code == sqlite3.SQLITE_CORRUPT:
        return SipasError(DAMAGED, file=name, reason=reason)
    if isinstance(driver, sqlite3.OperationalError) and (lost := re.match(r"no such (?:table|column): (\S+)", reason)):
        return SipasError(INCOMPLETE, file=name, tables=lost[1])
    if getattr(driver, "sqlstate", None) in ("42P01", "42703"):  # undefined table, undefined column
        return SipasError(INCOMPLETE, file=name, tables=reason)
    if isinstance(error, OperationalError | sqlite3.OperationalError) and code == sqlite3.SQLITE_CANTOPEN:
        template = _file_fault(Path(name)) if name else None
        return SipasError(template, file=name) if template else None
    return None

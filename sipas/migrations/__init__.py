"""Changes of the database's shape, by Alembic; run by command (`sipas init`, `sipas migrate`), never by a server."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sipas.backups import backup
from sipas.config.settings import Settings
from sipas.errors import N_, NotReady
from sipas.expiry import trusted_date
from sipas.files.state_files import private_file, private_folder
from sipas.storage import schema
from sipas.storage.condition import refuse_unusable
from sipas.storage.database import HEAD, Database


def create(settings: Settings) -> Database:
    """The home folder, readable by its owner only, with an empty database at the newest version.

    Raises Unusable over a database that is damaged or another program's, and where one is missing that was here."""
    refuse_unusable(settings, Database.of(settings))
    paths = settings.paths
    for folder in (paths.keys, paths.snapshots, paths.drafts, paths.releases, paths.backups):
        private_folder(folder)
    database = Database.of(settings)
    is_new = not database.exists()
    if is_new:
        settings.home.chmod(0o700)
    if database.engine.dialect.name == "sqlite":
        private_file(Path(database.engine.url.database or ""))  # the log beside it takes over its rights
        # set once, here: two workers that set it at the same moment lock each other out
        with database.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[union-attr]
    schema.upgrade(database)
    if is_new and not paths.nights.exists():
        trusted_date.believe(settings.home)  # the date of the first day; of an older home it must be said
    return database


def migrate(settings: Settings, today: dt.date, backed_up: bool = False) -> str | None:
    """Backs up, then brings the database to the newest version; gives the backup's name, None where nothing was due.

    PostgreSQL of an older version is backed up by its own means: `backed_up` says that it was.
    """
    database = Database.of(settings)
    refuse_unusable(settings, database)
    if not database.exists():
        database.check()
    version = database.version()
    if version == HEAD:
        return None
    if version > HEAD:
        database.check()
    if database.engine.dialect.name != "sqlite" and not backed_up:
        raise NotReady(N_("Back up PostgreSQL with its own `pg_dump` first, then run `sipas migrate --backed-up`."))
    copy = "pg_dump" if backed_up else str(backup(settings, database, f"before-{HEAD}-{today}"))
    schema.upgrade(database)
    return copy


def downgrade(settings: Settings, version: str) -> None:
    """Back to an older version, for tests of the migrations alone."""
    schema.downgrade(Database.of(settings), version)

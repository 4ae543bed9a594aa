"""The tables of the database, at a version: made and changed by Alembic from the scripts in `sipas/migrations`.

Alembic is imported when tables change: it costs a fifth of a second, and nearly every command and server changes none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from sipas.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).resolve().parents[1] / "migrations"


def upgrade(database: Database) -> None:
    """Bring the tables to the newest version; makes them where there are none."""
    from alembic import command

    command.upgrade(_config(engine=database.engine), "head")


def downgrade(database: Database, version: str) -> None:
    """Bring the tables back to an older version, for tests of the migrations alone."""
    from alembic import command

    command.downgrade(_config(engine=database.engine), version)


def make_tables(connection: Connection, version: str) -> None:
    """Make the tables of a version, all empty, in the transaction of the connection."""
    from alembic import command

    command.upgrade(_config(connection=connection), version)


def _config(**attributes: object) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes.update(attributes)
    return config

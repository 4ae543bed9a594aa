"""Alembic's entry: runs the migrations on the engine that `sipas.migrations` hands over, or within a transaction."""

from alembic import context
from sqlalchemy import Connection

import sipas.fieldwork.models
import sipas.intake.invitations
import sipas.intake.models
import sipas.publishing.models
import sipas.registry.models  # noqa: F401
from sipas.storage.database import Base


def run(connection: Connection) -> None:
    """All that is due, on this connection."""
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


if "connection" in context.config.attributes:  # within a transaction of the caller's
    run(context.config.attributes["connection"])
else:
    with context.config.attributes["engine"].connect() as own:
        run(own)
        own.commit()

"""Alembic's entry: runs the migrations on the engine that `sipas.migrations` hands over."""

from alembic import context

import sipas.fieldwork.models
import sipas.intake.invitations
import sipas.intake.models
import sipas.publishing.models
import sipas.registry.models  # noqa: F401
from sipas.database import Base

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

"""Waves belong to a series; those that are there belong to the main one, except trials

A trial is a simulated wave in a home where people were really asked. Where everything is simulated (the demo), its
waves are the main series of a made-up province.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "wave",
        sa.Column(
            "series",
            sa.String(length=10),
            nullable=False,
            server_default="main",
            comment="main (the front page shows its newest release), trial or other",
        ),
    )
    wave = sa.table("wave", sa.column("series", sa.String), sa.column("simulated", sa.Boolean))
    real = sa.exists(sa.select(sa.literal(1)).select_from(wave.alias("real")).where(sa.text("not real.simulated")))
    op.execute(wave.update().where(wave.c.simulated, real).values(series="trial"))


def downgrade() -> None:
    op.drop_column("wave", "series")

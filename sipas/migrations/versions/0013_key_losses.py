"""Two people may say that keys of a wave are lost, so that it goes on or is frozen without them"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_loss",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="cluster, id, seal or invitation"),
        sa.Column("said_on", sa.Date(), nullable=False),
        sa.Column("renewed", sa.Boolean(), nullable=False, comment="whether a new key took its place"),
        sa.Column(
            "first_person", sa.String(length=100), nullable=False, comment="as typed; empty where nobody was asked"
        ),
        sa.Column("second_person", sa.String(length=100), nullable=False, comment="as typed"),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_key_loss_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_loss")),
    )


def downgrade() -> None:
    op.drop_table("key_loss")

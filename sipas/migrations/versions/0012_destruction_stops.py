"""Two people may stop what the night would destroy of a wave, once and for some days"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "destruction_stop",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False, comment="the last day on which nothing is destroyed"),
        sa.Column("first_person", sa.String(length=100), nullable=False, comment="as typed"),
        sa.Column("second_person", sa.String(length=100), nullable=False, comment="as typed"),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_destruction_stop_wave_id_wave")),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_destruction_stop")),
    )


def downgrade() -> None:
    op.drop_table("destruction_stop")

"""Which answers may say at which point they were given; waves that are there already go on storing it with each"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "wave",
        sa.Column(
            "points_kept",
            sa.String(length=10),
            nullable=False,
            server_default="all",
            comment="which answers keep their point and channel: all, some (those of `kept_point`)",
        ),
    )
    op.create_table(
        "kept_point",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["field_id"], ["service.id"], name=op.f("fk_kept_point_field_id_service")),
        sa.ForeignKeyConstraint(["point_id"], ["point.id"], name=op.f("fk_kept_point_point_id_point")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_kept_point_unit_id_unit")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_kept_point_wave_id_wave")),
        sa.PrimaryKeyConstraint("wave_id", "point_id", "unit_id", "field_id", name=op.f("pk_kept_point")),
    )


def downgrade() -> None:
    op.drop_table("kept_point")
    op.drop_column("wave", "points_kept")

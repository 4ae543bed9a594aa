"""Days of grace after a freeze, answers that came too late, and how finely a wave's answers are stored"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # plain additions: writing the table anew would break what refers to it on SQLite
    op.add_column(
        "wave",
        sa.Column(
            "detail",
            sa.String(length=10),
            nullable=False,
            server_default="all",
            comment="which answers keep field, month and profile: all, frame (cells of `detail`), coarsest (none)",
        ),
    )
    op.add_column(
        "wave",
        sa.Column("grace_until", sa.Date(), nullable=True, comment="last day on which late answers are counted"),
    )
    op.add_column(
        "wave",
        sa.Column("dropped_on", sa.Date(), nullable=True, comment="when its answers were dropped from the tables"),
    )
    op.create_table(
        "detail",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["field_id"], ["service.id"], name=op.f("fk_detail_field_id_service")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_detail_unit_id_unit")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_detail_wave_id_wave")),
        sa.PrimaryKeyConstraint("wave_id", "unit_id", "field_id", name=op.f("pk_detail")),
    )
    op.create_table(
        "late_count",
        sa.Column("wave", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("point", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("wave", "point", name=op.f("pk_late_count")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("late_count")
    op.drop_table("detail")
    for column in ("dropped_on", "grace_until", "detail"):
        op.drop_column("wave", column)

"""How many answers came by which way; answers that are there already came by none that was counted"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "way_count",
        sa.Column("wave", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "point",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="0 where several places receive, as in the row",
        ),
        sa.Column("unit", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "way",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="1 enrolled screen, 2 code, 3 open address",
        ),
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="as of the last night; ten or more are added at a time"
        ),
        sa.PrimaryKeyConstraint("wave", "point", "unit", "way", name=op.f("pk_way_count")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("way_count")

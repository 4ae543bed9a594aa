"""A late answer sent again counts once; a screen may hold answers of a wave that is not known here"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "late_mark",
        sa.Column("key", sa.LargeBinary(length=15), nullable=False),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_late_mark")),
        sqlite_with_rowid=False,
    )
    op.add_column(
        "device",
        sa.Column(
            "unknown_wave",
            sa.String(length=40),
            server_default="",
            nullable=False,
            comment="a wave not known here, of which it holds messages",
        ),
    )


def downgrade() -> None:
    op.drop_column("device", "unknown_wave")
    op.drop_table("late_mark")

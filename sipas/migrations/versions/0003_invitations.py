"""Invitation codes: their hashes, their batches, and whether a point asks for one"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False, comment="keyed hash of the code"),
        sa.Column("batch", sa.SmallInteger(), nullable=False),
        sa.Column("spent", sa.Boolean(), nullable=False, comment="as of the last nightly rewrite"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_invitation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invitation_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.Column("point", sa.SmallInteger(), nullable=False),
        sa.Column("expires", sa.Integer(), nullable=False, comment="the last month in which they hold: 202612"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_batch")),
    )
    op.add_column(
        "point",
        sa.Column(
            "invitation",
            sa.String(length=10),
            nullable=False,
            server_default="none",
            comment="none, optional or required: whether codes are asked",
        ),
    )


def downgrade() -> None:
    op.drop_column("point", "invitation")
    op.drop_table("invitation_batch")
    op.drop_table("invitation")

"""Which files of answers were brought in, so that one can be taken back whole before its wave is frozen"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imported_file",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False, comment="keyed hash of the file's SHA-256"),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False, comment="that were new"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_imported_file")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("imported_file")

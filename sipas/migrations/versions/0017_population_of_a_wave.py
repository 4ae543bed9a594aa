"""Of whom a wave asks: visitors of offices, whose answers stand for dossiers, or households, whose answers never do"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COMMENT = "of whom it asks: visitors (weighted to dossiers) or households (never); the two are never added"


def upgrade() -> None:
    op.add_column(
        "wave",
        sa.Column("population", sa.String(length=10), server_default="visitors", nullable=False, comment=COMMENT),
    )


def downgrade() -> None:
    op.drop_column("wave", "population")

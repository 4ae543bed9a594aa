"""What becomes of a form that is left unfinished: the wave's rule"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "wave",
        sa.Column(
            "partial",
            sa.String(length=4),
            server_default="drop",
            nullable=False,
            comment="what becomes of a form that is left unfinished on a kiosk: drop, or keep it marked",
        ),
    )


def downgrade() -> None:
    op.drop_column("wave", "partial")

"""When the freezing of a wave was begun: from then on no answer is taken, while its file is still being written"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "wave",
        sa.Column("freezing_on", sa.Date(), nullable=True, comment="day on which its freezing began; answers are late"),
    )


def downgrade() -> None:
    op.drop_column("wave", "freezing_on")

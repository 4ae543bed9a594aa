"""By which accounts a release was built and approved; names of before were typed, and say so"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = {
    "built_by_account": (40, "none: the name was typed"),
    "approved_by_account": (40, "none: the name was typed"),
    "emergency": (1000, "why names were typed; printed in the manifest"),
    "log_head": (90, "last entry of the log when it was approved"),
}


def upgrade() -> None:
    for name, (length, comment) in COLUMNS.items():
        op.add_column("release", sa.Column(name, sa.String(length=length), nullable=True, comment=comment))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("release", name)

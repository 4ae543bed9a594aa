"""What people say for a service field: khai sinh for hộ tịch; empty until a registry that has them is loaded"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COMMENT = "what people say for it, shown below the name and searched"


def upgrade() -> None:
    for name in ("everyday", "everyday_en"):
        op.add_column(
            "service", sa.Column(name, sa.String(length=300), server_default="", nullable=False, comment=COMMENT)
        )


def downgrade() -> None:
    for name in ("everyday", "everyday_en"):
        op.drop_column("service", name)

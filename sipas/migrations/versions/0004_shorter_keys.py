"""Keys of answers have 15 bytes: one less makes an entry of PostgreSQL's index a quarter smaller"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.text("update response set key = substr(key, 1, 15) where length(key) > 15"))


def downgrade() -> None:
    """The older program wrote 16 bytes and reads any; the last one of each key is gone."""

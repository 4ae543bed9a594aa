"""Dossiers counted by quarter: `frame.month` may be 2026-Q1, which a program from before would take for a month"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table stays as it is; its new rows need a program that knows them."""


def downgrade() -> None:
    """An older program knows months only, and nobody can part a quarter: its counts go."""
    op.execute("delete from frame where month like '%-Q_'")

"""Who is responsible from when: the first day of a rule joins its key, so that an earlier rule is not written over"""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

EVER = dt.date(1, 1, 1)


def upgrade() -> None:
    rows = _take_away()
    _make(["receiver", "service", "valid_from"], nullable=False, comment="first day; 0001-01-01 since ever")
    _fill([{**row, "valid_from": row["valid_from"] or EVER} for row in rows])


def downgrade() -> None:
    """The older program knows one rule of a receiver and service: the one that begins last stays."""
    rows = _take_away()
    _make(["receiver", "service"], nullable=True, comment=None)
    last = {(row["receiver"], row["service"]): row for row in sorted(rows, key=lambda row: row["valid_from"])}
    _fill([{**row, "valid_from": None if row["valid_from"] == EVER else row["valid_from"]} for row in last.values()])


def _make(key: list[str], nullable: bool, comment: str | None) -> None:
    to = None if nullable else "last day; null until another row begins"
    op.create_table(
        "competence",
        sa.Column("receiver", sa.String(length=40), nullable=False, comment="point code, unit code, or a unit kind"),
        sa.Column("service", sa.String(length=40), nullable=False, comment="service code, or * for every other"),
        sa.Column("valid_from", sa.Date(), nullable=nullable, comment=comment),
        sa.Column(
            "responsible",
            sa.String(length=40),
            nullable=False,
            comment="unit code, or @receiver for the receiving unit itself",
        ),
        sa.Column("valid_to", sa.Date(), nullable=True, comment=to),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_competence")),
    )


def _take_away() -> list[dict[str, Any]]:
    found = sa.table("competence", *(sa.column(name) for name in ("receiver", "service", "responsible")), *_dates())
    rows = [dict(row._mapping) for row in op.get_bind().execute(sa.select(found))]
    op.drop_table("competence")
    return rows


def _fill(rows: list[dict[str, Any]]) -> None:
    made = sa.table("competence", *(sa.column(name) for name in ("receiver", "service", "responsible")), *_dates())
    if rows:
        op.bulk_insert(made, rows)


def _dates() -> list[sa.ColumnClause[Any]]:
    return [sa.column(name, sa.Date()) for name in ("valid_from", "valid_to")]

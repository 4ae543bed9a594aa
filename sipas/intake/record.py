"""Rows in, each once: an answer in its own transaction, a comment in another."""

from __future__ import annotations

from sqlalchemy import Insert, Table, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from sipas.intake.models import Comment, Response


def record(session: Session, row: Response | Comment) -> bool:
    """Stores the row; False where the same submission was stored before (a resend), which changes nothing."""
    table = row.__table__
    values = {column.key: getattr(row, column.key) for column in inspect(type(row)).mapper.column_attrs}
    insert = _insert_once(session, table).returning(table.c.key)  # type: ignore[arg-type]
    return session.execute(insert, values).first() is not None


def _insert_once(session: Session, table: Table) -> Insert:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing(index_elements=["key"])


def stored(session: Session, wave: int) -> int:
    """How many answers of a wave are stored now."""
    return session.scalar(select(func.count()).select_from(Response).where(Response.wave == wave)) or 0


def stored_by_point(session: Session, wave: int) -> dict[int, int]:
    """Point id -> answers of the wave stored now."""
    rows = session.execute(
        select(Response.point, func.count()).where(Response.wave == wave).group_by(Response.point)
    ).all()
    return {row.point: row[1] for row in rows}

"""Rows in, each once: an answer in its own transaction, a comment in another."""

from __future__ import annotations

from functools import cache

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from sipas.intake.models import PROBE, UNFINISHED, LateCount, LateMark, Response, ResponseRow, StoredComment, Unopened
from sipas.storage.database import Base, Database
from sipas.storage.pinned_connection import Short, whole

PEOPLE = Response.channel != PROBE  # whatever counts or freezes answers leaves synthetic ones out
FINISHED = Response.form <= UNFINISHED  # an unfinished form counts as no answer
LIVE = (1, 2, 3)  # channels kiosk, phone and web: sent by people, at the moment of answering


def record(connection: Short, row: ResponseRow | StoredComment | LateMark | Unopened) -> bool:
    """Stores the row; False where the same submission was stored before (a resend), which changes nothing."""
    values: tuple[object, ...]
    if isinstance(row, ResponseRow):
        table, values = Response.__tablename__, row
    else:
        table, values = row.__tablename__, tuple(values_of(row).values())
    insert = insert_once(connection.dialect.name, table)
    return connection.exec_driver_sql(insert, values).rowcount == 1


def values_of(row: StoredComment | LateMark | Unopened) -> dict[str, object]:
    """A row as plain values, in the order of its columns."""
    return {name: getattr(row, name) for name in _columns(row.__tablename__)}


@cache
def insert_once(dialect: str, table: str) -> str:
    """The statement as the driver takes it: composed anew for each answer, it would cost more than the storing."""
    columns = _columns(table)
    places = ", ".join(["%s" if dialect == "postgresql" else "?"] * len(columns))
    return f"insert into {table} ({', '.join(columns)}) values ({places}) on conflict (key) do nothing"  # noqa: S608


@cache
def _columns(table: str) -> tuple[str, ...]:
    return tuple(Base.metadata.tables[table].columns.keys())


def month_of_stored(connection: Short, key: bytes) -> int | None:
    """The month of the answer of that key (0 where few people come); None where none is stored."""
    place = "%s" if connection.dialect.name == "postgresql" else "?"
    found = connection.exec_driver_sql(f"select month from response where key = {place}", (key,)).fetchone()  # noqa: S608
    return found[0] if found else None


def count_late(connection: Short, wave: int, point: int, mark: bytes | None) -> None:
    """One more answer that came too late, at this point; none more where its mark stands there already."""
    if mark is not None and not record(connection, LateMark(key=mark, wave=wave)):
        return
    table = LateCount.__table__
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = kind.insert(table).values(wave=wave, point=point, number=1)
    whole(connection).execute(
        insert.on_conflict_do_update(index_elements=["wave", "point"], set_={"number": table.c.number + 1})
    )


def forget_late(database: Database, wave: int) -> None:
    """Drops the marks of a wave's late answers, where there are any; their numbers stay."""
    with database.reading() as session:
        if session.scalar(select(LateMark.key).where(LateMark.wave == wave).limit(1)) is None:
            return
    with database.writing() as session:
        session.execute(delete(LateMark).where(LateMark.wave == wave))


def late_by_point(session: Session, wave: int) -> dict[int, int]:
    """Point id -> answers that came after the wave was frozen."""
    rows = session.execute(select(LateCount.point, LateCount.number).where(LateCount.wave == wave)).all()
    return {row.point: row.number for row in rows}


def stored(session: Session, wave: int) -> int:
    """How many answers of a wave are stored now."""
    return (
        session.scalar(select(func.count()).select_from(Response).where(Response.wave == wave, PEOPLE, FINISHED)) or 0
    )


def probes(session: Session, wave: int) -> int:
    """How many synthetic answers lie among those of a wave, which nothing counts."""
    found = select(func.count()).select_from(Response).where(Response.wave == wave, ~PEOPLE)
    return session.scalar(found) or 0


def unfinished(session: Session, wave: int) -> int:
    """How many unfinished forms of a wave are kept."""
    found = select(func.count()).select_from(Response).where(Response.wave == wave, PEOPLE, ~FINISHED)
    return session.scalar(found) or 0


def without_point(session: Session, wave: int) -> int:
    """How many answers of a wave do not say where they were given: one number, never by office."""
    query = select(func.count()).select_from(Response)
    return session.scalar(query.where(Response.wave == wave, Response.point == 0, PEOPLE, FINISHED)) or 0


def stored_by_point(session: Session, wave: int) -> dict[int, int]:
    """Point id -> answers of the wave stored now; under 0 those that do not say where they were given."""
    rows = session.execute(
        select(Response.point, func.count()).where(Response.wave == wave, PEOPLE, FINISHED).group_by(Response.point)
    ).all()
    return {row.point: row[1] for row in rows}


def live_by_month(session: Session) -> dict[tuple[int, int, int], int]:
    """(wave, point, month) -> answers that people sent themselves; month 0 where it is not stored. What was typed in or
    brought in from files came whenever somebody did that, and says nothing of whether a point sends."""
    columns = (Response.wave, Response.point, Response.month)
    rows = session.execute(select(*columns, func.count()).where(Response.channel.in_(LIVE)).group_by(*columns)).all()
    return {(row.wave, row.point, row.month): row[3] for row in rows}

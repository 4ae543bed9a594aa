"""Many rows in at once, each once: the wide door's way into the table, by the quickest path of each database.

The rows go in by the order of their random keys, so that nothing is left of their order in a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from sipas.intake.anonymise import STORED
from sipas.intake.models import Response
from sipas.intake.record import insert_once

if TYPE_CHECKING:
    import psycopg

TABLE = Response.__tablename__
COLUMNS = ", ".join(STORED)
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # PostgreSQL's binary format, without flags
END = b"\xff\xff"


def record_many(session: Session, rows: NDArray[np.void]) -> int:
    """Stores rows of `anonymise_many`; gives how many were new (the others had been stored before)."""
    if not len(rows):
        return 0
    rows = rows[np.argsort(_start_of(rows["key"]))]
    if session.get_bind().dialect.name == "postgresql":
        return _copy(session, rows)
    return session.connection().exec_driver_sql(insert_once("sqlite", TABLE), rows.tolist()).rowcount


def _start_of(keys: NDArray[np.void]) -> NDArray[np.uint64]:
    """The first eight bytes of each key as a number, which sorts as the keys do."""
    wide = np.ascontiguousarray(keys).view(np.uint8).reshape(len(keys), -1)
    return np.ascontiguousarray(wide[:, :8]).view(">u8")[:, 0]


def _copy(session: Session, rows: NDArray[np.void]) -> int:
    """Straight into the table; where one of them is there already, by way of a table of the transaction's own."""
    from psycopg.errors import UniqueViolation

    connection = session.connection()
    cursor: psycopg.Cursor = connection.connection.cursor()  # type: ignore[assignment]
    try:
        with connection.begin_nested():
            _write(cursor, TABLE, rows)
            return len(rows)
    except UniqueViolation:
        cursor.execute(f"create temporary table if not exists arriving (like {TABLE}) on commit drop")
        cursor.execute("truncate arriving")
        _write(cursor, "arriving", rows)
        cursor.execute(f"insert into {TABLE} select * from arriving order by key on conflict (key) do nothing")  # noqa: S608 - our own names
        return int(cursor.rowcount)


def _write(cursor: psycopg.Cursor, table: str, rows: NDArray[np.void]) -> None:
    with cursor.copy(f"copy {table} ({COLUMNS}) from stdin (format binary)") as copy:
        copy.write(HEADER + _binary(rows).tobytes() + END)


def _binary(rows: NDArray[np.void]) -> NDArray[np.void]:
    """The rows as PostgreSQL's binary format has them: each value after its length, numbers with the big end first."""
    fields: list[tuple[str, str]] = [("columns", ">i2")]
    for name in STORED:
        fields += [(f"size of {name}", ">i4"), (name, rows.dtype[name].newbyteorder(">").str)]
    binary = np.empty(len(rows), fields)
    binary["columns"] = len(STORED)
    for name in STORED:
        binary[f"size of {name}"] = rows.dtype[name].itemsize
        binary[name] = rows[name]
    return binary

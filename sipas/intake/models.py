"""The only tables that the public fills. Their columns are what `STORED` promises, and nothing else.

No foreign keys: the small numbers mean rows of the code tables `wave`, `point`, `unit` and `service`. On SQLite the
tables have no rowid, which would number the people in order of arrival.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from sqlalchemy import Integer, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from sipas.storage.database import Base

PROBE = 7  # channel of a synthetic answer (`sipas probe`): no point and no file has it, and nothing counts it

UNFINISHED = (
    2  # added to the number of a form that was left in the middle, and kept by its wave's rule: 3 short, 4 full
)


class Response(Base):
    """One person's answers, as `anonymise` left them (`ResponseRow`)."""

    __tablename__ = "response"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[bytes] = mapped_column(LargeBinary(15), primary_key=True)
    wave: Mapped[int] = mapped_column(SmallInteger)
    point: Mapped[int] = mapped_column(SmallInteger)
    unit: Mapped[int] = mapped_column(SmallInteger)
    field: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(Integer, comment="202603; 0 where it is unknown")
    cluster: Mapped[bytes] = mapped_column(LargeBinary(8), comment="keyed label of point and week")
    channel: Mapped[int] = mapped_column(SmallInteger)
    language: Mapped[int] = mapped_column(SmallInteger)
    form: Mapped[int] = mapped_column(SmallInteger)  # and whether it was finished: see UNFINISHED
    sex: Mapped[int] = mapped_column(SmallInteger, comment="0 not answered")
    age: Mapped[int] = mapped_column(SmallInteger, comment="band; 0 not answered")
    answers: Mapped[bytes] = mapped_column(LargeBinary(250), comment="one byte per item in instrument order")


class ResponseRow(NamedTuple):
    """One person's answers as plain values, in the order of the columns: what one visit leaves."""

    key: bytes
    wave: int
    point: int
    unit: int
    field: int
    month: int
    cluster: bytes
    channel: int
    language: int
    form: int
    sex: int
    age: int
    answers: bytes


@cache
def row_type(items: int) -> np.dtype[np.void]:
    """How many rows of answers to `items` questions lie in memory: one field for each stored column, in its order."""
    fields = []
    for column in Response.__table__.columns:
        if isinstance(column.type, LargeBinary):
            fields.append((column.key, f"V{items if column.key == 'answers' else column.type.length}"))
        else:
            fields.append((column.key, "i2" if isinstance(column.type, SmallInteger) else "i4"))
    return np.dtype(fields)


class StoredComment(Base):
    """Free text, kept apart from answers with no key in common."""

    __tablename__ = "comment"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    wave: Mapped[int] = mapped_column(SmallInteger)
    unit: Mapped[int] = mapped_column(SmallInteger)
    field: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(String(4000), comment="after screening")


class LateCount(Base):
    """How many answers came to a point after its wave was frozen: nothing of them but their number."""

    __tablename__ = "late_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    point: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer)


class WayCount(Base):
    """How many answers came to a place by each way (`sipas.intake.ways`): nothing of any single one, and no row says
    by which way its answer came."""

    __tablename__ = "way_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    wave: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    point: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, comment="0 where several places receive, as in the row"
    )
    unit: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    way: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, comment="1 enrolled screen, 2 code, 3 open address"
    )
    number: Mapped[int] = mapped_column(Integer, comment="as of the last night; ten or more are added at a time")


class LateMark(Base):
    """That an answer was counted as late, so that the same one, sent again, is not counted twice: a keyed hash of its
    random id, without place or time. It is dropped, and its key dies, when the days of grace are over."""

    __tablename__ = "late_mark"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[bytes] = mapped_column(LargeBinary(15), primary_key=True)
    wave: Mapped[int] = mapped_column(SmallInteger)


class ImportedFile(Base):
    """That a file of answers was brought in, so that the very same one can be taken back whole until its wave is
    frozen: a keyed digest of its bytes and how many lines it brought. Nothing of a line, no day, no order."""

    __tablename__ = "imported_file"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True, comment="keyed hash of the file's SHA-256")
    wave: Mapped[int] = mapped_column(SmallInteger)
    lines: Mapped[int] = mapped_column(Integer, comment="that were new")


class Unopened(Base):
    """A sealed message that an enrolled device sent and that could not be opened or read: kept as it came, never lost
    in silence. Its key dies with its wave's; after that it is noise."""

    __tablename__ = "unopened"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True, comment="SHA-256 of the message")
    wave: Mapped[str] = mapped_column(String(40), comment="as the device says")
    point: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(
        String(10), comment="damaged (does not open) or strange (opens, makes no sense)"
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary(2048))

"""Snapshots and releases: what was frozen, what was built from it, and who said yes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from sipas.storage.database import Base


class SnapshotRecord(Base):
    """The frozen data of a wave."""

    __tablename__ = "snapshot"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    file: Mapped[str] = mapped_column(String(200), comment="name below SIPAS_HOME/snapshots; never an absolute path")
    digest: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int] = mapped_column(Integer)
    frozen_on: Mapped[dt.date] = mapped_column(Date)


class DestructionStop(Base):
    """That two people stopped what the night would destroy of a wave: once, for some days."""

    __tablename__ = "destruction_stop"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    made_on: Mapped[dt.date] = mapped_column(Date)
    until: Mapped[dt.date] = mapped_column(Date, comment="the last day on which nothing is destroyed")
    first_person: Mapped[str] = mapped_column(String(100), comment="as typed")
    second_person: Mapped[str] = mapped_column(String(100), comment="as typed")
    reason: Mapped[str] = mapped_column(String(500))


class Release(Base):
    """One set of figures, from draft to published; once published its files never change."""

    __tablename__ = "release"
    __table_args__ = (CheckConstraint("state in ('draft', 'approved', 'published')", name="state"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    state: Mapped[str] = mapped_column(String(10))
    built_by: Mapped[str] = mapped_column(String(100))
    built_on: Mapped[dt.date] = mapped_column(Date)
    approved_by: Mapped[str | None] = mapped_column(String(100))
    approved_on: Mapped[dt.date | None] = mapped_column(Date)
    published_on: Mapped[dt.date | None] = mapped_column(Date)
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the folder's SHA256SUMS when it was built")
    built_by_account: Mapped[str | None] = mapped_column(String(40), comment="none: the name was typed")
    approved_by_account: Mapped[str | None] = mapped_column(String(40), comment="none: the name was typed")
    emergency: Mapped[str | None] = mapped_column(String(1000), comment="why names were typed; printed in the manifest")
    log_head: Mapped[str | None] = mapped_column(String(90), comment="last entry of the log when it was approved")

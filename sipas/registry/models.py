"""Units, services, competence and crosswalk. Receiving point and competent authority are kept apart (since 2025 a
dossier may be handed in anywhere in the province)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from sipas.storage.database import Base

EVER = dt.date(1, 1, 1)  # `valid_from` of a rule that holds since ever: part of a key, it cannot be null
KINDS = ("province", "department", "centre", "ward", "commune", "district")


class Unit(Base):
    """An administrative unit or agency, as it is (or was) between two dates."""

    __tablename__ = "unit"
    __table_args__ = (
        CheckConstraint("valid_to is null or valid_from is null or valid_to >= valid_from", name="dates"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True, comment="official code where there is one; text")
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    parent: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date, comment="last day; null while it exists")
    note: Mapped[str] = mapped_column(String(300), default="", comment="what about this row is not verified")


class Service(Base):
    """A service field (lĩnh vực) such as civil status or land."""

    __tablename__ = "service"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    rank: Mapped[int] = mapped_column(Integer, comment="order on screens, most used first")
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    note: Mapped[str] = mapped_column(String(300), default="")
    everyday: Mapped[str] = mapped_column(
        String(300), default="", server_default="", comment="what people say for it, shown below the name and searched"
    )
    everyday_en: Mapped[str] = mapped_column(
        String(300), default="", server_default="", comment="what people say for it, shown below the name and searched"
    )


class Competence(Base):
    """Which unit is responsible from when on for a service received somewhere.

    The most exact receiver wins; of several rows of one receiver and service that hold on a day, the one that began
    last. So a row ends where the next begins, and a time of substitution falls back by itself.
    """

    __tablename__ = "competence"

    receiver: Mapped[str] = mapped_column(String(40), primary_key=True, comment="point code, unit code, or a unit kind")
    service: Mapped[str] = mapped_column(String(40), primary_key=True, comment="service code, or * for every other")
    valid_from: Mapped[dt.date] = mapped_column(
        Date, primary_key=True, default=EVER, comment="first day; 0001-01-01 since ever"
    )
    responsible: Mapped[str] = mapped_column(
        String(40), comment="unit code, or @receiver for the receiving unit itself"
    )
    valid_to: Mapped[dt.date | None] = mapped_column(Date, comment="last day; null until another row begins")


class CrosswalkRow(Base):
    """From an old unit to a new one: `share` is the part of the old unit that went there, so that the shares of an old
    unit make 1; one below 1 says that it was split."""

    __tablename__ = "crosswalk"

    old: Mapped[str] = mapped_column(String(40), primary_key=True)
    new: Mapped[str] = mapped_column(String(40), primary_key=True)
    share: Mapped[float] = mapped_column(Float)
    source: Mapped[str] = mapped_column(String(300))

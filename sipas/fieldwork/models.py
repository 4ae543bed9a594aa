"""Points, waves and the frame."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from sipas.storage.database import Base

CHANNELS = {"kiosk": 1, "phone": 2, "web": 3, "paper": 4, "telephone": 5, "import": 6, "interview": 8}
# 7 is that of synthetic answers (`sipas.intake.models.PROBE`).
ON_SCREENS = ("kiosk", "interview")  # asked on a screen of the survey, which strangers share and which can be enrolled
FORMS = {"short": 1, "full": 2}
INVITATIONS = ("none", "optional", "required")
PARTIAL = ("drop", "keep")
SERIES = ("main", "trial", "other")


class Point(Base):
    """A place where people are asked: a kiosk in an office, a link, a desk for paper forms."""

    __tablename__ = "point"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(ForeignKey("unit.code"), comment="the unit that receives here: the stratum")
    channel: Mapped[str] = mapped_column(String(20))
    form: Mapped[str] = mapped_column(String(10), comment="short or full questionnaire")
    opened_on: Mapped[dt.date | None] = mapped_column(Date)
    closed_on: Mapped[dt.date | None] = mapped_column(Date)
    invitation: Mapped[str] = mapped_column(
        String(10), default="none", server_default="none", comment="none, optional or required: whether codes are asked"
    )


class Wave(Base):
    """A period of asking with one version of one instrument."""

    __tablename__ = "wave"
    __table_args__ = (CheckConstraint("state in ('open', 'closed', 'frozen')", name="state"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    instrument: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    opens_on: Mapped[dt.date] = mapped_column(Date)
    closes_on: Mapped[dt.date | None] = mapped_column(Date, comment="last day; null until somebody closes it")
    state: Mapped[str] = mapped_column(String(10))  # open, closed, frozen
    simulated: Mapped[bool] = mapped_column(default=False, comment="answers made by the demo; labelled everywhere")
    detail: Mapped[str] = mapped_column(
        String(10),
        default="frame",
        server_default="all",
        comment="which answers keep field, month and profile: all, frame (cells of `detail`), coarsest (none)",
    )
    partial: Mapped[str] = mapped_column(
        String(4),
        default="drop",
        server_default="drop",
        comment="what becomes of a form that is left unfinished on a kiosk: drop, or keep it marked",
    )
    population: Mapped[str] = mapped_column(
        String(10),
        default="visitors",
        server_default="visitors",
        comment="of whom it asks: visitors (weighted to dossiers) or households (never); the two are never added",
    )
    points_kept: Mapped[str] = mapped_column(
        String(10),
        default="some",
        server_default="all",
        comment="which answers keep their point and channel: all, some (those of `kept_point`)",
    )
    freezing_on: Mapped[dt.date | None] = mapped_column(
        Date, comment="day on which its freezing began; answers are late"
    )
    series: Mapped[str] = mapped_column(
        String(10),
        default="main",
        server_default="main",
        comment="main (the front page shows its newest release), trial or other",
    )
    grace_until: Mapped[dt.date | None] = mapped_column(Date, comment="last day on which late answers are counted")
    dropped_on: Mapped[dt.date | None] = mapped_column(Date, comment="when its answers were dropped from the tables")

    @property
    def stage(self) -> str:
        """Where the wave stands: open, closed, freezing (begun, and perhaps interrupted), frozen."""
        return "freezing" if self.state == "closed" and self.freezing_on else self.state

    @property
    def is_ended(self) -> bool:
        """Whether answers that come now are late: what the snapshot holds is settled."""
        return self.stage in ("freezing", "frozen")


class KeyLoss(Base):
    """That a key of a wave was lost: said once for each loss, whether a new one took its place or not."""

    __tablename__ = "key_loss"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    kind: Mapped[str] = mapped_column(String(10), comment="cluster, id, seal or invitation")
    said_on: Mapped[dt.date] = mapped_column(Date)
    renewed: Mapped[bool] = mapped_column(comment="whether a new key took its place")
    first_person: Mapped[str] = mapped_column(String(100), comment="as typed; empty where nobody was asked")
    second_person: Mapped[str] = mapped_column(String(100), comment="as typed")
    reason: Mapped[str] = mapped_column(String(500))


class WavePoint(Base):
    """That a wave asks at a point."""

    __tablename__ = "wave_point"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    point_id: Mapped[int] = mapped_column(ForeignKey("point.id"), primary_key=True)


class Detail(Base):
    """A unit's service field in which enough people come for an answer to keep field, month and profile."""

    __tablename__ = "detail"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("service.id"), primary_key=True)


class KeptPoint(Base):
    """A field that a point takes in for a unit, and whose answers keep that point: nobody else takes it in, or enough
    come to each of the office's points. Another point may be closed or another unit responsible: then it is not here,
    and the answer keeps none."""

    __tablename__ = "kept_point"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    point_id: Mapped[int] = mapped_column(ForeignKey("point.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("service.id"), primary_key=True)


class PopulationCount(Base):
    """Dossiers that a unit handled in a service field in a month: the population."""

    __tablename__ = "frame"
    __table_args__ = (CheckConstraint("dossiers >= 0", name="dossiers"),)

    unit: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    field: Mapped[str] = mapped_column(ForeignKey("service.code"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    dossiers: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(String(200))


class EnrolCode(Base):
    """A short code with which one device may enrol at a point; its hash alone is kept."""

    __tablename__ = "enrol_code"

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    point: Mapped[int] = mapped_column(ForeignKey("point.id"))
    expires: Mapped[int] = mapped_column(BigInteger, comment="seconds since 1970")
    device: Mapped[str] = mapped_column(String(32), default="", comment="the device that used it")


class Device(Base):
    """A kiosk's screen that may work without the line. Counts and sums only: no list of what it sent, no hour."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    point: Mapped[int] = mapped_column(ForeignKey("point.id"))
    key: Mapped[bytes] = mapped_column(LargeBinary(65), comment="public half; the other never leaves the device")
    enrolled: Mapped[str] = mapped_column(String(7), comment="month, such as 2026-03")
    revoked: Mapped[bool] = mapped_column(default=False)
    batch: Mapped[int] = mapped_column(Integer, default=0, comment="number of the last batch that was settled")
    settled: Mapped[int] = mapped_column(Integer, default=0, comment="sealed messages taken, as we counted")
    settled_sum: Mapped[bytes] = mapped_column(
        LargeBinary(32), default=bytes(32), comment="sum of SHA-256(message) mod 2^256: shows a missing one, no order"
    )
    damaged: Mapped[int] = mapped_column(Integer, default=0, comment="messages that did not open, kept sealed")
    agrees: Mapped[bool] = mapped_column(default=True, comment="whether the device's own count and sum were the same")
    made: Mapped[int] = mapped_column(Integer, default=0, comment="sealed messages made, as the device says")
    waiting: Mapped[int] = mapped_column(Integer, default=0, comment="sealed messages waiting, as the device says")
    last_contact: Mapped[dt.date | None] = mapped_column(Date)
    persistent: Mapped[bool | None] = mapped_column(comment="whether its browser promised to keep the store")
    software: Mapped[str] = mapped_column(String(40), default="", comment="version of the pages on the device")
    clock_off: Mapped[bool] = mapped_column(default=False, comment="whether its clock was more than a day off")
    unknown_wave: Mapped[str] = mapped_column(
        String(40), default="", server_default="", comment="a wave not known here, of which it holds messages"
    )

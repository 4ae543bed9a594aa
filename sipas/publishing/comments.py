"""What people wrote, for those who run the survey: after a wave has ended, apart from every answer, in a random order.

While a wave is open nobody reads: today's list beside yesterday's would show who wrote in between. For the same reason
all comments of a wave are shown or none: as long as one still waits for the night, nothing. A comment is shown as it is
stored, with office, field and month, or without any of them where few people come. The sieve (`sipas.intake.redaction`)
is patterns; what it missed is still in there, so this is for insiders and nothing of it leaves through the second door.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from sipas.errors import N_, WaveState
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import wave_of
from sipas.intake.comment_spool import CommentSpool
from sipas.intake.models import StoredComment
from sipas.registry.models import Service, Unit
from sipas.registry.units import unit as unit_of

REMAINDER = N_(
    "Patterns took out names, numbers and addresses; what they missed is still there, and what somebody describes may "
    "tell who it is. For your own work only: do not pass on or print what could point to a person."
)
NOWHERE = "-"  # in place of a unit's code: those that were stored without one
PAGE = 50


@dataclass(frozen=True)
class ReadableComment:
    """One comment, as it is stored; "" where few people come and nothing of it was kept."""

    unit: str
    unit_name: str
    unit_name_en: str
    field: str
    field_name: str
    field_name_en: str
    month: str
    text: str


def comments(
    session: Session, home: Path, wave_code: str, unit: str = "", first: int = 0, most: int | None = None
) -> list[ReadableComment]:
    """The comments of a wave that has ended, `most` of them from the place `first`, of one unit where it is named.

    Their order is that of random keys: it says nothing about who came before whom. Raises WaveState while the wave is
    open or comments wait for the night, UnknownCode for a unit that does not exist.
    """
    wave = _readable(session, home, wave_code)
    wanted = _of(select(StoredComment), session, wave, unit).order_by(StoredComment.key).offset(first).limit(most)
    units = {one.id: one for one in session.scalars(select(Unit))}
    fields = {one.id: one for one in session.scalars(select(Service))}
    return [_said(one, units.get(one.unit), fields.get(one.field)) for one in session.scalars(wanted)]


def how_many(session: Session, home: Path, wave_code: str, unit: str = "") -> int:
    """How many comments `comments` would give."""
    wave = _readable(session, home, wave_code)
    return session.scalar(_of(select(func.count()).select_from(StoredComment), session, wave, unit)) or 0


def offices(session: Session, home: Path, wave_code: str) -> tuple[Sequence[Unit], bool]:
    """The units with comments, in the order of the registry, and whether some were stored without a unit."""
    wave = _readable(session, home, wave_code)
    found = set(session.scalars(select(StoredComment.unit).where(StoredComment.wave == wave.id).distinct()))
    return session.scalars(select(Unit).where(Unit.id.in_(found)).order_by(Unit.id)).all(), 0 in found


def _readable(session: Session, home: Path, code: str) -> Wave:
    wave = wave_of(session, code)
    if wave.state != "frozen":
        raise WaveState(
            N_(
                "Wave {wave} still takes comments: pages and screens may send theirs until it is frozen. They can be "
                "read after that, for two lists side by side would show who wrote in between."
            ),
            wave=code,
        )
    if wave.dropped_on:
        raise WaveState(
            N_("The comments of wave {wave} were dropped with its answers on {day}."), wave=code, day=wave.dropped_on
        )
    if any(one.wave == wave.id for one in CommentSpool(home).waiting()):
        raise WaveState(
            N_("Comments of wave {wave} still wait for the night; read them tomorrow, or run `sipas maintain` first."),
            wave=code,
        )
    return wave


def _of(wanted: Select, session: Session, wave: Wave, unit: str) -> Select:
    wanted = wanted.where(StoredComment.wave == wave.id)
    if not unit:
        return wanted
    return wanted.where(StoredComment.unit == (0 if unit == NOWHERE else unit_of(session, unit).id))


def _said(comment: StoredComment, unit: Unit | None, field: Service | None) -> ReadableComment:
    return ReadableComment(
        unit=unit.code if unit else "",
        unit_name=unit.name if unit else "",
        unit_name_en=unit.name_en if unit else "",
        field=field.code if field else "",
        field_name=field.name if field else "",
        field_name_en=field.name_en if field else "",
        month=f"{comment.month // 100}-{comment.month % 100:02}" if comment.month else "",
        text=comment.text,
    )

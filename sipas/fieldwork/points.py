"""Receiving points: making them, finding them, listing them."""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, SipasError, UnknownPoint
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.models import CHANNELS, FORMS, INVITATIONS, ON_SCREENS, Device, Point, Wave, WavePoint
from sipas.fieldwork.small_cells.points import settle_points
from sipas.i18n.code_labels import Codes
from sipas.registry.units import unit

CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class BadPoint(SipasError):
    """A point that cannot be made as asked."""


def add_point(
    session: Session,
    code: str,
    unit_code: str,
    *,
    name: str = "",
    name_en: str = "",
    channel: str = "kiosk",
    form: str = "short",
    opened_on: dt.date | None = None,
) -> Point:
    """Makes a point; it joins the open wave, the newest of several. Raises BadPoint or UnknownCode."""
    if not CODE.fullmatch(code) or len(code) > 40:
        raise BadPoint(
            N_("“{code}” cannot be a point's code; use small letters, digits and hyphens, such as to-hieu-1."),
            code=code,
        )
    if invitation_codes.is_code(code):
        raise BadPoint(N_("“{code}” could be mistaken for an invitation code; choose another code."), code=code)
    _known_channel(channel)
    if form not in FORMS:
        raise BadPoint(N_("There is no form “{form}”; give one of {known}."), form=form, known=Codes("form", FORMS))
    if session.scalar(select(Point.id).where(Point.code == code)):
        raise BadPoint(N_("There is a point “{code}” already; choose another code."), code=code)
    place = unit(session, unit_code)
    if place.kind in ("province", "district") or (place.valid_to and opened_on and place.valid_to < opened_on):
        raise BadPoint(
            N_("{unit} receives nobody (any more); name a commune, ward, department or centre."), unit=place.name
        )
    point = Point(
        code=code,
        unit=place.code,
        name=name or place.name,
        name_en=name_en or name or place.name_en,
        channel=channel,
        form=form,
        opened_on=opened_on,
    )
    session.add(point)
    session.flush()
    newest = session.scalar(select(Wave.id).where(Wave.state == "open").order_by(Wave.id.desc()).limit(1))
    if newest is not None:
        session.add(WavePoint(wave_id=newest, point_id=point.id))
        session.flush()
    for wave in session.scalars(select(Wave).where(Wave.state == "open", Wave.points_kept == "some")):
        settle_points(session, wave, joining=point)
    return point


def set_invitation(session: Session, code: str, invitation: str) -> Point:
    """Whether people may or must bring a code to answer at a point. Raises BadPoint or UnknownPoint."""
    if invitation not in INVITATIONS:
        raise BadPoint(
            N_("“{invitation}” says nothing about invitations; give one of {known}."),
            invitation=invitation,
            known=Codes("invitation", INVITATIONS),
        )
    place = point(session, code)
    if invitation == "required" and place.channel in ON_SCREENS:
        raise BadPoint(
            N_(
                "Point {code} is a screen, which asks whoever is before it. Make a point with --channel phone for "
                "those who bring a code."
            ),
            code=code,
        )
    place.invitation = invitation
    return place


def set_channel(session: Session, code: str, channel: str) -> Point:
    """Says by what people answer at a point, from the next answer on; those that it has keep what they carry.

    Raises BadPoint or UnknownPoint.
    """
    _known_channel(channel)
    place = point(session, code)
    if channel in ON_SCREENS and place.invitation == "required":
        raise BadPoint(
            N_("Point {point} requires codes, and a screen asks whoever is before it; first say --invitation none."),
            point=code,
        )
    if channel != place.channel and session.scalar(
        select(Device.id).where(Device.point == place.id, Device.revoked.is_(False)).limit(1)
    ):
        raise BadPoint(
            N_(
                "Point {point} has enrolled screens, on which answers of its channel may wait; first have them sent, "
                "then revoke the screens (`sipas device list`)."
            ),
            point=code,
        )
    place.channel = channel
    return place


def _known_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise BadPoint(
            N_("There is no channel “{channel}”; give one of {known}."),
            channel=channel,
            known=Codes("channel", CHANNELS),
        )


def set_form(session: Session, code: str, form: str) -> Point:
    """Asks the short or the full form at a point, from the next visit on. Raises BadPoint or UnknownPoint."""
    if form not in FORMS:
        raise BadPoint(N_("There is no form “{form}”; give one of {known}."), form=form, known=Codes("form", FORMS))
    place = point(session, code)
    place.form = form
    return place


def rename_point(session: Session, code: str, name: str = "", name_en: str = "") -> Point:
    """Another name for visitors and lists; an empty one stays as it is. Raises UnknownPoint."""
    place = point(session, code)
    place.name, place.name_en = name.strip() or place.name, name_en.strip() or place.name_en
    return place


def close_point(session: Session, code: str, today: dt.date, last: dt.date | None = None) -> Point:
    """Asks nobody there after today, or after `last`; what was asked stays where it is.

    Raises UnknownPoint, and BadPoint if it is closed, or its last day would be over.
    """
    place = point(session, code)
    if place.closed_on is not None and place.closed_on <= today:
        raise BadPoint(N_("Point {code} is closed since {day}."), code=code, day=place.closed_on)
    if last is not None and last < today:
        raise BadPoint(N_("{day} is over; a point asks until today at least."), day=last)
    place.closed_on = max(last or today, place.opened_on or today)
    return place


def point(session: Session, code: str) -> Point:
    """The point of that code; raises UnknownPoint."""
    found = session.scalar(select(Point).where(Point.code == code))
    if found is None:
        raise UnknownPoint(N_("There is no receiving point “{code}”. Please check the address."), code=code)
    return found


def points(session: Session) -> list[Point]:
    """Every point in the order in which they were made."""
    return list(session.scalars(select(Point).order_by(Point.id)))


def is_working(place: Point, day: dt.date) -> bool:
    """Whether the point itself works on `day`."""
    return (place.opened_on is None or place.opened_on <= day) and (place.closed_on is None or place.closed_on >= day)

"""The kiosks' screens as the desk sees them: what waits on each, when it was heard of, and whether anything is missing.

By counts and days only: never a list of messages, never an hour.
"""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass

import segno
from flask import render_template, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sipas.desk.blueprint import desk, logged, own_point, refuse_other_unit, scope
from sipas.fieldwork.devices import QUIET, devices, is_quiet, make_code, missing_messages
from sipas.fieldwork.devices import revoke as revoke_device
from sipas.fieldwork.models import ON_SCREENS, Device, Point
from sipas.fieldwork.points import points
from sipas.fieldwork.silence import Silent, Watch, last_look
from sipas.web.installation import installation
from sipas.web.links import go, link


@dataclass(frozen=True)
class DeviceView:
    """One device in words for the desk."""

    device: Device
    missing: int
    quiet: bool

    @classmethod
    def of(cls, device: Device, today: dt.date) -> DeviceView:
        """As it is today."""
        return cls(device, missing_messages(device), is_quiet(device, today))


@dataclass(frozen=True)
class PointScreens:
    """The point of a kiosk, or of interviews, with its screens."""

    point: Point
    screens: tuple[DeviceView, ...]
    silent: Silent | None = None


def places(session: Session, today: dt.date, watch: Watch | None = None) -> list[PointScreens]:
    """Every point at which screens can stand; those with a screen first."""
    found: dict[int, list[DeviceView]] = {}
    for one in devices(session):
        found.setdefault(one.point.id, []).append(DeviceView.of(one.device, today))
    listed = [
        PointScreens(one, tuple(found.get(one.id, ())), watch.of(one.code) if watch else None)
        for one in points(session)
        if one.channel in ON_SCREENS
    ]
    return sorted(listed, key=lambda one: not one.screens)


@desk.get("/screens")
def screens() -> str:
    """All screens."""
    watch = last_look(installation().home)
    with installation().database.reading() as session:
        found = [one for one in places(session, installation().today(), watch) if scope().covers(one.point.unit)]
        return render_template("desk/screens.html", places=found, days=QUIET)


@desk.post("/screens/code")
def enrol_code() -> str:
    """A code for a screen, shown once, with the address as QR: the code stands behind its `#` and reaches no server."""
    with installation().database.writing() as session:
        place = own_point(session, request.form.get("point", ""))
        code = make_code(session, place.code, installation().now())
    logged("screen's code made", place.code)
    server = installation().settings.address  # what a request calls us is printed nowhere
    page = f"{server}/k/{place.code}/vi/device"  # screens may be served by another machine
    picture = qr_code(f"{page}#code={code}") if server else ""
    return render_template("desk/code.html", point=place, code=code, page_of_screen=page, picture=picture)


def qr_code(text: str) -> str:
    """A QR code as SVG in base64."""
    drawn = segno.make(text, micro=False, error="m").svg_inline(border=4, scale=6, omitsize=True)
    return base64.b64encode(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).encode()).decode()


@desk.post("/screens/revoke")
def revoke() -> Response:
    """Nothing is taken from this screen any more."""
    with installation().database.writing() as session:
        screen = request.form.get("device", "")
        found = session.get(Device, screen)
        if found is None:
            raise NotFound
        refuse_other_unit(session.get_one(Point, found.point).unit)
        revoke_device(session, found.id)
    logged("screen revoked", screen[:8])
    return go(link("desk.screens"))

"""The addresses of enrolled devices: enrolling and looking after one, the service worker, and what it sends."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from flask import current_app, g, jsonify, render_template, request
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from sipas import i18n
from sipas.errors import N_, NoOpenWave, SipasError
from sipas.fieldwork import devices
from sipas.fieldwork.models import Device
from sipas.fieldwork.points import point as point_of
from sipas.kiosk.batch_receiver import MOST, BatchReceiver, Report, SealedMessage, book_batch, clock_holds
from sipas.kiosk.blueprint import kiosk, what_is_asked
from sipas.kiosk.point_view import PointView
from sipas.kiosk.preset import Preset
from sipas.kiosk.probe import sealed_probe
from sipas.kiosk.shell import Seal, worker
from sipas.kiosk.views import LANGUAGE
from sipas.web.client_address import UNKNOWN
from sipas.web.installation import installation
from sipas.web.links import address, go
from sipas.web.rate_limits import Budget
from sipas.web.request_language import province_of_request

T = TypeVar("T")


class BadMessage(SipasError):
    """What a device sent is not written as it should be."""


@kiosk.get("/<point>/device")
def to_device(point: str) -> Response:
    """The address on the sheet for installers; Vietnamese unless they choose otherwise."""
    return go(address(".device", point=point, language="vi"), 302)


@kiosk.get(f"/<point>/{LANGUAGE}/device")
def device(point: str, language: str) -> str:
    """Where an installer enrols this screen, and where staff see what it holds; also while nothing is asked."""
    _speak_to_staff(language)
    with installation().database.reading() as session:
        place = PointView.at(point_of(session, point))
    others = [(code, name, "") for code, name in i18n.LANGUAGES.items() if code != i18n.language()]
    return render_template("kiosk/device.html", place=place, preset=Preset.of(place), switches=others)


def _speak_to_staff(language: str) -> None:
    """In a language that is said whole: the catalogs of the others hold the words of visitors only."""
    i18n.speak(language if language in i18n.LANGUAGES else "vi")


@kiosk.post(f"/<point>/{LANGUAGE}/device")
def enrol(point: str, language: str) -> tuple[Response, int] | Response:
    """Takes a code and the public half of a key that the device has just made."""
    _speak_to_staff(language)
    said = _json()
    try:
        code, key = str(said.get("code", "")), _bytes(said.get("key"))
        made = _booked(lambda session: devices.enrol(session, point, code, key, installation().now()))
    except SipasError as error:
        return jsonify(reason=i18n.say(error)), error.status
    return jsonify(device=made.id, enrolled=made.enrolled, now=_milliseconds())


@kiosk.get("/<point>/worker.js")
def service_worker(point: str) -> Response:
    """The service worker of this point. Only a page of an enrolled device registers it."""
    script = worker(PointView.of(g.asking), Seal.of(g.asking, installation().home), province_of_request())
    response = current_app.response_class(script, mimetype="text/javascript")
    response.headers["Service-Worker-Allowed"] = address(".start", point=point)
    return response


@kiosk.post("/<point>/sealed")
def sealed(point: str) -> tuple[Response, int] | Response:
    """A signed batch; the reply says of each message what became of it, once that is stored."""
    ours, body, now = installation(), request.get_data(), g.moment
    said = _json()
    with ours.database.reading() as session:
        try:
            sender = devices.device_at(
                session, point, _word(said.get("device")), _bytes(request.headers.get("X-Signature")), body
            )
        except devices.NotEnrolled as error:
            return jsonify(enrolled=False, reason=i18n.say(error)), 403
        place = point_of(session, point)
    report, messages = _report(said), _messages(said)
    if report.batch not in (sender.batch, sender.batch + 1):  # an old one, or a device that was set back
        return jsonify(batch=sender.batch), 409
    limits, today = ours.limits, g.today
    lane = "device" if report.batch == sender.batch + 1 else "resent"  # what anybody can replay spends nothing new
    counter = f"{lane} {sender.id}"
    limits.take(counter, Budget.of_device(ours.settings), UNKNOWN, today, len(messages))
    is_probe = partial(sealed_probe, ours.settings)
    desk = BatchReceiver(ours.database, ours.home, place, now, clock_holds(report, now), sender.enrolled, is_probe)
    outcomes = desk.take(messages)
    limits.give_back(counter, today, outcomes.count("known") + outcomes.count("unknown"))

    def books(session: Session) -> None:
        book_batch(session.get_one(Device, sender.id, with_for_update=True), report, messages, outcomes, now)

    _booked(books)
    return jsonify(batch=report.batch, outcomes=outcomes, now=_milliseconds(), wave=_asks_now(point))


def _booked(deed: Callable[[Session], T]) -> T:
    """A deed in the books of devices, which waits no longer than an answer does; raises NotStored."""

    def within(connection: Connection) -> T:
        with Session(connection, expire_on_commit=False) as session:
            done = deed(session)
            session.flush()
            return done

    return installation().database.write(within, "device")


def _asks_now(point: str) -> str:
    """The wave that asks here today, so that a device learns of one that was closed; "" where none does."""
    try:
        return what_is_asked(point).wave.code
    except NoOpenWave:
        return ""


def _milliseconds() -> int:
    return round(installation().now().timestamp() * 1000)


def _json() -> dict[str, Any]:
    try:
        said = request.get_json(silent=True)
    except RecursionError:  # nested a thousand deep
        said = None
    if not isinstance(said, dict):
        raise BadMessage(N_("The request could not be understood."))
    return said


def _word(text: object) -> str:
    """A word of ours; what no database takes (half a character, a zero byte) is read as a question mark."""
    return str(text or "").encode("ascii", "replace").decode().replace("\0", "?")


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(str(text or ""), validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage(N_("The request could not be understood.")) from None


def _report(said: dict[str, Any]) -> Report:
    try:
        total = bytes.fromhex(said["settled_sum"])
        numbers = [said[name] for name in ("batch", "made", "waiting", "settled", "clock")]
        if len(total) != 32 or not all(type(one) is int and 0 <= one < 1 << 40 for one in numbers):
            raise ValueError
        batch, made, waiting, settled, at = numbers
        persistent = said["persistent"] if isinstance(said["persistent"], bool) else None
        return Report(batch, made, waiting, settled, total, persistent, _word(said["software"]), at)
    except (KeyError, TypeError, ValueError):
        raise BadMessage(N_("The request could not be understood.")) from None


def _messages(said: dict[str, Any]) -> list[SealedMessage]:
    listed = said.get("messages")
    if not isinstance(listed, list) or len(listed) > MOST or not all(isinstance(one, dict) for one in listed):
        raise BadMessage(N_("The request could not be understood."))
    return [
        SealedMessage(_word(one.get("wave")), _bytes(one.get("sealed")), one.get("kind") == "comment") for one in listed
    ]

"""The kiosk's addresses: the start, the questionnaire, what is stored, the thanks."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from werkzeug.wrappers import Response

from sipas import i18n
from sipas.fieldwork.visits import Visit
from sipas.intake import COARSER, PLACELESS, STORED, Answers
from sipas.intake.models import PROBE
from sipas.intake.receive import Outcome, receive
from sipas.intake.ways import COUNTED, Way
from sipas.keyring import wave_keys
from sipas.kiosk import pages
from sipas.kiosk.blueprint import kiosk, offered_here, visits
from sipas.kiosk.forms import Questionnaire
from sipas.kiosk.point_view import Place
from sipas.kiosk.preset import Preset
from sipas.kiosk.probe import is_probe
from sipas.kiosk.shell import Seal
from sipas.kiosk.welcome import welcome
from sipas.web.installation import installation
from sipas.web.links import address, go, here
from sipas.web.request_language import province
from sipas.web.token_buckets import Budget

DEVICES = {f"kiosk.{name}" for name in ("to_device", "device", "enrol", "sealed")}
LANGUAGE = "<language:language>"


def _visit(point: str, language: str, wave: str = "") -> Visit:
    """What is asked here today; a page that was opened before its wave ended names that wave, and keeps to it."""
    i18n.speak(language)
    visit = visits().at(point, installation().today(), wave)
    g.instrument = visit.wave.instrument
    return visit


@kiosk.before_request
def mend_the_address() -> Response | None:
    """A slash too many and capitals lead to the page all the same: people copy addresses from a wall."""
    point = (request.view_args or {}).get("point", "")
    if request.method in ("GET", "HEAD") and (request.path.endswith("/") or point != point.lower()):
        return go(here(point=point.lower()), 308)
    return None


@kiosk.before_request
def ask_for_the_code() -> Response | None:
    """Where a point asks for codes, its answers come by `/q/`, and this door leads there. A device's own addresses
    (`device_api.py`) answer whatever is asked today."""
    point = (request.view_args or {}).get("point", "")
    if (
        point
        and request.endpoint not in DEVICES
        and _visit(point, "vi", request.values.get("wave", "")).point.invitation == "required"
    ):
        return go(address("phone.start", point=point))
    return None


@kiosk.get("/<point>", strict_slashes=False)
def start(point: str) -> str:
    """Who asks, why, how long, and the choice of language; in every language at once."""
    visit = _visit(point, "vi")
    if "shell" not in request.args:  # a device can keep answers sealed until the keys are back
        wave_keys.refuse_without(installation().home, visit.wave.code)
    place = Place.of(visit)
    preset = Preset.of(place)
    said = welcome(place, province(), offered_here(), preset.service)
    way_in = pages.way_in(place, preset)
    return render_template("kiosk/start.html", place=place, preset=preset, welcome=said, way_in=way_in)


@kiosk.get(f"/<point>/{LANGUAGE}")
def questionnaire(point: str, language: str) -> Response:
    """All questions in one document."""
    visit = _visit(point, language)
    place = Place.of(visit)
    if "shell" in request.args:
        return pages.shell(place, Seal.of(visit, installation().home))
    wave_keys.refuse_without(installation().home, visit.wave.code)  # before anybody fills it in for nothing
    return pages.questionnaire(place, Preset.of(place))


@kiosk.post(f"/<point>/{LANGUAGE}")
def send(point: str, language: str) -> Response:
    """Takes the answers, or shows them again with what is missing."""
    visit = _visit(point, language, request.form.get("wave", ""))
    g.place = place = Place.of(visit)
    g.preset = preset = Preset.sent(place)
    form = pages.form_of(place, request.form)
    if "unfinished" in request.form:  # sent by the script of an abandoned screen, to whom nobody listens any more
        if place.keeps_unfinished and form.validate():
            keep(visit, form, unfinished=True)
        return Response(status=204)
    if not form.validate():
        return pages.with_errors(place, preset, form)
    outcome = keep(visit, form)
    there = ".late" if outcome is Outcome.LATE else ".thanks"
    wave = None if visit.asks else visit.wave.code  # the page to come has to know an ended wave
    return go(address(there, point=point, language=language, wave=wave, anchor="done", **preset.query))


def keep(
    visit: Visit, form: Questionnaire, channel: str = "", unfinished: bool = False, way: Way = Way.OPEN
) -> Outcome:
    """Through the first door, within the point's budget; when this returns, the answer is stored, or told to be
    late. Of an unfinished form nothing that was typed is kept."""
    ours = installation()
    said = what_was_said(visit, form, channel)
    if is_probe(ours.settings, request.headers.get("X-Probe"), form.submission):
        said["codes"]["channel"] = PROBE
    counter, today = f"point {visit.point.code}", ours.today()
    ours.limits.take(counter, Budget.of_point(ours.settings), ours.limits.address_of(request), today)
    outcome = receive(
        ours.database,
        ours.home,
        wave=visit.wave.code,
        **said,
        comment="" if unfinished else form.comment(),
        unfinished=unfinished,
        way=way,
        language=i18n.language(),
        submission=form.submission,
        moment=ours.now(),
        still_open=visit.still_open,
    )
    if outcome is Outcome.RESENT:
        ours.limits.budgets.give_back(counter, today)
    return outcome


def what_was_said(visit: Visit, form: Questionnaire, channel: str = "") -> dict[str, Any]:
    """Where, what and by whom, as the first door takes it."""
    return {
        "codes": visit.codes(form.service.data, channel),
        "answers": Answers.of(form.instrument, visit.point.form, form.answers()),
        **form.profile(),
    }


@kiosk.get(f"/<point>/{LANGUAGE}/privacy")
def privacy(point: str, language: str) -> str:
    """What is stored of an answer: the very list that the first door keeps to."""
    place = Place.of(_visit(point, language))
    return render_template(
        "kiosk/privacy.html",
        place=place,
        preset=Preset.of(place),
        stored=STORED,
        coarser=COARSER,
        placeless=PLACELESS,
        counted=COUNTED,
    )


@kiosk.get(f"/<point>/{LANGUAGE}/late")
def late(point: str, language: str) -> str:
    """The end of a visit whose wave had been frozen."""
    place = Place.of(_visit(point, language, request.args.get("wave", "")))
    return render_template("kiosk/late.html", place=place, preset=Preset.of(place))


@kiosk.get(f"/<point>/{LANGUAGE}/thanks")
def thanks(point: str, language: str) -> Response:
    """The end."""
    place = Place.of(_visit(point, language, request.args.get("wave", "")))
    return remember_nothing(pages.thanks(place, Preset.of(place)))


@kiosk.get("/<point>/stop")
def stop(point: str) -> Response:
    """A private way out: nothing was sent, nothing is kept, and Back does not lead to what was chosen."""
    place = Place.of(_visit(point, "vi"))
    return remember_nothing(go(address(".start", point=point, **Preset.of(place).home)))


def remember_nothing(response: Response, path: str = "/k") -> Response:
    """Sets a cookie that is equal for all and gone in two seconds: it keeps browsers from bringing the filled form back
    out of their own memory when somebody presses Back."""
    response.set_cookie("done", "1", max_age=2, path=path, httponly=True, samesite="Strict", secure=request.is_secure)
    return response

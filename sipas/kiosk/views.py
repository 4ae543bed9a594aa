"""The kiosk's addresses: the start, the questionnaire, what is stored, the thanks."""

from __future__ import annotations

from functools import partial

from flask import g, render_template, request
from werkzeug.wrappers import Response

from sipas import i18n
from sipas.fieldwork.asking import AskingPoint
from sipas.intake import COARSER, PLACELESS, STORED, Answers, Outcome, Visit, receive
from sipas.intake.ways import COUNTED, Way
from sipas.keyring import wave_keys
from sipas.kiosk import nothing_asked, pages
from sipas.kiosk.blueprint import kiosk, offered_here, what_is_asked
from sipas.kiosk.fast_validation import Sent
from sipas.kiosk.forms import Questionnaire
from sipas.kiosk.point_view import PointView
from sipas.kiosk.preset import Preset
from sipas.kiosk.probe import is_probe
from sipas.kiosk.shell import Seal
from sipas.kiosk.welcome import welcome
from sipas.web.installation import installation
from sipas.web.links import address, go, here
from sipas.web.rate_limits import Budget
from sipas.web.request_language import province_of_request

DEVICES = {f"kiosk.{name}" for name in ("to_device", "device", "enrol", "sealed")}
ENDS = {"kiosk.send", "kiosk.thanks", "kiosk.late"}  # of a page that may be older than the end of its wave
LANGUAGE = "<language:language>"
nothing_asked.install(kiosk)


@kiosk.before_request
def mend_the_address() -> Response | None:
    """A slash too many and capitals lead to the page all the same: people copy addresses from a wall."""
    point = (request.view_args or {}).get("point", "")
    if request.method in ("GET", "HEAD") and (request.path.endswith("/") or point != point.lower()):
        return go(here(point=point.lower()), 308)
    return None


@kiosk.before_request
def look_up() -> Response | None:
    """Once for each request: what is asked here (`g.asking`), and when this is (`g.moment`).

    Where a point asks for codes, its answers come by `/q/`, and this door leads there. A device's own addresses
    (`device_api.py`) answer whatever is asked today.
    """
    named = request.view_args or {}
    if "point" not in named or request.endpoint in DEVICES:
        return None
    if "language" not in named:
        i18n.speak("vi")
    sent = request.form if request.method == "POST" else request.args
    asking = what_is_asked(named["point"], sent.get("wave", "") if request.endpoint in ENDS else "")
    return go(address("phone.start", point=named["point"])) if asking.point.invitation == "required" else None


@kiosk.get("/<point>", strict_slashes=False)
def start(point: str) -> str:
    """Who asks, why, how long, and the choice of language; in every language at once."""
    if "shell" not in request.args:  # a device can keep answers sealed until the keys are back
        wave_keys.refuse_without(installation().home, g.asking.wave.code)
    place = PointView.of(g.asking)
    preset = Preset.of(place)
    said = welcome(place, province_of_request(), offered_here(), preset.service)
    way_in = pages.way_in(place, preset)
    return render_template("kiosk/start.html", place=place, preset=preset, welcome=said, way_in=way_in)


@kiosk.get(f"/<point>/{LANGUAGE}")
def questionnaire(point: str, language: str) -> Response:
    """All questions in one document."""
    place = PointView.of(g.asking)
    if "shell" in request.args:
        return pages.shell(place, Seal.of(g.asking, installation().home))
    wave_keys.refuse_without(installation().home, g.asking.wave.code)  # before anybody fills it in for nothing
    return pages.questionnaire(place, Preset.of(place))


@kiosk.post(f"/<point>/{LANGUAGE}")
def send(point: str, language: str) -> Response:
    """Takes the answers, or shows them again with what is missing."""
    asking: AskingPoint = g.asking
    g.place = place = PointView.of(asking)
    g.preset = preset = Preset.sent(place)
    form = pages.form_of(place, request.form)
    if "unfinished" in request.form:  # sent by the script of an abandoned screen, to whom nobody listens any more
        if place.keeps_unfinished and form.validate():
            store_visit(asking, sent_by(asking, form, unfinished=True), form)
        return Response(status=204)
    if not form.validate():
        return pages.with_errors(place, preset, form)
    outcome = store_visit(asking, sent_by(asking, form), form)
    there = ".late" if outcome is Outcome.LATE else ".thanks"
    wave = None if asking.asks else asking.wave.code  # the page to come has to know an ended wave
    return go(address(there, point=point, language=language, wave=wave, anchor="done", **preset.query))


def sent_by(asking: AskingPoint, form: Questionnaire | Sent, channel: str = "", unfinished: bool = False) -> Visit:
    """The visit whose form was posted now, as the first door takes it."""
    codes = asking.codes(form.service.data, channel)
    if unfinished:
        codes = codes.left_unfinished()
    if is_probe(installation().settings, request.headers.get("X-Probe"), form.submission):
        codes = codes.synthetic()
    answers = Answers.of(form.instrument, asking.point.form, form.answers())
    return Visit(asking.wave.code, codes, answers, g.moment, i18n.language(), **form.profile())


def store_visit(asking: AskingPoint, visit: Visit, form: Questionnaire | Sent, way: Way = Way.OPEN) -> Outcome:
    """Through the first door, within the point's budget; when this returns, the answer is stored, or told to be
    late. Of an unfinished form nothing that was typed is kept."""
    ours, counter = installation(), f"point {asking.point.code}"
    ours.limits.take(counter, Budget.of_point(ours.settings), ours.limits.address_of(request), g.today)
    outcome = receive(
        ours.database,
        ours.home,
        visit,
        submission=form.submission,
        comment=form.comment() if visit.is_finished else "",
        way=way,
        still_open=partial(asking.still_open, today=g.today),
    )
    if outcome is Outcome.RESENT:
        ours.limits.give_back(counter, g.today)
    return outcome


@kiosk.get(f"/<point>/{LANGUAGE}/privacy")
def privacy(point: str, language: str) -> str:
    """What is stored of an answer: the very list that the first door keeps to."""
    place = PointView.of(g.asking)
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
    place = PointView.of(g.asking)
    return render_template("kiosk/late.html", place=place, preset=Preset.of(place))


@kiosk.get(f"/<point>/{LANGUAGE}/thanks")
def thanks(point: str, language: str) -> Response:
    """The end."""
    place = PointView.of(g.asking)
    return remember_nothing(pages.thanks(place, Preset.of(place)))


@kiosk.get("/<point>/stop")
def stop(point: str) -> Response:
    """A private way out: nothing was sent, nothing is kept, and Back does not lead to what was chosen."""
    place = PointView.of(g.asking)
    return remember_nothing(go(address(".start", point=point, **Preset.of(place).home)))


def remember_nothing(response: Response, path: str = "/k") -> Response:
    """Sets a cookie that is equal for all and gone in two seconds: it keeps browsers from bringing the filled form back
    out of their own memory when somebody presses Back."""
    response.set_cookie("done", "1", max_age=2, path=path, httponly=True, samesite="Strict", secure=request.is_secure)
    return response

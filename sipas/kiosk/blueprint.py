"""The blueprint of the kiosk: what every page of it shows, in which languages, and what browsers may keep."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from sipas import clock, i18n
from sipas.fieldwork.asking import AskingPoint, AskingPoints
from sipas.i18n import _
from sipas.i18n.completeness import offered, sheets
from sipas.kiosk.preset import LOOKS, Preset
from sipas.web import assets, security_headers
from sipas.web.installation import installation, of_app
from sipas.web.links import go, here

kiosk = Blueprint("kiosk", __name__, template_folder="templates")


@kiosk.record
def set_up(state: BlueprintSetupState) -> None:
    """Gives the application one memory of what is asked where."""
    ours = of_app(state.app)
    state.app.extensions["sipas.kiosk"] = AskingPoints(ours.database, ours.home)


@kiosk.before_request
def look_at_the_clock() -> None:
    """Once for each request: the moment (`g.moment`) and its day in the province (`g.today`)."""
    g.moment = installation().now()
    g.today = clock.local(g.moment).date()


def what_is_asked(point: str, wave: str = "") -> AskingPoint:
    """What is asked at a point today (`g.asking`); raises what `AskingPoints.at` raises.

    A page that was opened before its `wave` ended names it, and keeps to it.
    """
    known: AskingPoints = current_app.extensions["sipas.kiosk"]
    g.asking = asking = known.at(point, g.today, wave)
    g.asked = asking.wave.instrument, asking.wave.version
    return asking


@kiosk.after_request
def leave_no_copy(response: Response) -> Response:
    """No cache keeps a visitor's page."""
    response.headers["Cache-Control"] = "no-store"
    return assets.pack(response)


@kiosk.after_request
def allow_its_style(response: Response) -> Response:
    """A page brings its style along, so that a slow line is asked once before something is seen; nobody can slip in
    another, for the policy names that one by its content."""
    if response.mimetype == "text/html":
        styles = [assets.style_hash("kiosk.css"), *([assets.text_hash(g.skip_sheet)] if g.get("skip_sheet") else [])]
        response.headers["Content-Security-Policy"] = security_headers.policy(*styles)
    return response


@kiosk.context_processor
def ways_to_see_it() -> dict[str, object]:
    """The looks, and the languages to change to, each with its own name and the warning in its own words."""
    languages = offered_here()
    others = [(code, name) for code, name in languages.items() if code != i18n.language()]
    return {
        "languages": languages,
        "sheets": sheets(languages),
        "preset": g.get("preset", Preset()),
        "looks": LOOKS,
        "this_page": this_page,
        "switches": [(code, name, _in(code)) for code, name in others],
    }


def offered_here() -> dict[str, str]:
    """The languages to choose from at the point that the address names."""
    return offered(installation().settings.languages, *g.get("asked", ()))


@kiosk.before_request
def speak_what_is_offered() -> AnyResponse | None:
    """An address in a language that is not offered leads to the Vietnamese page; what is sent is taken all the same."""
    code = (request.view_args or {}).get("language", i18n.language())
    if request.method not in ("GET", "HEAD") or code in offered_here():
        return None
    i18n.speak("vi")
    if "language" not in (request.view_args or {}):
        return None
    return go(here(language="vi"), 302)


@kiosk.context_processor
def variant() -> dict[str, object]:
    """Whether this is the page as an enrolled device keeps it (`shell.py`)."""
    return {"shell": "shell" in request.args}


def this_page(query: dict[str, str]) -> str:
    """The address of the page that is open, with another query; the questionnaire is everybody's, so it keeps nothing
    of what one visitor's address said."""
    everybodys = (request.endpoint or "").endswith(".questionnaire")
    return here(keep=() if everybodys else ("lang", "wave"), **query)


def _in(code: str) -> str:
    with i18n.speaking(code):
        return _("starts again")

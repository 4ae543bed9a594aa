"""The blueprint and its door: without a session of today no page but the one for signing in."""

from __future__ import annotations

import datetime as dt
import hmac
import time

from flask import Blueprint, Response, current_app, request, session
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from sipas import i18n
from sipas.desk import access
from sipas.desk.attempts import Attempts
from sipas.publishing.charts import TEMPLATE_TOOLS
from sipas.web.installation import installation, of_app
from sipas.web.links import go, link

LONGEST = 8 * 3600  # seconds from signing in; a working day
OPEN = {"desk.sign_in", "desk.let_in"}

desk = Blueprint("desk", __name__, template_folder="templates")


@desk.record
def set_up(state: BlueprintSetupState) -> None:
    """Gives chart macros what they look up, and the application its count of attempts to sign in."""
    state.app.jinja_env.globals.update(TEMPLATE_TOOLS)
    ours = of_app(state.app)
    state.app.extensions["sipas.desk"] = Attempts(ours.home, ours.limits)


def attempts() -> Attempts:
    """Who tries the password of this application's desk."""
    found: Attempts = current_app.extensions["sipas.desk"]
    return found


@desk.app_template_filter("day")
def day(iso: str) -> str:
    """ "2026-07-15" as people write it."""
    return i18n.date(dt.date.fromisoformat(iso))


@desk.before_request
def ask_for_the_password() -> AnyResponse | None:
    """Deny by default."""
    if request.endpoint in OPEN or signed_in():
        return None
    return go(link("desk.sign_in"))


@desk.after_request
def keep_nothing(response: Response) -> Response:
    """Nothing of the desk stays in a browser."""
    response.headers["Cache-Control"] = "no-store"
    return response


def signed_in() -> bool:
    """Whether the session belongs to the password that holds now, is not too old, and nobody signed out of it."""
    mark, own, since = session.get("mark"), session.get("own"), session.get("since", 0)
    if not isinstance(mark, str) or not isinstance(own, str) or not 0 <= time.time() - since < LONGEST:
        return False
    home = installation().home
    return hmac.compare_digest(mark, access.mark(home)) and not access.has_ended(home, own)

"""What could not be stored stays on the page: one button sends the very same again, under the same id; it counts once.

The page holds what was posted, whatever that was; so it needs neither the database nor the questionnaire, and serves a
full disk, a busy or absent database, a spent budget and a missing key alike.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response as AnyResponse

from sipas import i18n, logs
from sipas.errors import N_, NotReady, NotStored, SipasError
from sipas.i18n import _
from sipas.keyring.wave_keys import KeyMissing
from sipas.kiosk.point_view import PointView
from sipas.web import error_pages

SOON, LATER = 5, 600  # seconds
WITHOUT_KEYS = N_(
    "This survey cannot take answers at present: something is missing on its server, and waiting some minutes does not "
    "help. Please tell the staff at the counter, who can reach those who run it. Thank you for wanting to answer."
)


def install(blueprint: Blueprint) -> None:
    """Failures of storage while something is sent keep the answers; elsewhere they are errors as any other."""
    for kind in (NotStored, NotReady, DBAPIError):
        blueprint.register_error_handler(kind, _failed)


def _failed(error: Exception) -> AnyResponse:
    why = error.reason if isinstance(error, NotStored) else type(error).__name__
    logs.seldom("not stored" if request.method == "POST" else "failure", route=request.endpoint, why=why)
    error_pages.speak_as_the_path_says()
    if isinstance(error, KeyMissing):
        return (
            page(LATER, _(WITHOUT_KEYS)) if request.method == "POST" else error_pages.page(503, lambda: _(WITHOUT_KEYS))
        )
    if request.method != "POST":
        status = error.status if isinstance(error, SipasError) else 503
        return error_pages.page(status, lambda: _(error_pages.SENTENCES[503]))
    return page(error.wait if isinstance(error, NotStored) else SOON)


def page(wait: int, why: str = "") -> Response:
    """503 with the answers on it; `wait` is in seconds, `why` the sentence that says what is the matter."""
    place: PointView | None = g.get("place")
    point = (request.view_args or {}).get("point", "")
    words = render_template(
        "kiosk/kept.html", place=place, point=point, wait=wait, why=why, kept=list(request.form.items(multi=True))
    )
    response = make_response(words, 503)
    response.headers["Retry-After"] = str(wait)
    response.headers["Content-Language"] = i18n.language()
    return response

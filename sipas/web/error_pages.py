"""The one map from errors to pages: a person never sees a stack trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, current_app, make_response, render_template, request
from sqlalchemy.exc import DatabaseError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from sipas import i18n, logs
from sipas.errors import N_, NoOpenWave, SipasError, UnknownPoint
from sipas.files.disk_space import is_full
from sipas.i18n.languages import KNOWN
from sipas.storage.database import is_away
from sipas.web import links

SENTENCES = {
    400: N_("The request could not be understood."),
    403: N_("This form was sent from another site and was not accepted. Please open the page here and try again."),
    404: N_("Please check the address, or start from the first page."),
    405: N_("This address does not accept that kind of request."),
    413: N_("What was sent is too large."),
    500: N_(
        "Something went wrong on our side. If you have just sent something, it may not have been stored; please try "
        "again."
    ),
    503: N_("The answer could not be stored just now. Please wait a moment and send it again."),
}


NO_ROOM = N_(
    "The server's disk is full, so this could not be finished. Please tell whoever runs the server, and try again once "
    "there is room."
)
NO_STORAGE = N_(
    "The server cannot read or write its data just now. Please try again in a moment; if this stays, tell whoever runs "
    "the server."
)

HEADINGS = {
    400: N_("That could not be done"),
    403: N_("Not accepted"),
    404: N_("This page does not exist"),
    409: N_("That could not be done"),
    413: N_("That was too large"),
    421: N_("That could not be done"),
    429: N_("Please wait a little"),
    503: N_("Not available just now"),
}


@dataclass(frozen=True)
class ErrorText:
    """A heading and a sentence in one language."""

    language: str
    heading: str
    sentence: str
    last: str = ""  # what was found out last time, where nothing is asked now


def page(
    status: int,
    sentence: Callable[[], str],
    error: SipasError | None = None,
    last: Callable[[], str] = str,
    results: str = "",
) -> Response:
    """One page for every error: a heading, one sentence, a way on. Where nothing was found nobody knows who reads it,
    so that page speaks Vietnamese and English.

    That nothing was stored it says at a kiosk only where the request was refused before the door: not after a fault,
    nor to a code that is spent (her own answer may have spent it), nor behind the thanks. Where nothing is asked at
    present there is no way on to offer; it says the `last` result, and where all `results` are.
    """
    heading = _heading(status, request.path.startswith(("/k/", "/q/")), error)
    others = [code for code in ("vi", "en") if code != i18n.language()] if status == 404 else []
    said, *also = (_said(code, heading, sentence, last) for code in (i18n.language(), *others))
    start = "" if isinstance(error, UnknownPoint) else _start()
    closed = isinstance(error, NoOpenWave)
    refused = status < 500 and status != 409 and not request.path.endswith(("/thanks", "/late"))
    words = render_template(
        "errors/error.html", said=said, also=also, start=start, refused=refused, closed=closed, results=results
    )
    response = make_response(words, status)
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _heading(status: int, at_a_kiosk: bool, error: SipasError | None) -> str:
    if isinstance(error, NoOpenWave):
        return N_("No questions are asked here at present")
    if at_a_kiosk and status != 404:
        return N_("Answering is not possible just now")
    return HEADINGS.get(status, N_("Something went wrong"))


def _start() -> str:
    """The first page of the point that the address names, "" where it names none."""
    door, _, point = request.path[1:].partition("/")
    endpoint = {"k": "kiosk.start", "q": "phone.start"}.get(door)
    point = point.partition("/")[0]
    return links.address(endpoint, point=point) if endpoint in current_app.view_functions and point else ""


def _said(language: str, heading: str, sentence: Callable[[], str], last: Callable[[], str]) -> ErrorText:
    with i18n.speaking(language):
        return ErrorText(language, i18n._(heading), sentence(), last())


def speak_as_the_path_says() -> None:
    """The language that a kiosk's address names, where no view came so far as to set it."""
    parts = request.path.split("/")
    if len(parts) > 3 and parts[1] in ("k", "q") and parts[3] in KNOWN:
        i18n.speak(parts[3])


def install(app: Flask) -> None:
    """Ours by their own sentence, HTTP's by ours, the rest as 500 and a line in the log."""

    @app.errorhandler(SipasError)
    def ours(error: SipasError) -> Response:
        speak_as_the_path_says()
        return page(error.status, lambda: i18n.say(error), error)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> AnyResponse:
        speak_as_the_path_says()
        status = error.code or 500
        if isinstance(error, InternalServerError) and error.original_exception is not None:
            logs.failure(error.original_exception)
        if error.response is not None:
            return error.get_response()
        return page(status, lambda: i18n._(SENTENCES.get(status, SENTENCES[400 if status < 500 else 500])))

    @app.errorhandler(DatabaseError)
    @app.errorhandler(OSError)
    def storage(error: DatabaseError | OSError) -> Response:
        speak_as_the_path_says()
        logs.failure(error)
        if isinstance(error, DatabaseError) and not is_away(error):
            return page(500, lambda: i18n._(SENTENCES[500]))
        if request.path.startswith(("/k/", "/q/")):
            return page(503, lambda: i18n._(SENTENCES[503]))
        return page(503, lambda: i18n._(NO_ROOM if is_full(error) else NO_STORAGE))

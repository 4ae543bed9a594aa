"""Signing in and out."""

from __future__ import annotations

import secrets
import time

from flask import current_app, render_template, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from sipas import i18n
from sipas.desk import access
from sipas.desk.attempts import Crowded, TooManyAttempts
from sipas.desk.blueprint import LONGEST, attempts, desk, signed_in
from sipas.i18n import _
from sipas.web.installation import installation
from sipas.web.links import go, link

BROWSER, REMEMBERED = "desk-browser", 180 * 24 * 3600  # a cookie, and the seconds for which it is known


@desk.get("/login")
def sign_in() -> str | Response:
    """The form; who is in already goes on."""
    return go(link("desk.overview")) if signed_in() else render_template("desk/login.html", problem="")


@desk.post("/login")
def let_in() -> tuple[str, int] | Response:
    """Checks the password, then starts a session that holds no name.

    The browser gets a cookie that opens nothing: it says that somebody signed in here, so that no stranger's wrong
    passwords keep this browser waiting (OWASP's "device cookie").
    """
    ours = installation()
    address = ours.limits.address_of(request)
    password = request.form.get("password", "")
    try:
        right = attempts().check(password, address, _browser(), ours.today())
    except (TooManyAttempts, Crowded) as error:
        return render_template("desk/login.html", problem=i18n.say(error)), error.status
    if not right:
        wrong = _("This is not the password. Please check capital letters and try again.")
        return render_template("desk/login.html", problem=wrong), 422
    session.clear()
    session["mark"], session["own"], session["since"] = access.mark(ours.home), access.new_session(), int(time.time())
    reply = go(link("desk.overview"))
    reply.set_cookie(
        BROWSER,
        _signer().dumps(secrets.token_hex(16)),
        max_age=REMEMBERED,
        path="/desk/login",
        secure=current_app.session_interface.get_cookie_secure(current_app),
        httponly=True,
        samesite="Strict",
    )
    return reply


def _browser() -> str:
    """What the cookie says, "" where none is or it is not ours."""
    try:
        return str(_signer().loads(request.cookies.get(BROWSER, ""), max_age=REMEMBERED))
    except BadSignature:
        return ""


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="sipas desk browser")


@desk.post("/logout")
def sign_out() -> Response:
    """Ends the session, and whatever copy of its cookie there is."""
    access.end_session(installation().home, session["own"], LONGEST)
    session.clear()
    return go(link("desk.sign_in"))

"""Signing in and out."""

from __future__ import annotations

import time

from flask import current_app, redirect, render_template, request, session
from werkzeug.wrappers import Response

from sipas.desk import access
from sipas.desk.blueprint import LONGEST, desk, signed_in
from sipas.links import link


@desk.get("/login")
def sign_in() -> str | Response:
    """The form; who is in already goes on."""
    return redirect(link("desk.overview"), 303) if signed_in() else render_template("desk/login.html", wrong=False)


@desk.post("/login")
def let_in() -> tuple[str, int] | Response:
    """Checks the password, then starts a session that holds no name."""
    home = current_app.config["SETTINGS"].home
    if not access.check_password(home, request.form.get("password", "")):
        return render_template("desk/login.html", wrong=True), 422
    session.clear()
    session["mark"], session["own"], session["since"] = access.mark(home), access.new_session(), int(time.time())
    return redirect(link("desk.overview"), 303)


@desk.post("/logout")
def sign_out() -> Response:
    """Ends the session, and whatever copy of its cookie there is."""
    access.end_session(current_app.config["SETTINGS"].home, session["own"], LONGEST)
    session.clear()
    return redirect(link("desk.sign_in"), 303)

"""Signing in, in two steps, and out; the first administrator of a home that had one password for all."""

from __future__ import annotations

import secrets
import time

from flask import current_app, g, render_template, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from sipas import i18n
from sipas.accounts import audit_log, directory, passwords, proof, second_factor, sessions
from sipas.accounts.guesses import unknown_name
from sipas.accounts.models import Account
from sipas.accounts.roles import ADMINISTRATOR, Holder, holder
from sipas.accounts.store import GONE
from sipas.desk import access
from sipas.desk.attempts import Crowded, TooManyAttempts
from sipas.desk.blueprint import COOKIE, FIRST, attempts, desk, store
from sipas.errors import N_, NotReady, SipasError
from sipas.i18n import _
from sipas.web.installation import installation
from sipas.web.links import go, link

BROWSER, REMEMBERED = "desk-browser", 180 * 24 * 3600  # a cookie, and the seconds for which it is known
FORMER = "former password"  # the counter of those who try it; no account can have a blank in its name

WRONG_CODE = N_("This is not the code of this moment. Please wait for the next one, and try again.")

Page = str | Response | tuple[str, int]


@desk.get("/login")
def sign_in() -> Page:
    """The form; who is in already goes on."""
    if g.officer is not None:
        return go(link(FIRST.get(g.officer.stage, "desk.overview")))
    if not store().exists() and installation().paths.log_head.exists():
        raise NotReady(GONE)
    if not store().exists() or _nobody():
        if access.former_hash(installation().home) is not None:
            return go(link("desk.first_administrator"), 302)
        return render_template("desk/login.html", problem="", name="", empty=True)
    return render_template("desk/login.html", problem="", name="", empty=False)


@desk.post("/login")
def let_in() -> Page:
    """Checks name and password, then starts a session, whole where the account has no second factor and needs none."""
    ours, name = installation(), request.form.get("name", "").strip().lower()[:40]
    account, who = None, None
    if store().exists():
        with store().reading() as reading:
            account = proof.account_of(reading, name)
            who = holder(reading, account, ours.today()) if account else None
    try:
        right = attempts().check(
            account.name if account else unknown_name(name),
            account.password if account else "",
            request.form.get("password", ""),
            ours.limits.address_of(request),
            _browser_of(name),
            ours.today(),
        )
    except (TooManyAttempts, Crowded) as error:
        return render_template("desk/login.html", problem=i18n.say(error), name=name, empty=False), error.status
    if account is None or who is None or not right:
        if account is not None and (count := attempts().are_worth_noting(account.name, ours.today())):
            audit_log.note(ours.home, account.name, "sign in", "", audit_log.REFUSED, {"today": count})
        wrong = _("Name or password is not right. Please check capital letters and try again.")
        return render_template("desk/login.html", problem=wrong, name=name, empty=False), 422
    if account.second_factor is not None:
        return begins(account, sessions.CODE)
    return begins(account, sessions.SETUP if account.must_change or who.needs_second_factor else sessions.WHOLE)


@desk.get("/login/code")
def second_step() -> Page:
    """Asks for the six digits; in a demo it shows them."""
    return _second_step("", 200)


@desk.post("/login/code")
def take_second_step() -> Page:
    """Checks them; a right one is spent, also for another process that is shown it at the same moment."""
    name = g.officer.who.name
    try:
        right = code_is_right(name, request.form.get("code", ""))
    except SipasError as error:
        return _second_step(i18n.say(error), error.status)
    if not right:
        audit_log.note(installation().home, name, "second factor", outcome=audit_log.REFUSED)
        return _second_step(_(WRONG_CODE), 422)
    with store().reading() as reading:
        account = directory.find(reading, name)
    return begins(account, sessions.SETUP if account.must_change else sessions.WHOLE)


def _second_step(problem: str, status: int) -> Page:
    return render_template("desk/second_step.html", problem=problem, shown=code_of_a_demo(g.officer.who)), status


def code_is_right(name: str, code: str) -> bool:
    """Whether this is the account's code of the second factor now, or one of its recovery codes; it is spent then.

    Raises TooManyAttempts where it is not looked at.
    """
    ours = installation()

    def is_right() -> bool:
        with store().writing() as writing:
            account = directory.find(writing, name)
            has_one = account.second_factor is not None
            return has_one and second_factor.spend(writing, account, code, secret(), ours.now())

    return attempts().check_code(name, is_right, ours.today())


def code_of_a_demo(who: Holder) -> str:
    """The six digits of this moment of an account that was made up for a demonstration; "" of every other."""
    if not (who.is_simulated and who.has_second_factor):
        return ""
    with store().reading() as reading:
        return second_factor.code_now(directory.find(reading, who.name), secret(), installation().now())


@desk.get("/first")
def first_administrator() -> Page:
    """The page that the desk's former password opens, while there is no account."""
    if _has_no_former():
        return go(link("desk.sign_in"), 302)
    return render_template("desk/first.html", problem="", name="", person="")


@desk.post("/first")
def make_first_administrator() -> Page:
    """Makes the account; from then on the former password opens nothing."""
    ours, form = installation(), request.form
    stored = access.former_hash(ours.home)
    if _has_no_former() or stored is None:
        return go(link("desk.sign_in"))
    name, person = form.get("name", "").strip().lower(), form.get("person", "")

    def again(problem: str, status: int = 422) -> Page:
        return render_template("desk/first.html", problem=problem, name=name, person=person), status

    try:
        right = attempts().check_code(FORMER, lambda: access.is_former(stored, form.get("former", "")), ours.today())
        if not right:
            return again(_("This is not the password that the desk had. Please check capital letters and try again."))
        own = passwords.hashed(form.get("password", ""), name)
        with store().writing() as writing:
            if not directory.is_empty(writing):
                return go(link("desk.sign_in"))
            directory.add(writing, name, person, [(ADMINISTRATOR, "")], ours.today(), own, must_change=False)
            head = audit_log.add(writing, name, "first administrator", name)
            account = directory.find(writing, name)
    except SipasError as error:
        return again(i18n.say(error), error.status)
    audit_log.keep_head(ours.home, head)
    access.forget(ours.home)
    return begins(account, sessions.SETUP)


@desk.post("/logout")
def sign_out() -> Response:
    """Ends the session, and whatever copy of its cookie there is."""
    with audit_log.transaction(installation().home, g.officer.who.name, "sign out") as writing:
        sessions.end(writing, session[COOKIE])
    session.clear()
    return go(link("desk.sign_in"))


def begins(account: Account, stage: str) -> Response:
    """A new session in place of the one of before: its number changes with each step (no session fixation)."""
    ours, before = installation(), session.get(COOKIE)
    with store().writing() as writing:
        if isinstance(before, str):
            sessions.end(writing, before)
        token = sessions.begin(writing, account.name, stage, time.time())
        head = audit_log.add(writing, account.name, "sign in") if stage == sessions.WHOLE else None
    if head is not None:
        audit_log.keep_head(ours.home, head)
    session.clear()
    session[COOKIE] = token
    reply = go(link(FIRST.get(stage, "desk.overview")))
    reply.set_cookie(
        BROWSER,
        _signer().dumps([secrets.token_hex(16), account.name]),
        max_age=REMEMBERED,
        path="/desk/login",
        secure=current_app.session_interface.get_cookie_secure(current_app),
        httponly=True,
        samesite="Strict",
    )
    return reply


def _nobody() -> bool:
    with store().reading() as reading:
        return directory.is_empty(reading)


def _has_no_former() -> bool:
    """Whether the page of the first administrator has nothing to ask for: no former password, or there are accounts, or
    there were, and their file is missing."""
    ours = installation()
    if access.former_hash(ours.home) is None:
        return True
    return not _nobody() if store().exists() else ours.paths.log_head.exists()


def _browser_of(name: str) -> str:
    """What the cookie says where this account signed in before, "" where it did not or the cookie is not ours."""
    try:
        browser, account = _signer().loads(request.cookies.get(BROWSER, ""), max_age=REMEMBERED)
    except (BadSignature, TypeError, ValueError):
        return ""
    return str(browser) if account == name else ""


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="sipas desk browser")


def secret() -> str:
    """The installation's secret, under which keys of second factors lie encrypted."""
    return str(current_app.secret_key)

"""What everybody does with her own account: choose a password, set up the second factor, see and end her sessions."""

from __future__ import annotations

from flask import g, render_template, request, session

from sipas import i18n
from sipas.accounts import audit_log, directory, second_factor, sessions
from sipas.accounts.roles import NAMES, ROLES
from sipas.desk.blueprint import COOKIE, attempts, desk, officer, store
from sipas.desk.screens import qr_code
from sipas.desk.signing import WRONG_CODE, Page, begins, code_is_right, secret
from sipas.errors import N_, SipasError
from sipas.i18n import _
from sipas.web.installation import installation
from sipas.web.links import go, link


class WrongPassword(SipasError):
    """What was typed is not the password of whoever is signed in."""

    status = 422


DRAWN_KEY = "key"  # in the signed cookie while it is set up: the key that the page shows anyway


@desk.get("/account/password")
def own_password() -> Page:
    """Asks for a password of her own; who has one goes on."""
    if g.officer.stage == sessions.SETUP and not _must_change(g.officer.who.name):
        return go(link("desk.authenticator"))
    return render_template("desk/own_password.html", problem="")


@desk.post("/account/password")
def take_own_password() -> Page:
    """Stores it; other sessions of the account end. Signed in already, she shows the former one first."""
    ours, name = installation(), g.officer.who.name
    word, is_set_up = request.form.get("password", ""), g.officer.stage == sessions.SETUP
    if is_set_up and not _must_change(name):
        return go(link("desk.authenticator"))
    try:
        if word != request.form.get("again", ""):
            raise WrongPassword(N_("The two are not the same; please type both again."))
        if not is_set_up:
            _refuse_stranger(name)
        with store().reading() as reading:
            account = directory.find(reading, name)
        stored = directory.own_password(account, word)
        with audit_log.transaction(ours.home, name, "password changed", name) as writing:
            directory.choose(writing, name, stored)
            sessions.end_all(writing, name, but=session[COOKIE])
            account = directory.find(writing, name)
    except SipasError as error:
        return render_template("desk/own_password.html", problem=i18n.say(error)), 422
    if not is_set_up:
        return go(link("desk.account"))
    if account.second_factor is None and g.officer.who.needs_second_factor:
        return go(link("desk.authenticator"))
    return begins(account, sessions.WHOLE)  # whoever has a second factor has shown it before she came here


@desk.get("/account/authenticator")
def authenticator() -> Page:
    """A new key as QR code, and the field for its first code."""
    return _elsewhere() or _authenticator("", 200)


@desk.post("/account/authenticator")
def take_authenticator() -> Page:
    """Takes the key once its first code is right, and shows the recovery codes, once. Whoever is signed in shows
    password and former code first: a browser that was left open swaps no phone."""
    if (elsewhere := _elsewhere()) is not None:
        return elsewhere
    ours, name, key = installation(), g.officer.who.name, session.get(DRAWN_KEY, "")
    if g.officer.stage == sessions.WHOLE:
        try:
            _refuse_stranger(name)
            if not _shows_former_code(name):
                raise WrongPassword(WRONG_CODE)
        except SipasError as error:
            return _authenticator(i18n.say(error), 422)
    step = second_factor.step_of(key, request.form.get("code", ""), ours.now()) if key else None
    if step is None:
        return _authenticator(_(WRONG_CODE), 422)
    with audit_log.transaction(ours.home, name, "second factor set up", name) as writing:
        codes = directory.use_second_factor(writing, name, key, secret(), step)
        sessions.end_all(writing, name, but=session[COOKIE])
        account = directory.find(writing, name)
    reply = begins(account, sessions.WHOLE)  # the page below is read in the session that this makes
    reply.set_data(render_template("desk/codes.html", codes=codes))
    reply.status_code = 200
    del reply.headers["Location"]
    return reply


def _authenticator(problem: str, status: int) -> Page:
    key = session.get(DRAWN_KEY) or second_factor.new_key()
    session[DRAWN_KEY] = key
    picture = qr_code(second_factor.address(key, g.officer.who.name, "SIPAS"))
    grouped = " ".join(key[i : i + 4] for i in range(0, len(key), 4))
    return render_template(
        "desk/authenticator.html",
        problem=problem,
        key=grouped,
        picture=picture,
        has_session=g.officer.stage == sessions.WHOLE,
        has_factor=g.officer.who.has_second_factor,
    ), status


@desk.get("/account")
def account() -> str:
    """Her roles, her sessions, her recovery codes."""
    with store().reading() as reading:
        return render_template(
            "desk/account.html",
            one=directory.find(reading, officer().name),
            names=[NAMES[role] for role in ROLES if role in officer().roles],
            units=sorted(officer().units),
            sessions=sessions.count(reading, officer().name, installation().now().timestamp()),
            codes=second_factor.recovery_codes_left(reading, officer().name),
        )


@desk.post("/account/codes")
def new_codes() -> Page:
    """New recovery codes in place of those of before; the password is asked for once more."""
    name = officer().name
    _refuse_stranger(name)
    with audit_log.transaction(installation().home, name, "recovery codes made", name) as writing:
        codes = second_factor.new_recovery_codes(writing, directory.find(writing, name))
    return render_template("desk/codes.html", codes=codes)


@desk.post("/account/sessions")
def end_other_sessions() -> Page:
    """Sign out everywhere else."""
    name = officer().name
    with audit_log.transaction(installation().home, name, "sessions ended", name) as writing:
        sessions.end_all(writing, name, but=session[COOKIE])
    return go(link("desk.account"))


def _must_change(name: str) -> bool:
    with store().reading() as reading:
        return directory.find(reading, name).must_change


def _elsewhere() -> Page | None:
    """Where somebody goes who may not set up a phone now: a first password is replaced before, and what was set up is
    changed by whoever is signed in with it alone."""
    if g.officer.stage != sessions.SETUP:
        return None
    if _must_change(g.officer.who.name):
        return go(link("desk.own_password"))
    return go(link("desk.sign_in")) if g.officer.who.has_second_factor else None


def _shows_former_code(name: str) -> bool:
    """Whether the code of the phone that is set up now was typed, or none is set up."""
    return not g.officer.who.has_second_factor or code_is_right(name, request.form.get("former_code", ""))


def _refuse_stranger(name: str) -> None:
    """Whoever finds a browser signed in cannot change how the account signs in. Raises WrongPassword."""
    ours = installation()
    with store().reading() as reading:
        stored = directory.find(reading, name).password
    right = attempts().check(
        name, stored, request.form.get("former", ""), ours.limits.address_of(request), "", ours.today()
    )
    if not right:
        raise WrongPassword(N_("This is not your password of now. Please check capital letters and try again."))

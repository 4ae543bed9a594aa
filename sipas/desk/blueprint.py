"""The blueprint and its door: without a session no page but those for signing in, and none that a role may not see."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, g, request, session
from flask.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from sipas import clock, i18n
from sipas.accounts import audit_log, directory, permissions, sessions
from sipas.accounts.roles import Holder
from sipas.accounts.store import Store, store_of
from sipas.desk.attempts import Attempts
from sipas.errors import N_, SipasError, UnknownPoint
from sipas.fieldwork.models import Point
from sipas.fieldwork.points import point
from sipas.publishing.charts import TEMPLATE_TOOLS
from sipas.web.installation import installation, of_app
from sipas.web.links import go, link

COOKIE = "session"  # of the signed cookie: the random number that names a row of sessions, and nothing else
STEPS = {  # stage of a session -> the addresses that it opens
    sessions.CODE: {"desk.second_step", "desk.take_second_step", "desk.sign_out"},
    sessions.SETUP: {
        "desk.own_password",
        "desk.take_own_password",
        "desk.authenticator",
        "desk.take_authenticator",
        "desk.sign_out",
    },
}
FIRST = {sessions.CODE: "desk.second_step", sessions.SETUP: "desk.own_password"}

desk = Blueprint("desk", __name__, template_folder="templates")


class NotAllowed(SipasError):
    """Somebody is signed in, and none of her roles has the address at hand."""

    status = 403


@dataclass(frozen=True)
class SignedIn:
    """Who sent the request at hand, and how far she has shown who she is."""

    who: Holder
    stage: str
    begun: float

    @property
    def is_whole(self) -> bool:
        """Whether all was shown that the roles of today need."""
        return self.stage == sessions.WHOLE and not self.who.lacks_second_factor


@desk.record
def set_up(state: BlueprintSetupState) -> None:
    """Gives chart macros what they look up, and the application its count of attempts to sign in."""
    state.app.jinja_env.globals.update(TEMPLATE_TOOLS, may=may, signed_in=signed_in)
    state.app.extensions["sipas.desk"] = Attempts(of_app(state.app).limits)


def attempts() -> Attempts:
    """Who tries passwords at this application's desk."""
    found: Attempts = current_app.extensions["sipas.desk"]
    return found


def store() -> Store:
    """Accounts, sessions and log of this installation."""
    return store_of(installation().home)


@desk.app_template_filter("day")
def day(iso: str) -> str:
    """ "2026-07-15" as people write it."""
    return i18n.date(dt.date.fromisoformat(iso))


@desk.app_template_filter("moment_here")
def moment_here(iso: str) -> str:
    """A moment of the log by the province's clock."""
    moment = clock.local(dt.datetime.fromisoformat(iso))
    return f"{i18n.date(moment.date())}, {moment:%H:%M:%S}"


@desk.app_template_filter("deed_name")
def deed_name(what: str) -> str:
    """A deed of the log in words; commands are called what they are called."""
    if what in audit_log.DEEDS:
        return i18n._(audit_log.DEEDS[what])
    return f"sipas {what}"


@desk.app_template_filter("outcome_name")
def outcome_name(outcome: str) -> str:
    """An outcome of the log in words."""
    return i18n._(audit_log.OUTCOMES[outcome])


@desk.before_request
def ask_who_it_is() -> AnyResponse | None:
    """Deny by default: an address opens for the roles of its row in PERMISSIONS, and for nobody where it has none."""
    g.officer = _officer()
    what = request.endpoint or ""
    if permissions.is_public(what):
        return None
    if g.officer is None:
        return go(link("desk.sign_in"))
    steps = STEPS.get(g.officer.stage)
    if steps is not None:
        return None if what in steps else go(link(FIRST[g.officer.stage]))
    if what == "desk.sign_out":
        return None
    if not g.officer.is_whole:  # a role was added that a password alone does not open
        return None if what in STEPS[sessions.SETUP] else go(link("desk.authenticator"))
    found = permissions.scope(g.officer.who, what)
    if found is None:
        raise NotAllowed(
            N_("Your roles do not include this page. An administrator can give you the role that it needs.")
        )
    g.scope = found
    return None


def _officer() -> SignedIn | None:
    token = session.get(COOKIE)
    ours, now = store(), time.time()
    if not isinstance(token, str) or not ours.exists():
        return None
    with ours.reading() as reading:
        known, is_due = sessions.known(reading, token, now)
        who = directory.holder_of(reading, known.account, installation().today()) if known else None
    if known is None or who is None:
        return None
    if is_due:
        with ours.writing() as writing:
            sessions.touch(writing, token, now)
    return SignedIn(who, known.stage, known.begun)


def officer() -> Holder:
    """Who is signed in; only behind the door."""
    found: SignedIn = g.officer
    return found.who


def scope() -> permissions.Scope:
    """What of the province whoever is signed in may see on the page at hand."""
    found: permissions.Scope = g.scope
    return found


def refuse_other_unit(unit: str) -> None:
    """A clerk's page ends where her unit ends: 404, as for a thing that does not exist."""
    if not scope().covers(unit):
        raise NotFound


def own_point(session: Session, code: str) -> Point:
    """A point that whoever is signed in may see; to a clerk there is no other, whether or not it is elsewhere."""
    try:
        found = point(session, code)
    except UnknownPoint:
        if scope().units is None:
            raise
        raise NotFound from None
    refuse_other_unit(found.unit)
    return found


def logged(what: str, target: str = "", **facts: object) -> None:
    """What whoever is signed in did, in the log."""
    audit_log.note(installation().home, officer().name, what, target, facts=facts)


def signed_in() -> Holder | None:
    """The name and roles of whoever is signed in; None for strangers, and where the second step is still to come."""
    found = g.get("officer")
    return found.who if found and found.is_whole else None


def may(endpoint: str) -> bool:
    """Whether whoever is signed in may open an address: menus show nothing else."""
    found = g.get("officer")
    return bool(found) and found.is_whole and permissions.scope(found.who, endpoint) is not None


@desk.after_request
def keep_nothing(response: Response) -> Response:
    """Nothing of the desk stays in a browser."""
    response.headers["Cache-Control"] = "no-store"
    return response

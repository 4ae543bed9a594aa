"""The administrator's pages: accounts, their roles, deputies for leave. Of passwords she sees first ones alone, which
their owners replace at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas import i18n
from sipas.accounts import audit_log, directory, passwords
from sipas.accounts.roles import CLERK, NAMES, ROLES
from sipas.desk.blueprint import desk, officer, store
from sipas.desk.signing import Page
from sipas.errors import N_, SipasError, UnknownCode
from sipas.registry.models import Unit
from sipas.web.installation import installation
from sipas.web.links import go, link


@desk.get("/people")
def people() -> Page:
    """Every account."""
    return _people("", {}, 200)


def _people(problem: str, typed: dict[str, str], status: int) -> Page:
    with store().reading() as reading:
        listed = directory.listed(reading)
    return render_template(
        "desk/people.html", people=listed, names=NAMES, roles=ROLES, units=_units(), problem=problem, typed=typed
    ), status


@desk.post("/people")
def add_person() -> Page:
    """Makes an account and shows its first password, once."""
    name, person = request.form.get("name", "").strip().lower(), request.form.get("person", "")
    try:
        grants, first = _grants(), passwords.first()
        _does(
            "account added",
            name,
            lambda writing: directory.add(writing, name, person, grants, installation().today(), first.stored),
            roles=_plain(grants),
        )
    except SipasError as error:
        return _people(i18n.say(error), {"name": name, "person": person}, 422)
    return render_template("desk/first_password.html", name=name, person=person, word=first.word)


@desk.get("/people/<name>")
def person(name: str) -> Page:
    """One account."""
    return _person(name, "", 200)


def _person(name: str, problem: str, status: int) -> Page:
    with store().reading() as reading:
        name = directory.find(reading, name).name
        every = directory.listed(reading)
    return render_template(
        "desk/person.html",
        one=next(each for each in every if each.name == name),
        others=[each for each in every if each.name != name and each.is_active],
        names=NAMES,
        roles=ROLES,
        units=_units(),
        problem=problem,
        today=installation().today(),
    ), status


@desk.post("/people/<name>/roles")
def change_roles(name: str) -> Page:
    """Gives her these roles in place of those of before."""
    try:
        grants = _grants()
        _does(
            "roles changed",
            name,
            lambda writing: directory.grant(writing, directory.find(writing, name).name, grants),
            roles=_plain(grants),
        )
    except SipasError as error:
        return _person(name, i18n.say(error), 422)
    return go(link("desk.person", name=name))


@desk.post("/people/<name>/rest")
def rest_person(name: str) -> Page:
    """Puts the account to rest, or back to work."""
    is_active = request.form.get("active") == "yes"
    what = "account back at work" if is_active else "account put to rest"
    try:
        _does(what, name, lambda writing: directory.rest(writing, name, is_active))
    except SipasError as error:
        return _person(name, i18n.say(error), 422)
    return go(link("desk.person", name=name))


@desk.post("/people/<name>/reset")
def reset_person(name: str) -> Page:
    """A new first password for somebody who lost hers, or her phone."""
    first = passwords.first()
    _does("account reset", name, lambda writing: directory.reset(writing, name, first.stored))
    with store().reading() as reading:
        whose = directory.find(reading, name).person
    return render_template("desk/first_password.html", name=name, person=whose, word=first.word)


@desk.post("/people/<name>/deputy")
def add_deputy(name: str) -> Page:
    """Somebody stands in for her for some days."""
    deputy = request.form.get("deputy", "")
    try:
        first, last = (_day(request.form.get(field, "")) for field in ("first", "last"))
        _does(
            "deputy named",
            name,
            lambda writing: directory.name_deputy(writing, name, deputy, first, last),
            deputy=deputy,
            days=f"{first}/{last}",
        )
    except SipasError as error:
        return _person(name, i18n.say(error), 422)
    return go(link("desk.person", name=name))


@desk.post("/people/<name>/deputy/end")
def end_deputy(name: str) -> Page:
    """Nobody stands in for her any more."""
    _does("deputy ended", name, lambda writing: directory.end_deputies(writing, name))
    return go(link("desk.person", name=name))


def _does(what: str, name: str, deed: Callable[[Session], object], **facts: object) -> None:
    """The deed and its entry in the log, in one transaction."""
    with audit_log.transaction(installation().home, officer().name, what, name, facts) as writing:
        deed(writing)


def _grants() -> list[tuple[str, str]]:
    """The roles that the form names; a clerk's with her unit."""
    unit = request.form.get("unit", "")
    if unit and unit not in dict(_units()):
        raise UnknownCode(N_("There is no unit {unit} in the registry."), unit=unit[:20])
    return [(role, unit if role == CLERK else "") for role in request.form.getlist("role")]


def _plain(grants: list[tuple[str, str]]) -> list[str]:
    return [f"{role}:{unit}" if unit else role for role, unit in grants]


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise directory.AccountRefused(N_("Give the first and the last day of the leave.")) from None


def _units() -> list[tuple[str, str]]:
    """Code and name of every unit that receives people."""
    with installation().database.reading() as session:
        found = session.scalars(select(Unit).where(Unit.kind != "province", Unit.valid_to.is_(None)).order_by(Unit.id))
        return [(one.code, one.name) for one in found]

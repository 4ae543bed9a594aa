"""The people of the desk in tests: an account for any role, with password and second factor, signed in or typing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyotp
from flask.testing import FlaskClient

from sipas import clock
from sipas.accounts import directory, passwords, second_factor
from sipas.accounts.models import Account
from sipas.accounts.roles import ROLES
from sipas.accounts.store import store_of
from sipas.config.settings import Settings

PASSWORD = "mười bảy con chim sẻ"
KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def an_account(
    settings: Settings, name: str, *roles: str, unit: str = "", person: str = "", factor: bool = True
) -> str:
    """An account that has set up everything; every role where none is named. Gives back its name."""
    roles = roles or tuple(role for role in ROLES if role != "clerk")
    with store_of(settings.home).writing() as session:
        directory.add(
            session,
            name,
            person or name.title(),
            [(role, unit if role == "clerk" else "") for role in roles],
            dt.date(2026, 9, 1),
            passwords.HASHER.hash(PASSWORD),
            must_change=False,
        )
        if factor:
            session.get(Account, name).second_factor = second_factor.sealed(KEY, settings.secret("desk"))
    return name


def code(settings: Settings, name: str) -> str:
    """The six digits of now. The step spent last is forgotten, so that a test need not wait for the next one."""
    with store_of(settings.home).writing() as session:
        session.get(Account, name).last_step = 0
    return pyotp.TOTP(KEY).at(clock.now())


def typed_in(settings: Settings, *names: str) -> str:
    """What somebody types at a command that asks these accounts for password and code, one line each."""
    return "".join(f"{PASSWORD}\n{code(settings, name)}\n" for name in names)


def signs_in(client: FlaskClient, settings: Settings, name: str = "hoa", *roles: str, unit: str = "") -> FlaskClient:
    """A browser in which the account is signed in; the account is made where there is none of that name."""
    store = store_of(settings.home)
    known = False
    if store.exists():
        with store.reading() as session:
            known = session.get(Account, name) is not None
    if not known:
        an_account(settings, name, *roles, unit=unit)
    reply = client.post("/desk/login", data={"name": name, "password": PASSWORD})
    assert reply.status_code == 303, reply.text
    if reply.location.endswith("/desk/login/code"):
        reply = client.post("/desk/login/code", data={"code": code(settings, name)})
        assert (reply.status_code, reply.location) == (303, "/desk"), reply.text
    return client


def log_of(home: Path) -> list[tuple[str, str, str, str]]:
    """Account, deed, target and outcome of each entry, oldest first."""
    from sipas.accounts import audit_log

    with store_of(home).reading() as session:
        found = audit_log.entries(session, count=100_000)
    return [(one.account, one.deed, one.target, one.outcome) for one in reversed(found)]

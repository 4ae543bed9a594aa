"""Showing who one is: name and password, then the second factor; counted on all processes, and logged.

Wrong passwords are counted by account and by address (`PasswordDoor`, given by whoever has the limits); wrong codes of
the second factor by account alone, for only somebody who knows the password gets there.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from sipas.accounts import passwords, second_factor
from sipas.accounts.models import Account
from sipas.files.home_paths import HomePaths


def account_of(session: Session, name: str) -> Account | None:
    """The active account that was typed, None where there is none; a simulated one is none outside of a demo."""
    found = session.get(Account, name.strip().lower()[:40])
    return found if found is not None and found.is_active and may_be_used(session, found) else None


def may_be_used(session: Session, account: Account) -> bool:
    """Whether the account is a real one, or the home a demo's: its pages tell everybody the code."""
    return not account.is_simulated or HomePaths(session.info["home"]).demo.exists()


def has_shown(session: Session, name: str, password: str, code: str, secret: str, now: dt.datetime) -> Account | None:
    """The account, where password and, if it has one, second factor are right; a code that was right is spent."""
    account = account_of(session, name)
    if not passwords.is_right(account.password if account else "", password) or account is None:
        return None
    if account.second_factor is not None and not second_factor.spend(session, account, code, secret, now):
        return None
    return account

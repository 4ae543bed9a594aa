"""The names under which wrong passwords and codes of accounts are counted, for whoever counts them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import select

from sipas.accounts.models import Account
from sipas.accounts.store import store_of

FORMER = "code former password"  # of those who try the desk's password of before accounts


def password_key(account: str) -> str:
    """Of wrong passwords of an account."""
    return f"password {account}"


def code_key(account: str) -> str:
    """Of wrong codes of its second factor."""
    return f"code {account}"


def unknown_name(name: str) -> str:
    """Under which of sixteen names a name that nobody has is counted; no account can be called so."""
    return f"?{hashlib.sha256(name.encode()).digest()[0] % 16}"


def guessed_of(home: Path) -> list[str]:
    """All of a home: the night keeps these counters."""
    store = store_of(home)
    strangers = [password_key(f"?{number}") for number in range(16)]
    if not store.exists():
        return [FORMER, *strangers]
    with store.reading() as session:
        names = session.scalars(select(Account.name)).all()
    return [FORMER, *strangers, *map(password_key, names), *map(code_key, names)]

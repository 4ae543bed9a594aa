"""Passwords of accounts: Argon2id, and what is asked of a new one."""

from __future__ import annotations

import secrets
import unicodedata
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sipas.errors import N_, SipasError

SHORTEST, LONGEST = 12, 200  # characters
DISTINCT = 6  # different characters at least
HASHER = PasswordHasher()  # RFC 9106, second recommended choice: 64 MiB, 3 passes; 0.2 s on a small server
_LETTERS = "abcdefghkmnpqrstuvwxyz23456789"  # none that is mistaken for another


class WeakPassword(SipasError):
    """A password that could be guessed."""

    status = 422


def hashed(password: str, account: str) -> str:
    """The encoded hash of a password that somebody chose; raises WeakPassword."""
    word = plain(password)
    if len(word) < SHORTEST:
        raise WeakPassword(N_("A password needs at least {shortest} characters."), shortest=SHORTEST)
    if len(word) > LONGEST:
        raise WeakPassword(N_("A password has at most {longest} characters."), longest=LONGEST)
    if len(set(word)) < DISTINCT or account in word.casefold():
        raise WeakPassword(
            N_("This password could be guessed: it repeats few characters, or contains the account's name.")
        )
    return HASHER.hash(word)


def is_right(stored: str, password: str) -> bool:
    """Whether this is the password behind a stored hash. Takes as long for an account that nobody has (`stored` "")."""
    try:
        return HASHER.verify(stored or _nobody(), plain(password)[:LONGEST]) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


class First(NamedTuple):
    """A password that somebody is given, good until she makes her own; and its hash, which is stored."""

    word: str
    stored: str


def first() -> First:
    """A new one. Hashing takes 0.2 s: not in a transaction."""
    word = generated()
    return First(word, HASHER.hash(word))


def generated() -> str:
    """Sixteen letters and digits that cannot be mistaken for each other: 78 bits.

    >>> len(generated())
    19
    """
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def plain(password: str) -> str:
    """As typed on any keyboard: a letter and its accents may come in one character or in several."""
    return unicodedata.normalize("NFC", password)


_made: list[str] = []


def _nobody() -> str:
    """A hash that no password opens, as dear as a real one."""
    if not _made:
        _made.append(HASHER.hash(secrets.token_hex(16)))
    return _made[0]

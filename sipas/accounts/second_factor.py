"""The second factor: six digits of a phone's authenticator (TOTP, RFC 6238), and recovery codes on paper.

The key lies encrypted under `keys/desk.secret`, which no backup holds: a stolen copy of the file makes no codes. A code
is good once, also for two processes that are shown it at the same moment.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from sipas.accounts.models import Account, RecoveryCode
from sipas.errors import N_, NotReady

STEP = 30  # seconds
DRIFT = 1  # steps that a phone's clock may be off, either way
CODES = 10  # recovery codes
_LETTERS = "abcdefghkmnpqrstuvwxyz23456789"


class LostKey(NotReady):
    """The second factor cannot be read: `keys/desk.secret` is another one than it was encrypted under."""


def new_key() -> str:
    """A key for an authenticator, in base 32: 160 bits."""
    return pyotp.random_base32()


def address(key: str, account: str, issuer: str) -> str:
    """What the QR code holds that an authenticator reads: an `otpauth:` address."""
    return pyotp.TOTP(key).provisioning_uri(name=account, issuer_name=issuer)


def sealed(key: str, secret: str) -> bytes:
    """The key, encrypted under the home's secret: 12 random bytes, then AES-GCM."""
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(_under(secret)).encrypt(nonce, key.encode(), None)


def opened(account: Account, secret: str) -> str:
    """An account's key; raises LostKey."""
    stored = account.second_factor or b""
    try:
        return AESGCM(_under(secret)).decrypt(stored[:12], stored[12:], None).decode()
    except (InvalidTag, ValueError):
        raise LostKey(
            N_(
                "The second factor of {name} cannot be read: keys/desk.secret is not the one of before. An "
                "administrator, or `sipas user reset {name}`, sets it anew."
            ),
            name=account.name,
        ) from None


def step_of(key: str, code: str, now: dt.datetime, last: int = 0) -> int | None:
    """The time step whose code this is, later than the one that was spent `last`; None where it is none of them.

    >>> key, moment = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    >>> step_of(key, pyotp.TOTP(key).at(moment), moment) == moment.timestamp() // 30
    True
    """
    middle = int(now.timestamp()) // STEP
    digits = "".join(code.split())
    for step in range(middle - DRIFT, middle + DRIFT + 1):
        if hmac.compare_digest(pyotp.TOTP(key).at(step * STEP).encode(), digits.encode()) and step > last:
            return step
    return None


def code_now(account: Account, secret: str, now: dt.datetime) -> str:
    """The six digits of this moment."""
    return pyotp.TOTP(opened(account, secret)).at(now)


def spend(session: Session, account: Account, code: str, secret: str, now: dt.datetime) -> bool:
    """Whether this is the account's code now, or one of its recovery codes; whichever it is, it is good no more."""
    gone = delete(RecoveryCode).where(RecoveryCode.account == account.name, RecoveryCode.code == _hash(account, code))
    if session.execute(gone).rowcount:  # type: ignore[attr-defined]
        return True  # looked at first: it serves where the key cannot be read
    step = step_of(opened(account, secret), code, now, account.last_step)
    if step is None:
        return False
    fresh = update(Account).where(Account.name == account.name, Account.last_step < step).values(last_step=step)
    return bool(session.execute(fresh).rowcount)  # type: ignore[attr-defined]


def new_recovery_codes(session: Session, account: Account) -> list[str]:
    """Ten new codes for paper, shown once; those of before are good no more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account == account.name))
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(6)) for _ in range(2)) for _ in range(CODES)]
    session.add_all(RecoveryCode(account=account.name, code=_hash(account, code)) for code in codes)
    return codes


def recovery_codes_left(session: Session, account: str) -> int:
    """How many were not spent."""
    return len(session.scalars(select(RecoveryCode.code).where(RecoveryCode.account == account)).all())


def _hash(account: Account, code: str) -> str:
    return hashlib.sha256(f"{account.name}\n{''.join(code.split()).lower()}".encode()).hexdigest()


def _under(secret: str) -> bytes:
    return hashlib.sha256(b"sipas second factor\n" + secret.encode()).digest()

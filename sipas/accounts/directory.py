"""The accounts: made, changed, put to rest; never removed, for the log names them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sipas.accounts import passwords, proof, second_factor, sessions
from sipas.accounts.models import Account, Deputy, RecoveryCode, RoleGrant
from sipas.accounts.roles import ADMINISTRATOR, CLERK, ROLES, Holder, holder
from sipas.errors import N_, NotReady, UnknownCode

NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
LONGEST_LEAVE = 92  # days


class AccountRefused(NotReady):
    """What was asked of an account cannot be done."""

    status = 422


@dataclass(frozen=True)
class Listed:
    """An account as lists show it."""

    name: str
    person: str
    roles: tuple[tuple[str, str], ...]  # role, unit
    is_active: bool
    has_second_factor: bool
    must_change: bool
    is_simulated: bool
    deputies: tuple[Deputy, ...]


def find(session: Session, name: str) -> Account:
    """The account of that name; raises UnknownCode."""
    found = session.get(Account, name.strip().lower())
    if found is None:
        raise UnknownCode(N_("There is no account “{name}”; `sipas user list` shows them."), name=name[:40])
    return found


def is_empty(session: Session) -> bool:
    """Whether nobody has an account yet."""
    return session.scalar(select(Account.name).limit(1)) is None


def listed(session: Session) -> list[Listed]:
    """Every account, by name."""
    grants, away = session.scalars(select(RoleGrant)).all(), session.scalars(select(Deputy)).all()
    return [
        Listed(
            one.name,
            one.person,
            tuple((grant.role, grant.unit) for role in ROLES for grant in grants if _is(grant, one, role)),
            one.is_active,
            one.second_factor is not None,
            one.must_change,
            one.is_simulated,
            tuple(each for each in away if each.account == one.name),
        )
        for one in session.scalars(select(Account).order_by(Account.name))
    ]


def _is(grant: RoleGrant, account: Account, role: str) -> bool:
    return grant.account == account.name and grant.role == role


def add(
    session: Session,
    name: str,
    person: str,
    grants: Collection[tuple[str, str]],
    today: dt.date,
    stored: str,
    must_change: bool = True,
) -> None:
    """Make an account with the hash of a first password, or, without `must_change`, of her own.

    `grants` are pairs of role and unit, "" for every role but a clerk's. Raises AccountRefused.
    """
    if not NAME.fullmatch(name):
        raise AccountRefused(
            N_("An account's name has 2 to 40 of a-z, 0-9, dot, dash and underscore, and begins with a letter.")
        )
    if session.get(Account, name) is not None:
        raise AccountRefused(N_("There is an account “{name}” already."), name=name)
    session.add(
        Account(
            name=name,
            person=_person(person),
            password=stored,
            must_change=must_change,
            second_factor=None,
            last_step=0,
            is_active=True,
            is_simulated=False,
            made_on=today,
        )
    )
    session.flush()
    grant(session, name, grants)


def grant(session: Session, name: str, grants: Collection[tuple[str, str]]) -> None:
    """Give an account these roles in place of its own. Raises AccountRefused; the last administrator stays one."""
    for role, unit in grants:
        if role not in ROLES:
            raise AccountRefused(
                N_("There is no role “{role}”; there are: {roles}."), role=role[:20], roles=", ".join(ROLES)
            )
        if bool(unit) != (role == CLERK):
            raise AccountRefused(N_("A clerk belongs to one unit, and no other role does: clerk:CODE of the unit."))
    before = administrators(session)
    session.execute(delete(RoleGrant).where(RoleGrant.account == name))
    session.add_all(RoleGrant(account=name, role=role, unit=unit) for role, unit in sorted(set(grants)))
    _refuse_to_lose_the_last(before, session)


def rename(session: Session, name: str, person: str) -> None:
    """Give an account another person's name, as after a marriage; releases keep the one of their day."""
    find(session, name).person = _person(person)


def rest(session: Session, name: str, is_active: bool) -> None:
    """Put an account to rest, or back to work; whoever is signed in with it is so no more."""
    account, before = find(session, name), administrators(session)
    account.is_active = is_active
    sessions.end_all(session, account.name)
    _refuse_to_lose_the_last(before, session)


def reset(session: Session, name: str, stored: str) -> None:
    """A first password's hash for somebody who lost her password, or her phone; second factor and sessions end."""
    account = find(session, name)
    account.password, account.must_change, account.second_factor = stored, True, None
    session.execute(delete(RecoveryCode).where(RecoveryCode.account == account.name))
    sessions.end_all(session, account.name)


def own_password(account: Account, password: str) -> str:
    """The hash of a password that the account's owner chose; raises WeakPassword, AccountRefused where it is the one of
    before. It takes 0.4 s: not in a transaction."""
    if passwords.is_right(account.password, password):
        raise AccountRefused(N_("This is the password of before; please choose another."))
    return passwords.hashed(password, account.name)


def choose(session: Session, name: str, stored: str) -> None:
    """The hash of the owner's own password (`own_password`)."""
    account = find(session, name)
    account.password, account.must_change = stored, False


def use_second_factor(session: Session, name: str, key: str, secret: str, step: int) -> list[str]:
    """From now on the account asks for the codes of this key, after that of `step`; returns its recovery codes."""
    account = find(session, name)
    account.second_factor, account.last_step = second_factor.sealed(key, secret), step
    return second_factor.new_recovery_codes(session, account)


def name_deputy(session: Session, name: str, deputy: str, first: dt.date, last: dt.date) -> None:
    """For some days `deputy` holds the roles of `name`, who is on leave. Raises AccountRefused."""
    one, other = find(session, name), find(session, deputy)
    if one.name == other.name:
        raise AccountRefused(N_("Nobody is her own deputy."))
    if not 0 <= (last - first).days < LONGEST_LEAVE:
        raise AccountRefused(N_("A deputy stands in for 1 to {most} days."), most=LONGEST_LEAVE)
    session.merge(Deputy(account=one.name, deputy=other.name, first_day=first, last_day=last))


def end_deputies(session: Session, name: str) -> int:
    """Nobody stands in for `name` any more; returns how many did, or would have."""
    gone = delete(Deputy).where(Deputy.account == find(session, name).name)
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]


def holder_of(session: Session, name: str, day: dt.date) -> Holder | None:
    """What an account may be on a day; None where there is none, or it is at rest."""
    account = proof.account_of(session, name)
    return holder(session, account, day) if account is not None else None


def administrators(session: Session) -> Sequence[str]:
    """Those that can sign in."""
    found = session.scalars(
        select(Account)
        .join(RoleGrant, RoleGrant.account == Account.name)
        .where(Account.is_active, RoleGrant.role == ADMINISTRATOR)
        .order_by(Account.name)
    )
    return [one.name for one in found if proof.may_be_used(session, one)]


def _refuse_to_lose_the_last(before: Sequence[str], session: Session) -> None:
    session.flush()
    if before and not administrators(session):
        raise AccountRefused(N_("One administrator must remain; give that role to somebody else first."))


def _person(name: str) -> str:
    words = " ".join(unicodedata.normalize("NFC", name).split())
    if not 2 <= len(words) <= 100:
        raise AccountRefused(N_("Give the person's name, in 2 to 100 characters."))
    return words

"""Who decides at the command line: accounts that show password and second factor here and now.

The operator decides for nobody. In an emergency, when accounts cannot be used, names are typed and a reason is given:
both stand in the log, and in the manifest of the release.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sipas.cli.common import note
from sipas.errors import N_, NotReady
from sipas.i18n import _

if TYPE_CHECKING:
    from sipas.accounts.decisions import Decider
    from sipas.config.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
REASON = 500  # characters


class NotShown(NotReady):
    """Password or second factor was not right, or the account has not the role that the deed needs."""


def decided_by(people: int) -> Callable[[F], F]:
    """The options of a command that `people` accounts decide: --account, and --by with --emergency."""
    accounts = _("Account that decides; its password and second factor are asked for.")
    if people == 2:
        accounts = _("Account that decides: given twice, for two people. Password and second factor are asked for.")

    def add(command: F) -> F:
        command = click.option("--emergency", default="", metavar=_("REASON"), help=EMERGENCY)(command)
        command = click.option("--by", "names", multiple=True, help=_("With --emergency: the name of who decides."))(
            command
        )
        return click.option("--account", "accounts", multiple=True, help=accounts)(command)

    return add


EMERGENCY = _(
    "When accounts cannot be used: names are typed with --by. The reason stands in the log and in the manifest of the "
    "release."
)


def deciders(
    where: Settings, what: str, target: str, people: int, accounts: Sequence[str], names: Sequence[str], emergency: str
) -> list[Decider]:
    """The people who decide `what`, a command of PERMISSIONS, about `target`.

    Raises UsageError where accounts and typed names do not fit, NotShown where somebody did not show who she is.
    """
    from sipas.accounts import audit_log
    from sipas.accounts.decisions import typed

    if names and not emergency:
        raise click.UsageError(
            _(
                "A typed name is no longer taken: --account NAME asks for password and second factor (`sipas user "
                "add` makes accounts). When accounts cannot be used: --by NAME --emergency REASON."
            )
        )
    if emergency and accounts:
        raise click.UsageError(_("--account and --emergency contradict each other."))
    given = names if emergency else accounts
    if len(given) != people:
        raise click.UsageError(how_often(people, "--by" if emergency else "--account"))
    if not emergency:
        found = [_shown(where, what, target, name) for name in accounts]
        if len({one.account for one in found}) < people:
            raise NotShown(N_("Two people must say it: two accounts."))
        return found
    reason = " ".join(emergency.split())
    if not 1 <= len(reason) <= REASON:
        raise click.UsageError(_("Give the reason of the emergency, in 1 to {most} characters.", most=REASON))
    audit_log.note(where.home, "", f"{what}, emergency", target, facts={"by": list(names), "reason": reason})
    note(_("Names were typed: this stands in the log and in the manifest of the release."))
    return [typed(name, reason) for name in names]


def with_emergency(reason: str, people: Sequence[Decider]) -> str:
    """A reason that is published, with that of the emergency where names were typed."""
    emergency = people[0].emergency
    return f"{reason} (--emergency: {emergency})" if emergency and reason.strip() else reason


def how_often(people: int, option: str) -> str:
    """How often the option must be given."""
    if people == 1:
        return _("One person decides this: give {option} once.", option=option)
    return _("Two people must say it: give {option} twice.", option=option)


def _shown(where: Settings, what: str, target: str, name: str) -> Decider:
    from sipas import clock
    from sipas.accounts import audit_log, directory, permissions, proof
    from sipas.accounts.decisions import Decider
    from sipas.accounts.store import store_of

    store = store_of(where.home)
    if store.exists():
        with store.reading() as session:
            is_empty = directory.is_empty(session)
    if not store.exists() or is_empty:
        raise NotReady(N_("There is no account yet; `sipas user add` makes them."))
    with store.reading() as session:
        known = proof.account_of(session, name)
        has_factor = known is not None and known.second_factor is not None
    password = _ask(_("Password of {name}", name=name))
    code = _ask(_("Code of the second factor of {name}", name=name)) if has_factor or known is None else ""
    with store.writing() as session:
        account = proof.has_shown(session, name, password, code, where.secret("desk"), clock.now())
        who = directory.holder_of(session, account.name, clock.today()) if account else None
    if account is None or who is None:
        if known is not None:
            audit_log.note(where.home, known.name, what, target, audit_log.REFUSED, {"why": "not shown"})
        raise NotShown(N_("Password or code of “{name}” is not right, or there is no such account."), name=name)
    if account.must_change or account.second_factor is None:
        raise NotShown(
            N_("“{name}” has not set up password and second factor yet: she signs in at the desk first."), name=name
        )
    if permissions.scope(who, what) is None:
        audit_log.note(where.home, who.name, what, target, audit_log.REFUSED, {"why": "role"})
        raise NotShown(
            N_("“{name}” may not do this; it needs one of these roles: {roles}."),
            name=name,
            roles=", ".join(permissions.PERMISSIONS[what]),
        )
    return Decider(who.person, who.name)


def _ask(what: str) -> str:
    """At a terminal without showing it; from a script one line of standard input each."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True))
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        line = ""
    if not line:
        raise click.UsageError(
            _("{what} is asked for; there is no terminal, so give it as a line of input.", what=what)
        )
    return line.rstrip("\r\n")

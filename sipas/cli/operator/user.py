"""`sipas user`: accounts of the desk, from the shell: the first one, and whoever an administrator cannot help."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from sipas import clock
from sipas.cli.common import database, example, json_option, note, print_json, print_table, settings
from sipas.errors import N_, UnknownCode
from sipas.i18n import _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from sipas.accounts.store import Store
    from sipas.config.settings import Settings

ROLE_HELP = _("A role; a clerk's with the code of her unit, as clerk:03646. May be given several times.")


@click.group(help=_("Accounts of the desk, and their roles."))
def user() -> None:
    """Group of commands."""


@user.command(
    help=_("Make an account and print its first password, which its owner replaces when she signs in."),
    epilog=example("sipas user add hoa --person 'Lò Thị Hoa' --role administrator"),
)
@click.argument("name")
@click.option("--person", required=True, help=_("The person's name, as it stands in releases."))
@click.option("--role", "roles", multiple=True, required=True, help=ROLE_HELP)
def add(name: str, person: str, roles: tuple[str, ...]) -> None:
    from sipas.accounts import directory, passwords
    from sipas.desk.access import forget

    where = settings()
    grants = _grants(where, roles)
    first = passwords.first()
    _does(
        where,
        "account added",
        name,
        lambda session: directory.add(session, name, person, grants, clock.today(), first.stored),
        roles=list(roles),
    )
    forget(where.home)
    click.echo(first.word)
    note(_("Account {name} was made. This password is good until she signs in and makes her own.", name=name))


@user.command("list", help=_("List the accounts with their roles."), epilog=example("sipas user list"))
@json_option
def list_users(as_json: bool) -> None:
    from sipas.accounts import directory

    where = settings()
    database(where)
    with _store(where).reading() as session:
        found = directory.listed(session)
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "person": one.person,
                    "roles": [f"{role}:{unit}" if unit else role for role, unit in one.roles],
                    "active": one.is_active,
                    "second_factor": one.has_second_factor,
                }
                for one in found
            ]
        )
        return
    print_table(
        [_("account"), _("person"), _("roles"), _("second factor"), _("active")],
        [
            [
                one.name,
                one.person,
                ", ".join(f"{role}:{unit}" if unit else role for role, unit in one.roles),
                _("yes") if one.has_second_factor else _("no"),
                _("yes") if one.is_active else _("no"),
            ]
            for one in found
        ],
    )


@user.command(
    help=_("Give an account these roles in place of those that it has."),
    epilog=example("sipas user roles hoa --role coordinator --role clerk:03646"),
)
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help=ROLE_HELP)
def roles(name: str, roles: tuple[str, ...]) -> None:
    from sipas.accounts import directory

    where = settings()
    grants = _grants(where, roles)
    _does(
        where,
        "roles changed",
        name,
        lambda session: directory.grant(session, directory.find(session, name).name, grants),
        roles=list(roles),
    )
    note(_("The roles of {name} were changed.", name=name))


@user.command(
    help=_("Change the person's name of an account; releases keep the one of their day."),
    epilog=example("sipas user rename hoa --person 'Lò Thị Hoa'"),
)
@click.argument("name")
@click.option("--person", required=True, help=_("The person's name, as it stands in releases."))
def rename(name: str, person: str) -> None:
    from sipas.accounts import directory

    _does(settings(), "account renamed", name, lambda session: directory.rename(session, name, person))
    note(_("Account {name} is {person}'s.", name=name, person=person))


@user.command(
    help=_("Put an account to rest: nobody signs in with it, its name stays in the log."),
    epilog=example("sipas user rest hoa"),
)
@click.argument("name")
def rest(name: str) -> None:
    from sipas.accounts import directory

    _does(settings(), "account put to rest", name, lambda session: directory.rest(session, name, False))
    note(_("Account {name} is at rest; whoever was signed in with it is so no more.", name=name))


@user.command("return", help=_("Put an account back to work."), epilog=example("sipas user return hoa"))
@click.argument("name")
def come_back(name: str) -> None:
    from sipas.accounts import directory

    _does(settings(), "account back at work", name, lambda session: directory.rest(session, name, True))
    note(_("Account {name} is back at work.", name=name))


@user.command(
    help=_(
        "Print a new first password for somebody who lost hers, or her phone, or where the server's clock is wrong so "
        "that no code fits. Second factor and sessions end."
    ),
    epilog=example("sipas user reset hoa"),
)
@click.argument("name")
def reset(name: str) -> None:
    from sipas.accounts import directory, passwords

    first = passwords.first()
    _does(settings(), "account reset", name, lambda session: directory.reset(session, name, first.stored))
    click.echo(first.word)
    note(_("Account {name} has a new first password; its owner sets up the second factor anew.", name=name))


@user.command(
    help=_("Let DEPUTY hold the roles of NAME for the days of a leave."),
    epilog=example("sipas user deputy hoa an --from 2026-12-07 --to 2026-12-18"),
)
@click.argument("name")
@click.argument("deputy", required=False)
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help=_("The first day."))
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help=_("The last day."))
@click.option("--end", is_flag=True, help=_("Nobody stands in for NAME any more."))
def deputy(name: str, deputy: str | None, first: dt.datetime | None, last: dt.datetime | None, end: bool) -> None:
    from sipas.accounts import directory

    where = settings()
    if end:
        _does(where, "deputy ended", name, lambda session: directory.end_deputies(session, name))
        note(_("Nobody stands in for {name}.", name=name))
        return
    if not deputy or first is None or last is None:
        raise click.UsageError(_("Give the deputy, --from and --to; or --end."))
    days = first.date(), last.date()
    _does(
        where,
        "deputy named",
        name,
        lambda session: directory.name_deputy(session, name, deputy, *days),
        deputy=deputy,
        days=f"{days[0]}/{days[1]}",
    )
    note(
        _(
            "{deputy} stands in for {name} from {first} to {last}.",
            deputy=deputy,
            name=name,
            first=days[0],
            last=days[1],
        )
    )


def _does(where: Settings, what: str, name: str, deed: Callable[[Session], object], **facts: object) -> None:
    """The deed and its entry in the log, in one transaction of the operator's."""
    from sipas.accounts import audit_log

    database(where)
    with audit_log.transaction(where.home, "", what, name, facts) as session:
        deed(session)


def _store(where: Settings) -> Store:
    from sipas.accounts.store import store_of

    return store_of(where.home)


def _grants(where: Settings, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """ "clerk:03646" as role and unit; raises UnknownCode for a unit that is not in the registry."""
    from sqlalchemy import select

    from sipas.registry.models import Unit

    grants = [(role, unit) for role, _colon, unit in (word.partition(":") for word in words)]
    with database(where).reading() as session:
        for _role, unit in grants:
            if unit and session.scalar(select(Unit.id).where(Unit.code == unit)) is None:
                raise UnknownCode(N_("There is no unit {unit} in the registry."), unit=unit)
    return grants

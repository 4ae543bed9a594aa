"""`sipas desk password`."""

from __future__ import annotations

import secrets
import sys

import click

from sipas.cli.common import database, example, note, settings
from sipas.i18n import _


@click.group(help=_("The officers' desk."))
def desk() -> None:
    """Group of commands."""


@desk.command(
    help=_("Set the desk's password: asked for twice, or made and printed with --generate."),
    epilog=example("sipas desk password --generate"),
)
@click.option("--generate", is_flag=True, help=_("Make a password and print it."))
def password(generate: bool) -> None:
    from sipas.desk.access import set_password

    where = settings()
    database(where)
    if generate:
        word = new_password()
        click.echo(word)
    elif not sys.stdin.isatty():
        raise click.UsageError(_("There is no terminal to ask for a password at; use --generate."))
    else:
        word = click.prompt(_("New password"), hide_input=True, confirmation_prompt=_("Once more"))
    set_password(where.home, word, is_generated=generate)
    note(_("The desk's password was set. Whoever was signed in must sign in again."))


def new_password() -> str:
    """Sixteen letters and digits that cannot be mistaken for each other: 78 bits.

    >>> len(new_password())
    19
    """
    letters = "abcdefghkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))

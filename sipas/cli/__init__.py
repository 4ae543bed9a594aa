"""The command line. Each command lies in `analyst/` or `operator/` and is imported only when it is called or listed.

Results go to standard output, messages and progress to standard error. Exit status: 0 done, 1 refused by the data or
the state of things, 2 wrongly called.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator

import click

from sipas.cli import operating_errors
from sipas.cli.click_words import speak_the_language
from sipas.cli.logged import with_log
from sipas.errors import N_, SipasError, UnknownPoint
from sipas.i18n import _, check_language, say

speak_the_language()  # before the first option says its words

COMMANDS = {
    "demo": "sipas.cli.operator.demo:demo",
    "init": "sipas.cli.operator.setup:init",
    "config": "sipas.cli.operator.config:config",
    "migrate": "sipas.cli.operator.setup:migrate",
    "serve": "sipas.cli.operator.serve:serve",
    "doctor": "sipas.cli.operator.doctor.command:doctor",
    "probe": "sipas.cli.operator.probe:probe",
    "maintain": "sipas.cli.operator.upkeep:maintain",
    "backup": "sipas.cli.operator.upkeep:backup",
    "restore": "sipas.cli.operator.upkeep:restore",
    "service": "sipas.cli.operator.service:service",
    "registry": "sipas.cli.operator.registry:registry",
    "point": "sipas.cli.operator.points:point",
    "invitations": "sipas.cli.operator.invitations:invitations",
    "keypair": "sipas.cli.operator.keycopies:keypair",
    "device": "sipas.cli.operator.device:device",
    "wave": "sipas.cli.operator.waves:wave",
    "frame": "sipas.cli.operator.frame:frame",
    "instrument": "sipas.cli.operator.instrument:instrument",
    "responses": "sipas.cli.operator.responses:responses",
    "comments": "sipas.cli.operator.comments:comments",
    "freeze": "sipas.cli.operator.publishing:freeze",
    "estimate": "sipas.cli.analyst.estimate:estimate",
    "compare": "sipas.cli.analyst.compare:compare",
    "rank": "sipas.cli.analyst.rank:rank",
    "trend": "sipas.cli.analyst.trend:trend",
    "selection": "sipas.cli.analyst.selection:selection",
    "quality": "sipas.cli.analyst.quality:quality",
    "improve": "sipas.cli.analyst.improve:improve",
    "small-areas": "sipas.cli.analyst.small_areas:small_areas",
    "onestop": "sipas.cli.analyst.one_stop:one_stop",
    "sample": "sipas.cli.analyst.sample:sample",
    "release": "sipas.cli.operator.publishing:release",
    "user": "sipas.cli.operator.user:user",
    "log": "sipas.cli.operator.log:log",
    "words": "sipas.cli.operator.words:words",
    "manual": "sipas.cli.operator.manual:manual",
}


GONE = {
    "desk": N_(
        "The desk has accounts now, and no password of its own: `sipas user add NAME --person PERSON --role "
        "administrator` makes the first; see `sipas manual operator`, “Accounts, roles and the log”."
    )
}


class Commands(click.Group):
    """Loads a command when it is asked for, in the order of the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in GONE:
            raise click.UsageError(_(GONE[name]), ctx)
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name].split(":")
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found if ".analyst." in module else with_log(name, found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Every command, those of groups too, each with what it does and one example."""
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is None:
                continue
            for whole, one in _below(f"sipas {name}", command):
                with formatter.section(whole):
                    formatter.write_text(one.help or "")
                    formatter.write_text((one.epilog or "").partition("\n")[0])


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command, or those of a group however deep, each under its whole name."""
    if isinstance(command, click.Group):
        for word, one in command.commands.items():
            yield from _below(f"{name} {word}", one)
    else:
        yield name, command


@click.group(
    cls=Commands,
    help=_(
        "Asks citizens how well the administration served them, and publishes the answer so that it can be believed."
    ),
    epilog=_("Start with: sipas demo. The manuals: sipas manual"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="sipas", prog_name="sipas")
def group() -> None:
    """All commands."""


def main() -> None:
    """Runs a command; a person sees one clear sentence, never a stack trace (SIPAS_DEBUG=1 shows it to a developer)."""
    try:
        check_language(os.environ)
        group(prog_name="sipas")
    except Exception as error:
        if os.environ.get("SIPAS_DEBUG"):
            raise
        if hasattr(error, "template"):
            click.echo(say(error) + _where_listed(error), err=True)
        else:
            click.echo(_told(error), err=True)
        sys.exit(1)


def _where_listed(error: Exception) -> str:
    """Where somebody at the command line looks up what a visitor cannot."""
    return " " + _("`sipas point list` shows them.") if isinstance(error, UnknownPoint) else ""


def _told(error: Exception) -> str:
    """What can be said of an error that nobody foresaw."""
    if (known := _of_the_database(error)) is not None:
        return say(known)
    if sentence := operating_errors.told(error):
        return sentence
    if type(error).__module__.startswith("sqlalchemy") and type(error).__name__ == "OperationalError":
        return _("The database did not answer: {reason}. See `sipas doctor`.", reason=getattr(error, "orig", error))
    if isinstance(error, FileExistsError):
        return _("{file} exists already and is not overwritten; give another name.", file=error.filename)
    if isinstance(error, FileNotFoundError) and error.filename:
        return _(
            "{file}: there is no such file or folder; check the path, and make its folder first.", file=error.filename
        )
    if isinstance(error, OSError):
        return _("{file}: {reason}.", file=error.filename or "?", reason=error.strerror or str(error))
    return _(
        "Something unforeseen happened ({kind}: {reason}) and stopped the command; a part of its work may be done. See "
        "`sipas doctor`. Set SIPAS_DEBUG=1 and run the same command again to see where, and please report it.",
        kind=type(error).__name__,
        reason=error,
    )


def _of_the_database(error: Exception) -> SipasError | None:
    """What the driver's error says of the database: damaged, foreign, without its tables, with the next step."""
    if not type(error).__module__.startswith(("sqlalchemy", "sqlite3", "psycopg")):
        return None
    from sipas.config.sources import load_settings
    from sipas.storage.condition import fault

    return fault(error, load_settings())

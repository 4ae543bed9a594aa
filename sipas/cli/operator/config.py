"""`sipas config`: the settings that lie in the home, each with its value, where that comes from, and what it is for."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path

import click

from sipas.cli.common import example, json_option, note, print_json
from sipas.config import home_file
from sipas.config.sources import IN_HOME, SETTINGS, Origin, home_of, origins, value_of
from sipas.config.values import text_of
from sipas.errors import N_
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import only_for_us
from sipas.i18n import _

SOURCES = {"default": N_("default"), "home": N_("home"), "environment": N_("environment")}


@click.group(
    help=_(
        "Settings, kept in the home folder (settings.conf) for the server and every command alike. An environment "
        "variable, SIPAS_ and the name in capitals, goes before the home; `sipas doctor` says where one does."
    )
)
def config() -> None:
    """Group of commands."""


@config.command(
    "list",
    help=_("List every setting: its value, whether that is the default or comes from home or environment, its help."),
    epilog=example("sipas config list"),
)
@json_option
def list_(as_json: bool) -> None:
    found = origins()
    if as_json:
        print_json([_row(name, one) for name, one in found.items()])
        return
    wide = min(shutil.get_terminal_size().columns, 110)
    for name, one in found.items():
        told = SETTINGS[name].metadata["help"]
        click.echo(f"{name} = {one.shown(name)}  ({_(SOURCES[one.source])})".replace("=   (", "=  ("))
        click.echo(textwrap.fill(_(told), wide, initial_indent="    ", subsequent_indent="    "))


def _row(name: str, one: Origin) -> dict[str, str]:
    told = SETTINGS[name].metadata["help"]
    return {
        "name": name,
        "value": one.shown(name),
        "source": one.source,
        "default": text_of(SETTINGS[name].default) if name in IN_HOME else "",
        "help": _(told),
    }


@config.command(
    "set",
    help=_(
        "Set NAME to VALUE in the home folder; with - as VALUE it is read from standard input, so that a password "
        "stays out of the shell's history. A running server takes it on when it is restarted."
    ),
    epilog=example("sipas config set address https://sonla.example.vn"),
)
@click.argument("name")
@click.argument("value")
def set_(name: str, value: str) -> None:
    only_for_us()
    name, home = _known(name), _home()
    value = sys.stdin.readline().strip() if value == "-" else value.strip()
    home_file.checked(value, name)
    value_of(name, value, name)
    if name == "authority":
        value = _copied(home, Path(value))
    home_file.put(home, name, value)
    note(_("{name} is set, in {file}.", name=name, file=HomePaths(home).settings))
    _who_must_start_again(home)
    _what_goes_before(name, origins()[name])


@config.command(
    help=_("Take NAME out of the home folder's settings: its default holds again."),
    epilog=example("sipas config unset other_addresses"),
)
@click.argument("name")
def unset(name: str) -> None:
    only_for_us()
    home = _home()
    if home_file.take_away(home, name.strip()):  # whatever stands there, also a name that this program does not know
        note(_("{name} was taken away; its default holds.", name=name))
    elif home_file.take_away(home, _known(name)):
        note(_("{name} was taken away; its default holds.", name=_known(name)))
    else:
        note(_("{name} was not set in {file}.", name=_known(name), file=HomePaths(home).settings))
        return
    _who_must_start_again(home)
    if name in IN_HOME:
        _what_goes_before(name, origins()[name])


def _known(name: str) -> str:
    """The setting that is meant; raises BadLine with the names that there are."""
    plain = name.strip().lower().replace("-", "_").removeprefix("sipas_")
    if plain not in IN_HOME:
        raise home_file.unknown(plain, IN_HOME, "sipas config")
    return plain


def _home() -> Path:
    """The home, without reading the file that may be what is to be mended."""
    found: Path = home_of().value
    return found


def _copied(home: Path, certificate: Path) -> str:
    """A copy of the authority's certificate in the home, which may be copied to another machine; gives its name."""
    from sipas.files.state_files import write_whole
    from sipas.web.certificates import check_authority

    there = HomePaths(home).authority
    if (home / certificate).is_file() and not certificate.is_file():
        certificate = home / certificate
    check_authority(certificate)
    if certificate.resolve() != there.resolve():
        write_whole(there, certificate.read_bytes())
    return there.name


def _what_goes_before(name: str, found: Origin) -> None:
    if found.source == "environment":
        note(
            _(
                "Here SIPAS_{name} goes before it: {value}. Take the variable away where the home is to hold.",
                name=name.upper(),
                value=found.shown(name),
            )
        )


def _who_must_start_again(home: Path) -> None:
    from sipas.monitoring.servers import servers

    if servers(home):
        note(_("A server is running by the former settings; restart it, and it goes by these."))

"""What the commands share: settings, the database, tables and JSON on standard output, messages on standard error."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipas.config.settings import Settings
from sipas.config.sources import load_settings
from sipas.files.state_files import only_for_us
from sipas.i18n import _

if TYPE_CHECKING:
    from sipas.registry.province import ProvinceName
    from sipas.storage.database import Database


def example(line: str) -> str:
    """The closing line of a command's help."""
    return _("Example: {line}", line=line)


def settings() -> Settings:
    """The home's, the environment over it. What is written from now on is for its owner alone, whatever the umask."""
    from surveys import also_from

    only_for_us()
    found = load_settings()
    also_from(found.paths.instruments)
    return found


def database(of: Settings | None = None) -> Database:
    """The database, checked to be there and to fit this program."""
    from sipas.storage.condition import check
    from sipas.storage.database import Database

    where = of or settings()
    found = Database.of(where)
    check(where, found)
    return found


def asker(base: Database) -> ProvinceName:
    """The province, by the registry; says so where the environment still names another. Raises NoProvince."""
    from sipas import clock
    from sipas.registry.province import province

    with base.reading() as session:
        found = province(session, clock.today())
    if said := another_name(found):
        note(said)
    return found


def another_name(ours: ProvinceName) -> str:
    """What is to be said of SIPAS_PROVINCE, "" where it names the registry's province, or nothing."""
    from sipas.config.sources import former_province

    former = former_province()
    if not former or former.casefold() in ours.names:
        return ""
    return _(
        "SIPAS_PROVINCE says “{former}”, the registry “{name}”. The registry holds: pages, posters and releases say "
        "“{name}”. Take the variable away; if the registry is another province's, see `sipas manual operator`, “The "
        "registry”.",
        former=former,
        name=ours.name,
    )


def note(message: str) -> None:
    """A message for the person, apart from results."""
    click.echo(message, err=True)


def checked_workbook(path: Path) -> Path:
    """A path for a new workbook; refuses other endings."""
    if path.suffix.lower() != ".xlsx":
        raise click.BadParameter(_("{file} must end in {suffixes}", file=path.name, suffixes=".xlsx"))
    return path


def print_json(value: Any) -> None:
    """A result for a script."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A result for a person: columns as wide as they need, numbers to the right."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(_width(line[i]) for line in [list(headers), *lines]) for i in range(len(headers))]
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(headers))]
    for line in [list(headers), ["-" * width for width in widths], *lines]:
        cells = (_pad(cell, width, to_right) for cell, width, to_right in zip(line, widths, right, strict=True))
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 1 for c in text)


def _pad(text: str, width: int, to_right: bool) -> str:
    blank = " " * (width - _width(text))
    return blank + text if to_right else text + blank


json_option = click.option("--json", "as_json", is_flag=True, help=_("Print JSON for scripts instead of a table."))

host_option = click.option(
    "--host", default="127.0.0.1", show_default=True, help=_("Address to listen at; 0.0.0.0 for the network.")
)
certificate_option = click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("Serve HTTPS with this certificate (PEM, with those between it and the authority); kiosks need it."),
)
key_option = click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("The certificate's private key (PEM)."),
)

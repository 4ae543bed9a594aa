"""`sipas registry load`."""

from __future__ import annotations

from pathlib import Path

import click

from sipas.commands.common import database, example, note
from sipas.i18n import _


@click.group(help=_("Units, service fields and who is responsible for what."))
def registry() -> None:
    """Group of commands."""


@registry.command(
    help=_(
        "Load units.csv, services.csv, competence.csv and crosswalk.csv from FOLDER, all or nothing (default: Sơn La)."
    ),
    epilog=example("sipas registry load ./my-province"),
)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def load(folder: Path | None) -> None:
    from sipas.registry.importing import OURS, load_registry

    with database().writing() as session:
        counts = load_registry(session, folder or OURS)
    note(
        _(
            "Loaded: {units} units, {services} service fields, {competence} rules of competence, "
            "{crosswalk} crosswalk rows.",
            **counts,
        )
    )

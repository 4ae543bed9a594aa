"""`sipas registry load` and `sipas registry list`."""

from __future__ import annotations

from pathlib import Path

import click

from sipas.commands.common import database, example, json_option, note, print_json, print_table
from sipas.i18n import _

KINDS = {
    "province": _("province"),
    "department": _("department"),
    "centre": _("centre"),
    "ward": _("ward"),
    "commune": _("commune"),
    "district": _("district"),
}


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


@registry.command(
    "list",
    help=_("List the units or the service fields with their codes; with WORD those whose code or name holds it."),
    epilog=example("sipas registry list units 'to hieu'"),
)
@click.argument("what", type=click.Choice(["units", "services"]))
@click.argument("word", default="")
@json_option
def list_(what: str, word: str, as_json: bool) -> None:
    from sqlalchemy import select

    from sipas.registry.models import Service, Unit
    from sipas.registry.units import holds

    with database().reading() as session:
        found: list[Unit] | list[Service] = (
            list(session.scalars(select(Unit).order_by(Unit.id)))
            if what == "units"
            else list(session.scalars(select(Service).order_by(Service.rank)))
        )
    listed = [
        {
            "code": one.code,
            "name": one.name,
            "name_en": one.name_en,
            **({"kind": one.kind, "parent": one.parent} if isinstance(one, Unit) else {}),
            "valid_from": str(one.valid_from) if one.valid_from else None,
            "valid_to": str(one.valid_to) if one.valid_to else None,
        }
        for one in found
        if holds(word, one.code, one.name, one.name_en)
    ]
    if as_json:
        print_json(listed)
        return
    kinds = [_("kind")] if what == "units" else []
    print_table(
        [_("code"), _("name"), _("name in English"), *kinds, _("from"), _("to")],
        [
            [
                one["code"],
                one["name"],
                one["name_en"],
                *([KINDS[str(one["kind"])]] if kinds else []),
                one["valid_from"] or "",
                one["valid_to"] or "",
            ]
            for one in listed
        ],
    )

"""What `sipas doctor` says of the registry: one unit under two codes, dossiers at the wrong office; of the province
`setting_findings` speaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sipas.cli.operator.doctor.survey_findings import WARN, Finding
from sipas.i18n import _, number, say

if TYPE_CHECKING:
    from sipas.corrections.phantoms import Phantom
    from sipas.storage.database import Database

SHOWN = 5


def registry(home: Path, database: Database) -> Iterator[Finding]:
    """Only what is amiss."""
    from sipas.corrections.changing import misplaced_counts
    from sipas.corrections.phantoms import phantoms
    from sipas.registry.models import Service, Unit

    with database.reading() as session:
        told = list(misplaced_counts(session).values())
        twice = {"unit": phantoms(session, home, Unit), "service": phantoms(session, home, Service)}
    for what, found in twice.items():
        yield from _phantoms(what, found)
    for one in told[:SHOWN]:
        yield WARN, say(one)
    if len(told) > SHOWN:
        yield WARN, _("... and {more} more", more=number(len(told) - SHOWN))


def _phantoms(what: str, found: list[Phantom]) -> Iterator[Finding]:
    """One line for those that may go, with the command, and one for those that are used."""
    for group in ([one for one in found if one.is_free], [one for one in found if not one.is_free]):
        if not group:
            continue
        some = ", ".join(f"{one.code} = {one.beside} {one.name}" for one in group[:SHOWN])
        some += ", …" if len(group) > SHOWN else ""
        if group[0].is_free:
            yield (
                WARN,
                _(
                    "{count} codes of the registry are others but for the zeros before them ({some}): most likely a "
                    "file that Excel had saved. Nothing uses them. Take them out: {command}",
                    count=number(len(group)),
                    some=some,
                    command=f"sipas registry remove {what} " + " ".join(one.code for one in group),
                ),
            )
        else:
            yield (
                WARN,
                _(
                    "{count} codes of the registry are others but for the zeros before them and are used ({some}). "
                    "`sipas registry remove {what} CODE` says by what; take that out first, or give the wrong one its "
                    "last day (`sipas registry close`).",
                    count=number(len(group)),
                    some=some,
                    what=what,
                ),
            )

"""What `sipas doctor` says of the registry: two provinces, dossiers at the wrong office."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sipas.commands.findings import BAD, WARN, Finding
from sipas.i18n import _, number, say

if TYPE_CHECKING:
    from sipas.database import Database

SHOWN = 5


def registry(database: Database) -> Iterator[Finding]:
    """Only what is amiss."""
    from sipas.corrections.changing import misplaced_counts
    from sipas.registry.importing import standing_provinces

    with database.reading() as session:
        names = [one.name for one in standing_provinces(session)]
        told = list(misplaced_counts(session).values())
    if len(names) > 1:
        yield (
            BAD,
            _(
                "The registry holds several provinces at once: {names}. Somebody loaded another one's files. Take out "
                "what nothing uses (`sipas registry remove unit CODE`) and close the rest (`sipas registry close`), or "
                "restore a backup from before.",
                names=", ".join(names),
            ),
        )
    for one in told[:SHOWN]:
        yield WARN, say(one)
    if len(told) > SHOWN:
        yield WARN, _("... and {more} more", more=number(len(told) - SHOWN))

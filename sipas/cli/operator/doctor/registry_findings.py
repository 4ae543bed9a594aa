"""What `sipas doctor` says of the registry: dossiers at the wrong office; of the province `setting_findings` speaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sipas.cli.operator.doctor.survey_findings import WARN, Finding
from sipas.i18n import _, number, say

if TYPE_CHECKING:
    from sipas.storage.database import Database

SHOWN = 5


def registry(database: Database) -> Iterator[Finding]:
    """Only what is amiss."""
    from sipas.corrections.changing import misplaced_counts

    with database.reading() as session:
        told = list(misplaced_counts(session).values())
    for one in told[:SHOWN]:
        yield WARN, say(one)
    if len(told) > SHOWN:
        yield WARN, _("... and {more} more", more=number(len(told) - SHOWN))

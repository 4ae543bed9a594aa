"""What `sipas doctor` finds of the ways of an answer: walked with a synthetic one, or not."""

from __future__ import annotations

from collections.abc import Iterator

from sipas import clock
from sipas.cli.operator.doctor.survey_findings import BAD, GOOD, Finding
from sipas.config.settings import Settings
from sipas.errors import SipasError
from sipas.i18n import _, number, say


def not_walked(_where: Settings) -> Iterator[Finding]:
    yield (
        GOOD,
        _("Nobody walked the way of an answer now; `sipas doctor --probe` does, at every point that asks today."),
    )


def walked(where: Settings) -> Iterator[Finding]:
    """Every way of every point that asks today, and what was not walked."""
    from sipas.cli.operator.probe import WAYS, asking, walks
    from sipas.fieldwork.points import points
    from sipas.fieldwork.waves import open_wave_at
    from sipas.storage.database import Database

    base, ask = Database.of(where), asking(where)
    whole, resting = dict.fromkeys(WAYS, 0), 0
    with base.reading() as session:
        codes = [place.code for place in points(session)]
    for code in codes:
        try:
            with base.reading() as session:
                open_wave_at(session, code, clock.today(), where.home)
        except SipasError:
            resting += 1
            continue
        try:
            for way in walks(base, where, ask, code):
                whole[way] += 1
        except SipasError as error:
            yield BAD, _("Point {point}: {reason}", point=code, reason=say(error))
    for way, count in whole.items():
        yield GOOD, _("Walked whole at {count} points: {way}.", count=number(count), way=_(WAYS[way]))
    if resting:
        yield GOOD, _("Not walked: {count} points at which no survey is open today.", count=number(resting))
    yield (
        GOOD,
        _("Not walked: a screen's own scripts and store; open a kiosk and look for yourself.")
        if where.address
        else _("Not walked: the line from citizens to here, for no address is set; and a screen's own scripts."),
    )

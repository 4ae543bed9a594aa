"""`sipas wave`: when they are asked, and what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sipas import clock
from sipas.cli.common import database, example, json_option, note, print_json, print_table, settings
from sipas.cli.operator.keycopies import key_copy, key_renew, key_restore
from sipas.cli.operator.stops import stop_destruction
from sipas.i18n import _, language, number, say
from sipas.i18n.code_labels import with_code, word

if TYPE_CHECKING:
    from sipas.errors import SipasError
    from sipas.fieldwork.small_cells.points import Fineness
    from sipas.fieldwork.small_cells.report import Settled

SHOWN = 20  # remarks about the frame
DAY = click.DateTime(["%Y-%m-%d"])


@click.group(help=_("Waves: periods of asking."))
def wave() -> None:
    """Group of commands."""


@wave.command("list", help=_("List the waves with the answers stored now."), epilog=example("sipas wave list --json"))
@json_option
def list_waves(as_json: bool) -> None:
    from sipas.fieldwork.waves import waves
    from sipas.intake import late_by_point, stored, unfinished, without_point
    from sipas.keyring import wave_keys

    where = settings()
    with database(where).reading() as session:
        listed: list[dict[str, Any]] = [
            {
                "wave": one.code,
                "state": one.stage,
                "series": one.series,
                "population": one.population,
                "instrument": one.instrument,
                "responses": stored(session, one.id),
                "partial": one.partial,
                "unfinished": unfinished(session, one.id),
                "without_point": without_point(session, one.id),
                "version": one.version,
                "opens_on": str(one.opens_on),
                "closes_on": str(one.closes_on) if one.closes_on else None,
                "simulated": one.simulated,
                "late": sum(late_by_point(session, one.id).values()),
                "grace_until": str(one.grace_until) if one.grace_until else None,
                "dropped_on": str(one.dropped_on) if one.dropped_on else None,
                "keys": list(wave_keys.held(where.home, one.code, wave_keys.EVERY)),
            }
            for one in waves(session)
        ]
    if as_json:
        print_json(listed)
    else:
        print_table(
            [
                _("wave"),
                _("state"),
                _("series"),
                _("asks"),
                _("questionnaire"),
                _("answers"),
                _("of them without a point"),
                _("late"),
                _("from"),
                _("to"),
                _("grace until"),
                _("keys here"),
            ],
            [
                [
                    w["wave"],
                    word("state", w["state"]),
                    word("series", w["series"]),
                    word("population", w["population"]),
                    f"{w['instrument']} v{w['version']}",
                    w["responses"],
                    w["without_point"],
                    w["late"],
                    w["opens_on"],
                    w["closes_on"] or "",
                    w["grace_until"] or "",
                    ", ".join(with_code("key", key) for key in w["keys"]),
                ]
                for w in listed
            ],
        )


@wave.command(
    "open",
    help=_(
        "Open a wave with a questionnaire, at every point or at those named. Load dossier counts of an earlier period "
        "first: they tell where few people come and answers must be stored coarser."
    ),
    epilog=example("sipas wave open 2026-2 --instrument service-2024 --until 2026-12-31"),
)
@click.argument("code")
@click.option("--instrument", required=True, help=_("Code of the questionnaire, such as service-2024."))
@click.option("--title", default="", help=_("Name of the wave on pages and in reports."))
@click.option("--from", "first", type=DAY, help=_("First day (default: today)."))
@click.option("--until", "last", type=DAY, help=_("Last day (default: until it is closed)."))
@click.option(
    "--point", "places", multiple=True, help=_("A point where it asks; repeat for more (default: every point).")
)
@click.option(
    "--coarsest",
    is_flag=True,
    help=_("Without dossier counts: store no answer's field, month or profile, as if few people came everywhere."),
)
@click.option(
    "--dry-run", is_flag=True, help=_("Open nothing; say how finely answers would be stored, and what is missing.")
)
@click.option(
    "--partial",
    default="drop",
    show_default=True,
    help=_(
        "What becomes of a form that is left in the middle on a kiosk: drop, or keep (marked, and counted apart). The "
        "first page says it."
    ),
)
@click.option(
    "--series",
    default="main",
    show_default=True,
    help=_(
        "To which figures it belongs: main (the province's own; the public front page shows its newest release), trial "
        "or other. It is chosen here and never changes."
    ),
)
@click.option(
    "--population",
    type=click.Choice(("visitors", "households")),
    help=_(
        "Whom it asks, where the questionnaire leaves a choice. Only visitors are weighted to dossiers; households "
        "need --series other, and their figures are never added to those of visitors."
    ),
)
def open_(
    code: str,
    instrument: str,
    title: str,
    first: dt.datetime | None,
    last: dt.datetime | None,
    places: tuple[str, ...],
    coarsest: bool,
    dry_run: bool,
    partial: str,
    series: str,
    population: str | None,
) -> None:
    from sipas.fieldwork.ended import refuse_old_snapshot
    from sipas.fieldwork.handovers import handovers
    from sipas.fieldwork.households import asks_households
    from sipas.fieldwork.small_cells.points import fineness
    from sipas.fieldwork.small_cells.report import settled
    from sipas.fieldwork.waves import open_wave
    from sipas.keyring import wave_keys
    from surveys import load

    questionnaire = load(instrument)
    where = settings()
    refuse_old_snapshot(where.home, code)
    with database(where).writing() as session:
        opened = open_wave(
            session,
            code,
            questionnaire.code,
            questionnaire.version,
            title=title,
            opens_on=first.date() if first else clock.today(),
            closes_on=last.date() if last else None,
            at=places,
            coarsest=coarsest,
            partial=partial,
            series=series,
            population=population or "",
            simulated=where.paths.demo.exists(),  # whatever is asked in the demo's folder is for trying
        )
        outcome, fine, coming = settled(session, opened), fineness(session, opened), handovers(session, opened)
        if dry_run:
            session.rollback()
        else:
            wave_keys.make(where.home, opened.code)
    if outcome:
        _tell(outcome, coarsest)
    if asks_households(opened):
        note(
            _(
                "Households are asked no service field, and their answers stand for no dossiers; each keeps the "
                "commune, the language, sex and age, as far as they are said."
            )
        )
    else:
        _say_points(fine)
    _say_all(coming)
    if dry_run:
        note(_("Nothing was opened (--dry-run)."))
        return
    note(
        _(
            "Wave {code} is open with {instrument} v{version}.",
            code=code,
            instrument=questionnaire.code,
            version=questionnaire.version,
        )
    )


def _say_points(fine: Fineness) -> None:
    """How many answers will not say at which point they were given."""
    note(
        _(
            "Stored without the point, for several places receive such dossiers and nobody counts how few came to "
            "each: {unplaced} of {taken} service fields, counted at each point.",
            unplaced=number(fine.unplaced),
            taken=number(fine.taken),
        )
    )


def _tell(outcome: Settled, coarsest: bool) -> None:
    """How finely the wave stores, office by office where it stores least."""
    note(
        _(
            "At {kept} of {fields} pairs of office and service field, answers are stored with month, field, language, "
            "sex and age; at the other {few}, with few dossiers, they are not.",
            kept=number(outcome.kept),
            fields=number(outcome.fields),
            few=number(outcome.fields - outcome.kept),
        )
    )
    if outcome.bare:
        note(_("Offices that keep none, {count}:", count=number(len(outcome.bare))))
    for one in outcome.bare:
        name = one.name_en if language() == "en" else one.name
        note(f"  {one.code} {name}: {say(one.reason)}")
    _say_all(outcome.remarks)
    if not coarsest and outcome.kept < outcome.fields:
        note(_("If counts are missing, load them before the wave opens: what it settles holds until it ends."))


def _say_all(remarks: Sequence[SipasError]) -> None:
    for remark in remarks[:SHOWN]:
        note(say(remark))
    if len(remarks) > SHOWN:
        note(_("... and {more} more", more=number(len(remarks) - SHOWN)))


@wave.command(help=_("Close a wave: from now on no answer is taken."), epilog=example("sipas wave close 2026-2"))
@click.argument("code")
def close(code: str) -> None:
    from sipas.fieldwork.waves import close_wave

    with database().writing() as session:
        close_wave(session, code, clock.today())
    note(_("Wave {code} is closed. Next: `sipas freeze {code}`.", code=code))


@wave.command(
    help=_(
        "Drop all answers and comments of a frozen wave from the database, before the retention does it by itself; the "
        "snapshot stays. There is no way to drop or change a single answer."
    ),
    epilog=example("sipas wave drop 2026-1"),
)
@click.argument("code")
def drop(code: str) -> None:
    from sipas.expiry.trusted_date import ClockReading, look
    from sipas.publishing.retention import drop as run
    from sipas.publishing.stops import gate

    where, now = settings(), ClockReading.now()
    base = database(where)
    with base.reading() as session:
        opened = gate(session, look(where.home, now), now.day)
    dropped = run(base, where.home, code, opened)
    note(
        _(
            "{count} answers of wave {wave} were dropped from the database; its snapshot stays.",
            count=dropped,
            wave=code,
        )
    )


wave.add_command(stop_destruction)
wave.add_command(key_copy)
wave.add_command(key_restore)
wave.add_command(key_renew)

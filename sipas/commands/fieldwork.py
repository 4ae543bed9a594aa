"""`sipas point`, `sipas wave` and `sipas frame`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipas import clock
from sipas.commands.common import database, example, json_option, note, print_json, print_table, settings
from sipas.commands.keycopies import key_copy, key_restore
from sipas.i18n import _, language, number, say

if TYPE_CHECKING:
    from sipas.fieldwork.settled import Settled

SHOWN = 20  # remarks about the frame
CHANNELS = ("kiosk", "phone", "web", "paper", "telephone", "import")  # as `fieldwork.models` has them, which a test
FORMS, INVITATIONS = ("short", "full"), ("none", "optional", "required")  # sees to: importing those takes long
DAY = click.DateTime(["%Y-%m-%d"])


@click.group(help=_("Receiving points: kiosks, links, desks for paper."))
def point() -> None:
    """Group of commands."""


@point.command(
    "list",
    help=_("List the points; `open` says whether a survey is open there today."),
    epilog=example("sipas point list --json"),
)
@json_option
def list_points(as_json: bool) -> None:
    from sipas.errors import NoOpenWave
    from sipas.fieldwork.points import points
    from sipas.fieldwork.waves import open_wave_at

    with database().reading() as session:
        listed = []
        for place in points(session):
            try:
                open_wave_at(session, place.code, clock.today())
                is_open = True
            except NoOpenWave:
                is_open = False
            listed.append(
                {
                    "point": place.code,
                    "name": place.name,
                    "unit": place.unit,
                    "channel": place.channel,
                    "form": place.form,
                    "invitation": place.invitation,
                    "open": is_open,
                    "url": f"/k/{place.code}",
                }
            )
    if as_json:
        print_json(listed)
    else:
        print_table(
            [_("point"), _("name"), _("unit"), _("channel"), _("form"), _("open"), _("address")],
            [
                [
                    p["point"],
                    p["name"],
                    p["unit"],
                    p["channel"],
                    p["form"],
                    _("yes") if p["open"] else _("no"),
                    p["url"],
                ]
                for p in listed
            ],
        )


@point.command(
    help=_("Make a receiving point; it joins the open wave."),
    epilog=example('sipas point add to-hieu-1 --unit 03646 --name "Bộ phận Một cửa phường Tô Hiệu"'),
)
@click.argument("code")
@click.option("--unit", "unit_code", required=True, help=_("Code of the unit that receives here."))
@click.option("--name", default="", help=_("Name shown to visitors, in Vietnamese; default: the unit's."))
@click.option("--name-en", default="", help=_("Name shown to visitors, in English."))
@click.option(
    "--channel",
    type=click.Choice(CHANNELS),
    default="kiosk",
    show_default=True,
    help=_("kiosk, phone, web, paper, telephone or import."),
)
@click.option(
    "--form", type=click.Choice(FORMS), default="short", show_default=True, help=_("The short or the full form.")
)
def add(code: str, unit_code: str, name: str, name_en: str, channel: str, form: str) -> None:
    from sipas.fieldwork.points import add_point

    with database().writing() as session:
        place = add_point(
            session, code, unit_code, name=name, name_en=name_en, channel=channel, form=form, opened_on=clock.today()
        )
    note(_("Point {code} was made. Its address: {url}", code=place.code, url=f"/k/{place.code}"))


@point.command(
    "set",
    help=_(
        "Change a point: its name, its channel, its form, or whether people may or must bring an invitation code to "
        "answer."
    ),
    epilog=example("sipas point set to-hieu-1 --form full"),
)
@click.argument("code")
@click.option("--name", help=_("Name shown to visitors, in Vietnamese."))
@click.option("--name-en", help=_("Name shown to visitors, in English."))
@click.option("--invitation", type=click.Choice(INVITATIONS), help=_("none, optional or required."))
@click.option(
    "--form",
    type=click.Choice(FORMS),
    help=_("short or full, from the next visit on; the first page says how long it takes."),
)
@click.option(
    "--channel",
    type=click.Choice(CHANNELS),
    help=_("kiosk, phone, web, paper, telephone or import, from the next answer on."),
)
def set_(
    code: str,
    name: str | None,
    name_en: str | None,
    invitation: str | None,
    form: str | None,
    channel: str | None,
) -> None:
    from sipas.fieldwork.points import point, rename, set_channel, set_form, set_invitation

    if all(one is None for one in (name, name_en, invitation, form, channel)):
        raise click.UsageError(_("Say what to change: --name, --name-en, --channel, --form or --invitation."))
    with database().writing() as session:
        place = point(session, code)
        rename(session, code, name or "", name_en or "")
        if form is not None:
            set_form(session, code, form)
        if channel is not None and channel != "kiosk":  # only then may codes be required
            set_channel(session, code, channel)
        if invitation is not None:
            set_invitation(session, code, invitation)
        if channel == "kiosk":  # only where none are
            set_channel(session, code, channel)
    note(
        _(
            "Point {code}, {name}: channel {channel}, form {form}, invitation {invitation}.",
            code=place.code,
            name=place.name,
            channel=place.channel,
            form=place.form,
            invitation=place.invitation,
        )
    )


@point.command(
    "close",
    help=_("Close a point: from tomorrow on nobody is asked there, and it joins no new wave. What it asked stays."),
    epilog=example("sipas point close to-hieu-1"),
)
@click.argument("code")
def close_(code: str) -> None:
    from sipas.fieldwork.points import close_point

    with database().writing() as session:
        place = close_point(session, code, clock.today())
    note(_("Point {code} is closed; its last day is {day}.", code=place.code, day=place.closed_on))


@point.command(
    help=_("Print a poster for a point as PDF: scanning its QR code opens the point's questionnaire."),
    epilog=example("sipas point poster to-hieu-1 --out poster.pdf"),
)
@click.argument("code")
@click.option("--out", required=True, type=click.Path(path_type=Path), help=_("The PDF file to write."))
@click.option("--size", type=click.Choice(["A4", "A3"]), default="A4", show_default=True, help=_("Paper: A4 or A3."))
def poster(code: str, out: Path, size: str) -> None:
    from sipas.fieldwork.points import point as find
    from sipas.inviting.printing import poster as run

    if out.suffix.lower() != ".pdf":
        raise click.BadParameter(_("{file} must end in {suffixes}", file=out.name, suffixes=".pdf"))
    where = settings()
    with database(where).reading() as session:
        place = find(session, code)
    out.write_bytes(run(place, where.address, where.province, size))
    note(_("The poster is in {file}.", file=out))


@click.group(help=_("Waves: periods of asking."))
def wave() -> None:
    """Group of commands."""


@wave.command("list", help=_("List the waves with the answers stored now."), epilog=example("sipas wave list --json"))
@json_option
def list_waves(as_json: bool) -> None:
    from sipas import keys
    from sipas.fieldwork.waves import waves
    from sipas.intake import late_by_point, stored, unfinished, without_point

    where = settings()
    with database(where).reading() as session:
        listed: list[dict[str, Any]] = [
            {
                "wave": one.code,
                "state": one.state,
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
                "keys": list(keys.held(where.home, one.code)),
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
                    _(w["state"]),
                    f"{w['instrument']} v{w['version']}",
                    w["responses"],
                    w["without_point"],
                    w["late"],
                    w["opens_on"],
                    w["closes_on"] or "",
                    w["grace_until"] or "",
                    " ".join(w["keys"]),
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
) -> None:
    from sipas import keys
    from sipas.fieldwork.kept_points import fineness
    from sipas.fieldwork.settled import settled
    from sipas.fieldwork.waves import open_wave
    from surveys import load

    questionnaire = load(instrument)
    where = settings()
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
            simulated=(where.home / "demo").exists(),  # whatever is asked in the demo's folder is for trying
        )
        outcome, fine = settled(session, opened), fineness(session, opened)
        if dry_run:
            session.rollback()
        else:
            keys.make(where.home, opened.code)
    if outcome:
        _tell(outcome, coarsest)
    note(
        _(
            "Stored without the point, for several places receive such dossiers and nobody counts how few came to "
            "each: {unplaced} of {taken} service fields, counted at each point.",
            unplaced=number(fine.unplaced),
            taken=number(fine.taken),
        )
    )
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


def _tell(outcome: Settled, coarsest: bool) -> None:
    """How finely the wave stores, office by office where it stores least."""
    note(
        _(
            "{kept} of {fields} fields keep their detail: month, field and profile.",
            kept=number(outcome.kept),
            fields=number(outcome.fields),
        )
    )
    if outcome.bare:
        note(_("Offices that keep none, {count}:", count=number(len(outcome.bare))))
    for one in outcome.bare:
        name = one.name_en if language() == "en" else one.name
        note(f"  {one.code} {name}: {say(one.reason)}")
    for remark in outcome.remarks[:SHOWN]:
        note(say(remark))
    if len(outcome.remarks) > SHOWN:
        note(_("... and {more} more", more=number(len(outcome.remarks) - SHOWN)))
    if not coarsest and outcome.kept < outcome.fields:
        note(_("If counts are missing, load them before the wave opens: what it settles holds until it ends."))


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
    from sipas.publishing.retention import drop as run

    where = settings()
    dropped = run(database(where), where.home, code, clock.today())
    note(
        _(
            "{count} answers of wave {wave} were dropped from the database; its snapshot stays.",
            count=dropped,
            wave=code,
        )
    )


wave.add_command(key_copy)
wave.add_command(key_restore)


@click.group(help=_("The frame: dossiers per unit, service field and month."))
def frame() -> None:
    """Group of commands."""


@frame.command(
    "load",
    help=_("Load dossier counts (columns unit, field, month, dossiers) from CSV, XLSX or Parquet, all or nothing."),
    epilog=example("sipas frame load dossiers-2026-1.xlsx --source 'One-stop system, 2 July 2026'"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source", default="", help=_("Where the counts come from; printed in reports (default: the file's name).")
)
def load_counts(file: Path, source: str) -> None:
    from sipas.fieldwork.frame import load_frame

    with database().writing() as session:
        loaded = load_frame(session, file, clock.today(), source)
    note(
        _(
            "Loaded {cells} cells of the frame, {new} new and {replaced} in place of earlier ones; months: {months}.",
            cells=number(loaded.rows),
            new=number(loaded.new),
            replaced=number(loaded.replaced),
            months=", ".join(loaded.months),
        )
    )


@frame.command(
    "save",
    help=_(
        "Write the loaded dossier counts to FILE (.csv, .xlsx or .parquet), as --frame of the analyst's commands and "
        "`sipas frame load` read them."
    ),
    epilog=example("sipas frame save dossiers.csv"),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def save_counts(file: Path) -> None:
    from sipas.commands.analyst import checked_out
    from sipas.estimating.writing import flat, write_table
    from sipas.fieldwork.frame import frame_between

    checked_out(file)
    with database().reading() as session:
        cells = [
            {"unit": cell.unit, "field": cell.field, "month": cell.month, "dossiers": cell.dossiers}
            for cell in frame_between(session, "0000-00", "9999-99")
        ]
    write_table(flat(cells), file)
    note(_("{count} rows written to {file}", count=len(cells), file=file))

"""`sipas responses import` and `export`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from sipas import clock
from sipas.cli.common import checked_workbook, database, example, note, settings
from sipas.cli.deciding import decided_by, deciders
from sipas.cli.destinations import writes_to
from sipas.cli.readings import explain, sheet, telling
from sipas.errors import N_
from sipas.i18n import _, number, say
from sipas.i18n.code_labels import with_code

PATIENCE = 10.0  # seconds between two lines of progress in a log; a terminal is told at once
STAGES = {
    "check": N_("{done} of about {about} lines checked"),
    "store": N_("{done} of {about} answers stored; whoever answers meanwhile waits"),
}


@click.group(help=_("Answers that were collected elsewhere."))
def responses() -> None:
    """Group of commands."""


@responses.command(
    "import",
    help=_(
        "Bring in collected answers (CSV, XLSX, Parquet) through the kiosk's own door, all or nothing. Columns: "
        "point, field, date (or cluster, in a file of `sipas responses export`), one per item by its code; optional "
        "unit, month, channel, language, sex, age, id. Every line is checked "
        "before the first is stored; memory stays the same for any length."
    ),
    epilog=example("sipas responses import paper-forms.xlsx --wave 2026-2"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--wave", required=True, help=_("The open wave that the answers belong to."))
@click.option(
    "--form",
    type=click.Choice(["short", "full"]),
    help=_("Which form was filled in, short or full (default: seen from the columns)."),
)
@click.option(
    "--other-people",
    is_flag=True,
    help=_("The answers are other people's, although they look like stored ones; store them all."),
)
@click.option("--dry-run", is_flag=True, help=_("Only say what would happen; nothing is stored."))
@sheet
@explain
@telling
def import_(file: Path, wave: str, form: str | None, other_people: bool, dry_run: bool, sheet: str) -> None:
    from sipas.importing import DoubtedFile, import_responses, look_at_responses

    where = settings()
    if dry_run:
        with _progress() as progress:
            seen = look_at_responses(
                database(where), where.home, file, wave, form, clock.today(), progress, sheet=sheet
            )
        note(
            _(
                "{lines} lines: {new} answers would be new, {known} are stored already.",
                lines=number(seen.lines),
                new=number(seen.lines - seen.known),
                known=number(seen.known),
            )
        )
        if seen.dropped:
            _tell_dropped(seen.dropped)
        if seen.doubts:
            note(say(DoubtedFile(file.name, seen.doubts)))
        note(_("Nothing was changed (--dry-run)."))
        return
    left_out: dict[str, int] = {}
    with _progress() as progress:
        new, known = import_responses(
            database(where), where.home, file, wave, form, clock.today(), progress, other_people, sheet, left_out.update
        )
    note(_("{new} answers were stored.", new=new))
    if left_out:
        _tell_dropped(left_out)
    if known:
        note(_("{known} lines of this file had been stored before and were not counted again.", known=known))


def _tell_dropped(dropped: Mapping[str, int]) -> None:
    note(
        _(
            "{count} answers were left out and count as not asked, because other answers of their lines pass over the "
            "question: {items}.",
            count=number(sum(dropped.values())),
            items=", ".join(f"{code} {number(count)}" for code, count in sorted(dropped.items())),
        )
    )


@responses.command(
    "take-back",
    help=_(
        "Take a mistaken import back, before the wave is frozen: all answers that FILE brought in, at least 10, and "
        "nothing else. FILE must be the very same file, byte by byte. Two people say it; their names stand in the log. "
        "The ids of its lines are free again, so the mended file can be brought in."
    ),
    epilog=example("sipas responses take-back paper-forms.xlsx --wave 2026-2 --account hoa --account an"),
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--wave", required=True, help=_("The wave that the answers were brought into."))
@decided_by(2)
def take_back(file: Path, wave: str, accounts: tuple[str, ...], names: tuple[str, ...], emergency: str) -> None:
    from sipas.accounts import audit_log
    from sipas.corrections.taking_back import take_back as run

    where = settings()
    base = database(where)
    people = deciders(where, "responses take-back", wave, 2, accounts, names, emergency)
    said = [one.name for one in people]
    with audit_log.deed(where.home, people[0].account, "responses take-back", wave, by=said):
        gone = run(base, where.home, file, wave, said, clock.today())
    note(
        _(
            "Taken back: {count} answers of {file} are no longer in wave {wave}; `deeds.log` says who said so.",
            count=number(gone),
            file=file.name,
            wave=wave,
        )
    )


@responses.command(
    "export",
    help=_(
        "Write the answers of a wave that is not frozen yet to a new file (.csv, .parquet), to be imported at another "
        "installation that holds the wave's keys. The file holds a line for each person: it stays inside."
    ),
    epilog=example("sipas responses export 2026-2 --form short --out answers.parquet"),
)
@click.argument("wave")
@click.option("--out", "file", required=True, type=click.Path(path_type=Path), help=_("The new file."))
@click.option(
    "--form",
    type=click.Choice(["short", "full"]),
    help=_("Answers of which form, where the wave has both (default: the one there is)."),
)
def export(wave: str, file: Path, form: str | None) -> None:
    from sipas.importing import export_responses

    count, form = export_responses(database(), file, wave, form)
    note(_("{count} answers were written to {file}.", count=number(count), file=file))
    note(
        _(
            "It holds one line for each person's answers, without keys, days or comments, and is for moving them only: "
            "where the wave's keys lie, `sipas responses import {file} --wave {wave} --form {form}` stores the same "
            "rows. It is neither for publication nor for others; keep it inside, and delete it when it was imported.",
            file=file.name,
            wave=wave,
            form=form,
        )
    )


@responses.command(
    help=_(
        "Write an empty workbook (.xlsx) for answers on paper: a column for each item, explained on a second sheet, "
        "with lists of points and fields to choose from. Filled in, `sipas responses import` takes it."
    ),
    epilog=example("sipas responses template --wave 2026-2 --out answers.xlsx"),
)
@click.option("--wave", "wave_code", help=_("The wave whose questionnaire and points it is for."))
@click.option("--instrument", help=_("The questionnaire, where there is no wave yet."))
@click.option(
    "--form",
    type=click.Choice(["short", "full"]),
    help=_("Which form (default: that of the wave's points; full where they differ, and with --instrument)."),
)
@writes_to("--out", "file", default="answers.xlsx", show_default=True, help=_("The new file."))
def template(wave_code: str | None, instrument: str | None, form: str | None, file: Path) -> None:
    from sipas.fieldwork.waves import wave_of
    from sipas.importing.template import form_of_points, responses_template
    from sipas.tables.template import write_template
    from surveys import load

    if (wave_code is None) == (instrument is None):
        raise click.UsageError(_("Say for what: --wave or --instrument, one of them."))
    checked_workbook(file)
    with database().reading() as session:
        wave = wave_of(session, wave_code) if wave_code else None
        asked = load(wave.instrument, wave.version) if wave else load(instrument or "")
        form = form or (form_of_points(session, wave) if wave else "full")
        made = responses_template(session, asked, form, clock.today(), wave)
    write_template(file, made)
    note(
        _(
            "{file} was made for {instrument} v{version}, form: {form}. Fill in its first sheet, then: "
            "sipas responses import {file} --wave {wave}",
            file=file,
            form=with_code("form", form),
            instrument=asked.code,
            version=asked.version,
            wave=wave_code or _("WAVE"),
        )
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Tells on standard error how far the work is: in one line of a terminal, or now and then in a log."""
    watched, told = sys.stderr.isatty(), time.monotonic()
    line = ""

    def progress(stage: str, done: int, about: int) -> None:
        nonlocal told, line
        if watched:
            line = _(STAGES[stage], done=number(done), about=number(about)).ljust(len(line))
            click.echo("\r" + line, err=True, nl=False)
        elif time.monotonic() - told > PATIENCE:
            told = time.monotonic()
            note(_(STAGES[stage], done=number(done), about=number(about)))

    try:
        yield progress
    finally:
        if line:
            click.echo("", err=True)

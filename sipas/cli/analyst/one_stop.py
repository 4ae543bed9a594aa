"""`sipas onestop`: the nine indicators of Circular 01/2018 for each office, as far as anybody knows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas.cli.analyst import common, periods
from sipas.cli.common import checked_workbook, example, note
from sipas.cli.destinations import writes_to
from sipas.estimating.reading import DASH, Column, decimal, lines
from sipas.i18n import _

if TYPE_CHECKING:
    from sipas.estimating.one_stop import Office


@click.group(
    "onestop",
    help=_("The nine indicators of Circular 01/2018/TT-VPCP: from answers, from the one-stop system, from inspection."),
)
def one_stop() -> None:
    """Group of commands."""


@one_stop.command(
    help=_(
        "Points of each office in DATA, a snapshot of answers to onestop-2018 version 2. Indicators 1, 3, 4 and 7 come "
        "from the answers; the others from the table that --system names. What is missing stays missing: an office "
        "with fewer than nine indicators has no sum and no class."
    ),
    epilog=example("sipas onestop points 2026-3.parquet --system offices.xlsx --out points.xlsx"),
)
@common.options(
    periods.data,
    click.option(
        "--system",
        type=common.FILE,
        metavar="TABLE",
        help=_("What the one-stop system and an inspection say of each office; `sipas onestop template` writes it."),
    ),
    common.frame,
    common.sheet,
    common.verify,
    periods.preset,
    common.level,
    common.lonely,
    common.as_json,
    common.out,
)
def points(
    data: tuple[Path, ...],
    system: Path | None,
    frame: Path | None,
    sheet: str,
    verify: bool,
    preset: str | None,
    level: float,
    lonely: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.errors import SipasError
    from sipas.estimating.one_stop import (
        UNVERIFIED,
        missing_indicators,
        offices,
        offices_without_answers,
        on_few_answers,
        surveyed,
    )
    from sipas.estimating.one_stop_file import read_office_counts
    from sipas.estimating.survey import has_codebook

    for file in data:
        if not has_codebook(file):
            raise click.UsageError(_("{file} is no snapshot; the nine indicators need one", file=file.name))
    source = periods.one_source(data, [], frame, lonely, verify=verify, sheet=sheet if frame else "", preset=preset)
    counts = read_office_counts(system, sheet if not frame else "") if system else {}
    survey = surveyed(source)
    found = offices(survey, counts, level)
    notes = [
        *survey.notes,
        *offices_without_answers(survey, counts),
        *missing_indicators(found),
        *on_few_answers(found),
        SipasError(UNVERIFIED),
    ]
    common.warn(notes, survey.weights.unweighted, [source])
    rows = [row for office in found for row in office.rows()]
    head = survey.period.head() if survey.period else ()
    common.tell(rows, as_json, out, lambda: printed(found), notes, [*head], survey.period)


def printed(found: Sequence[Office]) -> Iterator[str]:
    """A line an office: its nine indicators, and the sum and class where all nine are there."""
    rows = [
        {
            "unit": office.unit,
            **{str(one.number): one.points for one in office.indicators},
            "total": office.total,
            "class": office.grade,
            "n": max((one.n or 0 for one in office.indicators), default=0),
        }
        for office in found
    ]

    def shown(number: str) -> Column:
        return Column(number, lambda row: DASH if row[number] is None else decimal(float(row[number]), 1))

    columns = [
        Column(_("unit"), lambda row: row["unit"], right=False),
        *(shown(str(number)) for number in range(1, 10)),
        Column(_("sum"), lambda row: DASH if row["total"] is None else decimal(float(row["total"]), 1)),
        Column(_("class"), lambda row: row["class"] or DASH, right=False),
        Column("n", lambda row: str(row["n"])),
    ]
    yield from lines(rows, columns)


@one_stop.command(
    help=_(
        "Write an empty workbook (.xlsx) for --system, with a row for each office that has answers in DATA and a sheet "
        "that explains the columns."
    ),
    epilog=example("sipas onestop template 2026-3.parquet --out offices.xlsx"),
)
@click.argument("data", type=common.FILE)
@writes_to("--out", "file", default="offices.xlsx", show_default=True, help=_("The new file."))
def template(data: Path, file: Path) -> None:
    """See the help above."""
    from sipas.estimating.one_stop import surveyed
    from sipas.estimating.one_stop_template import office_template
    from sipas.estimating.survey import DataSource
    from sipas.tables.template import write_template

    checked_workbook(file)
    units = [domain["unit"] for domain in surveyed(DataSource(data)).domains([("unit",)]) if domain]
    write_template(file, office_template(units))
    note(
        _(
            "Fill in the first sheet of {file}, then: sipas onestop points {data} --system {file}",
            file=file,
            data=data.name,
        )
    )

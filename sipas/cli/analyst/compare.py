"""`sipas compare`: is this difference real? Domains, items and factors, or two waves; all lines judged together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipas.cli.analyst import common, periods
from sipas.cli.common import example
from sipas.estimating.reading import (
    Column,
    domain_words,
    figure_words,
    finding_words,
    interval_heading,
    lines,
    p_value,
    percentage_points,
    plain_percent,
    points_between,
    remarks,
)
from sipas.estimating.trial_words import explained, turns_words
from sipas.i18n import _, say

if TYPE_CHECKING:
    from sipas.errors import SipasError
    from sipas.estimating.comparing import Adjusted, Asked, Row
    from sipas.estimating.periods import Period
    from sipas.estimating.survey import DataSource, Survey

    Found = tuple[list[Row], tuple[SipasError, ...], tuple[SipasError, ...], Period | Sequence[Period] | None]

BETWEEN = ("whole", "domains", "figures")


@click.command(
    help=_(
        "Compares figures of DATA: each domain of --by with everybody, the domains or the --of figures with each "
        "other, or DATA with an earlier wave. Prints each difference with its interval, the p-value adjusted for the "
        "number of lines, and says plainly whether they differ or the evidence is not enough."
    ),
    epilog=example("sipas compare 2026-2.parquet --against 2026-1.parquet --by unit"),
)
@common.options(
    periods.data,
    click.option(
        "--against",
        type=common.FILE,
        multiple=True,
        metavar="FILE",
        help=_("An earlier wave, to be subtracted; repeat it for the snapshots of an earlier period."),
    ),
    common.designs,
    common.frame,
    common.sheet,
    common.verify,
    periods.preset,
    common.by,
    common.of,
    click.option(
        "--between",
        type=click.Choice(BETWEEN),
        help=_(
            "Each domain and the whole (the default with --by), the domains with each other, or the --of figures with "
            "each other (the default without --by)."
        ),
    ),
    click.option(
        "--adjust",
        "columns",
        metavar=_("COLUMN[,COLUMN...]"),
        help=_(
            "Beside each difference the one that is left when all have everybody's mix of these columns, such as "
            "field: a logistic model's adjusted shares."
        ),
    ),
    common.multiplicity,
    common.level,
    common.freedom,
    common.reading,
    common.crosswalk,
    common.lonely,
    common.as_json,
    common.out,
)
def compare(
    data: tuple[Path, ...],
    against: tuple[Path, ...],
    design_files: tuple[Path, ...],
    frame: Path | None,
    sheet: str,
    verify: bool,
    preset: str | None,
    by: list[tuple[str, ...]],
    of: tuple[str, ...],
    between: str | None,
    columns: str | None,
    adjust: str,
    level: float,
    df: str,
    reading: str | None,
    crosswalk: Path | None,
    lonely: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.estimating.comparing import Asked

    asked = Asked(of or ("overall",), level, adjust, df)
    wanted = _adjusted_for(columns, by, not against and (between or "whole") != "figures")
    if against and between is not None:
        raise click.UsageError(_("--against compares waves; leave out --between"))
    if not against and reading is not None:
        raise click.UsageError(_("--reading says how two waves are read; name the other with --against"))
    if not against and len(data) < 2 and crosswalk is not None:
        raise click.UsageError(_("--crosswalk carries units from one wave to another; name the other with --against"))
    if design_files and (len(data) > 1 or len(against) > 1):
        raise click.UsageError(_("only snapshots of the platform are added to one period; give one file with --design"))
    files = common.sources([*data, *against], design_files, frame, lonely, verify=verify, sheet=sheet)
    if against:
        sources = [periods.joined(files[: len(data)], preset), periods.joined(files[len(data) :])]
        by = common.with_commas(by, sources)
        found = _waves(sources, by, asked, reading, crosswalk)
    else:
        between = between or ("whole" if by else "figures")
        if between != "figures" and not by:
            raise click.UsageError(_("--by names the domains to compare"))
        if between == "figures" and len(asked.of) < 2:
            raise click.UsageError(_("name domains with --by, two figures with --of, or a wave with --against"))
        source = periods.joined(files, preset, crosswalk)
        by = common.with_commas(by, [source])
        wanted = common.with_commas([wanted], [source])[0] if wanted else ()
        found = _one_file(source, by, asked, between, wanted)
    rows, notes, head, period = found
    common.tell(rows, as_json, out, lambda: printed(rows, asked, wanted), notes, head, period)


def _adjusted_for(columns: str | None, by: Sequence[tuple[str, ...]], domains: bool) -> tuple[str, ...]:
    """The columns of --adjust, which belong to domains of one file and are none of theirs."""
    if columns is None:
        return ()
    if columns in ("holm", "bh"):
        raise click.UsageError(
            _("--adjust names columns; how p-values allow for the number of comparisons is --multiplicity")
        )
    found = common.families((columns,))[0]
    if not domains or not by:
        raise click.UsageError(_("--adjust belongs to domains of one file; name them with --by"))
    if both := [column for column in found if any(column in family for family in by)]:
        raise click.UsageError(
            _("{columns} cannot be in --by and in --adjust: each domain would have one only", columns=", ".join(both))
        )
    return found


def _one_file(
    source: DataSource, by: list[tuple[str, ...]], asked: Asked, between: str, adjust: tuple[str, ...]
) -> Found:
    from sipas.estimating import comparing
    from sipas.estimating.opening import opened
    from sipas.estimating.period_survey import with_waves

    notes: tuple[SipasError, ...] = ()
    with common.progress() as progress, opened(source, by, keep=adjust, rows=True, progress=progress) as survey:
        if between == "figures":
            rows = comparing.between_figures(survey, by, asked)
        else:
            compared = comparing.against_the_whole if between == "whole" else comparing.each_other
            rows, notes = _adjusting(survey, adjust, asked, partial(compared, survey, by, asked))
        rows = with_waves(rows, survey)
    notes = (*survey.notes, *notes)
    common.warn(notes, survey.weights.unweighted, [source])
    return rows, (*notes, *_meaning(adjust)), survey.head, survey.period


def _adjusting(
    survey: Survey, adjust: tuple[str, ...], asked: Asked, compared: Callable[[Adjusted | None], list[Row]]
) -> tuple[list[Row], tuple[SipasError, ...]]:
    """The rows, with adjusted columns where they are asked for, and what is to be told of the models."""
    if not adjust:
        return compared(None), ()
    from sipas.estimating.adjusting import Adjustment

    adjustment = Adjustment(survey, adjust, asked.level)
    rows = compared(adjustment)
    told = adjustment.told()
    return [row | {"adjusted_for": list(adjust), "overlap": adjustment.overlap(row)} for row in rows], told


def _meaning(adjust: tuple[str, ...]) -> list[SipasError]:
    """What adjusted figures mean, where there are any."""
    from sipas.estimating.adjusting import supposed

    return [supposed(adjust)] if adjust else []


def _waves(
    sources: Sequence[DataSource], by: list[tuple[str, ...]], asked: Asked, reading: str | None, crosswalk: Path | None
) -> Found:
    from sipas.estimating.comparing import between_waves
    from sipas.estimating.waves import opened_waves

    with (
        common.progress() as progress,
        opened_waves(
            sources, by, reading=reading, boundaries=common.boundaries_of(crosswalk), progress=progress
        ) as waves,
    ):
        rows = between_waves(waves, by, asked)
    may_weigh = () if waves.reading == "panel" else sources
    common.warn(waves.notes, any(part.weights.unweighted for part in waves.parts), may_weigh)
    if not waves.periods:
        common.say_reading(waves.reading)
    return rows, waves.notes, waves.head, waves.periods


def printed(rows: Sequence[Mapping[str, Any]], asked: Asked, adjust: tuple[str, ...] = ()) -> Iterator[str]:
    """A block per item or factor (or per domain, where figures are compared), a line per difference."""
    if not rows:
        yield _("There is nothing to compare.")
        return
    figures = any(row["of"] != row["other_of"] for row in rows)
    yield _("comparisons judged together ({adjust}): {count}", count=len(rows), adjust=asked.adjust)

    def name(row: Mapping[str, Any], side: str) -> str:
        if figures:
            return figure_words(row[f"{side}of"])
        return row[f"{side}wave"] or domain_words(row[f"{side}domain"])

    def heading(row: Mapping[str, Any]) -> str:
        if figures:
            return domain_words(row["domain"])
        of = figure_words(row["of"])
        return f"{of}, {domain_words(row['domain'])}" if row["wave"] else of

    columns = [
        Column("", lambda row: name(row, ""), right=False),
        Column("", lambda row: plain_percent(row["estimate"])),
        Column(_("against"), lambda row: name(row, "other_"), right=False),
        Column("", lambda row: plain_percent(row["other_estimate"])),
        *(_adjusted_columns(asked.level) if adjust else _plain_columns(asked.level)),
        Column(_("remarks"), remarks, right=False),
    ]
    for title, block in groupby(rows, key=heading):
        yield ""
        yield title
        yield from lines(list(block), columns)
    for sentence in _meaning(adjust) if adjust else explained(rows):
        yield ""
        yield say(sentence)


def _plain_columns(level: float) -> list[Column]:
    return [
        Column(_("difference"), lambda row: percentage_points(row["difference"])),
        Column(interval_heading(level), lambda row: points_between(row["low"], row["high"])),
        Column("p", lambda row: p_value(row["adjusted"])),
        Column("", finding_words, right=False),
        Column(_("turns at"), turns_words),
    ]


def _adjusted_columns(level: float) -> list[Column]:
    """The plain difference, and what is left of it when all have the same categories."""
    return [
        Column(_("difference"), lambda row: percentage_points(row["difference"])),
        Column("p", lambda row: p_value(row["adjusted"])),
        Column(_("adjusted"), lambda row: plain_percent(row["margin_estimate"])),
        Column(_("difference"), lambda row: percentage_points(row["margin_difference"])),
        Column(interval_heading(level), lambda row: points_between(row["margin_low"], row["margin_high"])),
        Column("p", lambda row: p_value(row["margin_adjusted"])),
        Column("", lambda row: finding_words({"finding": row["margin_finding"]}), right=False),
    ]

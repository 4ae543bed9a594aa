"""`sipas compare`: is this difference real? Domains, items and factors, or two waves; all lines judged together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipas.cli.analyst import common
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
    from sipas.estimating.comparing import Asked, Row
    from sipas.estimating.survey import DataSource

    Found = tuple[list[Row], tuple[SipasError, ...], tuple[SipasError, ...]]

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
    common.data,
    click.option("--against", type=common.FILE, metavar="FILE", help=_("An earlier wave, to be subtracted.")),
    common.designs,
    common.frame,
    common.sheet,
    common.verify,
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
    common.adjust,
    common.level,
    common.freedom,
    common.reading,
    common.crosswalk,
    common.lonely,
    common.as_json,
    common.out,
)
def compare(
    data: Path,
    against: Path | None,
    design_files: tuple[Path, ...],
    frame: Path | None,
    sheet: str,
    verify: bool,
    by: list[tuple[str, ...]],
    of: tuple[str, ...],
    between: str | None,
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
    if against is not None and between is not None:
        raise click.UsageError(_("--against compares waves; leave out --between"))
    if against is None and reading is not None:
        raise click.UsageError(_("--reading says how two waves are read; name the other with --against"))
    if against is None and crosswalk is not None:
        raise click.UsageError(_("--crosswalk carries units from one wave to another; name the other with --against"))
    if against is not None:
        sources = common.sources([data, against], design_files, frame, lonely, verify=verify, sheet=sheet)
        by = common.with_commas(by, sources)
        rows, notes, head = _waves(sources, by, asked, reading, crosswalk)
    else:
        between = between or ("whole" if by else "figures")
        if between != "figures" and not by:
            raise click.UsageError(_("--by names the domains to compare"))
        if between == "figures" and len(asked.of) < 2:
            raise click.UsageError(_("name domains with --by, two figures with --of, or a wave with --against"))
        (source,) = common.sources([data], design_files, frame, lonely, verify=verify, sheet=sheet)
        by = common.with_commas(by, [source])
        rows, notes, head = _one_file(source, by, asked, between)
    common.tell(rows, as_json, out, lambda: printed(rows, asked), notes, head)


def _one_file(source: DataSource, by: list[tuple[str, ...]], asked: Asked, between: str) -> Found:
    from sipas.estimating import comparing
    from sipas.estimating.survey import opened

    ways = {
        "whole": comparing.against_the_whole,
        "domains": comparing.each_other,
        "figures": comparing.between_figures,
    }
    with common.progress() as progress, opened(source, by, rows=True, progress=progress) as survey:
        rows = ways[between](survey, by, asked)
    common.warn(survey.notes, survey.weights.unweighted, [source])
    return rows, survey.notes, survey.head


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
    common.say_reading(waves.reading)
    return rows, waves.notes, waves.head


def printed(rows: Sequence[Mapping[str, Any]], asked: Asked) -> Iterator[str]:
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
        Column(_("difference"), lambda row: percentage_points(row["difference"])),
        Column(interval_heading(asked.level), lambda row: points_between(row["low"], row["high"])),
        Column("p", lambda row: p_value(row["adjusted"])),
        Column("", finding_words, right=False),
        Column(_("turns at"), turns_words),
        Column(_("remarks"), remarks, right=False),
    ]
    for title, block in groupby(rows, key=heading):
        yield ""
        yield title
        yield from lines(list(block), columns)
    for sentence in explained(rows):
        yield ""
        yield say(sentence)

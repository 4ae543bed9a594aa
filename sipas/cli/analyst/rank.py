"""`sipas rank`: who stands above, like or below the whole, and where each rank may lie; never a bare league table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from sipas.cli.analyst import common, periods
from sipas.cli.common import example
from sipas.estimating.reading import (
    DASH,
    Column,
    between,
    domain_words,
    figure_words,
    interval_heading,
    lines,
    percentage_points,
    plain_percent,
    remarks,
    standing_words,
)
from sipas.estimating.trial_words import explained, turns_words
from sipas.i18n import _, say

METHODS = ("holm", "stepdown")


@click.command(
    help=_(
        "Ranks the domains of DATA: each one's share, whether it stands above the whole, below it, or cannot be told "
        "from it, and the ranks that it may have, all ranks being right together with the confidence of --level."
    ),
    epilog=example("sipas rank 2026-1.parquet --frame dossiers.csv --by unit"),
)
@common.options(
    periods.data,
    common.design,
    common.frame,
    common.sheet,
    common.verify,
    periods.preset,
    periods.crosswalk,
    click.option("--by", required=True, metavar=_("COLUMN[,COLUMN...]"), help=_("The domains to rank.")),
    common.of,
    click.option(
        "--method",
        type=click.Choice(METHODS),
        default="holm",
        show_default=True,
        help=_(
            "Holm needs no random numbers; stepdown (Mogstad, Romano, Shaikh, Wilhelm) simulates the largest "
            "difference and takes the normal distribution, so it is for many clusters."
        ),
    ),
    click.option(
        "--draws", type=click.IntRange(100), default=10_000, show_default=True, help=_("Draws of the step-down method.")
    ),
    click.option("--seed", type=int, default=1, show_default=True, help=_("Seed of the step-down method.")),
    common.level,
    common.lonely,
    common.as_json,
    common.out,
)
def rank(
    data: tuple[Path, ...],
    design_file: Path | None,
    frame: Path | None,
    sheet: str,
    verify: bool,
    preset: str | None,
    crosswalk: Path | None,
    by: str,
    of: tuple[str, ...],
    method: str,
    draws: int,
    seed: int,
    level: float,
    lonely: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.estimating.opening import opened
    from sipas.estimating.period_survey import with_waves
    from sipas.estimating.ranking import Ranking, ranked

    (family,) = common.families((by,))
    source = periods.one_source(
        data,
        [design_file] if design_file else [],
        frame,
        lonely,
        verify=verify,
        sheet=sheet,
        preset=preset,
        crosswalk=crosswalk,
    )
    (family,) = common.with_commas([family], [source])
    with common.progress() as progress, opened(source, [family], rows=True, progress=progress) as survey:
        rows = with_waves(ranked(survey, family, Ranking(of or ("overall",), level, method, draws, seed)), survey)
    common.warn(survey.notes, survey.weights.unweighted, [source])
    if method == "stepdown" and any(row["df"] < 8 for row in rows if row["rank"]):
        click.echo(
            _("Some domains have fewer than 8 degrees of freedom, which stepdown cannot allow for; prefer holm."),
            err=True,
        )
    common.tell(rows, as_json, out, lambda: printed(rows, level), survey.notes, survey.head, survey.period)


def printed(rows: Sequence[Mapping[str, Any]], level: float) -> Iterator[str]:
    """A block per item or factor, the words first and the rank as what it may be."""

    def may_be(row: Mapping[str, Any]) -> str:
        low, high = row["rank_low"], row["rank_high"]
        return DASH if low is None else str(low) if low == high else f"{low}{DASH}{high}"

    columns = [
        Column("", lambda row: domain_words(row["domain"]), right=False),
        Column(_("share"), lambda row: plain_percent(row["estimate"])),
        Column(interval_heading(level), lambda row: between(row["low"], row["high"])),
        Column(_("from the whole"), lambda row: percentage_points(row["difference"])),
        Column(_("standing"), standing_words, right=False),
        Column(_("turns at"), turns_words),
        Column(_("rank between"), may_be),
        Column("n", lambda row: str(row["n"])),
        Column(_("remarks"), remarks, right=False),
    ]
    for of, block in groupby(rows, key=lambda row: row["of"]):
        found = list(block)
        yield _("{of}; domains ranked together ({method}): {count}", of=figure_words(of), count=found[0]["ranked"],
                method=found[0]["method"])  # fmt: skip
        yield from lines(found, columns)
        yield ""
    yield from map(say, explained(rows))

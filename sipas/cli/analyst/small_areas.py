"""`sipas small-areas`: what can be said of offices with few answers, beside what their own answers say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sipas.cli.analyst import common, periods
from sipas.cli.common import example
from sipas.estimating.reading import (
    Column,
    between,
    decimal,
    domain_words,
    figure_words,
    interval_heading,
    lines,
    plain_percent,
    remarks,
)
from sipas.i18n import _

METHODS = ("reml", "ml", "moment")


@click.command(
    "small-areas",
    help=_(
        "Moves uncertain domains of DATA toward what similar ones have (Fay and Herriot's model), and shows the "
        "prediction beside the direct estimate, never instead of it: both with their interval, and how much of the "
        "direct estimate it keeps."
    ),
    epilog=example("sipas small-areas 2026-1.parquet --by unit --features units.csv --feature size"),
)
@common.options(
    periods.data,
    common.design,
    common.frame,
    common.sheet,
    common.verify,
    periods.preset,
    periods.crosswalk,
    click.option("--by", required=True, metavar=_("COLUMN[,COLUMN...]"), help=_("The domains to predict.")),
    click.option("--of", default="overall", show_default=True, metavar=_("ITEM"), help=_("An item or a factor.")),
    click.option(
        "--features",
        "table",
        type=common.FILE,
        metavar="TABLE",
        help=_("What is known of every domain: a table with the columns of --by and those of --feature."),
    ),
    click.option(
        "--feature", "names", multiple=True, metavar=_("COLUMN"), help=_("A column of numbers; repeat it for more.")
    ),
    click.option(
        "--method",
        type=click.Choice(METHODS),
        default="reml",
        show_default=True,
        help=_("How the variance between domains is estimated."),
    ),
    common.decimal,
    common.level,
    common.lonely,
    common.as_json,
    common.out,
)
def small_areas(
    data: tuple[Path, ...],
    design_file: Path | None,
    frame: Path | None,
    sheet: str,
    verify: bool,
    preset: str | None,
    crosswalk: Path | None,
    by: str,
    of: str,
    table: Path | None,
    names: tuple[str, ...],
    method: str,
    decimal: str | None,
    level: float,
    lonely: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.estimating import small
    from sipas.estimating.opening import opened
    from sipas.estimating.period_survey import with_waves

    (family,) = common.families((by,))
    if names and table is None:
        raise click.UsageError(_("--feature names columns of a table; give it with --features"))
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
    features = small.read_features(table, family, names, decimal or "") if table else None
    with common.progress() as progress, opened(source, [family], rows=True, progress=progress) as survey:
        rows, about = small.small_areas(survey, family, of, method, features, level)
        rows = with_waves(rows, survey)
    common.warn(survey.notes, survey.weights.unweighted, [source])
    for flag in about["flags"]:
        click.echo(_(flag), err=True)
    told = (survey.notes, survey.head, survey.period)
    common.tell(rows, as_json, out, lambda: printed(rows, about, level), *told)


def printed(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any], level: float) -> Iterator[str]:
    """A line per office, the direct estimate first."""
    yield _(
        "{of}: offices differ by {sd} points (standard deviation) beyond what the features say",
        of=figure_words(rows[0]["of"]),
        sd=decimal(about["between_sd"] * 100, 1),
    )
    columns = [
        Column("", lambda row: domain_words(row["domain"]), right=False),
        Column(_("direct"), lambda row: plain_percent(row["direct"])),
        Column(interval_heading(level), lambda row: between(row["direct_low"], row["direct_high"])),
        Column(_("expected"), lambda row: plain_percent(row["expected"])),
        Column(_("predicted"), lambda row: plain_percent(row["predicted"])),
        Column(interval_heading(level), lambda row: between(row["predicted_low"], row["predicted_high"])),
        Column(_("kept"), lambda row: decimal(row["trust"] * 100, 0) + "%"),
        Column("n", lambda row: str(row["n"])),
        Column(_("remarks"), remarks, right=False),
    ]
    yield from lines(rows, columns)

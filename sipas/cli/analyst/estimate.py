"""`sipas estimate`: from a file of answers to indices with intervals. Needs no server, no database and no web."""

from __future__ import annotations

from pathlib import Path

import click

from sipas.cli.analyst import common, periods
from sipas.cli.common import example
from sipas.estimating.reading import blocks
from sipas.estimating.trial_words import band_headings
from sipas.i18n import _, say

# those of `analysis.INTERVALS`, held to them by a test: importing the statistics for --help would take half a second
INTERVALS = (
    "wilson_shared_2",
    "wilson_shared",
    "wilson_neff",
    "wilson_kgneff",
    "kg_nchs",
    "wilson",
    "logit",
    "logit_dffull",
    "likelihood",
    "asin",
    "beta",
    "mean",
    "xlogit",
)
VARIANCES = ("linearised", "jackknife")
SIDES = ("both", "lower", "upper")

DESIGN = """\b
weights: w
strata: unit
psu: week
items: {access: [q01, q02], result: [q03]}
satisfied: 4
not_applicable: 9"""
ROW = {"of": "q01", "estimate": 0.777, "low": 0.306, "high": 0.965, "n": 21, "deff": 3.64, "level": 0.95}
EXAMPLE = "\n\n".join(
    (
        example("sipas estimate answers.csv --design design.yaml --by unit --by unit,field"),
        _("with, in design.yaml, weights in the column w, weeks drawn in each unit, and two factors:"),
        DESIGN,
        _("prints for everybody and for each domain a table such as:"),
        "\b\n" + "\n".join(blocks([ROW | {"domain": {}, "reliability": "hidden", "flags": ["review"]}])).strip(),
        _("A snapshot of the platform needs no design, and is weighted to the dossiers of its months by --frame:"),
        "sipas estimate 2026-1.parquet --frame dossiers.csv --by unit --out estimates.xlsx",
        _("Snapshots of several quarters are one period, here the first half of a year:"),
        "sipas estimate 2026-q1.parquet 2026-q2.parquet --period 2026-H1 --frame dossiers.csv --by unit",
    )
)


@click.command(
    help=_(
        "Estimates every item, factor and the whole from DATA (CSV, XLSX or Parquet), for everybody and for each "
        "domain: share of satisfied answers, standard error, degrees of freedom, design effect, interval, and a word "
        "on reliability. DESIGN.yaml says how the answers came about; a snapshot of the platform brings its own, and "
        "several snapshots of quarters are added to one period."
    ),
    epilog=EXAMPLE,
)
@common.options(
    periods.data,
    common.design,
    common.frame,
    common.sheet,
    common.verify,
    periods.preset,
    periods.crosswalk,
    common.by,
    common.as_json,
    common.out,
    click.option(
        "--interval",
        type=click.Choice(INTERVALS),
        default="wilson_shared_2",
        show_default=True,
        metavar="METHOD",
        help=_("The method of the interval: {methods}.", methods=", ".join(INTERVALS)),
    ),
    click.option(
        "--side",
        type=click.Choice(SIDES),
        default="both",
        show_default=True,
        help=_("Both limits, or all the uncertainty in one: lower for “at least”, upper for “at most”."),
    ),
    common.level,
    common.ratios("--selection"),
    click.option(
        "--as-released",
        is_flag=True,
        help=_(
            "Limits as in a release, where the design effect inside them is rounded up to quarters: never narrower."
        ),
    ),
    click.option(
        "--variance",
        type=click.Choice(VARIANCES),
        help=_(
            "The kind of variance: linearised, as a rule; the jackknife is for calibrated weights with few clusters. A "
            "design with replicate weights has its own, and takes neither."
        ),
    ),
    common.lonely,
    click.option(
        "--engine",
        type=click.Choice(("local", "spark")),
        default="local",
        show_default=True,
        help=_("Where the pass over the data runs; spark reads Parquet on an existing cluster."),
    ),
)
def estimate(
    data: tuple[Path, ...],
    design_file: Path | None,
    frame: Path | None,
    sheet: str,
    verify: bool,
    preset: str | None,
    crosswalk: Path | None,
    by: list[tuple[str, ...]],
    as_json: bool,
    out: Path | None,
    interval: str,
    side: str,
    level: float,
    ratios: tuple[float, ...],
    as_released: bool,
    variance: str | None,
    lonely: str | None,
    engine: str,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.estimating.run import Method, estimate_source

    source = periods.one_source(
        data,
        [design_file] if design_file else [],
        frame,
        lonely,
        engine,
        verify=verify,
        sheet=sheet,
        preset=preset,
        crosswalk=crosswalk,
    )
    by = common.with_commas(by, [source])
    with common.progress() as progress:
        result = estimate_source(
            source, by, Method(interval, level, variance, side, ratios, as_released), progress=progress
        )
    common.warn(result.notes, result.unweighted, [source])
    more = result.band_columns()
    if out is not None:
        from sipas.estimating.writing import write_table

        table = result.estimates.to_arrow()
        for name in more[0] if more else ():
            table = table.append_column(name, [[row[name] for row in more]])
        write_table(table, out, common.told_beside(result.notes, result.head))
        click.echo(_("{count} estimates written to {file}", count=table.num_rows, file=str(out)), err=True)
    if out is not None and not as_json:
        return
    records = result.records()
    if as_json:
        common.print_json(records, result.period)
        return
    name = result.period.name if result.period else source.path.name
    heading = [_("{file}: {count} rows", file=name, count=result.rows), *map(say, result.head)]
    for line in blocks(records, heading, band_headings(ratios)):
        click.echo(line)

"""`sipas estimate`: from a file of answers to indices with intervals. Needs no server, no database and no web."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipas.i18n import _, say

if TYPE_CHECKING:
    from sipas.estimating.run import Result

SUFFIXES = (".csv", ".xlsx", ".parquet")
LONELY = ("fail", "remove", "centre", "average")
INTERVALS = (
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
PATIENCE = 2.0


def _families(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> list[tuple[str, ...]]:
    families = [tuple(column.strip() for column in family.split(",")) for family in given]
    for family, text in zip(families, given, strict=True):
        if not all(family) or len(set(family)) < len(family):
            raise click.BadParameter(_("“{given}” is no list of columns such as unit or unit,field", given=text))
    return families


def _level(ctx: click.Context, param: click.Parameter, level: float) -> float:
    if not 0 < level < 1:
        raise click.BadParameter(_("a level lies between 0 and 1, such as 0.95"))
    return level


def _out(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() not in SUFFIXES:
        raise click.BadParameter(_("{file} must end in {suffixes}", file=path.name, suffixes=", ".join(SUFFIXES)))
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(_("the folder of {file} does not exist", file=str(path)))
    return path


@click.command(
    help=_(
        "Estimates every item, factor and the whole from DATA (CSV, XLSX or Parquet), for everybody and for each "
        "domain: share of satisfied answers, standard error, degrees of freedom, design effect, interval, and a word "
        "on reliability. DESIGN.yaml says how the answers came about; a snapshot of the platform brings its own."
    ),
    epilog=_("Example: {line}", line="sipas estimate answers.csv --design design.yaml --by unit --by unit,field"),
)
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--design",
    "design_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="DESIGN.yaml",
    help=_("The design of the sample; its keys are in the manual, docs/estimate.md."),
)
@click.option(
    "--by",
    multiple=True,
    callback=_families,
    metavar=_("COLUMN[,COLUMN...]"),
    help=_("A family of domains; repeat it for more families, join columns with a comma to cross them."),
)
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON for scripts instead of a table."))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_out,
    metavar="FILE",
    help=_("Write a file instead, by its suffix: .csv, .xlsx or .parquet."),
)
@click.option(
    "--interval",
    type=click.Choice(INTERVALS),
    default="wilson_shared",
    show_default=True,
    metavar="METHOD",
    help=_("The method of the interval: {methods}.", methods=", ".join(INTERVALS)),
)
@click.option(
    "--level", type=float, default=0.95, show_default=True, callback=_level, help=_("The level of the interval.")
)
@click.option(
    "--variance",
    type=click.Choice(VARIANCES),
    default="linearised",
    show_default=True,
    help=_("The kind of variance; the jackknife is for calibrated weights with few clusters."),
)
@click.option(
    "--lonely",
    type=click.Choice(LONELY),
    help=_("What to do with a stratum that has one PSU, whatever the design says."),
)
@click.option(
    "--engine",
    type=click.Choice(("local", "spark")),
    default="local",
    show_default=True,
    help=_("Where the pass over the data runs; spark reads Parquet on an existing cluster."),
)
def estimate(
    data: Path,
    design_file: Path | None,
    by: list[tuple[str, ...]],
    as_json: bool,
    out: Path | None,
    interval: str,
    level: float,
    variance: str,
    lonely: str | None,
    engine: str,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.estimating.run import Method, estimate_file, estimate_snapshot, has_codebook

    method = Method(interval, level, variance, engine)
    if design_file is None and not has_codebook(data):
        raise click.UsageError(
            _("{file} has no codebook; say with --design DESIGN.yaml how its answers came about", file=data.name)
        )
    with _progress() as progress:
        if design_file is None:
            result = estimate_snapshot(data, by, method, lonely=lonely, progress=progress)
        else:
            from sipas.estimating.design_file import read_design

            result = estimate_file(data, read_design(design_file), by, method, lonely=lonely, progress=progress)
    for note in result.notes:
        click.echo(say(note), err=True)
    if result.unweighted:
        click.echo(_("Unweighted: no weights are named, so every row counts as much as any other."), err=True)
    if out is not None:
        from sipas.estimating.writing import write_estimates

        table = result.estimates.to_arrow()
        write_estimates(table, out)
        click.echo(_("{count} estimates written to {file}", count=table.num_rows, file=str(out)), err=True)
    if as_json:
        _print_json(result.estimates.records())
    elif out is None:
        _print_blocks(result, data)


def _print_json(records: Any) -> None:
    """A list with one row a line: easy to read, to compare and to load."""
    rows = (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records)
    click.echo("[\n" + ",\n".join(rows) + "\n]")


def _print_blocks(result: Result, data: Path) -> None:
    from sipas.estimating.reading import blocks

    heading = [_("{file}: {count} rows", file=data.name, count=result.rows)]
    for line in blocks(result.estimates.records(), heading):
        click.echo(line)


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Once the work has taken more than two seconds, tells on standard error how far it is, if a person is watching."""
    rows, done = 0, threading.Event()

    def progress(read: int) -> None:
        nonlocal rows
        rows = read

    def tell() -> None:
        begun = time.monotonic()
        pause = PATIENCE
        while not done.wait(pause):
            seconds = time.monotonic() - begun
            told = _("{seconds} s, {rows} rows read", seconds=f"{seconds:.0f}", rows=rows)
            click.echo("\r" + told, err=True, nl=False)
            pause = 0.5
        if pause < PATIENCE:
            click.echo("", err=True)

    watcher = threading.Thread(target=tell, daemon=True)
    if sys.stderr.isatty():
        watcher.start()
    try:
        yield progress
    finally:
        done.set()
        if watcher.is_alive():
            watcher.join()

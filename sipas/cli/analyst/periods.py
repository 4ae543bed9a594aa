"""Several snapshots as one period, for every command of the analyst that reads a wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas.cli.analyst import common
from sipas.i18n import _

if TYPE_CHECKING:
    from sipas.estimating.survey import DataSource

data = click.argument("data", nargs=-1, required=True, type=common.FILE)

preset = click.option(
    "--period",
    "preset",
    metavar="PERIOD",
    help=_(
        "The period that the snapshots make: a quarter (2026-Q1), a half-year (2026-H1), nine months (2026-9M) or a "
        "year (2026). Snapshots of other quarters are left out, missing ones are refused."
    ),
)

crosswalk = click.option(
    "--crosswalk",
    type=common.FILE,
    metavar="FILE",
    help=_(
        "What became of old units within the period: a table with the columns old and new, and share where one was "
        "divided. Units that were merged are one over all its waves."
    ),
)


def one_source(
    data: Sequence[Path],
    design_files: Sequence[Path],
    frame: Path | None = None,
    lonely: str | None = None,
    engine: str = "local",
    *,
    verify: bool = False,
    sheet: str = "",
    preset: str | None = None,
    crosswalk: Path | None = None,
) -> DataSource:
    """The one file, or all snapshots as one period; see `common.sources`."""
    if len(data) > 1 and design_files:
        raise click.UsageError(_("only snapshots of the platform are added to one period; give one file with --design"))
    return joined(common.sources(data, design_files, frame, lonely, engine, verify, sheet), preset, crosswalk)


def in_each(sources: Sequence[DataSource], length: str) -> list[DataSource]:
    """The snapshots as periods of one length (quarter, half-year, year), the earliest first; a wrong call where that
    leaves fewer than two. Raises SipasError for a period of which quarters are missing."""
    from sipas.estimating.adding import periods_of

    found = periods_of(sources, length)
    if len(found) < 2:
        raise click.UsageError(_("a trend needs two periods or more"))
    return found


def joined(sources: Sequence[DataSource], preset: str | None = None, crosswalk: Path | None = None) -> DataSource:
    """The source of these files: a single one as it is, several as one period."""
    from sipas.estimating.adding import period_source

    if len(sources) == 1 and not preset:
        if crosswalk is not None:
            raise click.UsageError(_("--crosswalk carries units from one wave to another; give several snapshots"))
        return sources[0]
    source, left = period_source(sources, preset or "")
    if left:
        files = ", ".join(each.path.name for each in left)
        click.echo(_("left out, being of other quarters than {period}: {files}", period=preset, files=files), err=True)
    return replace(source, boundaries=common.boundaries_of(crosswalk)) if source.period else source

"""`sipas trend`: waves in their order, what changed between them, and where a series must not be read through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from sipas.cli.analyst import common, periods
from sipas.cli.common import example
from sipas.estimating.reading import (
    Column,
    between,
    break_words,
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

ASPECTS = ("instrument", "population", "boundaries", "scoring")


def _breaks(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    stated: dict[str, tuple[str, ...]] = {}
    for text in given:
        wave, _colon, aspects = text.rpartition(":")
        words = tuple(word.strip() for word in aspects.split(","))
        if not wave or any(word not in ASPECTS for word in words):
            raise click.BadParameter(
                _("“{given}” is not written as WAVE:ASPECT; aspects are {known}", given=text, known=", ".join(ASPECTS))
            )
        stated[wave] = (*stated.get(wave, ()), *words)
    return stated


@click.command(
    help=_(
        "Follows figures over the waves in FILES, the earliest first: each wave's share, the change since the wave "
        "before it, and the mean change per wave. No change is computed across a break: another questionnaire or "
        "scoring is seen in the files, other breaks are stated with --break."
    ),
    epilog=example("sipas trend 2025-1.parquet 2025-2.parquet 2026-1.parquet --by unit --break 2025-2:boundaries"),
)
@common.options(
    click.argument("files", nargs=-1, required=True, type=common.FILE),
    click.option(
        "--break",
        "stated",
        multiple=True,
        callback=_breaks,
        metavar="WAVE:ASPECT",
        help=_(
            "What is not as it was before this wave: {aspects}; a wave is called by its code, or its file's name.",
            aspects=", ".join(ASPECTS),
        ),
    ),
    click.option(
        "--each",
        type=click.Choice(("quarter", "half-year", "year")),
        help=_("Add the snapshots to periods of this length and follow these; each period must be complete."),
    ),
    common.designs,
    common.frame,
    common.sheet,
    common.verify,
    common.by,
    common.of,
    common.multiplicity,
    common.level,
    common.freedom,
    common.reading,
    common.crosswalk,
    common.lonely,
    common.as_json,
    common.out,
)
def trend(
    files: tuple[Path, ...],
    stated: dict[str, tuple[str, ...]],
    each: str | None,
    design_files: tuple[Path, ...],
    frame: Path | None,
    sheet: str,
    verify: bool,
    by: list[tuple[str, ...]],
    of: tuple[str, ...],
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
    from sipas.estimating.series import series
    from sipas.estimating.waves import opened_waves

    if len(files) < 2:
        raise click.UsageError(_("a trend needs two waves or more"))
    asked = Asked(of or ("overall",), level, adjust, df)
    sources = common.sources(files, design_files, frame, lonely, verify=verify, sheet=sheet)
    if each:
        sources = periods.in_each(sources, each)
    by = common.with_commas(by, sources)
    with (
        common.progress() as progress,
        opened_waves(
            sources, by, reading=reading, boundaries=common.boundaries_of(crosswalk), progress=progress
        ) as waves,
    ):
        rows = series(waves, by, asked, stated)
    may_weigh = () if waves.reading == "panel" else sources
    common.warn(waves.notes, any(part.weights.unweighted for part in waves.parts), may_weigh)
    if not waves.periods:
        common.say_reading(waves.reading)
    common.tell(rows, as_json, out, lambda: printed(rows, level), waves.notes, waves.head, waves.periods)


def printed(rows: Sequence[Mapping[str, Any]], level: float) -> Iterator[str]:
    """A block per figure and domain: a line per wave with the change that led to it, then the slopes."""

    def said(row: Mapping[str, Any]) -> str:
        change = row["change"]
        if change is None:
            return ""
        if change["broken"]:
            return _("break: {aspects}", aspects=break_words(change["broken"]))
        return finding_words(change)

    def of_change(show: Any) -> Any:
        return lambda row: show(row["change"]) if row["change"] and not row["change"]["broken"] else ""

    columns = [
        Column(_("wave"), lambda row: row["end"], right=False),
        Column(_("share"), lambda row: plain_percent(row["estimate"])),
        Column(interval_heading(level), lambda row: between(row["low"], row["high"])),
        Column("n", lambda row: str(row["n"])),
        Column(_("change"), of_change(lambda change: percentage_points(change["estimate"]))),
        Column(interval_heading(level), of_change(lambda change: points_between(change["low"], change["high"]))),
        Column("p", of_change(lambda change: p_value(change["adjusted"]))),
        Column("", said, right=False),
        Column(_("turns at"), of_change(turns_words)),
        Column(_("remarks"), remarks, right=False),
    ]
    for (of, domain), block in groupby(rows, key=lambda row: (row["of"], domain_words(row["domain"]))):
        found = list(block)
        led = {row["end"]: row for row in found if row["what"] == "change"}
        yield f"{figure_words(of)}, {domain}"
        yield from lines([{**row, "change": led.get(row["end"])} for row in found if row["what"] == "wave"], columns)
        for slope in found:
            if slope["what"] == "slope" and slope["estimate"] is not None:
                sentence = _(
                    "{start} to {end}: {slope} points a wave on average ({interval}), {finding}",
                    start=slope["start"],
                    end=slope["end"],
                    slope=percentage_points(slope["estimate"], 2),
                    interval=points_between(slope["low"], slope["high"]),
                    finding=finding_words(slope),
                )
                turn = "" if slope["tipping"] is None else f", {_('turns at')} {turns_words(slope)}"
                yield f"  {sentence}{turn}"
        yield ""
    yield from map(say, explained(rows))

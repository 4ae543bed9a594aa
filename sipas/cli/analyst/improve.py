"""`sipas improve`: what to improve first: how much each factor goes with satisfaction, beside how it performs."""

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
    advice_words,
    between,
    decimal,
    domain_words,
    interval_heading,
    lines,
    percentage_points,
    plain_percent,
    remarks,
)
from sipas.i18n import _


@click.command(
    help=_(
        "Puts each factor's importance (its Shapley share of what all factors explain of --outcome) beside its "
        "performance, for everybody and each domain of --by. It is association, not cause: it says where satisfied "
        "and dissatisfied people differ most, which is where to look first."
    ),
    epilog=example("sipas improve 2026-1.parquet --frame dossiers.csv --by unit"),
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
    click.option(
        "--outcome",
        metavar=_("ITEM"),
        help=_("The item on satisfaction as a whole (default: the only item outside all factors)."),
    ),
    common.level,
    common.lonely,
    common.as_json,
    common.out,
)
def improve(
    data: tuple[Path, ...],
    design_file: Path | None,
    frame: Path | None,
    sheet: str,
    verify: bool,
    preset: str | None,
    crosswalk: Path | None,
    by: list[tuple[str, ...]],
    outcome: str | None,
    level: float,
    lonely: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.estimating import improving
    from sipas.estimating.opening import codebook_from, opened
    from sipas.estimating.period_survey import with_waves

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
    by = common.with_commas(by, [source])
    book = codebook_from(source)
    item = improving.outcome_of(book, outcome)
    asked: dict[str, Any] = {
        "ask": {"importance": item},
        "questionnaire": lambda codebook: improving.without(codebook, item),
    }
    with common.progress() as progress, opened(source, by, rows=True, progress=progress, **asked) as survey:
        rows = with_waves(improving.improve(survey, survey.domains(by), item, level), survey)
    notes = [*survey.notes, *improving.left_out(book)]
    common.warn(notes, survey.weights.unweighted, [source])
    common.tell(rows, as_json, out, lambda: printed(rows, level), notes, survey.head, survey.period)


def printed(rows: Sequence[Mapping[str, Any]], level: float) -> Iterator[str]:
    """A block per domain, the most important factor first."""
    columns = [
        Column("", lambda row: row["of"], right=False),
        Column(_("importance"), lambda row: decimal(row["importance"], 2)),
        Column(interval_heading(level), lambda row: _limits(row["importance_low"], row["importance_high"])),
        Column(_("share"), lambda row: plain_percent(row["performance"])),
        Column(interval_heading(level), lambda row: between(row["low"], row["high"])),
        Column(_("from the whole"), lambda row: percentage_points(row["difference"])),
        Column("", advice_words, right=False),
    ]
    for domain, block in groupby(rows, key=lambda row: domain_words(row["domain"])):
        found = list(block)
        if found[0]["importance"] is None:
            yield f"{domain}: {remarks(found[0])}"
            yield ""
            continue
        yield _(
            "{domain}: the factors explain {r2} of {outcome} ({persons} people); association, not cause",
            domain=domain,
            r2=plain_percent(found[0]["r2"]),
            outcome=found[0]["outcome"],
            persons=found[0]["persons"],
        )
        yield from lines(found, columns)
        yield ""


def _limits(low: float | None, high: float | None) -> str:
    return DASH if low is None or high is None else f"{decimal(low, 2)} {DASH} {decimal(high, 2)}"

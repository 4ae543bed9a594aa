"""`sipas selection`: how much self-selection would it take? And where two ways of asking meet: how much there was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from sipas.cli.analyst import common, periods
from sipas.cli.common import example
from sipas.cli.number_types import NUMBER
from sipas.estimating.reading import (
    DASH,
    Column,
    between,
    decimal,
    domain_words,
    figure_words,
    finding_words,
    interval_heading,
    label_words,
    lines,
    percentage_points,
    plain_percent,
    remarks,
)
from sipas.estimating.trial_words import band_headings, explained, short, times, trial_name, turns_words
from sipas.i18n import _, say


@click.command(
    help=_(
        "Says how much self-selection the figures of DATA bear: what each would be if satisfied people answered so "
        "many times as readily as others, at which ratio what is said of it (against --target, or of a domain against "
        "everybody) turns, and what so many answers are worth then. With --reference it holds those who answered by "
        "themselves against those asked by chance, with --modes each way of asking against the one most used."
    ),
    epilog=example("sipas selection 2026-1.parquet --frame dossiers.csv --target 0.8 --by unit"),
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
    common.of,
    common.ratios("--ratio", "1.25,1.5"),
    click.option(
        "--target",
        type=NUMBER,
        help=_("A share, such as 0.8: at which ratio is a figure no longer above, or below it?"),
    ),
    click.option(
        "--reference",
        metavar="COLUMN=LABEL",
        help=_("The answers that were asked by chance, such as sample=drawn; the others came by themselves."),
    ),
    click.option("--response", type=NUMBER, help=_("With --reference: which share of those drawn answered.")),
    click.option(
        "--modes", metavar=_("COLUMN"), help=_("The column that says how people were asked, such as channel.")
    ),
    click.option(
        "--within",
        metavar=_("COLUMN[,COLUMN...]"),
        help=_("With --modes: compare within these (default for a snapshot: unit,field)."),
    ),
    common.level,
    common.lonely,
    common.as_json,
    common.out,
)
def selection(
    data: tuple[Path, ...],
    design_file: Path | None,
    frame: Path | None,
    sheet: str,
    verify: bool,
    preset: str | None,
    crosswalk: Path | None,
    by: list[tuple[str, ...]],
    of: tuple[str, ...],
    ratios: tuple[float, ...],
    target: float | None,
    reference: str | None,
    response: float | None,
    modes: str | None,
    within: str | None,
    level: float,
    lonely: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.estimating.opening import opened
    from sipas.estimating.period_survey import with_waves
    from sipas.estimating.selecting import Chance, Trials, families_for, kept_for, tried

    if target is not None and not 0 < target < 1:
        raise click.BadParameter(_("a share lies between 0 and 1, such as 0.8"), param_hint="--target")
    chance = None if reference is None else Chance(*_marked(reference), _responding(response))
    if reference is None and response is not None:
        raise click.UsageError(_("--response belongs to a sample that --reference names"))
    inside = common.families((within,))[0] if within else ()
    if inside and not modes:
        raise click.UsageError(_("--within says where ways of asking are compared; name their column with --modes"))
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
    asked, keep = kept_for(source, Trials(of or ("overall",), ratios, target, level, chance, modes, inside))
    with (
        common.progress() as progress,
        opened(source, families_for(by, asked), keep=keep, rows=bool(by or modes), progress=progress) as survey,
    ):
        rows, head = tried(survey, by, asked)
        rows = with_waves(rows, survey)
    common.warn(survey.notes, survey.weights.unweighted, [source])
    head = [*survey.head, *head]
    common.tell(rows, as_json, out, lambda: printed(rows, ratios, level), survey.notes, head, survey.period)


def _marked(reference: str) -> tuple[str, str]:
    column, equals, label = (part.strip() for part in reference.partition("="))
    if not column or not equals or not label:
        raise click.UsageError(_("“{given}” is not written as COLUMN=LABEL", given=reference))
    return column, label


def _responding(response: float | None) -> float:
    if response is None or not 0 < response <= 1:
        raise click.UsageError(
            _("--reference needs --response, which share of those drawn answered, such as 0.4: the silent are missed")
        )
    return response


def printed(rows: Sequence[Mapping[str, Any]], ratios: tuple[float, ...], level: float) -> Iterator[str]:
    """Figures, statements, the reference sample and ways of asking, as far as they were asked for."""
    from sipas.estimating.selecting import of_kind

    yield from _figures(of_kind(rows, "figure"), ratios, level)
    yield from _statements(of_kind(rows, "statement"))
    yield from _references(of_kind(rows, "reference"), level)
    yield from _modes(of_kind(rows, "mode"), level)


def _figures(rows: Sequence[Mapping[str, Any]], ratios: tuple[float, ...], level: float) -> Iterator[str]:
    most = max(ratios)

    def bears(row: Mapping[str, Any]) -> str:
        if row["target"] is None or row["low"] is None:
            return ""
        if row["tipping"] is None:
            return _("not decided")
        return (_("above") if row["low"] > row["target"] else _("below")) + " " + times(row["tipping"])

    def counts(row: Mapping[str, Any]) -> str:
        found = row[trial_name("worth", most)]
        return DASH if found is None else f"{found:.0f}"

    columns = [
        Column("", lambda row: domain_words(row["domain"]), right=False),
        Column(_("share"), lambda row: plain_percent(row["estimate"])),
        Column(interval_heading(level), lambda row: between(row["low"], row["high"])),
        *band_headings(ratios),
        Column(_("turns at"), bears),
        Column("n", lambda row: str(row["n"])),
        Column(_("worth at ×{ratio}", ratio=short(most)), counts),
        Column(_("remarks"), remarks, right=False),
    ]
    for of, block in groupby(sorted(rows, key=lambda row: str(row["of"])), key=lambda row: row["of"]):
        yield ""
        yield figure_words(of)
        yield from lines(list(block), columns)
    yield ""
    if rows and rows[0]["target"] is not None:
        yield _(
            "“turns at”: up to this ratio it can be said that the figure lies above {target}, satisfied people "
            "answering so many times as readily, or below it, those who are not satisfied answering so.",
            target=plain_percent(rows[0]["target"]),
        )
    if rows and rows[0][trial_name("worth", most)] is not None:
        yield _(
            "“worth”: if satisfied people answer {ratio} times as readily, the {n} answers tell no more than "
            "{worth} of people drawn by chance would; more answers of the same kind would not help.",
            ratio=short(most),
            n=rows[0]["n"],
            worth=f"{rows[0][trial_name('worth', most)]:.0f}",
        )


def _statements(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    columns = [
        Column("", lambda row: domain_words(row["domain"]), right=False),
        Column(_("from the whole"), lambda row: percentage_points(row["difference"])),
        Column("", finding_words, right=False),
        Column(_("turns at"), turns_words),
        Column(_("order turns at"), lambda row: times(row["reversal"])),
    ]
    yield ""
    yield _("Against everybody, of whom each is a part")
    for of, block in groupby(rows, key=lambda row: row["of"]):
        yield ""
        yield figure_words(of)
        yield from lines(list(block), columns)
    for sentence in explained(rows):
        yield ""
        yield say(sentence)


def _references(rows: Sequence[Mapping[str, Any]], level: float) -> Iterator[str]:
    if not rows:
        return
    first = rows[0]
    columns = [
        Column("", lambda row: f"{figure_words(row['of'])}, {domain_words(row['domain'])}", right=False),
        Column(_("by themselves"), lambda row: plain_percent(row["estimate"])),
        Column("n", lambda row: str(row["n"])),
        Column(_("by chance"), lambda row: plain_percent(row["other_estimate"])),
        Column("n", lambda row: str(row["other_n"])),
        *_ratio_columns(level),
        Column(_("remarks"), remarks, right=False),
    ]
    yield ""
    yield _(
        "Difference between those who answered by themselves ({own}) and those asked by chance ({drawn}, of whom "
        "{response} answered)",
        own=label_words(first["column"], first["mode"]),
        drawn=label_words(first["column"], first["other_mode"]),
        response=plain_percent(first["response"]),
    )
    yield from lines(rows, columns)
    yield ""
    yield _(
        "The ratio is that of the odds. It tells of two ways of asking: whoever stays silent in both is missed in "
        "both, and people may answer otherwise when asked otherwise."
    )


def _modes(rows: Sequence[Mapping[str, Any]], level: float) -> Iterator[str]:
    if not rows:
        return
    columns = [
        Column("", lambda row: f"{figure_words(row['of'])}, {label_words(row['column'], row['mode'])}", right=False),
        Column("n", lambda row: str(row["n"])),
        Column(_("against"), lambda row: label_words(row["column"], row["other_mode"]), right=False),
        Column("n", lambda row: str(row["other_n"])),
        *_ratio_columns(level),
        Column("", finding_words, right=False),
        Column(_("remarks"), remarks, right=False),
    ]
    yield ""
    yield _("Ways of asking, each compared where both asked")
    yield from lines(rows, columns)


def _ratio_columns(level: float) -> list[Column]:
    def limits(row: Mapping[str, Any]) -> str:
        low, high = row["ratio_low"], row["ratio_high"]
        return DASH if low is None and high is None else f"{_two(low)} {DASH} {_two(high)}"

    return [Column(_("ratio"), lambda row: _two(row["ratio"])), Column(interval_heading(level), limits)]


def _two(ratio: float | None) -> str:
    return DASH if ratio is None else decimal(ratio, 2)

"""`sipas quality`: how well a wave was answered, and whether the questions of a factor measure one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sipas.cli.analyst import common, periods
from sipas.cli.common import example
from sipas.estimating.reading import DASH, Column, decimal, domain_words, lines, plain_percent
from sipas.i18n import _


@click.command(
    help=_(
        "Shows how DATA was answered: forms and dossiers of each domain, questions passed over, forms filled in with "
        "one stroke; for each item how it goes with its factor and how alike a cluster answers; for each factor "
        "Cronbach's alpha and McDonald's omega; for each office whether its open points are answered otherwise than "
        "those with screens. It leads to questions, never to leaving out answers."
    ),
    epilog=example("sipas quality 2026-1.parquet --frame dossiers.csv --by unit"),
)
@common.options(
    periods.data,
    common.design,
    common.frame,
    common.sheet,
    common.verify,
    periods.preset,
    common.by,
    click.option(
        "--complete",
        is_flag=True,
        help=_("Alpha and omega from those who answered all items of a factor, instead of each pair's own people."),
    ),
    click.option(
        "--open-points",
        metavar=_("POINT[,POINT...]"),
        default="",
        help=_(
            "The points at which anybody can answer by an open address, all others having enrolled screens; the "
            "default is what the snapshot says."
        ),
    ),
    common.as_json,
    common.out,
)
def quality(
    data: tuple[Path, ...],
    design_file: Path | None,
    frame: Path | None,
    sheet: str,
    verify: bool,
    preset: str | None,
    by: list[tuple[str, ...]],
    complete: bool,
    open_points: str,
    as_json: bool,
    out: Path | None,
) -> None:
    """See the help above; this only reads the options and chooses how to tell the result."""
    from sipas.estimating import frame as frames
    from sipas.estimating import questionnaire, ways
    from sipas.estimating.opening import codebook_from, opened
    from sipas.estimating.period_survey import months_of_waves, with_waves

    source = periods.one_source(
        data,
        [design_file] if design_file else [],
        frame,
        "centre",
        verify=verify,
        sheet=sheet,
        preset=preset,
    )
    by = common.with_commas(by, [source])
    factors = questionnaire.measured(codebook_from(source))
    ask = {"complete" if complete else "cross_products": factors, "straight_lines": questionnaire.LEAST}
    kinds = ways.kinds_of(source, [point for point in open_points.replace(" ", "").split(",") if point])
    keep = [*questionnaire.form_column(source), *(ways.COLUMNS if kinds else ())]
    with common.progress() as progress, opened(source, by, keep=keep, ask=ask, progress=progress) as survey:
        counted = frame is not None and survey.cells.codebook.population != "households"  # a census counts no dossiers
        waves = months_of_waves(source)
        known = frames.dossiers_by_family(survey.cells, waves, frame, source.sheet, by) if frame and counted else {}
        rows = with_waves(questionnaire.quality(survey, by, known, complete, kinds), survey)
    common.warn(survey.notes, False)
    common.tell(rows, as_json, out, lambda: printed(rows), survey.notes, survey.head, survey.period)


def printed(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Four tables: domains, items, factors, offices with open points."""
    from sipas.estimating.questionnaire import FLAGS

    def number(key: str, digits: int) -> Any:
        return lambda row: DASH if row[key] is None else decimal(row[key], digits)

    def share(key: str) -> Any:
        return lambda row: plain_percent(row[key])

    def whole(key: str) -> Any:
        return lambda row: "" if row[key] is None else str(row[key])

    flags = Column(_("remarks"), lambda row: ", ".join(_(FLAGS[flag]) for flag in row["flags"]), right=False)
    domains = [row for row in rows if row["what"] == "domain"]
    covered = any(row["rate"] is not None for row in domains)
    yield from lines(
        domains,
        [
            Column("", lambda row: domain_words(row["domain"]), right=False),
            Column(_("forms"), whole("forms")),
            Column(_("dossiers"), whole("dossiers")),
            Column(_("forms per dossier"), share("rate") if covered else lambda row: ""),
            Column(_("times the others"), number("times", 1) if covered else lambda row: ""),
            Column(_("passed over"), share("nonresponse")),
            Column(_("one level only"), share("straight")),
            flags,
        ],
    )
    yield ""
    yield from lines(
        [row for row in rows if row["what"] == "item"],
        [
            Column("", lambda row: row["of"], right=False),
            Column(_("answered"), whole("answered")),
            Column(_("not applicable"), whole("not_applicable")),
            Column(_("passed over"), share("nonresponse")),
            Column(_("with the rest"), number("item_rest", 2)),
            Column(_("alpha without it"), number("alpha_without", 2)),
            Column("deff", number("deff", 2)),
            Column("ICC", number("icc", 3)),
        ],
    )
    factors = [row for row in rows if row["what"] == "factor"]
    if factors:
        yield ""
        yield from lines(
            factors,
            [
                Column("", lambda row: row["of"], right=False),
                Column("alpha", number("alpha", 2)),
                Column("omega", number("omega", 2)),
                flags,
            ],
        )
    yield from _ways([row for row in rows if row["what"] == "ways"], flags)


def _ways(rows: Sequence[Mapping[str, Any]], flags: Column) -> Iterator[str]:
    """Offices with open points: a table, and a sentence for each in which they are answered otherwise."""
    from sipas.estimating.reading import interval_heading, p_value, percentage_points, points_between
    from sipas.estimating.ways import LEVEL

    if not rows:
        return
    yield ""
    yield from lines(
        rows,
        [
            Column("", lambda row: domain_words(row["domain"]), right=False),
            Column(_("at screens"), lambda row: str(row["screen"])),
            Column(_("open address"), lambda row: str(row["open"])),
            Column(_("difference"), lambda row: percentage_points(row["difference"])),
            Column(interval_heading(LEVEL), lambda row: points_between(row["low"], row["high"])),
            Column(_("p, adjusted"), lambda row: p_value(row["adjusted"])),
            flags,
        ],
    )
    for row in rows:
        if "open higher" in row["flags"] or "open lower" in row["flags"]:
            yield _(
                "{unit}: answers by an open address differ from those at its screens in the same fields, by {points} "
                "points. Ask how they came before this office's figure is used; nothing here says which are false.",
                unit=domain_words(row["domain"]),
                points=percentage_points(row["difference"]),
            )

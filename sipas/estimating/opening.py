"""A file, or several snapshots that are one period, opened for the statistics: the door of every analyst's command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import analysis
from sipas.estimating.answers import answers_of, check_answers, may_stream
from sipas.estimating.columns import require_columns
from sipas.estimating.explaining import explain
from sipas.estimating.period_survey import codebook_over, period_survey
from sipas.estimating.replicate_key import resolved
from sipas.estimating.survey import (
    DataSource,
    Families,
    Progress,
    Survey,
    cells_of_snapshot,
    codebook_of,
    sampling_of,
    survey_of,
    warnings_of,
    weights_of,
)
from sipas.estimating.understanding import doubts, head
from sipas.tables import Table, read_table
from sipas.tables.table import ERROR_SET


@contextmanager
def opened(
    source: DataSource,
    by: Families = (),
    *,
    keep: Sequence[str] = (),
    rows: bool = False,
    ask: Mapping[str, Any] | None = None,
    questionnaire: Callable[[analysis.Codebook], analysis.Codebook] = lambda codebook: codebook,
    progress: Progress | None = None,
) -> Iterator[Survey]:
    """The survey of a file; what the statistics refuse inside the block is said with file, line and column.

    rows           where every row is a PSU, keep them apart: covariances and the jackknife need them
    ask            further sums of `tabulate`
    questionnaire  to read the items otherwise
    """
    if source.period is not None:
        yield period_survey(source, by, keep=keep, ask=ask or {}, questionnaire=questionnaire, progress=progress)
        return
    if source.design is None:
        yield _snapshot(source, by, keep, ask or {}, questionnaire, progress)
        return
    table = read_table(source.path, sheet=source.sheet, decimal=source.design.decimal)
    design = resolved(source.design, table)
    require_columns(table, design, by, keep)
    streamed = may_stream(table, design, [*by, keep])
    try:
        cells = analysis.tabulate(
            source.path if streamed else answers_of(table, design, by, keep),
            [tuple(family) for family in by],
            codebook=questionnaire(codebook_of(design, streamed)),
            design=sampling_of(design, source.lonely),
            elements=rows and not design.psu and design.replicates is None,
            keep=tuple(dict.fromkeys([*design.calibration_columns, *keep])),
            progress=progress,
            engine=source.engine,
            **(ask or {}),
        )
        _refuse_error_labels(table, cells)
        weights = weights_of(cells, design)
        notes = (*doubts(cells, design), *warnings_of(weights))
        yield Survey(source.name, cells, weights, notes, head(cells, design))
    except analysis.AnalysisError as error:
        if streamed:
            check_answers(table, design)
        explain(table, design, error)
        raise


def _refuse_error_labels(table: Table, cells: analysis.Cells) -> None:
    """Errors of Excel are no domains: what was streamed was not read as text. Raises BadTable with their rows."""
    for column in dict.fromkeys(column for family in cells.by for column in family):
        if not ERROR_SET.isdisjoint(map(str, cells.labels[column])):
            table.text(column)


def codebook_from(source: DataSource) -> analysis.Codebook:
    """The questionnaire of a file, before any row is read."""
    if source.period is not None:
        return codebook_over(source)
    if source.design is None:
        return analysis.read_snapshot(source.path).codebook
    return codebook_of(source.design, streamed=False)


def _snapshot(
    source: DataSource,
    by: Families,
    keep: Sequence[str],
    ask: Mapping[str, Any],
    questionnaire: Callable[[analysis.Codebook], analysis.Codebook],
    progress: Progress | None,
) -> Survey:
    snapshot = analysis.read_snapshot(source.path)
    snapshot = replace(snapshot, codebook=questionnaire(snapshot.codebook))
    cells = cells_of_snapshot(snapshot, source, by, keep, ask, progress)
    return survey_of(cells, source, by)

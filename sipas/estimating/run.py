"""The whole way of `sipas estimate`, as functions: a file, its design and families of domains in, estimates out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import analysis
from sipas.errors import N_, SipasError
from sipas.estimating.answers import NOT_APPLICABLE, answers_of, check, may_stream
from sipas.estimating.columns import require_columns
from sipas.estimating.explaining import explain
from sipas.tables import read_table

if TYPE_CHECKING:
    from sipas.estimating.design_file import DesignFile

Families = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Method:
    """How estimates are made: the interval's name and level, the kind of variance, and where the pass runs."""

    interval: str = "wilson_shared"
    level: float = 0.95
    variance: str = "linearised"
    engine: str = "local"


@dataclass(frozen=True)
class Result:
    """The estimates, how many rows they rest on, and what a careful reader should be told."""

    estimates: analysis.Estimates
    rows: int
    unweighted: bool
    notes: tuple[SipasError, ...] = ()


def has_codebook(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a snapshot of the platform, which needs no design file."""
    with open(path, "rb") as file:
        if file.read(4) != b"PAR1":
            return False
    try:
        analysis.read_snapshot(path)
    except analysis.AnalysisError:
        return False
    return True


def estimate_file(
    path: str | os.PathLike[str],
    design: DesignFile,
    by: Families = (),
    method: Method = Method(),
    *,
    lonely: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Estimate every item, factor and the whole, for everybody and for each domain of the families in `by`."""
    table = read_table(path)
    require_columns(table, design, by)
    streamed = may_stream(table, design)
    try:
        cells = analysis.tabulate(
            path if streamed else answers_of(table, design, by),
            [tuple(family) for family in by],
            codebook=_codebook(design, streamed),
            design=_sampling(design, lonely),
            keep=design.calibration_columns,
            progress=progress,
            engine=method.engine,
        )
        return _finish(cells, _weights(cells, design), method, table.notes)
    except analysis.AnalysisError as error:
        if streamed:
            check(table, design)
        explain(table, design, error)
        raise


def estimate_snapshot(
    path: str | os.PathLike[str],
    by: Families = (),
    method: Method = Method(),
    *,
    lonely: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """The same for a snapshot of the platform, whose codebook says what its columns are."""
    snapshot = analysis.read_snapshot(path)
    cells = analysis.tabulate(snapshot, [tuple(family) for family in by], progress=progress, engine=method.engine)
    if lonely:
        cells = cells.with_lonely(lonely)
    weights = analysis.design_weights(cells)
    notes = []
    if snapshot.codebook.simulated:
        notes.append(SipasError(N_("the answers in this file are simulated")))
    return _finish(cells, weights, method, tuple(notes))


def _weights(cells: analysis.Cells, design: DesignFile) -> analysis.Weights:
    weights = analysis.design_weights(cells)
    if design.poststratify:
        return analysis.poststratify(weights, design.poststratify.by, dict(design.poststratify.cells))
    if design.rake:
        return analysis.rake(weights, {margin.by: dict(margin.cells) for margin in design.rake})
    return weights


def _codebook(design: DesignFile, streamed: bool) -> analysis.Codebook:
    """The questionnaire; a file that is streamed keeps its own marks, elsewhere `answers_of` has set one."""
    not_applicable, missing = (NOT_APPLICABLE,), ()
    if streamed:
        not_applicable = tuple(map(int, design.not_applicable))
        missing = tuple(map(int, design.missing))
    return analysis.Codebook.plain(
        design.factors or design.items,
        levels=len(design.scale.levels),
        satisfied=design.scale.satisfied,
        not_applicable=not_applicable,
        missing=missing,
        title=design.file,
    )


def _sampling(design: DesignFile, lonely: str | None) -> analysis.Design:
    return analysis.Design(
        strata=design.strata,
        psus=design.psu,
        ssus=design.ssu,
        weights=design.weights,
        fpc=design.fpc,
        lonely=lonely or design.lonely,
    )


def _finish(
    cells: analysis.Cells,
    weights: analysis.Weights,
    method: Method,
    notes: tuple[SipasError, ...],
) -> Result:
    estimates = analysis.estimate(
        cells, weights, level=method.level, interval=method.interval, variance=method.variance
    )
    warnings = tuple(SipasError(warning) for warning in weights.diagnostics.get("warnings", ()))
    return Result(estimates, cells.size, weights.unweighted, (*notes, *warnings))

"""What stands behind `sipas estimate`: an opened file and families of domains in, estimates out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import analysis
from sipas.errors import SipasError
from sipas.estimating.survey import Progress, Source, opened


@dataclass(frozen=True)
class Method:
    """How estimates are made: the interval's name, its level and side, and the kind of variance."""

    interval: str = "wilson_shared"
    level: float = 0.95
    variance: str = "linearised"
    side: str = "both"


@dataclass(frozen=True)
class Result:
    """The estimates, how many rows they rest on, what a careful reader should be told, and the table's head."""

    estimates: analysis.Estimates
    rows: int
    unweighted: bool
    notes: tuple[SipasError, ...] = ()
    head: tuple[SipasError, ...] = ()


def estimate_source(
    source: Source,
    by: Sequence[Sequence[str]] = (),
    method: Method = Method(),
    *,
    progress: Progress | None = None,
) -> Result:
    """Estimate every item, factor and the whole, for everybody and for each domain of the families in `by`."""
    jackknife = method.variance == "jackknife"
    if jackknife and source.design is None:  # it can only leave a single PSU out of the variance; whoever asks says so
        source = replace(source, lonely=source.lonely or "fail")
    with opened(source, by, rows=jackknife, progress=progress) as survey:
        estimates = analysis.estimate(
            survey.cells,
            survey.weights,
            level=method.level,
            interval=method.interval,
            variance=method.variance,
            side=method.side,
        )
        return Result(estimates, survey.cells.size, survey.weights.unweighted, survey.notes, survey.head)

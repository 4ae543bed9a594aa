"""What stands behind `sipas estimate`: an opened file and families of domains in, estimates out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import analysis
from analysis.selection.class_bands import SelectionBands, class_bands
from sipas.errors import SipasError
from sipas.estimating.opening import opened
from sipas.estimating.period_survey import counts_of_waves
from sipas.estimating.periods import Period
from sipas.estimating.self_selection import bands_of, trial
from sipas.estimating.survey import DataSource, Progress


@dataclass(frozen=True)
class Method:
    """How estimates are made: the interval's name, level and side, the kind of variance (None: as the design is), the
    response ratios that are tried, and whether the design effect inside the interval is rounded up as in a release."""

    interval: str = "wilson_shared_2"
    level: float = 0.95
    variance: str | None = None
    side: str = "both"
    selection: tuple[float, ...] = ()
    coarse: bool = False


@dataclass(frozen=True)
class Result:
    """The estimates, how many rows they rest on, what a careful reader should be told, the table's head, what the
    estimates would be at the response ratios that are tried, and the period, where the rows are of several waves."""

    estimates: analysis.Estimates
    rows: int
    unweighted: bool
    notes: tuple[SipasError, ...] = ()
    head: tuple[SipasError, ...] = ()
    bands: SelectionBands | None = None
    period: Period | None = None
    waves: tuple[dict[str, int], ...] = ()

    def band_columns(self) -> list[dict[str, Any]]:
        """For each estimate the columns of its bands, and in a period in how many waves its domain has answers; empty
        where no ratio is tried and there is one wave."""
        bands: list[dict[str, Any]] = [] if self.bands is None else bands_of(self.bands)
        if not self.waves:
            return bands
        return [of_waves | own for of_waves, own in zip(self.waves, bands or [{}] * len(self.waves), strict=True)]

    def records(self) -> list[dict[str, Any]]:
        """All rows as plain dictionaries, with the columns of their bands."""
        rows, more = self.estimates.records(), self.band_columns()
        return [row | bands for row, bands in zip(rows, more, strict=True)] if more else rows


def estimate_source(
    source: DataSource,
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
            of=survey.alike,
            level=method.level,
            interval=method.interval,
            variance=method.variance,
            side=method.side,
            coarse=method.coarse,
        )
        bands, head = None, list(survey.head)
        if method.selection:
            bands = class_bands(survey.cells, survey.weights, estimates, method.selection)
            head += trial(bands, estimates.of.index("overall")) if "overall" in estimates.of else []
        domains = [{"domain": dict(zip(columns, labels, strict=True))} for columns, labels in estimates.domains]
        waves = tuple(own for own in counts_of_waves(domains, survey) for _ in estimates.of)
        about = (survey.cells.size, survey.weights.unweighted, survey.notes, tuple(head))
        return Result(estimates, *about, bands, survey.period, waves)

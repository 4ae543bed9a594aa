"""How the sample came about: which columns are strata, primary sampling units, weights and population counts.

`Design` only names columns; what they hold is counted in `analysis.variance.design_counts`, once the data have become
cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.data.replicate_weights import ReplicateWeights
from analysis.errors import N_, BadDesign, one_of

LONELY = ("fail", "remove", "centre", "average")


def _names(columns: str | Sequence[str] | None) -> tuple[str, ...]:
    if columns is None:
        return ()
    return (columns,) if isinstance(columns, str) else tuple(columns)


@dataclass(frozen=True)
class Design:
    """The sampling design, by the names of its columns.

    strata   columns that together name the stratum; none = one stratum
    psus     columns that together name the primary sampling unit within its stratum (labels may repeat in other
             strata); none = every row is a PSU of its own
    weights  the column with the design weight; None = unweighted, and every figure says so
    fpc      population counts (never fractions) of units, one per stage: a column, or a number that holds for every
             stratum. First stage: PSUs in the stratum; second stage: units in the PSU. Empty = with replacement
    ssus     columns that name the second-stage unit within its PSU; only used with two counts in `fpc`; none = rows
    sampled  the design's own list of sampled PSUs, each as (stratum labels..., psu labels...): a sampled PSU that
             answered nothing counts, and one that is not listed is refused. None = the PSUs that occur in the data
    lonely   what to do with a stratum that has a single PSU: `fail` refuses; `remove` lets it add nothing;
             `centre` takes its deviation from the mean of all PSU totals (R: `adjust`); `average` scales the variance
             of the other strata up
    lonely_in_domain  with `centre` and `average`: a stratum with a single PSU *in the domain* is lonely too
                      (R: `survey.adjust.domain.lonely`)
    replicates  replicate weights that came with the data: variances come from them alone, and they carry what the
                design was, so that strata, PSUs and population counts are not named beside them

    >>> Design(strata="stratum", psus="psu", weights="w").strata
    ('stratum',)
    """

    strata: tuple[str, ...] = ()
    psus: tuple[str, ...] = ()
    weights: str | None = None
    fpc: tuple[str | float, ...] = ()
    ssus: tuple[str, ...] = ()
    sampled: tuple[tuple[str, ...], ...] | None = None
    lonely: str = "fail"
    lonely_in_domain: bool = False
    replicates: ReplicateWeights | None = None

    def __post_init__(self) -> None:
        for field in ("strata", "psus", "ssus"):
            object.__setattr__(self, field, _names(getattr(self, field)))
        fpc = self.fpc
        stages = () if fpc is None else (fpc,) if isinstance(fpc, str | int | float) else tuple(fpc)
        object.__setattr__(self, "fpc", stages)
        if self.sampled is not None:
            object.__setattr__(self, "sampled", tuple(sorted({tuple(psu) for psu in self.sampled})))
        one_of("lonely", self.lonely, LONELY)
        if self.replicates is not None:
            self._check_replicates(self.replicates)
        if len(stages) > 2:
            raise BadDesign(
                N_("population counts for {stages} stages are given; at most two stages are handled"),
                stages=len(stages),
            )
        if len(stages) == 2 and not self.psus:
            raise BadDesign(N_("two population counts need a PSU column: the second counts units within a PSU"))
        if self.sampled is not None and not self.psus:
            raise BadDesign(N_("a list of sampled PSUs needs a PSU column"))
        width = len(self.strata) + len(self.psus)
        if self.sampled is not None and any(len(psu) != width for psu in self.sampled):
            raise BadDesign(N_("each sampled PSU must be listed with {width} labels: strata, then PSU"), width=width)
        numbers = [count for count in stages if not isinstance(count, str)]
        if any(not count >= 1 for count in numbers):
            raise BadDesign(
                N_("a population count must be at least 1, and {count} is not; counts, never fractions"),
                count=min(numbers),
            )

    def _check_replicates(self, replicates: ReplicateWeights) -> None:
        if self.strata or self.psus or self.ssus or self.fpc or self.sampled is not None:
            raise BadDesign(
                N_("replicate weights carry the design: name no strata, PSUs or population counts beside them")
            )
        if self.weights is None:
            raise BadDesign(N_("replicate weights need the full-sample weights: name their column too"))
        if self.weights in replicates.columns:
            raise BadDesign(
                N_("column {column} is named as the weights and as a replicate weight"), column=self.weights
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the design needs, in the order in which cells are sorted."""
        counts = tuple(column for column in self.fpc if isinstance(column, str))
        names = self.strata + self.psus + self.ssus + ((self.weights,) if self.weights else ()) + counts
        return tuple(dict.fromkeys(names))

    @property
    def elements(self) -> bool:
        """Whether a row must stay a cell of its own: rows are the second-stage units."""
        return len(self.fpc) == 2 and not self.ssus

    def with_lonely(self, lonely: str, in_domain: bool | None = None) -> "Design":
        """Return the design under another convention for single PSUs; cells need not be tabulated again."""
        return replace(self, lonely=lonely, lonely_in_domain=self.lonely_in_domain if in_domain is None else in_domain)

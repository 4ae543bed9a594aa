"""Replicate weights that came with a file: which columns they are, and what each replicate counts in a variance.

The columns are only named here; what they hold is read in the pass (`analysis.tabulation.key_encoding`) and used in
`analysis.variance.replicate_weights`.
"""

import math
from dataclasses import dataclass

from analysis.errors import N_, BadDesign, one_of

KINDS = ("BRR", "Fay", "JK1", "JKn", "bootstrap")
USES_SCALE = ("JK1", "JKn", "bootstrap")


@dataclass(frozen=True)
class ReplicateWeights:
    """Supplied replicate weights, as R `svrepdesign` takes them: V = scale sum_r rscale_r (theta_r - theta_0)^2.

    columns   one column per replicate, two at least
    kind      BRR  half-samples: scale 1/R (P. J. McCarthy, Review of the International Statistical Institute 37, 1969)
              Fay  half-samples with rho and 2 - rho times the weights: scale 1/(R (1 - rho)^2) (D. R. Judkins, Journal
                   of Official Statistics 6, 1990)
              JK1  one PSU left out, no strata: scale (R - 1)/R where none is given
              JKn  one PSU of a stratum left out: `rscales`, (n_h - 1)/n_h, must be given; scale 1 where none is given
              bootstrap  scale 1/(R - 1) where none is given (J. N. K. Rao, C. F. J. Wu, Journal of the American
                         Statistical Association 83, 1988)
    rho       of Fay's method, 0 or more and below 1
    scale     of JK1, JKn and bootstrap; None = as above
    rscales   one number per replicate, or a single one for all; empty = 1 each
    mse       theta_0 is the estimate with the full weights (True), or the mean of the replicates (R's default)
    full      the columns are full weights (True), or multipliers of the design's weights

    >>> ReplicateWeights(("r1", "r2", "r3", "r4"), "Fay", rho=0.5).factors
    (1.0, 1.0, 1.0, 1.0)
    """

    columns: tuple[str, ...]
    kind: str
    rho: float | None = None
    scale: float | None = None
    rscales: tuple[float, ...] = ()
    mse: bool = False
    full: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rscales", tuple(float(each) for each in self.rscales))
        one_of("kind", self.kind, KINDS)
        number = len(self.columns)
        twice = sorted({column for column in self.columns if self.columns.count(column) > 1})
        if twice:
            raise BadDesign(N_("replicate weights name a column twice: {columns}"), columns=", ".join(twice))
        if number < 2:
            raise BadDesign(N_("replicate weights need two columns at least; {count} is named"), count=number)
        if len(self.rscales) not in (0, 1, number):
            raise BadDesign(
                N_("rscales has {given} numbers, and there are {count} replicate weights; give one for each, or one"),
                given=len(self.rscales),
                count=number,
            )
        self._check_numbers()

    def _check_numbers(self) -> None:
        if (self.rho is not None) != (self.kind == "Fay"):
            raise BadDesign(N_("rho is given with Fay, and only there"))
        if self.rho is not None and not 0 <= self.rho < 1:
            raise BadDesign(N_("rho lies between 0 and 1, 1 excluded; {rho} does not"), rho=self.rho)
        if self.scale is not None and self.kind not in USES_SCALE:
            raise BadDesign(N_("{kind} has its own scale, so none is given"), kind=self.kind)
        if self.rscales and self.kind not in USES_SCALE:
            raise BadDesign(N_("{kind} weighs all replicates alike, so rscales are not given"), kind=self.kind)
        if self.kind == "JKn" and not self.rscales:
            raise BadDesign(N_("JKn needs rscales: (n - 1)/n of its stratum for each replicate, n PSUs in the stratum"))
        if self.scale is not None and not 0 < self.scale < math.inf:
            raise BadDesign(N_("scale is a number above 0; {scale} is not"), scale=self.scale)
        if any(not 0 <= each < math.inf for each in self.rscales) or (self.rscales and not any(self.rscales)):
            raise BadDesign(N_("rscales are numbers of 0 or more, and not all are 0"))

    @property
    def factors(self) -> tuple[float, ...]:
        """What each replicate counts: scale times its rscale."""
        number = len(self.columns)
        own = {"BRR": 1 / number, "JK1": (number - 1) / number, "JKn": 1.0, "bootstrap": 1 / (number - 1)}
        if self.rho is not None:
            scale = 1 / (number * (1 - self.rho) ** 2)
        else:
            scale = own[self.kind] if self.scale is None else self.scale
        rscales = self.rscales or (1.0,)
        return tuple(scale * each for each in (rscales if len(rscales) == number else rscales * number))

"""Differences that a table may print: of domains, of items and factors, of waves.

Three things that a bare contrast leaves to its reader are settled here: what to do where a share has no standard error
that can be relied upon (0 or 1, or a few answers that carry most of the weight), how few degrees of freedom a small
domain leaves, and how many comparisons the table makes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.contrasts import Difference, EstimateVector, together
from analysis.comparison.multiplicity import benjamini_hochberg, holm
from analysis.errors import N_, AnalysisError, BadMethod, NotInCells, nearest, one_of
from analysis.estimands.estimands import pooled
from analysis.estimation.estimate import estimate
from analysis.estimation.estimates import domain_name
from analysis.tabulation.cells import Cells
from analysis.weighting.weights import Weights, design_weights

Matrix = NDArray[np.float64]
ADJUSTMENTS = {"holm": holm, "bh": benjamini_hochberg}
FREEDOMS = ("smaller", "design")
DIFFERS, UNDECIDED = "differs", "not enough evidence"


@dataclass(frozen=True, eq=False)
class JointEstimates:
    """Figures that can be compared, in one order: of what, in which domain, of which wave, and how surely.

    covariance  of all of them together, as tests of equality want it: on its diagonal the variances `Estimates.tested`,
                what a share like its enclosing domain's would vary by; correlations as they were estimated
    estimated   the covariance as it was estimated, as R's contrasts use it
    low, high   the `wilson_shared_2` interval of each, at the level asked for
    df          PSUs minus strata among the rows of each, after what uneven weights take, rounded down
    design_df   the same among the rows of all of them, as R counts for a contrast
    reading     `one sample`, `panel` or `independent`: how waves are read
    """

    of: tuple[str, ...]
    domains: tuple[Mapping[str, str], ...]
    waves: tuple[str, ...]
    value: Matrix
    covariance: Matrix
    low: Matrix
    high: Matrix
    df: NDArray[np.int64]
    n: NDArray[np.int64]
    flags: tuple[tuple[str, ...], ...]
    design_df: int
    estimated: Matrix
    reading: str = "one sample"

    def __len__(self) -> int:
        return len(self.value)

    def place(self, of: str, wave: str | None = None, **domain: str) -> int:
        """Return where a figure stands, by its name: `place("overall", unit="03646")`; raises NotInCells.

        `wave` only where figures of several waves stand together.
        """
        wanted = {column: str(label) for column, label in domain.items()}
        names = [f"{name} {domain_name(where)}".strip() for name, where in zip(self.of, self.domains, strict=True)]
        for place, (name, where, when) in enumerate(zip(self.of, self.domains, self.waves, strict=True)):
            labels = {column: str(label) for column, label in where.items()}
            if (name, labels) == (of, wanted) and wave in (None, when):
                return place
        asked = f"{of} {domain_name(wanted)}".strip()
        raise NotInCells(
            N_("there is no figure {name} among these; the nearest are {known}"),
            name=asked,
            known=nearest(asked, dict.fromkeys(names)),
        )

    @property
    def se(self) -> Matrix:
        """Standard errors."""
        return np.sqrt(self.covariance.diagonal())

    def difference(self, one: int, other: int, *, level: float = 0.95, df: str = "smaller") -> Difference:
        """Return the first minus the second, with t of the smaller df of the two; `design`: all as R's contrasts."""
        one_of("df", df, FREEDOMS)
        both = [one, other]
        as_r = df == "design"
        freedom, covariance = (self.design_df, self.estimated) if as_r else (int(self.df[both].min()), self.covariance)
        pair = EstimateVector(("", ""), self.value[both], covariance[np.ix_(both, both)], freedom)
        return pair.difference(0, 1, level)


@dataclass(frozen=True)
class AdjustedComparison:
    """One line of a table of differences: places of the two figures, their difference, and what may be said of it.

    adjusted  the p-value with all lines of the table counted; finding is "differs" where it is below 1 - level, else
              "not enough evidence", and None where no test exists
    """

    one: int
    other: int
    difference: Difference
    adjusted: float | None
    finding: str | None


def figures_of(
    cells: Cells,
    weights: Weights | None,
    of: Sequence[str],
    domains: Sequence[Mapping[str, str]],
    *,
    level: float = 0.95,
    wave: str = "",
) -> JointEstimates:
    """Estimate the named items, factors or "overall" in the given domains jointly, ready to be compared.

    A domain is {column: label} over a family that the cells were tabulated for; {} is everybody. A share of 0 or 1 has
    a linearised variance of 0, and one that rests on a few heavy answers next to none, which would make every
    difference from it sure. So tests use what the share would vary by if it were like others: the design effect of its
    interval times p (1 - p)/n, p that of the enclosing domain or half way to it (a score test's variance; R. G.
    Newcombe, Statistics in Medicine 17, 1998, on why Wald's fails). A full count keeps 0.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"psu": [1, 1, 2, 2, 3, 3], "u": list("ababab"), "q": [5, 2, 4, 1, 5, 4]})
    >>> cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    >>> found = figures_of(cells, None, ["overall"], [{"u": "a"}, {"u": "b"}])
    >>> found.value.round(3).tolist(), found.flags[0], round(float(found.se[0]), 3)
    ([1.0, 0.333], ('edge', 'review'), 0.286)
    """
    weights = design_weights(cells) if weights is None else weights
    joint = together(cells, weights, pooled(cells, of), domains)
    families = tuple(dict.fromkeys(tuple(domain) for domain in domains if domain))
    table = estimate(cells, weights, by=families)
    shown = table if level == table.level else estimate(cells, weights, by=families, level=level)
    known = {tuple(zip(columns, labels, strict=True)): place for place, (columns, labels) in enumerate(table.domains)}
    names = [(name, domain) for domain in domains for name in of]
    places, flags = [], []
    for name, domain in names:
        labels = tuple((key, str(label)) for key, label in domain.items())
        if labels not in known:
            raise AnalysisError(
                N_("nobody is in the domain {domain}; correct it, or leave it out"),
                domain=", ".join(f"{key}={label}" for key, label in labels),
            )
        place, column = known[labels], table.of.index(name)
        flags.append(tuple(flag for flag in table._flags(place, column) if flag != "unweighted"))
        places.append((place, column))
    at = tuple(np.array(places, dtype=np.intp).reshape(-1, 2).T)
    return JointEstimates(
        of=tuple(name for name, _ in names),
        domains=tuple(domain for _, domain in names),
        waves=(wave,) * len(names),
        value=joint.value,
        covariance=as_tested(joint.covariance, table.tested[at]),
        low=shown.low[at],
        high=shown.high[at],
        df=np.floor(table.df_weighted[at]).astype(np.int64),
        n=table.n[at],
        flags=tuple(flags),
        design_df=joint.df,
        estimated=joint.covariance,
    )


def as_tested(covariance: Matrix, tested: Matrix) -> Matrix:
    """Put other variances on the diagonal; correlations stay, and are 0 where there was no variance."""
    known = np.where(np.isnan(tested), covariance.diagonal(), tested)
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = np.sqrt(known / covariance.diagonal())
    stretch = np.where(np.isfinite(stretch), stretch, 0.0)
    found = covariance * stretch[:, None] * stretch
    found[np.diag_indices_from(found)] = known
    return found


def independent(parts: Sequence[JointEstimates]) -> JointEstimates:
    """Join estimates of independent samples: no covariance between parts, and the designs' df add up.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> codebook, design = Codebook.plain(["q"]), Design(psus="psu")
    >>> waves = [pa.table({"psu": [1, 1, 2, 2], "q": answers}) for answers in ([5, 5, 4, 2], [5, 4, 1, 1])]
    >>> parts = [figures_of(tabulate(each, codebook=codebook, design=design), None, ["q"], [{}]) for each in waves]
    >>> change = independent(parts).difference(1, 0)
    >>> round(change.value, 3), round(change.se, 3), change.df
    (-0.25, 0.559, 1.0)
    """
    sizes = np.cumsum([0, *map(len, parts)])
    covariance, estimated = np.zeros((2, sizes[-1], sizes[-1]))
    for part, start in zip(parts, sizes, strict=False):
        here = slice(start, start + len(part))
        covariance[here, here], estimated[here, here] = part.covariance, part.estimated
    return JointEstimates(
        of=tuple(name for part in parts for name in part.of),
        domains=tuple(domain for part in parts for domain in part.domains),
        waves=tuple(wave for part in parts for wave in part.waves),
        value=np.concatenate([part.value for part in parts]),
        covariance=covariance,
        low=np.concatenate([part.low for part in parts]),
        high=np.concatenate([part.high for part in parts]),
        df=np.concatenate([part.df for part in parts]),
        n=np.concatenate([part.n for part in parts]),
        flags=tuple(flags for part in parts for flags in part.flags),
        design_df=sum(part.design_df for part in parts),
        estimated=estimated,
        reading="independent",
    )


def differences(
    figures: JointEstimates,
    pairs: Iterable[tuple[int, int]],
    *,
    level: float = 0.95,
    adjust: str = "holm",
    df: str = "smaller",
) -> list[AdjustedComparison]:
    """Test the first minus the second of each pair, all pairs together.

    adjust  `holm`: the chance of a single false "differs" in the whole list stays below 1 - level; `bh`: the expected
            share of false ones among those said (`analysis.comparison.multiplicity`)
    df      `smaller` of the two figures' own: a small office compared with the province has few clusters behind its
            half of the variance; `design`: as R's contrasts, with PSUs minus strata of all rows compared and the
            variances as estimated
    Intervals are for each difference alone.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"psu": [1, 1, 2, 2, 3, 3], "u": list("ababab"), "q": [5, 2, 4, 1, 2, 4]})
    >>> cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    >>> found = figures_of(cells, None, ["q"], [{"u": "a"}, {"u": "b"}])
    >>> (line,) = differences(found, [(0, 1)])
    >>> round(line.difference.value, 3), round(line.difference.se, 3), line.finding
    (0.333, 0.667, 'not enough evidence')
    """
    pairs = list(pairs)
    found = [figures.difference(one, other, level=level, df=df) for one, other in pairs]
    judged = findings([each.p for each in found], level=level, adjust=adjust)
    return [
        AdjustedComparison(one, other, each, adjusted, finding)
        for (one, other), each, (adjusted, finding) in zip(pairs, found, judged, strict=True)
    ]


def findings(
    p: Iterable[float | None], *, level: float = 0.95, adjust: str = "holm"
) -> list[tuple[float | None, str | None]]:
    """Adjust the p-values of one table and say each in words; None where there is no test.

    >>> findings([0.01, 0.04, None])
    [(0.02, 'differs'), (0.04, 'differs'), (None, None)]
    """
    one_of("adjust", adjust, tuple(ADJUSTMENTS))
    if not 0 < level < 1:
        raise BadMethod(N_("the level must lie between 0 and 1, and {level} does not"), level=level)
    adjusted = ADJUSTMENTS[adjust](np.array([np.nan if each is None else each for each in p], dtype=float))
    return [
        (None, None) if np.isnan(each) else (float(each), DIFFERS if each < 1 - level else UNDECIDED)
        for each in adjusted
    ]

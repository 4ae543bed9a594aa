"""What the design amounts to in these cells: how many PSUs each stratum has, and what was sampled of how many.

Cells are sorted by stratum and PSU, so strata and PSUs are runs of cells, numbered in that order.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.data.codebook import SEVERAL
from analysis.errors import N_, BadDesign
from analysis.tabulation.cells import Cells
from analysis.tabulation.key_encoding import combine_keys, dense_rank, label_text


@dataclass(frozen=True)
class SecondStage:
    """Second-stage units: the number of each cell's unit, and per PSU how many were sampled, and of how many."""

    unit: NDArray[np.int64]
    n: NDArray[np.int64]
    fraction: NDArray[np.float64]

    @property
    def certain(self) -> NDArray[np.bool_]:
        """PSUs that were taken in whole."""
        return self.fraction >= 1 - 1e-9

    @property
    def factor(self) -> NDArray[np.float64]:
        """(1 - f) n/(n - 1) per PSU; 0 where it was taken in whole or has a single unit."""
        share = np.where(self.certain | (self.n < 2), 0.0, 1 - self.fraction)
        return share * self.n / np.maximum(self.n - 1, 1)


class CommonWeeks(NamedTuple):
    """A stratum whose PSUs are weeks of the other strata of its wave, too, and how far they vary together.

    stratum  its number; wave: which strata are of its wave, itself among them
    """

    stratum: int
    correlation: float
    wave: NDArray[np.bool_]


@dataclass(frozen=True)
class DesignCounts:
    """Strata, PSUs and (with two-stage counts) second-stage units of the cells.

    stratum, psu       the number of each cell's stratum and PSU, never decreasing
    stratum_of_psu     the stratum of each PSU that has rows
    n, fraction        per stratum: PSUs in the design (also those without rows), and n / population count (0 = with
                       replacement)
    second             second-stage units; None = no second stage in the variance
    strata, psus       how many the whole design has
    common             rows without their point (`Codebook.week_correlation`), a wave at a time; empty = none
    """

    stratum: NDArray[np.int64]
    psu: NDArray[np.int64]
    stratum_of_psu: NDArray[np.int64]
    n: NDArray[np.int64]
    fraction: NDArray[np.float64]
    second: SecondStage | None
    names: tuple[str, ...]
    strata: int
    psus: int
    common: tuple[CommonWeeks, ...] = ()

    def alone(self, strata: int | NDArray[np.bool_]) -> "DesignCounts":
        """Return the design as if all other strata were in the sample as a whole: a variance is the part of these."""
        chosen = strata if isinstance(strata, np.ndarray) else np.arange(len(self.n)) == strata
        return replace(self, fraction=np.where(chosen, self.fraction, 1.0))

    @property
    def df(self) -> int:
        """Degrees of freedom of the whole design: PSUs minus strata."""
        return self.psus - self.strata

    @property
    def certain(self) -> NDArray[np.bool_]:
        """Strata of which every unit is in the sample."""
        return self.fraction >= 1 - 1e-9

    @property
    def lonely(self) -> NDArray[np.bool_]:
        """Strata with a single PSU whose variance is unknown."""
        return (self.n == 1) & ~self.certain

    @property
    def factor(self) -> NDArray[np.float64]:
        """(1 - f) n/(n - 1) per stratum; 1 - f where there is a single PSU."""
        return np.where(self.certain, 0.0, 1 - self.fraction) * self.n / np.maximum(self.n - 1, 1)


def count_design(cells: Cells) -> DesignCounts:
    """Count the design in the cells; raises BadDesign for population counts and PSU lists that contradict them."""
    design = cells.design
    stratum, strata = _runs(cells, design.strata)
    if design.psus:
        psu, psus = _runs(cells, design.strata + design.psus)
    else:
        psu, psus = np.arange(len(cells)), len(cells)
    first = np.searchsorted(psu, np.arange(psus))
    stratum_of_psu = stratum[first]  # where rows are PSUs and were summed up: of each cell
    n = np.bincount(stratum_of_psu, minlength=strata)
    if cells.grouped:
        n, psus = np.bincount(stratum, cells.rows, strata).astype(np.int64), cells.size
    names = _names(cells, design.strata, np.searchsorted(stratum, np.arange(strata)))
    all_strata, all_psus = strata, psus
    if design.sampled is not None:
        n, all_strata, all_psus = _listed(cells, first, names, n)
    fraction, second = np.zeros(strata), None
    if design.fpc:
        counts = _counts(cells, design.fpc[0], stratum, strata)
        _refuse_small(counts, n, names, design.fpc[0])
        fraction = n / counts
    if len(design.fpc) == 2:
        if design.ssus:
            ssu, ssus = _runs(cells, design.strata + design.psus + design.ssus)
        else:
            ssu, ssus = np.arange(len(cells)), len(cells)
        n2 = np.bincount(psu[np.searchsorted(ssu, np.arange(ssus))], minlength=psus)
        counts = _counts(cells, design.fpc[1], psu, psus)
        _refuse_small(counts, n2, _names(cells, design.strata + design.psus, first), design.fpc[1])
        second = SecondStage(ssu, n2, n2 / counts)
    return DesignCounts(
        stratum, psu, stratum_of_psu, n, fraction, second, names, strata=all_strata, psus=all_psus,
        common=_common_weeks(cells, stratum),
    )  # fmt: skip


def _common_weeks(cells: Cells, stratum: NDArray[np.int64]) -> tuple[CommonWeeks, ...]:
    """The strata of rows without their point, where the codebook says how their weeks go with those of the points: one,
    or one for each wave of a period."""
    book, columns = cells.codebook, cells.design.strata
    if not columns or SEVERAL not in cells.labels[columns[-1]]:
        return ()
    several = cells.codes[columns[-1]] == list(cells.labels[columns[-1]]).index(SEVERAL)
    strata = int(stratum.max(initial=-1)) + 1
    if len(columns) == 1 and book.week_correlation and several.any():
        here = int(stratum[np.argmax(several)])
        return (CommonWeeks(here, book.week_correlation, np.ones(strata, dtype=bool)),)
    found = []
    for wave, correlation in book.week_correlations or () if len(columns) == 2 else ():
        own = cells.codes[columns[0]] == list(cells.labels[columns[0]]).index(wave)
        if correlation and (several & own).any():
            of_wave = np.isin(np.arange(strata), stratum[own])
            found.append(CommonWeeks(int(stratum[np.argmax(several & own)]), correlation, of_wave))
    return tuple(found)


def _runs(cells: Cells, columns: tuple[str, ...]) -> tuple[NDArray[np.int64], int]:
    key, span = combine_keys([cells.codes[c] for c in columns], [len(cells.labels[c]) for c in columns], len(cells))
    return dense_rank(key, span)


def _names(cells: Cells, columns: tuple[str, ...], places: NDArray) -> tuple[str, ...]:
    return (
        tuple(
            " / ".join(cells.label(column, cells.codes[column][place]) or "" for column in columns) for place in places
        )
        if len(places) <= 100_000
        else ("",) * len(places)
    )


def _counts(cells: Cells, count: str | float, group: NDArray, groups: int) -> NDArray[np.float64]:
    if not isinstance(count, str):
        return np.full(groups, float(count))
    values = cells.numbers(count)
    found = values[np.searchsorted(group, np.arange(groups))]
    if (values != found[group]).any():
        place = int(np.argmax(values != found[group]))
        raise BadDesign(
            N_("column {column} must hold one population count per group, and holds {one} and {two} in the same group"),
            column=count,
            one=label_text(found[group[place]]),
            two=label_text(values[place]),
        )
    return found


def _refuse_small(counts: NDArray, n: NDArray, names: tuple[str, ...], count: str | float) -> None:
    small = counts < n * (1 - 1e-9)
    if small.any():
        place = int(np.argmax(small))
        raise BadDesign(
            N_(
                "group {name} has {n} sampled units, but its population count ({column}) is {count}; "
                "counts of units are wanted, not fractions"
            ),
            name=names[place] or "-",
            n=int(n[place]),
            column=str(count),
            count=label_text(counts[place]),
        )


def _listed(cells: Cells, first: NDArray, names: tuple[str, ...], n: NDArray) -> tuple[NDArray, int, int]:
    """PSUs per stratum by the design's own list, which must hold every PSU of the data."""
    listed = cells.design.sampled or ()
    columns = cells.design.strata + cells.design.psus
    known = set(listed)
    for place in first:
        psu = tuple(cells.label(column, cells.codes[column][place]) or "" for column in columns)
        if psu not in known:
            raise BadDesign(
                N_("PSU {psu} has answers but is not in the design's list of sampled PSUs"), psu=" / ".join(psu)
            )
    width = len(cells.design.strata)
    found: dict[str, int] = {}
    for psu in listed:
        name = " / ".join(psu[:width])
        found[name] = found.get(name, 0) + 1
    return np.array([found[name] for name in names]), len(found), len(listed)

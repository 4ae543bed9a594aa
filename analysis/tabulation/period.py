"""Several waves as one period: their cells side by side, each wave's strata and PSUs its own.

Waves are independent samples in time. The label of a PSU is a keyed hash whose key is made anew for each wave, so equal
labels in two waves are an accident; with the wave as the first of the strata they are two PSUs all the same.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from analysis.data.codebook import Codebook
from analysis.errors import N_, DifferentCells
from analysis.tabulation.cells import Cells, merge_cells
from analysis.tabulation.key_encoding import text_labels

WAVE = "wave"  # the column that the cells of a period have beside those of their waves


def cells_of_period(parts: Mapping[str, Cells], *, by: Sequence[Sequence[str]] | None = None, name: str = "") -> Cells:
    """Put the cells of waves side by side: the column `wave` is their first stratum, and may be a domain.

    parts  the cells of each wave by its name, tabulated alike: same items, families, kept columns
    by     the families of the period; None = those of the parts. It may name the column `wave`
    name   what the period is called, in the place of a wave in the codebook

    Sums of counts are added, never weighted: the cells are those of one pass over all rows with a column `wave`, byte
    for byte, whatever the order of the parts. Rows of a wave stay together, in the order of its own cells. Raises
    DifferentCells where the waves asked other items or were tabulated otherwise.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> asked = {"codebook": Codebook.plain(["q"]), "design": Design(psus="psu")}
    >>> early = tabulate(pa.table({"psu": ["1", "2"], "q": [5, 4]}), **asked)
    >>> late = tabulate(pa.table({"psu": ["2", "3"], "q": [1, 4]}), **asked)
    >>> period = cells_of_period({"Q2": late, "Q1": early})
    >>> [(period.label("wave", w), period.label("psu", p)) for w, p in zip(period.code("wave"), period.code("psu"))]
    [('Q1', '1'), ('Q1', '2'), ('Q2', '2'), ('Q2', '3')]
    """
    ordered = {wave: parts[wave] for wave in sorted(parts)}
    first = next(iter(ordered.values()))
    if WAVE in first.keys:
        raise DifferentCells(N_("these answers have a column {column} of their own, so they are no waves of a period"),
                             column=WAVE)  # fmt: skip
    codebook = codebook_of_period({wave: cells.codebook for wave, cells in ordered.items()}, name)
    listed = None
    if any(cells.design.sampled is not None for cells in ordered.values()):
        listed = tuple((wave, *psu) for wave, cells in ordered.items() for psu in _psus_of(cells))
    families = first.by if by is None else tuple(dict.fromkeys([(), *map(tuple, by)]))
    marked = []
    for wave, cells in ordered.items():
        design = replace(cells.design, strata=(WAVE, *cells.design.strata), sampled=listed)
        marked.append(
            replace(
                cells,
                codebook=replace(
                    codebook, items=cells.codebook.items, groups=tuple(cells.codebook.factor_items.items())
                ),
                design=design,
                by=families,
                keys=(WAVE, *cells.keys),
                labels={WAVE: text_labels([wave]), **cells.labels},
                codes={WAVE: np.zeros(len(cells), np.int32), **cells.codes},
            )
        )
    return replace(merge_cells(marked), codebook=codebook)


def _psus_of(cells: Cells) -> Sequence[tuple[str, ...]]:
    """The sampled PSUs of a wave: those listed, else those with rows."""
    if cells.design.sampled is not None:
        return cells.design.sampled
    columns = (*cells.design.strata, *cells.design.psus)
    codes = np.unique(np.column_stack([cells.codes[column] for column in columns]), axis=0)
    return [tuple(cells.label(c, code) or "" for c, code in zip(columns, own, strict=True)) for own in codes]


def codebook_of_period(books: Mapping[str, Codebook], name: str = "") -> Codebook:
    """Describe a period by the codebooks of its waves: what they have in common, and what belongs to one by its name.

    Items, factors and scales are those of the first wave by name: `cells_of_period` refuses waves that differ in them.
    What was stored coarser (`detailed`, `several`, `ways`, `lost_keys`) is each wave's own, and left out.
    """
    ordered = [books[wave] for wave in sorted(books)]
    first = ordered[0]
    versions = list(dict.fromkeys(book.version for book in ordered))
    asked = {value for book in ordered for value in book.not_asked or ()}
    correlations = tuple((wave, books[wave].week_correlation) for wave in sorted(books))
    known = tuple((wave, value) for wave, value in correlations if value is not None)
    return Codebook(
        instrument=first.instrument,
        version=", ".join(sorted(versions)),
        wave=name,
        simulated=any(book.simulated for book in ordered),
        items=first.items,
        factors=first.factors,
        groups=first.groups,
        columns={**first.columns, "strata": (WAVE, *first.columns.get("strata", ()))},
        not_applicable=tuple(sorted(set(chain.from_iterable(book.not_applicable for book in ordered)))),
        missing=tuple(sorted(set(chain.from_iterable(book.missing for book in ordered)))),
        opens_on=_edge([book.opens_on for book in ordered], first=True),
        closes_on=_edge([book.closes_on for book in ordered], first=False),
        not_asked=tuple(sorted(asked)) or None,
        asked_if=first.asked_if if all(book.asked_if == first.asked_if for book in ordered) else None,
        population=first.population,
        week_correlations=known or None,
    )


def _edge(days: Sequence[dt.date | None], first: bool) -> dt.date | None:
    """The first or the last of days, where all are known."""
    known = [day for day in days if day is not None]
    if len(known) < len(days):
        return None
    return min(known) if first else max(known)

"""A family of domains over the cells: sorted into domains, within them strata, within them clusters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.tabulation.cells import Cells
from analysis.tabulation.key_encoding import combine_keys, dense_rank, label_text
from analysis.variance.design_counts import DesignCounts

Matrix = NDArray[Any]


@dataclass(frozen=True)
class SecondStageClusters:
    """Second-stage units in a family: where each starts in `order`, each cluster's first, and whose each is."""

    starts: NDArray[np.int64]
    clusters: NDArray[np.int64]
    cluster: NDArray[np.int64]


@dataclass(frozen=True)
class DomainFamily:
    """The cells of a family of domains, such as one per unit: in runs of domains, strata and clusters.

    A cluster is one PSU as far as it lies in one domain.

    order     the cells in question, sorted by domain; within a domain they keep their order
    clusters  where each cluster starts, counted in `order`; `psu_of_cluster` is its PSU
    strata    where each run of one domain and one stratum starts, counted in clusters; `stratum_of_run` is its stratum
    domains   where each domain starts, counted in runs of strata; `domain_clusters` the same counted in clusters
    parts     second-stage units, where the design has a second stage
    """

    columns: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    domain: NDArray[np.int64]
    order: NDArray[np.int64]
    clusters: NDArray[np.int64]
    psu_of_cluster: NDArray[np.int64]
    strata: NDArray[np.int64]
    stratum_of_run: NDArray[np.int64]
    run_of_cluster: NDArray[np.int64]
    domains: NDArray[np.int64]
    domain_of_run: NDArray[np.int64]
    domain_clusters: NDArray[np.int64]
    domain_cells: NDArray[np.int64]
    domain_of_cluster: NDArray[np.int64]
    parts: SecondStageClusters | None
    in_order: bool

    def __len__(self) -> int:
        return len(self.labels)

    def sort(self, values: Matrix) -> Matrix:
        """Return values of cells in the order of the runs."""
        return values if self.in_order else values[self.order]


def domain_family(cells: Cells, counts: DesignCounts, columns: tuple[str, ...]) -> DomainFamily:
    """Sort the cells into the domains of one family. Cells with an empty label are in no domain."""
    codes = [cells.code(column) for column in columns]
    inside = np.ones(len(cells), dtype=bool)
    for code in codes:
        inside &= code >= 0
    places = np.flatnonzero(inside)
    key, span = combine_keys([code[places] for code in codes], [len(cells.labels[c]) for c in columns], len(places))
    ids, size = dense_rank(key, span) if len(places) else (key, 0)
    domain = np.full(len(cells), -1, dtype=np.int64)
    domain[places] = ids
    sort = np.argsort(ids, kind="stable") if columns else np.arange(len(places))
    order, sorted_ids = places[sort], ids[sort]
    starts = np.searchsorted(sorted_ids, np.arange(size))
    texts = [[label_text(label) for label in cells.labels[column]] for column in columns]
    own = [[text[k] for k in code[order[starts]]] for text, code in zip(texts, codes, strict=True)]
    labels = tuple(zip(*own, strict=True)) if columns else ((),) * size
    return arrange(columns, labels, domain, order, sorted_ids, counts)


def arrange(
    columns: tuple[str, ...],
    labels: tuple[tuple[str, ...], ...],
    domain: NDArray[np.int64],
    order: NDArray[np.int64],
    sorted_ids: NDArray[np.int64],
    counts: DesignCounts,
) -> DomainFamily:
    """Find the runs of the cells in `order`, whose domains are numbered `sorted_ids`.

    A cell may stand in several domains.
    """
    size = len(labels)
    starts = np.searchsorted(sorted_ids, np.arange(size))
    psu = counts.psu[order]
    clusters = _starts(sorted_ids, psu)
    domain_of_cluster, psu_of_cluster = sorted_ids[clusters], psu[clusters]
    stratum_of_cluster = counts.stratum_of_psu[psu_of_cluster]
    strata = _starts(domain_of_cluster, stratum_of_cluster)
    domain_of_run = domain_of_cluster[strata]
    domains = np.searchsorted(domain_of_run, np.arange(size))
    parts = None
    if counts.second is not None:
        starts_of_parts = _starts(sorted_ids, counts.second.unit[order])
        first = np.searchsorted(starts_of_parts, clusters)
        whose = np.repeat(np.arange(len(clusters)), np.diff(np.append(first, len(starts_of_parts))))
        parts = SecondStageClusters(starts_of_parts, first, whose)
    return DomainFamily(
        columns=columns,
        labels=labels,
        domain=domain,
        order=order,
        clusters=clusters,
        psu_of_cluster=psu_of_cluster,
        strata=strata,
        stratum_of_run=stratum_of_cluster[strata],
        run_of_cluster=np.repeat(np.arange(len(strata)), np.diff(np.append(strata, len(clusters)))),
        domains=domains,
        domain_of_run=domain_of_run,
        domain_clusters=strata[domains] if size else strata,
        domain_cells=starts,
        domain_of_cluster=domain_of_cluster,
        parts=parts,
        in_order=bool(len(order) == len(domain) and (np.diff(order) > 0).all()),
    )


def _starts(*columns: NDArray) -> NDArray[np.int64]:
    if not len(columns[0]):
        return np.zeros(0, dtype=np.int64)
    change = np.zeros(len(columns[0]), dtype=bool)
    change[0] = True
    for column in columns:
        change[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(change)

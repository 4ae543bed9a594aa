"""Cells: the integer sums that every estimate needs, and nothing else.

A cell holds the rows that agree in stratum, PSU, weighting class and domains. Of each it keeps how many rows there
are, and per item how many rows gave each answer. Sums of counts are whole numbers: cells of parts add up to the very
same cells as the whole, whatever the partition, the order or the machine. Cells are not anonymous; they stay inside.
"""

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.data.codebook import Codebook
from analysis.data.design import Design
from analysis.errors import N_, AnalysisError, DifferentCells, NotInCells
from analysis.tabulation.key_encoding import (
    Codes,
    Labels,
    combine_keys,
    dense_rank,
    first_of_each,
    label_text,
    merge_labels,
)
from analysis.tabulation.respondent_sums import PEOPLE, PersonSums, Sums, pooled_names

REPLICATES = "(replicates)"  # the key of rows that agree in all replicate weights; no column of a file is called so


@dataclass(frozen=True, eq=False, repr=False)
class Cells:
    """Integer sums per stratum x PSU x weighting class x domain, in one fixed order.

    keys     names of the key columns, in sort order; labels and codes say what each cell has there (-1 = empty); all
             replicate weights together are one key, whose labels are rows of numbers
    by       the families of domains that were asked for; `()` is the whole and always there
    rows     rows per cell, also those that answered nothing
    counts   per item an array [cells, state]: 0 not answered, 1..levels, levels + 1 not applicable; rows that were
             not asked are in none of them
    sums     sums over persons by name (`respondent_sums`), arrays [cells, ...]: "people", and what was asked for
    elements whether each row is a cell of its own
    """

    codebook: Codebook
    design: Design
    by: tuple[tuple[str, ...], ...]
    keys: tuple[str, ...]
    labels: Mapping[str, Labels]
    codes: Mapping[str, Codes]
    rows: NDArray[np.integer]
    counts: tuple[NDArray[np.integer], ...]
    sums: Sums = field(default_factory=dict)
    elements: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        families = ", ".join("+".join(family) for family in self.by if family)
        return f"Cells({self.size} rows in {len(self)} cells; {len(self.counts)} items; by {families or 'nothing'})"

    def __add__(self, other: "Cells") -> "Cells":
        return merge_cells([self, other])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cells) and self.to_bytes() == other.to_bytes()

    __hash__ = None  # type: ignore[assignment]

    @property
    def grouped(self) -> bool:
        """Whether rows are PSUs that were summed up: their variance comes from their second moments."""
        return not self.design.psus and not self.elements and self.design.replicates is None

    @property
    def size(self) -> int:
        """How many rows of data the cells hold."""
        return int(self.rows.sum(dtype=np.int64))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the cells as they are saved: equal cells, equal digest."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def code(self, column: str) -> Codes:
        """Return the codes of one key column; raises NotInCells for a column that was not asked for."""
        if column not in self.codes:
            raise NotInCells(
                N_("the cells do not hold the column {column}; name it in `by` or `keep` of tabulate"), column=column
            )
        return self.codes[column]

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return one key column as numbers per cell; NaN where empty."""
        codes = self.code(column)
        try:
            values = np.append(np.array(self.labels[column], dtype=float), np.nan)
        except ValueError as problem:
            raise NotInCells(N_("column {column} does not hold numbers"), column=column) from problem
        return values[codes]

    def vectors(self) -> tuple[NDArray[np.float64], Codes]:
        """Return the distinct rows of the design's replicate weights [vectors, replicates], and which each cell has."""
        return self.labels[REPLICATES], self.code(REPLICATES)

    def label(self, column: str, code: int) -> str | None:
        """Return the text of a label; None where empty."""
        return None if code < 0 else label_text(self.labels[column][code])

    def item(self, code: str) -> NDArray[np.integer]:
        """Return the counts [cells, state] of one item."""
        if code not in self.codebook.item_codes:
            raise NotInCells(
                N_("there is no item {item}; the items are {items}"),
                item=code,
                items=", ".join(self.codebook.item_codes),
            )
        return self.counts[self.codebook.item_codes.index(code)]

    def asked(self, code: str) -> NDArray[np.int64]:
        """Count per cell who was asked an item: all rows, where the codebook does not tell who was not."""
        return self.item(code).sum(axis=1, dtype=np.int64)

    def answered(self, code: str) -> NDArray[np.float64]:
        """Count per cell who answered an item with one of its levels."""
        counts = self.item(code)
        if self.codebook.not_asked:
            return counts[:, 1:-1].sum(axis=1, dtype=np.int64).astype(float)
        return self.rows.astype(float) - counts[:, 0] - counts[:, -1]  # the same, at a fraction of the cost

    def people(self, name: str) -> NDArray[np.integer]:
        """Count per cell who gave at least one answer that counts to a factor, or to any of them ("overall")."""
        return self.sums[PEOPLE][:, pooled_names(self.codebook).index(name)]

    @cached_property
    def persons(self) -> dict[str, PersonSums]:
        """Per factor what the mean of persons' own scores needs; empty unless `person_means` was asked for."""
        start = "person:"
        return {
            name.removeprefix(start): PersonSums(*np.moveaxis(values.astype(np.int64), 1, 0))
            for name, values in self.sums.items()
            if name.startswith(start)
        }

    def with_lonely(self, lonely: str, in_domain: bool | None = None) -> "Cells":
        """Return the cells under another convention for single PSUs."""
        return replace(self, design=self.design.with_lonely(lonely, in_domain))

    def take(self, chosen: NDArray) -> "Cells":
        """Take some of the cells (an index or a mask). Their PSUs are then all there is: for domains, do not filter."""
        return replace(
            self,
            codes={key: codes[chosen] for key, codes in self.codes.items()},
            rows=self.rows[chosen],
            counts=tuple(count[chosen] for count in self.counts),
            sums={name: values[chosen] for name, values in self.sums.items()},
        )

    def to_bytes(self) -> bytes:
        """Serialise the cells as a Parquet file."""
        from analysis.tabulation.cells_io import table_of

        sink = io.BytesIO()
        pq.write_table(table_of(self), sink, compression="zstd", use_dictionary=True)
        return sink.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the cells to a Parquet file; never half a file."""
        path = Path(path)
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(self.to_bytes())
        os.replace(partial, path)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Cells":
        """Read cells that `to_bytes` wrote."""
        from analysis.tabulation.cells_io import cells_of

        return cells_of(pq.read_table(io.BytesIO(content), read_dictionary=[]), "cells")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Cells":
        """Read cells that `save` wrote."""
        from analysis.tabulation.cells_io import cells_of

        return cells_of(pq.read_table(path, read_dictionary=[]), str(path))


def merge_cells(parts: Sequence[Cells]) -> Cells:
    """Add cells: those with the same key become one, and the sums are in the order of their keys."""
    first = parts[0]
    for other in parts[1:]:
        _refuse_strangers(first, other)
    labels: dict[str, Labels] = {}
    codes: dict[str, Codes] = {}
    for key in first.keys:
        labels[key], own = merge_labels([(part.labels[key], part.codes[key]) for part in parts])
        codes[key] = np.concatenate(own)
    rows = np.concatenate([part.rows for part in parts])
    counts = [np.concatenate([part.counts[i] for part in parts]) for i in range(len(first.counts))]
    sums = {name: np.concatenate([part.sums[name] for part in parts]) for name in first.sums}
    joined, span = combine_keys(
        [codes[name] for name in first.keys], [len(labels[name]) for name in first.keys], len(rows)
    )
    starts: NDArray | None = None
    order: NDArray | slice = slice(None)
    chosen: NDArray | slice = slice(None)
    if first.elements:
        packed = _packed(counts, any(part.codebook.not_asked for part in parts))
        order = chosen = np.lexsort([*packed[::-1], joined])  # what equal rows have in sums is equal too
    elif not (np.diff(joined) > 0).all():  # else each cell has a key of its own and stands in its place
        ids, size = dense_rank(joined, span)
        order = np.argsort(ids, kind="stable")
        starts = first_of_each(ids[order], size)
        chosen = order[starts]

    def added(values: NDArray) -> NDArray:
        values = values[order]
        return values if starts is None or not len(starts) else np.add.reduceat(values, starts, dtype=np.int64)

    return replace(
        first,
        labels=labels,
        codes={name: column[chosen] for name, column in codes.items()},
        rows=narrowest_unsigned(added(rows)),
        counts=tuple(narrowest_unsigned(added(count)) for count in counts),
        sums={name: narrowest_unsigned(added(values)) for name, values in sums.items()},
    )


def narrowest_unsigned(counts: NDArray) -> NDArray:
    """Convert counts to the narrowest unsigned type that holds them."""
    largest = int(counts.max(initial=0))
    if largest >= 2**60 or int(counts.min(initial=0)) < 0:
        raise AnalysisError(N_("a sum of counts passes the range of 64-bit integers"))
    return counts.astype(np.min_scalar_type(largest), copy=False)


def _packed(counts: Sequence[NDArray], some_not_asked: bool) -> list[NDArray[np.int64]]:
    """The answers of single rows as few numbers: a fixed order for rows that agree in their keys."""
    packed: list[NDArray[np.int64]] = []
    span = 2**62
    for count in counts:
        states = count.shape[1] + some_not_asked
        if span * states >= 2**62:
            packed.append(np.zeros(len(count), dtype=np.int64))
            span = 1
        state = np.argmax(count, axis=1)
        if some_not_asked:
            state[~count.any(axis=1)] = states - 1
        packed[-1] = packed[-1] * states + state
        span *= states
    return packed


def _refuse_strangers(first: Cells, other: Cells) -> None:
    for what, one, two in (
        ("instrument", first.codebook.instrument, other.codebook.instrument),
        ("version", first.codebook.version, other.codebook.version),
        ("items", first.codebook.items, other.codebook.items),
        ("factors", first.codebook.factor_items, other.codebook.factor_items),
        ("design", first.design, other.design),
        ("domains", first.by, other.by),
        ("key columns", first.keys, other.keys),
        ("kind (rows or groups of rows)", first.elements, other.elements),
        ("sums over persons", set(first.sums), set(other.sums)),
    ):
        if one != two:
            raise DifferentCells(
                N_("cells with different {what} cannot be added; tabulate both in the same way"), what=what
            )

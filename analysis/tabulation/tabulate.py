"""One pass over the data: from rows, in any order and in any number of parts, to cells.

The pass streams: memory depends on the number of cells, not of rows. It never weights anything; weights are constant
in a cell and enter later, once.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import coo_array

from analysis.data.codebook import OVERALL, Codebook
from analysis.data.design import Design
from analysis.data.snapshot import Snapshot, read_snapshot
from analysis.errors import N_, BadCodebook, BadData, BadMethod, one_of
from analysis.tabulation.answer_codes import is_text, item_states
from analysis.tabulation.cells import REPLICATES, Cells, merge_cells, narrowest_unsigned
from analysis.tabulation.key_encoding import (
    combine_keys,
    dense_rank,
    encode_numbers,
    encode_text,
    encode_vectors,
)
from analysis.tabulation.respondent_sums import PEOPLE, People, RequestedSums, sums_of
from analysis.tabulation.side_by_side import side_by_side, threads_for


class ArrowStream(Protocol):
    """A table of any library that hands out its columns by Arrow's C stream: pandas (2.2 on), Polars, DuckDB."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


Part: TypeAlias = Snapshot | pa.Table | ArrowStream | str | os.PathLike[str]
Source: TypeAlias = Part | Sequence[Part]
BATCH = 1 << 20  # a row group as PyArrow writes it: as a rule, a batch is one
ENGINES = ("local", "spark")
PARTS = 8
MANY_ROWS = 1 << 16  # in a batch, from which items are counted by several threads
NUMBERS = 1 << 24  # replicate weights at once


def tabulate(  # noqa: PLR0913
    source: Source,
    by: Sequence[str | Sequence[str]] = (),
    *,
    codebook: Codebook | None = None,
    design: Design | None = None,
    keep: Sequence[str] = (),
    values: Sequence[str] = (),
    elements: bool = False,
    person_means: bool = False,
    cross_products: bool | Sequence[str] = (),
    complete: Sequence[str] = (),
    straight_lines: int = 0,
    importance: str = "",
    progress: Callable[[int], None] | None = None,
    engine: str = "local",
    session: Any = None,
) -> Cells:
    """Sum a data set into cells.

    source    a snapshot, several of one instrument, paths of Parquet files, an Arrow table, or a frame of pandas,
              Polars or any other library that hands out its columns by Arrow's C stream
    by        families of domains: `["unit", ("unit", "field")]` is one domain per unit and one per unit and field;
              the whole is always there
    codebook  what the columns mean; a snapshot brings its own
    design    the sampling design; a snapshot brings its own
    keep      further columns that weights will need: post-strata, margins
    values    columns of numbers that calibration or numeric measures will need; each distinct value is a key
    elements  keep every row as a cell of its own (needed where a method looks at single rows)
    person_means    also keep what the mean of persons' own factor scores needs
    cross_products  also keep sums of products of the items of these factors ("overall": of all items; True: of every
                    factor), for alpha, omega and item-rest correlations
    complete        also keep what those gave who answered all items of these factors (or "overall")
    straight_lines  also count who answered that many items or more, and who gave all of them one level
    importance      also keep how every factor goes with this item, for what to improve first
    progress  called with the number of rows read so far
    engine    local, or spark: Parquet files are read by the workers of an existing cluster (`session`, or the running
              one), each partition by this same function; equal cells, byte for byte. Not with `elements`

    More than eight parameters: the pass over the rows is the only one, so whatever a later method needs is asked for
    here, and costs only where it is asked for.

    >>> table = pa.table({"unit": ["a", "a", "b"], "q01": [5, 4, 1], "q02": [3, None, 2]})
    >>> cells = tabulate(table, ["unit"], codebook=Codebook.plain(["q01", "q02"]), design=Design(psus="unit"))
    >>> cells.rows.tolist(), cells.item("q01").tolist()
    ([2, 1], [[0, 0, 0, 0, 1, 1, 0], [0, 1, 0, 0, 0, 0, 0]])
    """
    sources: list = [_read(part) for part in (source if isinstance(source, list | tuple) else [source])]
    opened = [
        read_snapshot(part) if codebook is None and isinstance(part, str | os.PathLike) else part for part in sources
    ]
    if codebook is None:
        if not isinstance(opened[0], Snapshot):
            raise BadCodebook(N_("a table needs a codebook that says which columns are items; see Codebook.plain"))
        codebook = opened[0].codebook
    if len({part.codebook.population for part in opened if isinstance(part, Snapshot)}) > 1:
        raise BadData(N_("some of these snapshots asked visitors and some households; the two are never added"))
    design = design if design is not None else design_of(codebook)
    families = _families(by)
    domains = [column for family in families for column in family]
    numbers = tuple(
        dict.fromkeys(
            [
                *([design.weights] if design.weights else []),
                *(count for count in design.fpc if isinstance(count, str)),
                *values,
            ]
        )
    )
    vectors = [REPLICATES] if design.replicates else []
    keys = tuple(dict.fromkeys([*design.columns, *keep, *domains, *values, *vectors]))
    named = {*domains, *design.strata, *design.psus}
    numbers = tuple(column for column in numbers if column not in named)
    empty = Cells(
        codebook=codebook,
        design=design,
        by=families,
        keys=keys,
        labels={},
        codes={},
        rows=np.zeros(0, np.int64),
        counts=(),
        elements=elements or design.elements,
    )
    factors = tuple(codebook.factor_items) or (OVERALL,)
    requested = RequestedSums(
        person_means=person_means,
        cross_products=factors if cross_products is True else tuple(cross_products or ()),
        complete=tuple(complete),
        straight_lines=straight_lines,
        importance=importance,
        squares=empty.grouped,
    )
    one_of("engine", engine, ENGINES)
    if engine == "spark":
        return _on_spark(opened, empty, numbers, requested, session)
    parts: list[Cells] = []
    seen = 0
    for batch in _batches(opened, _columns_of(empty), _rows_at_once(design)):
        if not batch.num_rows:
            continue
        part = _sum(batch, empty, numbers, requested, seen)
        seen += batch.num_rows
        parts.append(part)
        if len(parts) >= PARTS and not empty.elements:
            parts = [merge_cells(parts)]
        if progress:
            progress(seen)
    if not parts:
        raise BadData(N_("there are no rows; nothing can be estimated"))
    return parts[0] if len(parts) == 1 and not empty.elements else merge_cells(parts)


def _read(source: Any) -> Any:
    """A frame of another library as an Arrow table; all else as it is. Texts are the plain kind that the pass knows."""
    if isinstance(source, Snapshot | pa.Table | str | os.PathLike):
        return source
    if not hasattr(source, "__arrow_c_stream__"):
        raise BadData(
            N_("{kind} is no source of rows; give a snapshot, a path, an Arrow table, or a pandas or Polars frame"),
            kind=type(source).__name__,
        )
    table = pa.table(source)
    return pa.table([_plain_texts(column) for column in table.columns], names=table.column_names)


def _plain_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    if pa.types.is_dictionary(column.type) and pa.types.is_string_view(column.type.value_type):
        parts = [pa.DictionaryArray.from_arrays(p.indices, p.dictionary.cast(pa.string())) for p in column.chunks]
        return pa.chunked_array(parts, pa.dictionary(column.type.index_type, pa.string()))
    return column


def _on_spark(
    sources: Sequence[Source], empty: Cells, numbers: tuple[str, ...], requested: RequestedSums, session: Any
) -> Cells:
    from analysis.tabulation.spark import cells_of_partitions

    if empty.elements:
        raise BadMethod(N_("rows that stay rows gain nothing on a cluster; use the local engine for this design"))
    paths = [source.path if isinstance(source, Snapshot) else source for source in sources]
    if any(isinstance(path, pa.Table) for path in paths):
        raise BadMethod(N_("the spark engine reads Parquet files; write the table to one first"))
    columns = _columns_of(empty)

    def of_part(table: pa.Table) -> Cells:
        return merge_cells([_sum(batch, empty, numbers, requested, 0) for batch in _batches([table], columns, BATCH)])

    return cells_of_partitions([str(path) for path in paths], columns, of_part, session)


def _columns_of(empty: Cells) -> tuple[str, ...]:
    """Every column that the pass reads."""
    replicates = empty.design.replicates
    keys = [key for key in empty.keys if key != REPLICATES]
    return tuple(dict.fromkeys([*keys, *(replicates.columns if replicates else ()), *empty.codebook.item_codes]))


def _rows_at_once(design: Design) -> int:
    """Rows of a batch: fewer where each brings many replicate weights, so that a batch stays about 128 MB."""
    return BATCH if design.replicates is None else max(1, min(BATCH, NUMBERS // len(design.replicates.columns)))


def design_of(codebook: Codebook) -> Design:
    """Return the design that a codebook describes."""
    columns = codebook.columns
    weight = columns.get("weight", ())
    return Design(
        strata=columns.get("strata", ()),
        psus=columns.get("psu", ()),
        ssus=columns.get("ssu", ()),
        weights=weight[0] if weight else None,
        fpc=columns.get("fpc", ()),
        sampled=codebook.psus,
    )


def _families(by: Sequence[str | Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    families = [(family,) if isinstance(family, str) else tuple(family) for family in by]
    return tuple(dict.fromkeys([(), *families]))


def _batches(
    sources: Iterable[Snapshot | pa.Table | str | os.PathLike[str]], columns: tuple[str, ...], rows: int
) -> Iterator[pa.RecordBatch]:
    for source in sources:
        if isinstance(source, pa.Table):
            _require(source.column_names, columns, "")
            yield from source.select(columns).combine_chunks().to_batches(max_chunksize=rows)
            continue
        path = source.path if isinstance(source, Snapshot) else Path(source)
        with pq.ParquetFile(path, memory_map=True) as file:
            _require(file.schema_arrow.names, columns, str(path))
            texts = [field.name for field in file.schema_arrow if field.name in columns and is_text(field.type)]
        with pq.ParquetFile(path, memory_map=True, read_dictionary=texts) as file:
            yield from file.iter_batches(batch_size=rows, columns=list(columns))


def _require(present: Sequence[str], needed: Sequence[str], path: str) -> None:
    lacking = [column for column in needed if column not in present]
    if lacking:
        raise BadData(
            N_("missing columns: {columns}; {path} has {present}"),
            columns=", ".join(lacking),
            path=path or "the table",
            present=", ".join(present),
        )


def _sum(batch: pa.RecordBatch, empty: Cells, numbers: tuple[str, ...], requested: RequestedSums, before: int) -> Cells:
    length = batch.num_rows
    labels, codes = {}, {}
    for key in empty.keys:
        if key == REPLICATES and empty.design.replicates:
            names = empty.design.replicates.columns
            labels[key], codes[key] = encode_vectors([batch.column(name) for name in names], names, before)
            continue
        column = batch.column(key)
        labels[key], codes[key] = encode_numbers(column, key) if key in numbers else encode_text(column)
    for key in empty.design.columns:
        if (codes[key] < 0).any():
            raise BadData(
                N_("column {column} is empty in row {row}; the design needs it in every row"),
                column=key,
                row=before + int(np.argmax(codes[key] < 0)) + 1,
            )
    if empty.elements:
        ids, size = np.arange(length), length
        chosen = ids
    else:
        joined, span = combine_keys(list(codes.values()), [len(labels[name]) for name in empty.keys], length)
        ids, size = dense_rank(joined, span)
        chosen = np.empty(size, dtype=np.int64)
        chosen[ids] = np.arange(length)  # any row of a cell has its codes
    rows = np.bincount(ids, minlength=size)
    groups = _Groups(ids, size, int(rows.max()), empty.elements)
    counts, states, people = _count_items(batch, empty, groups, requested.rows, before)
    sums = {PEOPLE: people.sums(ids, size, rows), **sums_of(states, ids, size, empty.codebook, requested)}
    return replace(
        empty,
        labels=labels,
        codes={name: column[chosen] for name, column in codes.items()},
        rows=narrowest_unsigned(rows),
        counts=tuple(counts),
        sums={name: narrowest_unsigned(values) for name, values in sorted(sums.items())},
    )


class _Groups(NamedTuple):
    """The cell of each row, how many cells there are, the most rows of one, and whether each row is a cell."""

    ids: NDArray[np.int64]
    size: int
    most: int
    elements: bool


def _count_items(
    batch: pa.RecordBatch, empty: Cells, groups: _Groups, keep_states: bool, before: int
) -> tuple[list[NDArray], list[NDArray[np.uint8]], People]:
    """Each item's counts [cells, state], its states where they are kept, and who answered anything.

    Runs of items are counted side by side, by as many threads as Arrow reads with. Whole numbers are the same in any
    order; of values that are refused, the first item's is told.
    """
    codebook = empty.codebook

    def count_run(places: range) -> tuple[list[NDArray], list[NDArray[np.uint8]], People]:
        counts, states, people, counter = [], [], People(codebook, batch.num_rows), _Counter(groups)
        for place in places:
            item = codebook.items[place]
            state = item_states(batch.column(item.code), item, codebook, before)
            counts.append(counter.count(state, item.levels + 2, 1 if codebook.not_asked else 0))
            people.see(place, state)
            states += [state] if keep_states else []
        return counts, states, people

    items = len(codebook.items)
    threads = threads_for(items) if batch.num_rows >= MANY_ROWS else 1
    ends = [items * k // threads for k in range(threads + 1)]
    runs = side_by_side(count_run, [range(*pair) for pair in pairwise(ends)])
    for _, _, others in runs[1:]:
        runs[0][2].join(others)
    return [count for run in runs for count in run[0]], [state for run in runs for state in run[1]], runs[0][2]


class _Counter:
    """Counts rows by cell and state: each row is an entry of 1 of a sparse matrix [cells, state], and such add up.

    The matrix is made once for the items of one scale; each writes its states where the columns of the entries stand.
    """

    def __init__(self, groups: _Groups) -> None:
        self.groups, self.matrix = groups, coo_array((0, 0))

    def count(self, state: NDArray[np.uint8], kinds: int, others: int = 0) -> NDArray:
        """The counts [cells, state] of one item, without the `others` that may stand above these kinds (not asked)."""
        ids, size, most, elements = self.groups
        if elements:
            return (state[:, None] == np.arange(kinds, dtype=state.dtype)).view(np.uint8)
        if self.matrix.shape[1] != kinds + others:
            ones = np.ones(len(ids), np.min_scalar_type(most))  # no sum is above the most rows of a cell
            places = np.zeros_like(ids, dtype=np.int32)
            self.matrix = coo_array((ones, (ids.astype(np.int32), places)), shape=(size, kinds + others))
        self.matrix.col[:] = state
        return narrowest_unsigned(self.matrix.toarray()[:, :kinds])

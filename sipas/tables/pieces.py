"""A long table piece by piece, so that memory stays the same for any length; each piece is a `Table` of its own.

A first look at the bytes of a CSV file tells whether it is plain UTF-8 with every quotation mark closed. Where it is
not, and where a line has too many or too few cells, the whole file is read as ever, which says exactly what is wrong.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from sipas.errors import BadFile
from sipas.tables import delimited
from sipas.tables.account import Reading, note_reading
from sipas.tables.header import check_header
from sipas.tables.heads import Heads
from sipas.tables.read import kind_of, read_table
from sipas.tables.shape import SheetRow, refuse_misplaced_header
from sipas.tables.table import Table, refusing_damage

ROWS = 65_536  # of a piece
BLOCK = 1 << 23  # bytes of a CSV file read at once
LOOK = 1 << 20


@dataclass(frozen=True)
class Pieces:
    """A file's table; walk it as often as needed. `about` is its number of rows, or nearly."""

    name: str
    columns: tuple[str, ...]
    about: int
    walk: Callable[[], Iterator[Table]]
    written: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=lambda: Reading(""))
    first_rows: tuple[SheetRow, ...] = field(default=(), repr=False)

    def __iter__(self) -> Iterator[Table]:
        return self.walk()

    def require(self, *columns: str) -> None:
        """Refuse the file when one of these columns is absent; see `Table.require`."""
        Table(name=self.name, columns=self.columns, rows=0, written=self.written, first_rows=self.first_rows).require(
            *columns
        )

    def under(self, heads: Heads) -> Pieces:
        """The same under the names that `heads` knows; see `Table.under`."""
        found = heads.meant(self.columns, self.name)
        written = {name: said for name, said in found.items() if name != said}
        return replace(
            self, columns=tuple(found), written=written, walk=lambda: (piece.under(heads) for piece in self.walk())
        )

    def called(self, column: str) -> str:
        """A column's head as it is written in the file."""
        return self.written.get(column, column)


def read_in_pieces(path: str | os.PathLike[str], sheet: str = "") -> Pieces:
    """Open a CSV file, workbook or Parquet file to be read piece by piece; refuses what `read_table` refuses."""
    path = Path(path)
    kind = kind_of(path)
    if kind == "parquet":
        return _of_parquet(path)
    if kind == "delimited" and not sheet:
        found = _of_delimited(path)
        if found is not None:
            note_reading(found.reading)
            return found
    whole = read_table(path, sheet=sheet)
    whole.refuse_broken(whole.columns)
    return Pieces(
        whole.name,
        whole.columns,
        whole.rows,
        lambda: _slices(whole),
        reading=whole.reading,
        first_rows=whole.first_rows,
    )


def _slices(whole: Table) -> Iterator[Table]:
    starts = range(0, whole.rows, ROWS)
    slices = ({name: whole.raw(name).slice(start, ROWS) for name in whole.columns} for start in starts)
    first = 0
    for columns in whole.packed.pieces(ROWS) if whole.packed else slices:
        piece = _piece(whole.reading, columns, first, whole.lines, whole.counts_rows, whole.dated)
        yield piece
        first += piece.rows


def _of_parquet(path: Path) -> Pieces:
    whole = read_table(path)

    def walk() -> Iterator[Table]:
        from pyarrow.parquet import ParquetFile

        first = 0
        with refusing_damage(whole.name), ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS):
                columns = dict(zip(whole.columns, map(pa.chunked_array, ([c] for c in batch.columns)), strict=True))
                yield _piece(whole.reading, columns, first, lambda: np.arange(1, whole.rows + 1), counts_rows=True)
                first += batch.num_rows

    return Pieces(whole.name, whole.columns, whole.rows, walk, reading=whole.reading)


def _of_delimited(path: Path) -> Pieces | None:
    """None where the whole file has to be read, to say what is wrong or because it is too unusual."""
    delimited.refuse_long_lines(path)
    seen = _first_look(path)
    if seen is None:
        return None
    line_ends, quotes = seen
    with path.open("rb") as stream:
        raw = stream.read(LOOK)
    head = raw.removeprefix(codecs.BOM_UTF8)
    declared, start = delimited.declared_separator(head)
    header, after = delimited.header_of(head, start)
    separator = declared or delimited.likeliest_separator(head, start)
    if not header.strip() or not head[after:].strip():
        return None
    names = delimited.names_of(header, separator, path.name)
    at = len(raw) - len(head) + after
    options = delimited.options_of(len(names), separator, quotes=quotes, block=BLOCK)

    @cache
    def lines() -> NDArray[np.int64]:
        return read_table(path).lines()

    shape = delimited.first_rows(head, start, separator)
    reading = Reading(path.name, "CSV", line_ends, delimited.line_at(head, start), "UTF-8", separator)

    def walk() -> Iterator[Table]:
        first = 0
        last: list[pa.ChunkedArray] = []
        try:
            with path.open("rb") as stream:
                stream.seek(at)
                for batch in pacsv.open_csv(pa.PythonFile(stream, "r"), **options):
                    columns = [pa.chunked_array([column]) for column in batch.columns]
                    filled = delimited.filled_rows(columns)
                    if filled is not None:
                        columns = [column.filter(filled) for column in columns]
                    kept, columns = check_header(names, columns, path.name)
                    last = columns if len(columns[0]) else last
                    if len(columns[0]):
                        yield _piece(reading, dict(zip(kept, columns, strict=True)), first, lines)
                    first += len(columns[0])
        except pa.ArrowInvalid as error:
            read_table(path)  # names the lines
            raise BadFile(delimited.UNREADABLE, file=path.name, reason=str(error)) from error
        except BadFile:
            refuse_misplaced_header(path.name, shape)
            raise
        if last and delimited.has_sum_below(last):
            read_table(path)  # names the line

    columns, _ = check_header(names, [pa.chunked_array([], pa.string())] * len(names), path.name)
    return Pieces(path.name, columns, line_ends, walk, reading=reading, first_rows=tuple(shape))


def _piece(
    reading: Reading,
    columns: dict[str, pa.ChunkedArray],
    first: int,
    lines: Callable[[], NDArray[np.int64]],
    counts_rows: bool = False,
    dated: frozenset[str] = frozenset(),
) -> Table:
    """Some rows; what is understood of them goes on the account of the whole file."""
    rows = len(next(iter(columns.values())))
    return Table(
        name=reading.file,
        reading=reading,
        dated=dated,
        columns=tuple(columns),
        rows=rows,
        counts_rows=counts_rows,
        _raw=columns,
        _lines=lambda: lines()[first : first + rows],
    )


def _first_look(path: Path) -> tuple[int, bool] | None:
    """How many lines end in the file and whether a cell is quoted; None unless it is plain UTF-8, quotes closed."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    quotes = ends = 0
    with path.open("rb") as stream:
        while chunk := stream.read(LOOK):
            if b"\0" in chunk:
                return None
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return None
            quotes += chunk.count(b'"')
            ends += chunk.count(b"\n") or chunk.count(b"\r")
    return None if quotes % 2 or decoder.getstate()[0] else (ends, quotes > 0)

"""One table in memory: columns by name, as text or as numbers, and the line on which each row stands."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipas.errors import N_, BadFile
from sipas.files.formula_marks import MARKED, unmarked
from sipas.i18n.code_labels import Codes
from sipas.tables.account import Reading
from sipas.tables.date_orders import LOOK, DateOrder, may_be_dates
from sipas.tables.numbers import read_numbers
from sipas.tables.problems import BadTable, Problems
from sipas.tables.shape import SheetRow, refuse_header_below

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

    from sipas.tables.heads import Heads
    from sipas.tables.problems import CellProblem

DAMAGED = N_("{file} is no readable Parquet file ({reason}); write it again")
ERROR_WORD = N_("{value} is an error of Excel; correct it there, or leave the cell empty")
ERROR_SET = frozenset(("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"))
ERROR_WORDS = pa.array(sorted(ERROR_SET))
PLAINLY_TEXT = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_temporal, pa.types.is_decimal)


@contextmanager
def refusing_damage(file: str) -> Iterator[None]:
    """Says of a Parquet file what PyArrow finds wrong in it."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:  # a name that is no UTF-8 too
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadFile(DAMAGED, file=file, reason=reason) from error


@dataclass(frozen=True)
class Record:
    """One row: its line in the file, and its cells as text ("" where a cell is empty)."""

    line: int
    row: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def get(self, column: str, default: str = "") -> str:
        """The cell of an optional column."""
        return self.cells.get(column, default)


@dataclass(frozen=True)
class Packed:
    """Columns of text that lie packed in memory, each under a name of its own."""

    file: ParquetFile
    names: Mapping[str, str]  # of a column -> under which it lies

    def columns(self, wanted: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        """Some of them, whole."""
        data = self.file.read(columns=[self.names[column] for column in wanted], use_threads=True)
        return {column: data.column(self.names[column]) for column in wanted}

    def pieces(self, rows: int) -> Iterator[dict[str, pa.ChunkedArray]]:
        """All of them, so many rows at a time."""
        for batch in self.file.iter_batches(batch_size=rows, columns=list(self.names.values())):
            yield {column: pa.chunked_array([batch.column(name)]) for column, name in self.names.items()}


@dataclass(frozen=True)
class Table:
    """A table as it was read; make one with `read_table`.

    `columns` are the names in the order of the file and `rows` the number of data rows. `text` and `numbers` give a
    column, `records` walks the rows. Columns that Excel stored as numbers are named in `stored_as_numbers`: a code
    in such a column may have lost its zeros before we saw it; `half_text` has of those the line and value of a text
    like 1.250 among the numbers, and `broken` the error cells of a column, which is refused once it is asked for;
    in `dated` a cell is a date to Excel.
    `reading` is the account of how the file was understood, and `decimal` the mark that
    was said to stand before decimals ("" where nobody said).
    Columns of a Parquet file (`parquet`) and of a workbook (`packed`) come when they are asked for. `written` has the
    heads that say a column's name in other words; see `under`.
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    separator: str = ""
    counts_rows: bool = False
    stored_as_numbers: frozenset[str] = frozenset()
    half_text: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    broken: Mapping[str, tuple[Sequence[CellProblem], int]] = field(default_factory=dict)
    dated: frozenset[str] = frozenset()
    first_rows: tuple[SheetRow, ...] = field(default=(), repr=False)
    reading: Reading = field(default_factory=lambda: Reading(""))
    decimal: str = ""
    written: Mapping[str, str] = field(default_factory=dict)
    parquet: ParquetFile | None = field(default=None, repr=False)
    packed: Packed | None = field(default=None, repr=False)
    _raw: dict[str, pa.ChunkedArray] = field(default_factory=dict, repr=False)
    _text: dict[str, pa.ChunkedArray] = field(default_factory=dict, repr=False)
    _lines: Callable[[], NDArray[np.int64]] | None = field(default=None, repr=False)

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def under(self, heads: Heads) -> Table:
        """The same table with its columns under the names that `heads` knows; complaints still say what is written.

        Raises BadFile where two columns mean the same.
        """
        found = heads.meant(self.columns, self.name)
        back = {written: name for name, written in found.items()}
        packed = self.packed and Packed(self.packed.file, {back[name]: at for name, at in self.packed.names.items()})
        return replace(
            self,
            columns=tuple(found),
            stored_as_numbers=frozenset(back[name] for name in self.stored_as_numbers),
            dated=frozenset(back[name] for name in self.dated),
            half_text={back[name]: where for name, where in self.half_text.items()},
            broken={back[name]: errors for name, errors in self.broken.items()},
            written={name: written for name, written in found.items() if name != written},
            packed=packed,
            _raw={back[name]: column for name, column in self._raw.items()},
            _text={back[name]: column for name, column in self._text.items()},
        )

    def called(self, column: str) -> str:
        """A column's head as it is written in the file."""
        return self.written.get(column, column)

    def require(self, *columns: str) -> None:
        """Refuse the table when one of these columns is absent, naming the ones it has and the nearest."""
        absent = [column for column in columns if column not in self.columns]
        if not absent:
            return
        refuse_header_below(self.name, self.first_rows, [self.called(column) for column in columns])
        near = self.nearest(absent[0])
        values: dict[str, Any] = {
            "file": self.name,
            "absent": Codes("column", absent),
            "present": ", ".join(map(self.called, self.columns)),
        }
        if near:
            template = N_("{file} has no column {absent}; did you mean {near}? Its columns are: {present}")
            raise BadFile(template, near=near, **values)
        raise BadFile(N_("{file} has no column {absent}; its columns are: {present}"), **values)

    def nearest(self, column: str) -> str | None:
        """The column whose name comes closest to one that is absent, if any does."""
        folded = {name.casefold(): name for name in reversed(self.columns)}
        near = difflib.get_close_matches(column.casefold(), folded, n=1, cutoff=0.6)
        return folded[near[0]] if near else None

    def load(self, columns: Sequence[str]) -> None:
        """Fetch several columns of a file or workbook at once, which is quicker than one after the other."""
        self.require(*columns)
        self.refuse_broken(columns)
        wanted = [column for column in dict.fromkeys(columns) if column not in self._raw]
        if wanted and self.parquet is not None:
            with refusing_damage(self.name):
                data = self.parquet.read(columns=[self.called(column) for column in wanted], use_threads=True)
            self._raw.update((column, data.column(self.called(column))) for column in wanted)
        elif wanted and self.packed is not None:
            self._raw.update(self.packed.columns(wanted))

    def refuse_broken(self, columns: Iterable[str]) -> None:
        """Raise BadTable where one of these columns has error cells (#N/A, #DIV/0!)."""
        for column in columns:
            if column in self.broken:
                raise BadTable(*self.broken[column])

    def raw(self, column: str) -> pa.ChunkedArray:
        """The column as it was stored: text from CSV and workbooks, its own type from Parquet."""
        self.load([column])
        return self._raw[column]

    def text(self, column: str) -> pa.ChunkedArray:
        """The column as NFC text without surrounding blanks; null where the cell is empty."""
        if column not in self._text:
            text = _as_text(self.raw(column), self.name, column, self.parquet is None)
            self._refuse_error_words(column, text)
            if may_be_dates(text.slice(0, LOOK).to_pylist()):
                days = pc.unique(pc.utf8_slice_codeunits(text, 0, 10))
                self._note_dates(column, days.drop_null().to_pylist(), pa.types.is_temporal(self.raw(column).type))
            self._text[column] = text
        return self._text[column]

    def _refuse_error_words(self, column: str, text: pa.ChunkedArray) -> None:
        """Excel's errors as a CSV file has them; of a workbook `broken` knows them."""
        if not pa.types.is_string(text.type):
            return
        wrong = pc.is_in(text, value_set=ERROR_WORDS)
        if pc.any(wrong, min_count=0).as_py():
            problems = Problems(self)
            problems.add_rows(np.flatnonzero(wrong.to_numpy()), column, ERROR_WORD)
            problems.refuse()

    def _note_dates(self, column: str, days: list[str], stored: bool = False) -> None:
        """Put the order of a column's dates on the account. Raises BadFile where day and month seem to be swapped."""
        order = self.reading.dates.setdefault(self.called(column), DateOrder())
        order.stored = order.stored or stored or column in self.dated
        order.add(days)
        doubt, is_refused = order.doubt(self.name, self.called(column))
        if doubt and is_refused:
            raise BadFile(doubt.template, **doubt.values)
        if doubt:
            self.reading.doubt(doubt)

    def numbers(self, column: str, problems: Problems | None = None) -> NDArray[np.float64]:
        """The column as numbers, NaN where the cell is empty; decimal points and decimal commas are understood.

        Raises `BadTable` with the line and value of each cell that is not a finite number. With `problems` they are
        noted there, to be told with others, and such a cell comes back as infinity.
        """
        return read_numbers(self, column, problems)

    def coded(self, column: str) -> tuple[NDArray[np.int64], list[str]]:
        """The column as places in a list of its different texts (as `text` gives them); -1 where a cell is empty."""
        try:
            encoded = pc.dictionary_encode(self.raw(column))
        except pa.ArrowNotImplementedError:
            encoded = pc.dictionary_encode(self.text(column))
        codes = encoded.unify_dictionaries().combine_chunks()
        words = _as_text(pa.chunked_array([codes.dictionary]), self.name, column, self.parquet is None).to_pylist()
        if not ERROR_SET.isdisjoint(words):
            self.text(column)  # says where
        if may_be_dates(words[:LOOK]):
            self._note_dates(column, [word for word in words if word], pa.types.is_temporal(self.raw(column).type))
        places = np.array([-1 if word is None else place for place, word in enumerate(words)] + [-1], np.int64)
        which = pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False)
        return places[which], [word or "" for word in words]

    def records(self, *columns: str) -> Iterator[Record]:
        """Walk the rows; without `columns` each record has all cells."""
        names = columns or self.columns
        self.load(names)
        texts = [self.text(name) for name in names]
        lines = self.lines()
        step = 65_536
        for start in range(0, self.rows, step):
            cells = [pc.fill_null(text.slice(start, step), "").to_pylist() for text in texts]
            for offset, values in enumerate(zip(*cells, strict=True)):
                row = start + offset
                yield Record(int(lines[row]), row, dict(zip(names, values, strict=True)))

    def lines(self) -> NDArray[np.int64]:
        """The line (of a workbook or Parquet file: the row) on which each row stands, counted from 1."""
        if self._lines is not None:
            return self._lines()
        return np.arange(1, self.rows + 1) if self.counts_rows else np.arange(2, self.rows + 2)

    def line(self, row: int) -> int:
        """The line of one row."""
        return int(self.lines()[row])

    def shown(self, row: int, column: str) -> str:
        """A cell as it stands, short enough for a message."""
        value = self.raw(column)[row].as_py()
        value = "" if value is None else str(value)
        return value if len(value) <= 40 else value[:39] + "…"


def _as_text(raw: pa.ChunkedArray, file: str, column: str, may_be_marked: bool) -> pa.ChunkedArray:
    kind = raw.type
    if pa.types.is_dictionary(kind):
        raw = pc.cast(raw, kind.value_type)
        kind = raw.type
    if pa.types.is_null(kind):
        return pc.cast(raw, pa.string())
    if pa.types.is_floating(kind):
        return _whole_floats_as_text(raw)
    if any(test(kind) for test in PLAINLY_TEXT):
        return pc.cast(raw, pa.string())
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        template = N_("{file}, column {column} holds {kind}, not text or numbers; write it as text")
        raise BadFile(template, file=file, column=column, kind=str(kind))
    text = pc.utf8_trim_whitespace(pc.cast(raw, pa.string()))
    if not pc.all(pc.string_is_ascii(text), min_count=0).as_py():
        text = pc.utf8_normalize(text, form="NFC")
    if may_be_marked and pc.any(pc.match_substring_regex(text, MARKED), min_count=0).as_py():
        text = pa.chunked_array([[word and unmarked(word) for word in text.to_pylist()]], pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _whole_floats_as_text(raw: pa.ChunkedArray) -> pa.ChunkedArray:
    """3646.0 is the code 3646: a column with gaps was stored as floats by another program."""
    encoded = pc.dictionary_encode(pc.if_else(pc.is_nan(raw), pa.scalar(None, raw.type), raw)).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.dictionary(pa.int32(), raw.type))
    words = pa.array([number_as_text(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([pc.take(words, encoded.indices)], pa.string())


def number_as_text(value: float) -> str:
    """The shortest text of a number: `3646` for 3646.0, `36.36` for 36.36."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))

"""How a file was understood: its header, marks and rows as the reader saw them, and what was doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sipas.errors import N_, SipasError
from sipas.tables.date_orders import DateOrder

TAB = N_("tab")
MARK_NAMES = {"point": N_("decimal point"), "comma": N_("decimal comma")}
KIND = N_("{file}: read as {kind}, {rows} rows; the header stands in line {line}")
KIND_ONLY = N_("{file}: read as {kind}, {rows} rows")
SHEET = N_("{file}: sheet “{sheet}”, one of {count}")
TEXT = N_("{file}: written in {encoding}, cells parted by “{separator}”")
NUMBERS = N_("{file}: numbers with a {mark}: {columns}")
DATES = N_("{file}: dates of column {column}: {order}")
LEFT_OUT = N_("{file}: empty rows passed over: {count}")


@dataclass
class Reading:
    """The account of one file's reading; it grows while columns are asked for.

    file        its name, without the folder
    kind        CSV, XLSX, XLS, ODS or Parquet
    rows        rows of data
    header      the line (in a workbook: row) of the names; 0 where names are no row
    encoding, separator    of text files
    sheet, sheets          of workbooks: which was read, and how many there are
    decimals    column -> "point" or "comma", where a number with decimals was read from text
    dates       column -> in which order day and month stand in its dates, of columns that were asked for
    blank       rows without anything that were passed over
    doubts      what a careful reader should be told, each once
    """

    file: str
    kind: str = ""
    rows: int = 0
    header: int = 0
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    sheets: int = 0
    decimals: dict[str, str] = field(default_factory=dict)
    dates: dict[str, DateOrder] = field(default_factory=dict)
    blank: int = 0
    doubts: list[SipasError] = field(default_factory=list)

    def doubt(self, note: SipasError) -> None:
        """Note a doubt, once."""
        if str(note) not in map(str, self.doubts):
            self.doubts.append(note)

    def sentences(self) -> Iterator[SipasError]:
        """The account in sentences, for a person."""
        about: dict[str, Any] = {"file": self.file, "kind": self.kind, "rows": self.rows}
        yield SipasError(KIND, **about, line=self.header) if self.header else SipasError(KIND_ONLY, **about)
        if self.sheet:
            yield SipasError(SHEET, file=self.file, sheet=self.sheet, count=self.sheets)
        if self.encoding:
            separator = SipasError(TAB) if self.separator == "\t" else self.separator
            yield SipasError(TEXT, file=self.file, encoding=self.encoding, separator=separator)
        for mark, name in MARK_NAMES.items():
            columns = [column for column, found in self.decimals.items() if found == mark]
            if columns:
                yield SipasError(NUMBERS, file=self.file, mark=SipasError(name), columns=", ".join(columns))
        for column, order in self._orders():
            yield SipasError(DATES, file=self.file, column=column, order=order)
        if self.blank:
            yield SipasError(LEFT_OUT, file=self.file, count=self.blank)

    def record(self) -> dict[str, Any]:
        """The account for scripts; doubts are sentences in English."""
        return {
            "file": self.file,
            "kind": self.kind,
            "rows": self.rows,
            "header": self.header or None,
            "encoding": self.encoding or None,
            "separator": self.separator or None,
            "sheet": self.sheet or None,
            "sheets": self.sheets or None,
            "decimals": dict(self.decimals),
            "dates": {column: str(order) for column, order in self._orders()},
            "blank_rows": self.blank,
            "doubts": [str(doubt) for doubt in self.doubts],
        }

    def _orders(self) -> Iterator[tuple[str, SipasError]]:
        """The columns that hold dates, each with their order."""
        for column, order in self.dates.items():
            if sentence := order.sentence():
                yield column, sentence


_gathered: ContextVar[list[Reading] | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered_readings() -> Iterator[list[Reading]]:
    """The accounts of all files that are read inside the block, whichever door reads them, in their order."""
    found: list[Reading] = []
    token = _gathered.set(found)
    try:
        yield found
    finally:
        _gathered.reset(token)


def note_reading(reading: Reading) -> None:
    """Add an account to those that are gathered, if anybody gathers."""
    found = _gathered.get()
    if found is not None:
        found.append(reading)

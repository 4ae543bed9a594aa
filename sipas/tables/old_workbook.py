"""Workbooks of Excel before 2007 (.xls) and of LibreOffice (.ods), read by calamine.

Calamine tells neither hidden rows nor error cells, which come as empty ones; the account says so. Such a workbook is
held in memory, so one that claims more cells than a table has is refused before it is unpacked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sipas.errors import N_, BadFile, SipasError
from sipas.tables import calamine_process
from sipas.tables.account import Reading
from sipas.tables.book import chosen_sheet
from sipas.tables.cells import DAY, GROUP, LAST, letter
from sipas.tables.header import kept_columns
from sipas.tables.package import LIMITS, DamagedWorkbook, Refused, local, opened_workbook, parse_xml
from sipas.tables.shape import FIRST, SheetRow, refuse_misplaced_header, refuse_sum_below
from sipas.tables.table import Table, number_as_text
from sipas.tables.workbook import EMPTY, FIRST_SHEET, MERGED, MIXED_DATES

NAMES = {"xls": "XLS", "ods": "ODS"}
LOCKED = N_("{file} is locked with a password; save it in Excel as .xlsx without one")
UNREADABLE = N_("{file} cannot be read as a workbook ({reason}); open it in Excel and save it as .xlsx")
UNSEEN = N_(
    "{file}: in a workbook of this kind hidden rows and columns cannot be told from others, and cells with an error "
    "count as empty; save it as .xlsx to have both looked at"
)
DAMAGED = N_("it is damaged")
LOCKED_STATUS = 3
LARGE = N_("its table has more than {most} cells, rows times columns")
MOST_BYTES = 64 << 20  # of an .xls file
MOST_CELLS = 20_000_000


def read_old_workbook(path: Path, kind: str, sheet: str = "") -> Table:
    """Read a sheet of an .xls or .ods workbook; see `read_table`.

    Raises BadFile where it cannot be read, has merged cells in its table, a misplaced header or a sum below.
    """
    file = path.name
    if kind == "ods":
        _refuse_a_bomb(path)
    elif path.stat().st_size > MOST_BYTES:
        raise BadFile(UNREADABLE, file=file, reason=SipasError(LARGE, most=MOST_CELLS))
    book = _book(path, sheet)
    if not book["sheets"]:
        raise BadFile(EMPTY, file=file)
    title = chosen_sheet(book["sheets"], book["visible"], sheet, file)
    visible = book["visible"]
    table = _table(file, NAMES[kind], book["rows"], book["merged"])
    table.reading.sheet, table.reading.sheets = title, len(visible)
    table.reading.doubt(SipasError(UNSEEN, file=file))
    others = ", ".join(f"“{name}”" for name in visible if name != title)
    if others and not sheet:
        table.reading.doubt(SipasError(FIRST_SHEET, file=file, sheet=title, others=others))
    return table


def old_sheets(
    path: Path, kind: str
) -> Iterator[tuple[str, list[list[str | None]], list[tuple[int, int, int, int]], Reading]]:
    """Every visible sheet as it stands: its name, its rows as text, its merged ranges (left, top, right, bottom, from
    1), and its account, which says what a workbook of this kind does not tell. Raises BadFile."""
    if kind == "ods":
        _refuse_a_bomb(path)
    elif path.stat().st_size > MOST_BYTES:
        raise BadFile(UNREADABLE, file=path.name, reason=SipasError(LARGE, most=MOST_CELLS))
    visible = _book(path, "")["visible"]
    for title in visible:
        book = _book(path, title)
        reading = Reading(path.name, NAMES[kind], sheet=title, sheets=len(visible))
        reading.doubt(SipasError(UNSEEN, file=path.name))
        merged = [(left + 1, top + 1, right + 1, bottom + 1) for (top, left), (bottom, right) in book["merged"]]
        yield title, [[_text(value) for value in row] for row in book["rows"]], merged, reading


def _book(path: Path, sheet: str) -> dict[str, Any]:
    """What calamine finds, in a process of its own (`calamine_process`). Raises BadFile where it finds no workbook."""
    call = [sys.executable, "-I", "-X", "utf8", calamine_process.__file__, str(path.absolute()), sheet]
    done = subprocess.run(call, capture_output=True, stdin=subprocess.DEVNULL)  # noqa: S603 - our own program
    if done.returncode == 0:
        return json.loads(done.stdout)
    if done.returncode == LOCKED_STATUS:
        raise BadFile(LOCKED, file=path.name)
    reason = " ".join(done.stdout.decode(errors="replace").split())[:200] or SipasError(DAMAGED)
    raise BadFile(UNREADABLE, file=path.name, reason=reason)


def _table(file: str, kind: str, cells: list[list[Any]], merged: list[Any]) -> Table:
    rows = [(line, row) for line, row in enumerate(cells, 1) if any(value not in ("", None) for value in row)]
    if not rows:
        raise BadFile(EMPTY, file=file)
    texts = [(line, [_text(value) for value in row]) for line, row in rows]
    shape = [_row(line, row) for line, row in texts[:FIRST]]
    header, names = texts[0]
    body = texts[1:]
    lines = np.array([line for line, _ in body], np.int64)
    last = body[-1][0] if body else header
    spread = [
        f"{letter(left)}{top + 1}:{letter(right)}{bottom + 1}"
        for (top, left), (bottom, right) in merged
        if header < top + 1 <= last
    ]
    if any(top + 1 <= header < bottom + 1 <= last for (top, _), (bottom, _) in merged):
        refuse_misplaced_header(file, shape)
    filled = [any(row[place] is not None for _, row in body) for place in range(len(names))]
    try:
        kept = kept_columns([name or "" for name in names], filled, file)
    except BadFile:
        refuse_misplaced_header(file, shape)
        raise
    if spread:
        raise BadFile(MERGED, file=file, count=len(spread), ranges=", ".join(spread[:5]))
    refuse_sum_below(file, [_row(line, row) for line, row in body[-LAST:]])
    numeric, half, dated = set(), {}, set()
    for name, place in kept.items():
        values = [(line, row[place] if place < len(row) else "") for line, row in rows[1:]]
        dates = any(isinstance(value, dict) for _, value in values)
        words = [(line, value.strip()) for line, value in values if isinstance(value, str) and value.strip()]
        if dates:
            dated.add(name)
        for line, word in words:
            if dates and DAY.fullmatch(word):
                raise BadFile(MIXED_DATES, file=file, column=letter(place), line=line, value=word)
        if any(isinstance(value, int | float) and not isinstance(value, bool) for _, value in values):
            numeric.add(name)
            like = [(line, word) for line, word in words if GROUP.fullmatch(word)]
            half.update({name: like[0]} if like else {})
    return Table(
        name=file,
        columns=tuple(kept),
        rows=len(body),
        stored_as_numbers=frozenset(numeric),
        half_text=half,
        dated=frozenset(dated),
        reading=Reading(file, kind, len(body), header, blank=int(last) - header - len(body)),
        first_rows=tuple(shape),
        _raw={
            name: pa.chunked_array([pa.array([row[place] for _, row in body], pa.string())])
            for name, place in kept.items()
        },
        _lines=lambda: lines,
    )


def _text(value: Any) -> str | None:
    """A cell as the text that `read_workbook` makes of it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_as_text(value)
    if isinstance(value, dict):
        return value["day"]
    return value if value and value.strip() else None


def _row(line: int, row: list[str | None]) -> SheetRow:
    return SheetRow(line, {place: value for place, value in enumerate(row) if value is not None})


def _refuse_a_bomb(path: Path) -> None:
    """Refuse a workbook that says, in few bytes, that a cell stands in as many places as it likes."""
    across = down = count = 0

    def start(name: str, values: list[str]) -> None:
        nonlocal across, down, count
        kind = local(name)
        if kind == "table-row":
            across, down = 0, _repeated(values, "number-rows-repeated")
        elif kind in ("table-cell", "covered-table-cell") and down:
            across += _repeated(values, "number-columns-repeated") if _has_value(values) else 1

    def end(name: str) -> None:
        nonlocal count
        if local(name) == "table-row":
            count += across * (down if across > 1 else 1)
            if count > MOST_CELLS:
                raise Refused(LARGE, most=MOST_CELLS)

    with opened_workbook(path) as package:
        parse_xml(package, "content.xml", start, end, lambda _text: None, LIMITS.part)


def _repeated(values: list[str], what: str) -> int:
    for key, value in zip(values[::2], values[1::2], strict=True):
        if local(key) == what:
            if not value.isdecimal() or len(value) > 9:
                raise DamagedWorkbook(N_("one tag in it repeats {times} times"), times=value[:20])
            return int(value)
    return 1


def _has_value(values: list[str]) -> bool:
    return any(local(key) == "value-type" for key in values[::2])

"""The account says in which order a column's days were read and why; days that a program swapped are refused."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from sipas.errors import BadFile
from sipas.tables import read_in_pieces, read_table


def days(*written):
    return "day;q01\n" + "".join(f"{day};4\n" for day in written)


def order_of(table):
    table.text("day")
    return table.reading.record()["dates"]


@pytest.mark.parametrize(
    ("written", "order"),
    [
        (["2026-03-02", "2026-03-31"], "year, month, day (“2026-03-02”)"),
        (["02/03/2026", "31/03/2026"], "day, month, year, because “31/03/2026” can mean nothing else"),
        (["02/03/2026", "7.4.2026"], "day, month, year, as is usual in Vietnam; no date of the column tells"),
        (["02/03/2026", "03/31/2026"], "none: “03/31/2026” has the month before the day, so its dates stay texts"),
    ],
)
def test_the_account_says_in_which_order_days_were_read_and_why(folder, written, order):
    table = read_table(folder.holds(days(*written)))
    assert order_of(table)["day"].startswith(order)
    assert not table.reading.doubts
    assert any(f"dates of column day: {order}" in str(line) for line in table.reading.sentences())


def test_columns_that_hold_no_days_are_not_spoken_of(folder):
    table = read_table(folder.holds(days("03646", "2026-03", "1.2.3")))
    assert order_of(table) == {}


def test_days_that_the_file_stores_as_dates_are_said_to_be_so(folder):
    at = dt.date(2026, 3, 2)
    assert order_of(read_table(folder.workbook(["day", "q01"], [at, 4]))) == {"day": "stored as dates in the file"}
    assert order_of(read_table(folder.parquet(day=pa.array([at])))) == {"day": "stored as dates in the file"}


def test_a_file_that_is_read_in_pieces_has_the_same_account(folder):
    pieces = read_in_pieces(folder.holds(days("02/03/2026", "31/03/2026")))
    for piece in pieces:
        piece.coded("day")
    order = pieces.reading.record()["dates"]["day"]
    assert order == "day, month, year, because “31/03/2026” can mean nothing else"


def test_days_that_a_program_swapped_are_refused_with_the_reason(folder):
    table = read_table(folder.holds(days("2026-02-03", "31/03/2026")))
    with pytest.raises(BadFile, match="those like “31/03/2026” none, so that a program seems to have swapped"):
        table.text("day")


def test_two_ways_of_writing_days_are_doubted(folder):
    table = read_table(folder.holds(days("2026-03-31", "31/03/2026")))
    table.text("day")
    assert "written in two ways (“2026-03-31”, “31/03/2026”)" in str(*table.reading.doubts)


def test_orders_that_contradict_each_other_are_doubted(folder):
    table = read_table(folder.holds(days("31/03/2026", "03/31/2026")))
    table.text("day")
    assert "“31/03/2026” has the day first and “03/31/2026” the month" in str(*table.reading.doubts)

"""Which sign parts the cells of a text file: judged by its rows, for a name in the header may hold commas."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

SEPARATORS = ",;\t"
LOOK = 1 << 16  # bytes at the beginning by which separator and header are judged
LINES = 50  # rows below the header that are looked at
MOSTLY = 0.5  # of them are as wide as the header


def declared_separator(data: bytes) -> tuple[str, int]:
    """Excel reads, and some programs write, a first line `sep=;`."""
    declared = re.match(rb'"?sep=([,;\t])"?(\r\n|\n|\r)', data)
    return (declared[1].decode(), declared.end()) if declared else ("", 0)


def likeliest_separator(data: bytes, start: int = 0) -> str:
    """The separator under which the first rows are as wide as the header; among several the widest.

    >>> likeliest_separator("Cơ quan, đơn vị;q1\\n03646;5\\n03646;4".encode()), likeliest_separator(b"x\\n1,5\\n2,5")
    (';', ';')
    """
    head = _without_cut_off(data[start : start + LOOK], len(data) - start)
    found = {}
    for separator in SEPARATORS:
        try:
            records = [row for row in csv.reader(io.StringIO(head, newline=""), delimiter=separator) if any(row)]
        except csv.Error:
            continue
        if not records:
            continue
        width, below = len(records[0]), records[1 : LINES + 1]
        alike = sum(len(row) == width for row in below) / len(below) if below else 1.0
        if width == 1 and _is_below_a_title(below):
            width, alike = len(below[0]), 1.0
        found[separator] = (width > 1 and alike >= MOSTLY, alike, width)
    if not found or max(found.values())[1] < MOSTLY:  # no rows, or all of them are ragged
        return _most_often_in(head.splitlines()[0] if head else "")
    return max(found, key=lambda separator: found[separator])


def _is_below_a_title(rows: list[list[str]]) -> bool:
    """Whether the rows below a line of one cell are a table: names first, not numbers, and all equally wide."""
    return (
        len(rows) > 1
        and len(rows[0]) > 1
        and all(len(row) == len(rows[0]) for row in rows)
        and not any(re.fullmatch(r"[\d.,\s+-]+", cell) for cell in rows[0])
    )


def _most_often_in(header: str) -> str:
    counts = Counter(re.sub(r'"[^"]*"', "", header))
    best = max(SEPARATORS, key=lambda separator: counts[separator])
    return best if counts[best] else ","


def _without_cut_off(head: bytes, length: int) -> str:
    """The whole lines at the beginning of a file, as text."""
    if len(head) < length:
        head = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1] or head
    return head.decode(errors="replace")

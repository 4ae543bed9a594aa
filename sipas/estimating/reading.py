"""The estimates as a person reads them in a terminal: one block per domain, percent, interval, n and a word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sipas.errors import N_
from sipas.i18n import _, language

WORDS = {
    "shown": N_("reliable"),
    "note": N_("reliable; its complement is not"),
    "review": N_("have it reviewed"),
    "hidden": N_("too uncertain to show"),
}
DASH = "–"


def blocks(records: Iterable[Mapping[str, Any]], heading: Sequence[str] = ()) -> Iterator[str]:
    """The lines to print: a heading, then each domain with its items, factors and the whole."""
    yield from heading
    groups = [(domain, list(rows)) for domain, rows in groupby(records, key=lambda record: record["domain"])]
    width = max((_width(row["of"]) for _domain, rows in groups for row in rows), default=0)
    for domain, rows in groups:
        yield ""
        yield _("All answers") if not domain else ", ".join(f"{column} {code}" for column, code in domain.items())
        yield from _table(rows, max(width, 8))


def _table(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    level = f"{rows[0]['level']:.4g}" if rows else ""
    interval = _("{level} interval", level=_decimal(float(level) * 100, 4).rstrip("0").rstrip(".,") + "%")
    lines = [("", _("share"), interval, "n", "deff", _("reliability"), _("remarks"))]
    for row in rows:
        word = WORDS.get(row["reliability"] or "")
        lines.append(
            (
                str(row["of"]),
                _percent(row["estimate"]),
                _interval(row["low"], row["high"]),
                str(row["n"]),
                DASH if row["deff"] is None else _decimal(row["deff"], 2),
                _(word) if word else DASH,
                ", ".join(_(flag) for flag in row["flags"]),
            )
        )
    widths = [max(_width(line[column]) for line in lines) for column in range(len(lines[0]))]
    widths[0] = max(widths[0], width)
    for line in lines:
        padded = [
            _pad(cell, size, to_right=1 <= column <= 4)
            for column, (cell, size) in enumerate(zip(line, widths, strict=True))
        ]
        yield ("  " + "  ".join(padded)).rstrip()


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return DASH
    return f"{_percent(low)} {DASH} {_percent(high)}"


def _percent(share: float | None) -> str:
    return DASH if share is None else _decimal(share * 100, 1) + "%"


def _decimal(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language() == "vi" else text


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: combining marks take none."""
    return sum(not unicodedata.combining(letter) for letter in text)


def _pad(text: str, width: int, to_right: bool) -> str:
    blank = " " * (width - _width(text))
    return blank + text if to_right else text + blank

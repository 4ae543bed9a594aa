"""The estimates as a person reads them in a terminal: one block per domain, percent, interval, n and a word."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sipas.errors import N_
from sipas.i18n import _, language
from sipas.i18n.code_labels import with_code, word

WORDS = {
    "shown": N_("reliable"),
    "note": N_("reliable; its complement is not"),
    "review": N_("have it reviewed"),
    "hidden": N_("too uncertain to show"),
}
FINDINGS = {"differs": N_("differs"), "not enough evidence": N_("not enough evidence")}
STANDINGS = {"above": N_("above"), "not distinguishable": N_("not distinguishable"), "below": N_("below")}
ADVICE = {"improve first": N_("improve first"), "keep up": N_("keep up")}
BROKEN = {
    "instrument": N_("another questionnaire"),
    "population": N_("another population"),
    "boundaries": N_("other boundaries"),
    "scoring": N_("another scoring"),
}
DASH = "–"
IN_WORDS = ("channel", "form", "field", "point", "language", "sex")  # columns of a snapshot whose codes have words


def blocks(
    records: Iterable[Mapping[str, Any]], heading: Sequence[str] = (), more: Sequence[Column] = ()
) -> Iterator[str]:
    """The lines to print: a heading, then each domain with its items, factors and the whole.

    `more` columns stand after the interval.
    """
    yield from heading
    groups = [(domain, list(rows)) for domain, rows in groupby(records, key=lambda record: record["domain"])]
    width = max((_width(figure_words(row["of"])) for _domain, rows in groups for row in rows), default=0)
    for domain, rows in groups:
        yield ""
        yield domain_words(domain)
        yield from _table(rows, max(width, 8), more)


def _table(rows: Sequence[Mapping[str, Any]], width: int, more: Sequence[Column]) -> Iterator[str]:
    columns = [
        Column("", lambda row: figure_words(row["of"]), right=False),
        Column(_("share"), lambda row: plain_percent(row["estimate"])),
        Column(interval_heading(rows[0]["level"]) if rows else "", lambda row: between(row["low"], row["high"])),
        *more,
        Column("n", lambda row: str(row["n"])),
        Column(_("effective n"), lambda row: effective(row["n"], row.get("kish"))),
        Column("deff", lambda row: DASH if row["deff"] is None else decimal(row["deff"], 2)),
        Column(_("reliability"), lambda row: _(WORDS[row["reliability"]]) if row["reliability"] else DASH, right=False),
        Column(_("remarks"), remarks, right=False),
    ]
    yield from lines(rows, columns, least=width)


def effective(n: int, kish: float | None) -> str:
    """How many equally weighted people n unequally weighted ones are worth, n over Kish's weighting effect."""
    return str(math.floor(n / kish + 1e-9)) if kish and abs(kish - 1) > 1e-9 else ""


@dataclass(frozen=True)
class Column:
    """A column of a printed table: its heading, how a row's cell is written, and to which side it keeps."""

    heading: str
    show: Callable[[Mapping[str, Any]], str]
    right: bool = True


def lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], *, least: int = 0) -> Iterator[str]:
    """Headings and rows, each column as wide as it needs (the first at least `least`), indented by two.

    A column in which no row has anything to say is left out.
    """
    shown = [[column.show(row) for column in columns] for row in rows]
    told = [place for place in range(len(columns)) if any(line[place] for line in shown)]
    columns = [columns[place] for place in told]
    cells = [[column.heading for column in columns], *([line[place] for place in told] for line in shown)]
    widths = [max(_width(line[place]) for line in cells) for place in range(len(columns))]
    widths[0] = max(widths[0], least)
    for line in cells:
        padded = [_pad(cell, size, c.right) for cell, size, c in zip(line, widths, columns, strict=True)]
        yield ("  " + "  ".join(padded)).rstrip()


def finding_words(row: Mapping[str, Any]) -> str:
    """What may be said of a difference."""
    found = row["finding"]
    return _(FINDINGS[found]) if found else _("no test")


def standing_words(row: Mapping[str, Any]) -> str:
    """A domain against the whole, in one of three words."""
    found = row["standing"]
    return _(STANDINGS[found]) if found else DASH


def advice_words(row: Mapping[str, Any]) -> str:
    """What may be advised about a factor."""
    found = row["advice"]
    return _(ADVICE[found]) if found else DASH


def break_words(aspects: Sequence[str]) -> str:
    """What changed before a wave."""
    return ", ".join(_(BROKEN[aspect]) for aspect in aspects)


def remarks(row: Mapping[str, Any]) -> str:
    """The flags of a row, in words; of a period also in how many of its waves the domain has answers, if not in all."""
    return ", ".join([*map(_, row["flags"]), *_some_waves(row)])


def _some_waves(row: Mapping[str, Any]) -> Iterator[str]:
    counts = [row[name] for name in ("waves", "other_waves") if row.get(name) is not None]
    fewest = min(counts, default=0)
    if counts and fewest < row["of_waves"]:
        yield _("answers in {count} of {all} waves", count=fewest, all=row["of_waves"])


def domain_words(domain: Mapping[str, str]) -> str:
    """A domain as a person reads it: `unit 03646, field land`; everybody is "All answers"."""
    return ", ".join(f"{word('column', column)} {label_words(column, code)}" for column, code in domain.items()) or _(
        "All answers"
    )


def columns_words(columns: Sequence[str]) -> str:
    """Columns by their words: `field, channel`."""
    return ", ".join(word("column", column) for column in columns)


def label_words(column: str, code: str) -> str:
    """A code of one of the platform's own columns in words, where it has some."""
    return with_code(column, code) if column in IN_WORDS else code


def figure_words(of: str) -> str:
    """An item or a factor by its code; all items together in words."""
    return with_code("of", of)


def interval_heading(level: float) -> str:
    """`95% interval`"""
    return _("{level} interval", level=decimal(level * 100, 4).rstrip("0").rstrip(".,") + "%")


def percentage_points(difference: float | None, digits: int = 1) -> str:
    """A difference of two shares in percentage points, with its sign: `+3.2`."""
    if difference is None:
        return DASH
    text = decimal(abs(difference) * 100, digits)
    return ("-" if difference < 0 and text.strip("0.,") else "+") + text


def points_between(low: float | None, high: float | None) -> str:
    """An interval of a difference."""
    return DASH if low is None or high is None else f"{percentage_points(low)} … {percentage_points(high)}"


def p_value(p: float | None) -> str:
    """A p-value to three decimals; smaller ones are only said to be smaller."""
    if p is None:
        return DASH
    return ("<" if p < 0.001 else "") + decimal(max(p, 0.001), 3)


def between(low: float | None, high: float | None) -> str:
    """An interval of a share."""
    if low is None or high is None:
        return DASH
    return f"{plain_percent(low)} {DASH} {plain_percent(high)}"


def plain_percent(share: float | None) -> str:
    """A share as `83.1%`."""
    return DASH if share is None else decimal(share * 100, 1) + "%"


def rounded_percent(share: float) -> str:
    """A share without decimals, for a sentence: `79%`."""
    return decimal(share * 100, 0) + "%"


def decimal(value: float, digits: int) -> str:
    """A number with so many decimals, and the reader's decimal mark."""
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language() == "vi" else text


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: combining marks take none."""
    return len(text) if text.isascii() else sum(not unicodedata.combining(letter) for letter in text)


def _pad(text: str, width: int, to_right: bool) -> str:
    blank = " " * (width - _width(text))
    return blank + text if to_right else text + blank

"""What somebody was told already (`notified.json`), so that a timer does not tell the same each hour.

A fault is told at once and again each day until it is mended; then that is told, once. A warning is told once.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sipas.errors import N_
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import Damaged, read_state, write_whole
from sipas.monitoring.signs import BAD, WARN, Finding

TOLD_ANEW = N_(
    "The file {file} in SIPAS_HOME is damaged: what was told before is told once more. The next `sipas doctor "
    "--notify` writes it anew."
)
AGAIN = dt.timedelta(hours=23, minutes=30)  # a timer's hour is never quite one
NUMBER = re.compile(r"(?<![\w-])\d[\d.,]*(?![\w-])")


@dataclass(frozen=True)
class Told:
    """A finding, and when it was told last."""

    sign: str
    sentence: str
    on: dt.datetime


@dataclass(frozen=True)
class News:
    """What is to be told now; `due`: anything of it is new, mended, or a day old."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    mended: tuple[str, ...]
    due: bool


def name_of(sentence: str) -> str:
    """What makes two findings the same: all but numbers that stand alone, such as of free gigabytes.

    >>> name_of("3.2 GB of 10 GB are free at to-hieu-1.") == name_of("3.1 GB of 10 GB are free at to-hieu-1.")
    True
    >>> name_of("Point to-hieu-1") == name_of("Point to-hieu-2")
    False
    """
    return NUMBER.sub("#", sentence)


def news(before: Mapping[str, Told], found: Iterable[Finding], now: dt.datetime) -> News:
    """What is to be said of these findings to somebody who was told `before`."""
    amiss = {name_of(sentence): (sign, sentence) for sign, sentence in found if sign in (BAD, WARN)}
    mended = tuple(one.sentence for name, one in before.items() if name not in amiss and one.sign == BAD)
    new = any(name not in before or before[name].sign != sign for name, (sign, _) in amiss.items())
    old = any(sign == BAD and name in before and not _is_fresh(before[name], now) for name, (sign, _) in amiss.items())
    return News(
        tuple(sentence for sign, sentence in amiss.values() if sign == BAD),
        tuple(sentence for sign, sentence in amiss.values() if sign == WARN),
        mended,
        bool(new or old or mended),
    )


def _is_fresh(told: Told, now: dt.datetime) -> bool:
    return dt.timedelta(0) <= now - told.on < AGAIN


def told_before(home: Path) -> dict[str, Told]:
    """What was told; where that is damaged everything counts as new."""
    try:
        return read_state(HomePaths(home).notified, _told, TOLD_ANEW) or {}
    except Damaged:
        return {}


def check(home: Path) -> None:
    """Raises Damaged where the file is not what this module writes."""
    read_state(HomePaths(home).notified, _told, TOLD_ANEW)


def remember_told(home: Path, found: News, now: dt.datetime) -> None:
    """Keeps what was told now."""
    said = [{"sign": sign, "sentence": one, "on": now.isoformat()} for sign, one in _amiss(found)]
    write_whole(HomePaths(home).notified, json.dumps(said, ensure_ascii=False).encode())


def _amiss(found: News) -> list[Finding]:
    return [(BAD, one) for one in found.faults] + [(WARN, one) for one in found.warnings]


def _told(data: bytes) -> dict[str, Told]:
    listed = [
        Told(str(one["sign"]), str(one["sentence"]), dt.datetime.fromisoformat(one["on"])) for one in json.loads(data)
    ]
    if any(one.on.tzinfo is None for one in listed):
        raise ValueError
    return {name_of(one.sentence): one for one in listed}

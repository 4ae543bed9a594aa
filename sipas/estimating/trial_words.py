"""Trials of self-selection as a person reads them in a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sipas.errors import N_, SipasError
from sipas.estimating.reading import Column, between, decimal
from sipas.i18n import _

TRIAL = N_(
    "If satisfied people answered {ratio} times as readily as those who are not, the true figure would be about "
    "{share}. Nobody knows that ratio; this is a trial, not a corrected figure."
)
TURNS = N_(
    "“turns at ×{ratio}”: the finding could no longer be said if, where the figure is higher, satisfied people "
    "answered {ratio} times as readily as others, and on the other side did not."
)
DRIFTS = N_(
    "A slope turns at the ratio to which the readiness of satisfied people must have moved, by equal factors from wave "
    "to wave, between 1 where the figures are lower and ×{ratio} where they are higher."
)
MOST = 1000


def turns_words(row: Mapping[str, Any]) -> str:
    """The ratio at which a statement turns: `×1.22`; nothing where nothing is said."""
    return "" if row["tipping"] is None else times(row["tipping"])


def times(ratio: float | None) -> str:
    """A response ratio as `×1.22`, rounded down, so that what is said still holds there; from a thousand on `×999+`."""
    if ratio is None:
        return ""
    return f"×{MOST - 1}+" if ratio >= MOST else "×" + decimal(math.floor(ratio * 100 + 1e-9) / 100, 2)


def explained(rows: Sequence[Mapping[str, Any]]) -> Iterator[SipasError]:
    """What the column means, by the first statement that has a ratio; nothing where none has."""
    for row in rows:
        if row.get("tipping") is not None:
            yield SipasError(TURNS, ratio=times(row["tipping"]).removeprefix("×"))
            break
    for row in rows:
        if row.get("what") == "slope" and row["tipping"] is not None:
            yield SipasError(DRIFTS, ratio=times(row["tipping"]).removeprefix("×"))
            return


def band_headings(ratios: Sequence[float]) -> list[Column]:
    """A printed column for each ratio that is tried: its band."""
    return [Column(_("band at ×{ratio}", ratio=short(ratio)), partial(_band, ratio)) for ratio in ratios]


def _band(ratio: float, row: Mapping[str, Any]) -> str:
    return between(row[trial_name("at", ratio) + "_low"], row[trial_name("at", ratio) + "_high"])


def trial_name(what: str, ratio: float) -> str:
    """The name of a column at a ratio that is tried: `at_1_5`, as names of columns have no points."""
    return f"{what}_{ratio:g}".replace(".", "_")


def short(ratio: float) -> str:
    """A ratio that somebody named, with the reader's decimal mark and no more digits than it has."""
    return decimal(ratio, len(f"{ratio:g}".partition(".")[2]))

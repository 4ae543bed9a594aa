"""What self-selection would take, from published shares and limits alone, so that it tells nothing new."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from analysis.selection.response_ratio import RATIOS, selected_share, selection_band
from sipas.estimating.trial_words import TRIAL, short, trial_name
from sipas.i18n import _, percent

MOST = max(RATIOS)  # the ratio that the sentence under a headline tries
BEFORE = ("sipas-method 1",)  # releases of this method keep what they said
COLUMNS = tuple(trial_name("at", ratio) + suffix for ratio in RATIOS for suffix in ("_low", "_high"))


def tells(manifest: Mapping[str, Any]) -> bool:
    """Whether a release of this method tries response ratios."""
    return manifest.get("method", {}).get("version") not in BEFORE


def trial(share: float | None) -> str:
    """The sentence under a headline; nothing where no share is shown."""
    return "" if share is None else _(TRIAL, ratio=short(MOST), share=percent(float(selected_share(share, MOST)), 0))


def widest(row: Mapping[str, Any], decimals: int) -> tuple[float, float] | None:
    """The limits of a figure's widest band, which drawings show; None where it has no limits."""
    found = bands(row, decimals)
    name = trial_name("at", MOST)
    return (found[f"{name}_low"], found[f"{name}_high"]) if found else None


def bands(row: Mapping[str, Any], decimals: int) -> dict[str, float]:
    """The columns of a figure's bands, moved out by what rounding may hide; none where it has no limits.

    >>> bands({"low": 0.846, "high": 0.855}, 3)
    {'at_1_25_low': 0.814, 'at_1_25_high': 0.881, 'at_1_5_low': 0.784, 'at_1_5_high': 0.899}
    """
    if row.get("low") is None or row.get("high") is None:
        return {}
    low, high = selection_band(row["low"], row["high"], RATIOS, step=10**-decimals)
    step = 10**decimals
    return {
        trial_name("at", ratio) + suffix: (math.floor if suffix == "_low" else math.ceil)(float(limit) * step) / step
        for k, ratio in enumerate(RATIOS)
        for suffix, limit in (("_low", low[k]), ("_high", high[k]))
    }

"""Before anything is built: whether the wave as a whole stands on enough people and weeks for a release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.disclosure.policy import Policy
from sipas.errors import N_, WaveState


class TooFew(WaveState):
    """A wave from which nothing can be released."""


def refuse_too_few(wave: str, whole: Mapping[str, Any], policy: Policy) -> None:
    """Raise TooFew unless the row of the whole satisfies the policy."""
    if policy.suffices(whole["n"], whole["df"]):
        return
    raise TooFew(
        N_(
            "Wave {wave} has {people} people and {df} degrees of freedom (weeks in which a point was answered at, less "
            "one for each office); a release needs at least {least} and {freedom}. Nothing was built: `sipas estimate` "
            "shows its figures inside; let the next wave run longer, or ask at more points."
        ),
        wave=wave,
        people=whole["n"],
        df=whole["df"] or 0,
        least=policy.least_people,
        freedom=policy.least_df,
    )

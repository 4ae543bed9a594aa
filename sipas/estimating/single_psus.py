"""Offices that asked in a single week: the rule of a release for them, and how it is said.

A snapshot of the platform was planned as one design, so what a release does with it holds for every analysis of it.
Of a file from elsewhere nobody knows why a stratum has a single PSU; its design file has to say what to do.
"""

from __future__ import annotations

import analysis
from analysis.variance.design_counts import count_design
from sipas.errors import N_, SipasError

RULE = "centre"
"""An office that asked in a single week deviates from the mean of all: never too small a variance."""
SHOWN = 10
NOTE = N_(
    "one point and one week only, so that nothing is known of how weeks differ there: {strata}. In intervals and tests "
    "they count with their distance from the mean of all, as in a release (lonely: centre); --lonely chooses otherwise"
)


def of_a_release(cells: analysis.Cells) -> tuple[analysis.Cells, list[SipasError]]:
    """The cells of a snapshot under a release's rule for single PSUs, and a note where the rule matters."""
    counts = count_design(cells)
    alone = sorted(name for name, lonely in zip(counts.names, counts.lonely, strict=True) if lonely)
    shown = ", ".join(alone[:SHOWN]) + (" …" if len(alone) > SHOWN else "")
    return cells.with_lonely(RULE), [SipasError(NOTE, strata=shown)] if alone else []

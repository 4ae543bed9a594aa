"""How many people were asked what skip logic asks of some alone: said beside the figures, as roundly as they are.

Such a number may be told where the item's figure is, where it is no small group itself, and where those who were not
asked are none: whoever knows all answers and all but a few of those who were asked knows what the few said at the gate.
"""

from __future__ import annotations

from analysis import Cells
from analysis.disclosure.safe_table import SafeTable


def asked_counts(cells: Cells, table: SafeTable) -> dict[str, int]:
    """The people who were asked each item behind a gate, rounded as the table's people are; the others are left out."""
    told: dict[str, int] = {}
    gated = {item for item, _gate, _numbers in cells.codebook.asked_if or ()}
    for code in cells.codebook.item_codes:
        if code not in gated or table.row(code)["withheld"]:
            continue
        asked = int(cells.asked(code).sum())
        others = cells.size - asked
        if asked >= table.policy.minimum and not 0 < others < table.policy.minimum:
            told[code] = table.policy.people(asked)
    return told

"""What an interviewer never reads out: the respondent answers it alone, on a screen that is handed over and given back.

Before a run of such items one screen says "hand it over", after it one says "your answers are hidden". The way from an
item of the run to the latter is a box that is ticked (`data-lock`), so the style sheet alone can lock the run, without
scripts: whatever then leads to one of its items, the browser's own Back too, shows that the answers are hidden. The box
has no name, so it is neither sent nor stored. Nothing unlocks a run but a new form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from surveys import Instrument

FORM = "#questionnaire"


@dataclass(frozen=True)
class Run:
    """Items that stand one after the other and are all answered alone."""

    number: int
    items: tuple[str, ...]

    @property
    def hand_over(self) -> str:
        """The section before it."""
        return f"hand-over-{self.number}"

    @property
    def give_back(self) -> str:
        """The section after it."""
        return f"give-back-{self.number}"

    @property
    def sections(self) -> tuple[str, ...]:
        """Those of its items."""
        return tuple(f"q-{item}" for item in self.items)


def runs_of(instrument: Instrument, asked: Iterable[str]) -> tuple[Run, ...]:
    """The runs of a form, whose items come as they are `asked`."""
    found = (tuple(items) for alone, items in groupby(asked, lambda one: instrument.item(one).self_completed) if alone)
    return tuple(Run(number, items) for number, items in enumerate(found, 1))


def any_of(sections: Iterable[str]) -> str:
    """Sections as a selector; their names are letters, digits and . _ + - alone (`surveys/shape.py`)."""
    return ":is({})".format(",".join("#" + re.sub(r"([.+])", r"\\\1", one) for one in sections))


def lock_rules(run: Run) -> str:
    """What shows of a run while it is open, and once it is locked."""
    box, items = f'[data-lock="{run.number}"]:checked', any_of(run.sections)
    is_locked, is_open = f"{FORM}:has({box})", f"{FORM}:not(:has({box}))"
    hand_over, give_back = f"#{run.hand_over}", f"#{run.give_back}"
    return (
        f"{is_locked} {items},{is_locked} {hand_over} .open,"
        f"{is_open} {give_back},{is_open} {hand_over} .locked{{display:none}}"
        f"{is_locked}:has({items}:target) {give_back},{is_open}:has({give_back}:target) {hand_over}{{display:flex}}"
    )

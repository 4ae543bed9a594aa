"""Skip logic in words: after which answers a question is asked, for those who answer, import or read about it."""

from __future__ import annotations

from sipas.i18n.catalogs import N_, _
from surveys import Condition, Instrument, Item

TO_A_VISITOR = N_("Please answer this only if you chose {answers} at “{question}”.")
TO_OTHERS = N_("Asked only of those who answered {answers} to “{question}”.")


def conditions_said(instrument: Instrument, item: Item, template: str = TO_OTHERS) -> str:
    """A sentence for each condition of an item, in the words of the instrument; empty where everybody is asked.

    `template` is TO_OTHERS or TO_A_VISITOR.
    """
    return " ".join(
        _(
            template,
            question=instrument.item(one.item).text,
            answers=", ".join(f"“{answer}”" for answer in answers_said(instrument, one)),
        )
        for one in item.asked_if
    )


def answers_said(instrument: Instrument, condition: Condition) -> list[str]:
    """The answers of the gate that open an item, as the instrument words them."""
    gate = instrument.item(condition.item)
    words = {option.code: option.text for option in gate.options}
    words |= {str(n): level for n, level in enumerate(gate.scale.levels, 1)} if gate.scale else {}
    return [words[answer] for answer in condition.answers]

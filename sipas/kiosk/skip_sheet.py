"""Skip logic as a style sheet: without scripts, too, the ways of a questionnaire pass over what is not to be asked.

A rule hides the question that is not to be asked and the links that lead to it, so that neither a keyboard nor a screen
reader meets them; of the links of one way the first that is left is shown. A browser without `:has` shows one long
page, in which a sentence says whom the question is for.
"""

from __future__ import annotations

import re
from functools import lru_cache

import surveys
from surveys import Condition, Instrument

FORM = "#questionnaire"


def gates_of(instrument: Instrument, code: str) -> tuple[Condition, ...]:
    """Every condition under which an item is asked, those of its gates among them, each once."""
    found: dict[Condition, None] = {}
    for condition in instrument.item(code).asked_if:
        found |= dict.fromkeys((*gates_of(instrument, condition.item), condition))
    return tuple(found)


@lru_cache(maxsize=64)
def skip_sheet(code: str, version: int, form: str) -> str:
    """The rules of one form of an instrument; empty where everybody is asked everything.

    Codes of items and options are letters, digits and . _ + - alone (`surveys/shape.py`), so they can be put in quotes.
    """
    instrument = surveys.load(code, version)
    gated: dict[tuple[Condition, ...], list[str]] = {}
    for item in instrument.forms[form]:
        if conditions := gates_of(instrument, item):
            gated.setdefault(conditions, []).append(item)
    if not gated:
        return ""
    rules = "".join(_rules("".join(map(_has, conditions)), items) for conditions, items in gated.items())
    return f".other{{display:none}}@supports selector(:has(a)){{.back.other,.next.other{{display:inline-flex}}{rules}}}"


def _has(condition: Condition) -> str:
    """That one of the answers is chosen, as a pseudo-class."""
    return ":has({})".format(
        ",".join(f'[name="{condition.item}"][value="{answer}"]:checked' for answer in condition.answers)
    )


def _rules(conditions: str, items: list[str]) -> str:
    sections = ":is({})".format(",".join("#q-" + re.sub(r"([.+])", r"\\\1", item) for item in items))
    ways = ":is({})".format(",".join(f'[data-to="q-{item}"]' for item in items))
    is_open, is_closed = f"{FORM}{conditions}", f"{FORM}:not({conditions})"
    return (
        f"{is_closed} {sections} :is(fieldset,.written),{is_closed} {ways},"
        f"{is_open} {ways}.back~.back,{is_open} {ways}.next~.next,"
        f"{is_open} {sections} .only-if{{display:none}}"
    )

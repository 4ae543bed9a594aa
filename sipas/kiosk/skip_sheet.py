"""Skip logic as a style sheet: without scripts, too, the ways of a questionnaire pass over what is not to be asked.

A rule hides the question that is not to be asked and the links that lead to it, so that neither a keyboard nor a screen
reader meets them; of the links of one way the first that is left is shown. A browser without `:has` shows one long
page, in which a sentence says whom the question is for.
"""

from __future__ import annotations

from functools import lru_cache

import surveys
from sipas.kiosk.hand_over import FORM, Run, any_of, lock_rules
from surveys import Condition, Instrument


def gates_of(instrument: Instrument, code: str) -> tuple[Condition, ...]:
    """Every condition under which an item is asked, those of its gates among them, each once."""
    found: dict[Condition, None] = {}
    for condition in instrument.item(code).asked_if:
        found |= dict.fromkeys((*gates_of(instrument, condition.item), condition))
    return tuple(found)


def gates_of_run(instrument: Instrument, run: Run) -> tuple[Condition, ...]:
    """The conditions that all items of a run have in common: where they do not hold, there is nothing to hand over."""
    of_first, *of_others = [gates_of(instrument, item) for item in run.items]
    return tuple(one for one in of_first if all(one in gates for gates in of_others))


@lru_cache(maxsize=64)
def skip_sheet(code: str, version: int, form: str, runs: tuple[Run, ...] = ()) -> str:
    """The rules of one form of an instrument, and of the `runs` in it that are answered alone; empty where everybody is
    asked everything and nothing is handed over.

    Codes of items and options are letters, digits and . _ + - alone (`surveys/shape.py`), so they can be put in quotes.
    """
    instrument = surveys.load(code, version)
    gated: dict[tuple[Condition, ...], list[str]] = {}
    for item in instrument.forms[form]:
        if conditions := gates_of(instrument, item):
            gated.setdefault(conditions, []).append(f"q-{item}")
    for run in runs:
        if conditions := gates_of_run(instrument, run):
            gated.setdefault(conditions, []).extend((run.hand_over, run.give_back))
    if not gated and not runs:
        return ""
    rules = "".join(_rules("".join(map(_has, conditions)), ids) for conditions, ids in gated.items())
    rules += "".join(map(lock_rules, runs))
    return f".other{{display:none}}@supports selector(:has(a)){{.back.other,.next.other{{display:inline-flex}}{rules}}}"


def _has(condition: Condition) -> str:
    """That one of the answers is chosen, as a pseudo-class."""
    return ":has({})".format(
        ",".join(f'[name="{condition.item}"][value="{answer}"]:checked' for answer in condition.answers)
    )


def _rules(conditions: str, ids: list[str]) -> str:
    sections = any_of(ids)
    ways = ":is({})".format(",".join(f'[data-to="{one}"]' for one in ids))
    is_open, is_closed = f"{FORM}{conditions}", f"{FORM}:not({conditions})"
    return (
        f"{is_closed} {sections} :is(fieldset,.written,.handing),{is_closed} {ways},"
        f"{is_open} {ways}.back~.back,{is_open} {ways}.next~.next,"
        f"{is_open} {sections} .only-if{{display:none}}"
    )

"""A questionnaire in the language now spoken: by the catalogs, or by what its own file brings along.

A version that was made at an installation (`sipas instrument wording import`) holds sentences that no catalog of a
release knows. Its file may hold their English; what has none stays Vietnamese, and is named as such on a page: a
translation of other words would ask an English reader another question.
"""

from __future__ import annotations

from sipas.i18n.catalogs import instrument_text, language
from sipas.i18n.fallback_marking import BEGINS, borrowed, without_marks
from surveys import Instrument, translated
from surveys.instrument import is_own


def on_page(instrument: Instrument) -> Instrument:
    """The questionnaire for a page: what is Vietnamese for want of a translation bears marks (`say_whose`)."""
    spoken = language()
    brought = dict(dict(instrument.other_words).get(spoken, ()))
    may_lack = is_own(instrument.version) and spoken != "vi"

    def say(address: str, wording: str) -> str:
        said = brought.get(address.partition("/")[2]) or instrument_text(address, wording)
        is_lacking = may_lack and said == wording and any(letter.isalpha() for letter in wording)
        return borrowed(said) if is_lacking and BEGINS not in said else said

    return translated(instrument, say)


def in_words(instrument: Instrument) -> Instrument:
    """The questionnaire for whatever is no page: the same words without marks."""
    return translated(on_page(instrument), lambda _address, wording: without_marks(wording))

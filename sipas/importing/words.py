"""What a cell may say: a code or number as the form has it, or the words of the scale, in any language we speak."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

from sipas.errors import N_, SipasError
from sipas.i18n import LANGUAGES, speaking
from sipas.i18n.code_labels import Codes, word
from sipas.i18n.instrument_words import in_words
from sipas.intake.answers import NOT_ASKED_WORD, byte_of
from sipas.tables.looks import as_read
from surveys import NOT_ASKED, Instrument, PersonQuestion

Reader = Callable[[str], int]
"""From the text of a cell to the number that is stored; raises SipasError for what it may not be."""


def in_each_language(instrument: Instrument) -> Iterator[Instrument]:
    """The questionnaire in the words of each language, the decreed ones last."""
    for language in LANGUAGES:
        with speaking(language):
            yield in_words(instrument)
    yield instrument


def answer_reader(instrument: Instrument, code: str) -> Reader:
    """Reads one item's cells into its byte: "na" in any case and the words of its scale or options are understood as
    they look, and where the item may be passed over by skip logic, the words for that too (`NOT_ASKED`)."""
    words: dict[str, object] = {}
    for said in in_each_language(instrument):
        item = said.item(code)
        if item.scale:
            words |= {as_read(text): level for level, text in enumerate(item.scale.levels, 1)}
        if item.kind == "choice":
            words |= {as_read(option.text): option.code for option in item.options}
        if item.not_applicable:
            words |= {as_read(item.not_applicable): "na", "na": "na", "n/a": "na"}
    asked, unasked = instrument.item(code), _not_asked() if instrument.item(code).asked_if else ()

    def read(text: str) -> int:
        said = as_read(text)
        return NOT_ASKED if said in unasked else byte_of(asked, words.get(said, text))

    return read


def _not_asked() -> set[str]:
    """How files say that somebody was not asked, in any language we speak."""
    words = {NOT_ASKED_WORD}
    for language in LANGUAGES:
        with speaking(language):
            words.add(as_read(word("answer", NOT_ASKED_WORD)))
    return words


def profile_reader(instrument: Instrument, code: str) -> Reader:
    """Reads a question about the person: its option's code or words; 0 where it was not asked or not answered."""
    asked = [one for said in in_each_language(instrument) for one in said.profile if one.code == code]
    words = {word: place for one in asked for word, place in _options(one)}

    def read(text: str) -> int:
        place = words.get(text, words.get(as_read(text))) if text and asked else 0
        if place is None:
            known = ", ".join(option.code for option in asked[-1].options)
            raise SipasError(N_("“{value}” is not one of {known}."), value=text, known=known)
        return place

    return read


def _options(question: PersonQuestion) -> Iterator[tuple[str, int]]:
    for place, option in enumerate(question.options, 1):
        yield as_read(option.text), place
        yield option.code, place


def listed_code(kind: str, known: Mapping[str, int], default: str, template: str) -> Reader:
    """Reads a code of a list, or its word in any language we speak; an empty cell means `default`."""
    words: dict[str, int] = {}
    for language in LANGUAGES:
        with speaking(language):
            words |= {as_read(word(kind, code)): number for code, number in known.items()}
    words |= known

    def read(text: str) -> int:
        found = words.get(text or default, words.get(as_read(text)))
        if found is None:
            raise SipasError(template, value=text, known=Codes(kind, known))
        return found

    return read


def day_reader(today: dt.date) -> Reader:
    """Reads a date into its number of days since 1970."""

    def read(text: str) -> int:
        for shape in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                day = dt.datetime.strptime(text[:10], shape).date()  # noqa: DTZ007 - a day of the province, not a moment
            except ValueError:
                continue
            if day > today:
                raise SipasError(N_("{value} lies in the future; correct the date."), value=text)
            return (day - dt.date(1970, 1, 1)).days
        raise SipasError(N_("“{value}” is no date; write it as 2026-03-31 or 31/03/2026."), value=text)

    return read

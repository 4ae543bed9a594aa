"""A questionnaire as a list of its sentences: where each stands, what it is, and where its words come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipas.errors import N_
from sipas.i18n import speaking
from sipas.i18n.instrument_words import on_page
from surveys import Instrument, texts

KINDS = {
    "title": N_("title"),
    "population": N_("who is asked"),
    "lead": N_("words above the question"),
    "level": N_("answer level"),
    "not applicable": N_("answer “not applicable”"),
    "aspect": N_("aspect"),
    "factor": N_("factor"),
    "item": N_("question"),
    "option": N_("answer to choose"),
    "profile": N_("question about the person"),
    "comment": N_("free comment"),
    "hint": N_("hint at the comment"),
}
SOURCES = {
    "decreed": N_("official sentence"),
    "ours": N_("our words"),
}
PROVENANCE = {
    "official": N_("official text"),
    "copy": N_("a third party's copy of an official text"),
    "ours": N_("our own question"),
    "": N_("not said"),
}
# Letters: the longest of each kind with which a telephone of 320 x 560, or of 360 x 640 in large letters, shows all
# five levels at once (tests/pages/test_longest_words.py). A kiosk's screen in large letters scrolls by 16 pixels then.
MOST = {
    "title": 120,
    "population": 160,
    "lead": 31,
    "level": 20,
    "not applicable": 30,
    "aspect": 80,
    "factor": 80,
    "item": 90,
    "option": 40,
    "profile": 40,
    "comment": 80,
    "hint": 120,
}


@dataclass(frozen=True)
class Sentence:
    """One text that a visitor meets, or an officer reads.

    address   within the questionnaire: B1.1, satisfaction/4, sex/f
    kind      a key of KINDS
    source    of the words, of an item: a key of SOURCES; "" of all else
    subject   of an item: where it comes from that it is asked, a key of PROVENANCE
    english   what an English reader meets, "" where that is the Vietnamese
    """

    address: str
    kind: str
    words: str
    source: str
    subject: str
    english: str

    @property
    def has_official(self) -> bool:
        """Whether an official text holds a sentence for it, as far as is known."""
        return self.kind == "item" and self.subject in ("official", "copy")


def sentences(instrument: Instrument) -> Iterator[Sentence]:
    """Every sentence, in the order in which it is met first."""
    with speaking("en"):
        english = [words for _address, words in texts(on_page(instrument))]
    items = {item.code: item for item in instrument.items}
    for (whole, words), said in zip(texts(instrument), english, strict=True):
        address = whole.partition("/")[2]
        item = items.get(address)
        is_english = said != words and words not in said  # a borrowed one bears marks around the Vietnamese
        yield Sentence(
            address,
            _kind(instrument, address),
            words,
            item.wording if item else "",
            item.provenance if item else "",
            said if is_english else "",
        )


def _kind(instrument: Instrument, address: str) -> str:
    first, _, second = address.partition("/")
    scales = {item.scale.code for item in instrument.items if item.scale}
    if not second and first in ("title", "population"):
        return first
    if first in scales:
        return {"lead": "lead", "not_applicable": "not applicable"}.get(second, "level")
    if instrument.comment and first == instrument.comment.code:
        return "hint" if second else "comment"
    if second:
        return "option"
    if first in {aspect.code for aspect in instrument.aspects}:
        return "aspect"
    if first in instrument.factors:
        return "factor"
    return "profile" if first in {question.code for question in instrument.profile} else "item"

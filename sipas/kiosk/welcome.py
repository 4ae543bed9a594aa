"""What the first screen says, in every language at once: who asks, why, how long, and what becomes of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from sipas import i18n
from sipas.i18n import _, plural
from sipas.kiosk.place import Place
from sipas.kiosk.screens import minutes


@dataclass(frozen=True)
class Welcome:
    """The same sentences in one language."""

    language: str
    name: str
    question: str
    facts: tuple[tuple[str, str], ...]
    stored: str
    start: str


def welcome(place: Place, province: str) -> list[Welcome]:
    """One for each language, Vietnamese first."""
    pages = []
    for code, name in i18n.LANGUAGES.items():
        with i18n.speaking(code):
            pages.append(_welcome(place, province, code, name))
    return pages


def _welcome(place: Place, province: str, code: str, name: str) -> Welcome:
    questions, length = len(place.instrument.forms[place.form]), minutes(place.instrument, place.form)
    asked = plural("One question", "{n} questions", questions)
    lasts = plural("about one minute", "about {n} minutes", length)
    who = _("{province} province asks, so that {place} can serve you better.", province=province, place=place.name)
    return Welcome(
        language=code,
        name=name,
        question=_("How were you served today?"),
        facts=(
            ("who", who),
            ("time", _("{questions}, {minutes}.", questions=asked, minutes=lasts)),
            ("free", _("It is voluntary: you may skip any question and stop at any time.")),
            ("closed", _("It is anonymous: no name, no time of day. Staff here cannot see your answers.")),
        ),
        stored=_("What is stored?"),
        start=_("Start"),
    )

"""What the first screen says, in every language at once: who asks, why, how long, and what becomes of an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sipas import i18n
from sipas.i18n import _, plural
from sipas.kiosk.pages import form_of
from sipas.kiosk.point_view import PointView
from sipas.kiosk.screens import seconds
from sipas.registry.province import ProvinceName


@dataclass(frozen=True)
class Welcome:
    """The same sentences in one language."""

    language: str
    name: str
    question: str
    facts: tuple[tuple[str, str], ...]
    stored: str
    start: str
    shorter: str  # the fact about time, where the service field was chosen before
    first_say: str = ""  # to an interviewer, before the facts


def welcome(place: PointView, province: ProvinceName, languages: Mapping[str, str], service: str = "") -> list[Welcome]:
    """One for each language, Vietnamese first. Whoever comes with a `service` field chosen is not asked for it."""
    pages = []
    for code, name in languages.items():
        with i18n.speaking(code):
            pages.append(_welcome(place, province, code, name, bool(service)))
    return pages


@lru_cache(maxsize=256)  # follows from the questionnaire and the words, which a process reads once
def _lasts(place: PointView, _language: str, chosen: bool) -> str:
    """How long it takes, rounded up: in halves to a minute and a half, then in whole minutes."""
    length = seconds(form_of(place), chosen, place.is_interview)
    if 60 < length <= 90:
        return _("about a minute and a half")
    return plural("about one minute", "about {n} minutes", math.ceil(length / 60))


def _free(place: PointView) -> str:
    """That nobody need answer, and what becomes of a form that is left in the middle."""
    if place.is_interview and place.keeps_unfinished:
        return _(
            "It is voluntary: you may skip any question. “Stop” keeps nothing; if the interview breaks off in the "
            "middle, what you answered until then is kept as an unfinished form."
        )
    if place.keeps_unfinished:
        return _(
            "It is voluntary: you may skip any question. “Stop” keeps nothing; if you walk away in the middle, what "
            "you answered until then is kept as an unfinished form."
        )
    return _("It is voluntary: you may skip any question and stop at any time.")


def _closed(place: PointView) -> str:
    """What becomes of the answers, and who sees them."""
    if place.runs:
        return _(
            "It is anonymous: neither your name nor your address, nor who asks you, nor the day and hour is stored. "
            "Some questions you read and answer alone on this screen."
        )
    if place.is_interview:
        return _(
            "It is anonymous: neither your name nor your address, nor who asks you, nor the day and hour is stored."
        )
    if place.is_household:
        return _("It is anonymous: neither name nor address is stored, and no official sees your answers.")
    return _("It is anonymous: no name, no time of day. Staff here cannot see your answers.")


def _question(place: PointView) -> str:
    """What stands at the head: to an interviewer, to a household, or to a visitor."""
    if place.is_interview:
        return _("For an interviewer, who reads the questions aloud")
    if place.is_household:
        return _("How well do the authorities serve you?")
    return _("How were you served today?")


def _welcome(place: PointView, province: ProvinceName, code: str, name: str, chosen: bool) -> Welcome:
    instrument = place.instrument
    questions = sum(not instrument.item(item).asked_if for item in instrument.forms[place.form])  # as everybody meets
    asked = plural("One question", "{n} questions", questions)

    def time(chosen: bool) -> str:
        return _("{questions}, {minutes}.", questions=asked, minutes=_lasts(place, code, chosen))

    asker = province.called(code) or _("The province")
    who = _("{province} asks, so that {place} can serve you better.", province=asker, place=place.name)
    return Welcome(
        language=code,
        name=name,
        question=_question(place),
        facts=(
            ("who", who),
            ("time", time(chosen)),
            ("free", _free(place)),
            ("closed", _closed(place)),
        ),
        stored=_("What is stored?"),
        start=_("Start"),
        shorter=time(True),
        first_say=_("Please say first, in these words:") if place.is_interview else "",
    )

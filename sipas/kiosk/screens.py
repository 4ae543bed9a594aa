"""The order of the screens, and how long they take: what the visitor is told before and during the visit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from wtforms.fields import Field

from sipas.kiosk.forms import Questionnaire, Tiles
from surveys import Instrument

# A calm reader reads 150 words a minute and takes 1.2 s for a touch.
WORDS_PER_SECOND, SECONDS_PER_TOUCH = 2.5, 1.2


@dataclass(frozen=True)
class Screen:
    """One thing at a time: the fields on it, where Back and Next lead, and how far along it is."""

    id: str
    fields: tuple[Field, ...]
    number: int
    of: int
    back: str | None
    next: str | None

    @property
    def advances(self) -> bool:
        """Whether one touch answers it, so that a script may go on by itself."""
        return len(self.fields) == 1 and isinstance(self.fields[0], Tiles) and self.next is not None


def screens(form: Questionnaire) -> Iterator[Screen]:
    """The service field, one screen for each item, and a last one for what is optional."""
    instrument = form.instrument
    about = [form[f"q-{question.code}"] for question in instrument.profile]
    about += [form["q-comment"]] if instrument.comment else []
    stops = [(f"q-{field.name}", (field,)) for field in (form.service, *(form[f"q-{code}"] for code in form.asked))]
    stops += [("q-about", tuple(about))]
    ids = [None, *(name for name, _ in stops), None]
    for number, (name, fields) in enumerate(stops, 1):
        yield Screen(name, fields, number, len(stops), back=ids[number - 1], next=ids[number + 1])


def minutes(instrument: Instrument, form: str) -> int:
    """How long the form takes a calm person, in whole minutes, rounded up.

    Scales are read once; each item is read and touched once, and so is the service field.
    """
    items = [instrument.item(code) for code in instrument.forms[form]]
    scales = {item.scale for item in items if item.scale}
    texts = [item.text for item in items]
    texts += [text for scale in scales for text in (scale.lead, *scale.levels)]
    texts += [option.text for item in items for option in item.options]
    texts += [text for question in instrument.profile for text in (question.text, *(o.text for o in question.options))]
    words = sum(len(text.split()) for text in texts)
    touches = len(items) + len(instrument.profile) + 3
    return math.ceil((words / WORDS_PER_SECOND + touches * SECONDS_PER_TOUCH) / 60)

"""The order of the screens, and how long they take: what the visitor is told before and during the visit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wtforms.fields import Field, TextAreaField

from sipas.i18n import _
from sipas.kiosk.fast_validation import Sent
from sipas.kiosk.forms import Questionnaire, Tiles
from sipas.web.assets import assets
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

    def recorded(self, instrument: Instrument, language: str) -> str | None:
        """The recording that reads this screen aloud, as the name of a static file; None where there is none."""
        code = self.id.removeprefix("q-")
        if code not in instrument.forms["full"] + instrument.forms["short"]:
            return None
        name = f"audio/{dict(instrument.item(code).audio).get(language)}"
        return name if name in assets() else None


def screens(form: Questionnaire | Sent) -> Iterator[Screen]:
    """The service field, one screen for each item, and a last one for what is optional."""
    instrument = form.instrument
    about = [form[f"q-{question.code}"] for question in instrument.profile]
    about += [form["q-comment"]] if instrument.comment else []
    stops = [(f"q-{field.name}", (field,)) for field in (form.service, *(form[f"q-{code}"] for code in form.asked))]
    stops += [("q-about", tuple(about))]
    ids = [None, *(name for name, _ in stops), None]
    for number, (name, fields) in enumerate(stops, 1):
        yield Screen(name, fields, number, len(stops), back=ids[number - 1], next=ids[number + 1])


def seconds(form: Questionnaire | Sent, chosen: bool = False) -> float:
    """How long the form takes a calm person who reads all of it, the names of the services included.

    A text that comes again (the levels of a scale) is read once, the everyday words below a name are not: they are for
    whoever seeks. Each item is touched once, so are the questions about the person, the start, the service field (if it
    was not `chosen` before) and the sending. No comment is written, and no question asked that only some are asked.
    """
    only_some = {item.code for item in form.instrument.items if item.asked_if}
    read, touches = [_("Last step. Everything here is optional.")], 2
    for field in (field for screen in screens(form) for field in screen.fields):
        if (field is form.service and chosen) or field.name in only_some:
            continue
        read += [field.label.text, field.description, *(choice.label for choice in getattr(field, "choices", ()))]
        touches += not isinstance(field, TextAreaField)
    words = sum(any(map(str.isalnum, word)) for text in dict.fromkeys(map(str, read)) for word in text.split())
    return words / WORDS_PER_SECOND + touches * SECONDS_PER_TOUCH

"""From an instrument to a form: one table says which field stands for which kind of question.

A form class is made once per instrument, form and language. No field carries HTML's `required`: a browser would refuse
to send because of a question that is not on the screen. Every posted value is text; `intake` turns it into bytes.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from flask import get_template_attribute
from markupsafe import Markup
from wtforms import Form, HiddenField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, StopValidation, ValidationError

import surveys
from sipas import i18n
from sipas.fieldwork.households import NO_FIELD
from sipas.i18n import _
from sipas.i18n.instrument_words import on_page
from sipas.intake.answers import NA_WORD, to_be_asked
from sipas.kiosk.faces import face_of
from sipas.kiosk.point_view import Names, said
from surveys import Comment, Item, PersonQuestion

SUBMISSION = re.compile(r"[0-9a-f]{32}")
TILES = 12  # the largest count that is answered by touching a number


class Macro:
    """A WTForms widget that is a macro of `kiosk/fields.html`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, field: Field, **render_kw: Any) -> Markup:
        return get_template_attribute("kiosk/fields.html", self.name)(field)


class Tiles(RadioField):
    """One of several, touched; nothing chosen is an answer too."""

    widget = Macro("tiles")

    def pre_validate(self, form: Any) -> None:
        if self.data is not None and self.data not in {choice.value for choice in self.choices}:
            raise StopValidation(_("This answer is not one of those offered. Please choose again."))


class Faces(Tiles):
    """The levels of a scale, each with its face and its words; above them is room for the `tallest` question."""

    widget = Macro("faces")

    def __init__(self, *args: Any, tallest: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tallest = tallest


class ManyTiles(SelectMultipleField):
    """As many of several as fit."""

    widget = Macro("many")

    def pre_validate(self, form: Any) -> None:
        if not set(self.data or ()) <= {choice.value for choice in self.choices}:
            raise StopValidation(_("This answer is not one of those offered. Please choose again."))


def service_field() -> Field:
    """What the visit was about: the one thing that must be chosen. `offer` fills in the choices of the point."""
    return Tiles(
        _("What did you come here for?"),
        [InputRequired(_("Please choose what you came here for."))],
        choices=[],
        description=_("Please choose one. Every question after this may be skipped."),
    )


def rating_field(item: Item, tallest: str = "") -> Field:
    """Faces, from the worst level to the best, and apart from them "not applicable" where the item has it; `tallest` is
    the longest question of the form, so that the faces of all stand in one place. Tiles in words where the scale asks
    for something else than satisfaction: a face would praise or blame an answer that is a fact."""
    scale = item.scale
    assert scale is not None  # noqa: S101  (check.py refuses a rating without a scale)
    if not scale.satisfied:
        words = [SelectChoice(str(level), text) for level, text in enumerate(scale.levels, 1)]
        if item.not_applicable:
            words.append(SelectChoice(NA_WORD, item.not_applicable))
        return Tiles(item.text, [Optional()], choices=words, description=scale.lead, widget=Macro("levels"))
    choices = [
        SelectChoice(str(level), words, render_kw={"face": face_of(level, scale)})
        for level, words in enumerate(scale.levels, 1)
    ]
    if item.not_applicable:
        choices.append(SelectChoice(NA_WORD, item.not_applicable))
    return Faces(item.text, [Optional()], choices=choices, description=scale.lead, tallest=tallest)


def choice_field(item: Item) -> Field:
    """One tile for each option."""
    return Tiles(item.text, [Optional()], choices=[SelectChoice(one.code, one.text) for one in item.options])


def several_field(item: Item) -> Field:
    """One tile for each option, each of its own."""
    return ManyTiles(
        item.text,
        [Optional()],
        choices=[SelectChoice(one.code, one.text) for one in item.options],
        description=_("You may choose more than one."),
    )


def count_field(item: Item) -> Field:
    """A row of numbers, so that nobody needs a keyboard; for large counts a box."""
    if item.most <= TILES:
        numbers = [*map(str, range(item.most)), _("{n} or more", n=item.most)]
        choices = [SelectChoice(str(n), text) for n, text in enumerate(numbers)]
        return Tiles(item.text, [Optional()], choices=choices, widget=Macro("numbers"))

    def whole(form: Form, field: Field) -> None:
        if not re.fullmatch(r"[0-9]{1,4}", field.data.strip()):
            raise ValidationError(_("Please write a whole number, such as 2."))

    return StringField(item.text, [Optional(), whole], widget=Macro("box"), render_kw={"max": item.most})


def profile_field(question: PersonQuestion) -> Field:
    """One tile for each option, and one that takes the answer back."""
    choices = [SelectChoice(option.code, option.text) for option in question.options]
    return Tiles(question.text, [Optional()], choices=[*choices, SelectChoice("", _("Prefer not to say"))])


def tidy(text: str | None) -> str:
    """A free text without the line ends of browsers and without blanks around it."""
    return (text or "").replace("\r\n", "\n").strip()


def comment_field(comment: Comment) -> Field:
    """The one free text, short on purpose."""
    too_long = _("Please shorten this to {n} characters.", n=comment.longest)
    return TextAreaField(
        comment.text,
        [Length(max=comment.longest, message=too_long)],
        filters=[tidy],
        description=comment.hint,
        widget=Macro("text"),
        render_kw={"maxlength": comment.longest},
    )


FIELDS: dict[str, Callable[[Any], Field]] = {
    "rating": rating_field,
    "choice": choice_field,
    "several": several_field,
    "count": count_field,
    "profile": profile_field,
    "comment": comment_field,
}


class Questionnaire(Form):
    """What every questionnaire has: the service field, and the random id under which the answer counts once."""

    instrument: surveys.Instrument
    asked: tuple[str, ...]

    @property
    def service(self) -> Field:
        return self["q-service"]

    @property
    def asks_service(self) -> bool:
        """Whether people say what they came for; households are asked where nobody came for anything."""
        return [choice.value for choice in self.service.choices] != [NO_FIELD]

    def offer(self, services: Iterable[tuple[str, Names]], everyday: Iterable[tuple[str, Names]] = ()) -> None:
        """The service fields of this point, as tiles; below the name of one stands what people say for it."""
        also = {code: {"everyday": said(names)} for code, names in everyday}
        self.service.choices = [SelectChoice(code, said(names), render_kw=also.get(code)) for code, names in services]

    @property
    def submission(self) -> str:
        """The id that the browser sent, or a fresh one where it sent none of ours."""
        sent = self["q-id"].data or ""
        return sent if SUBMISSION.fullmatch(sent) else secrets.token_hex(16)

    def answers(self) -> dict[str, object]:
        """Item code -> what was chosen; only items of this form."""
        return {code: self[f"q-{code}"].data for code in self.asked}

    def profile(self) -> dict[str, int]:
        """Question code -> the place of the chosen option in the question; 0 where none was chosen."""
        chosen = {one: self[f"q-{one.code}"].data for one in self.instrument.profile}
        return {one.code: 1 + [o.code for o in one.options].index(data) if data else 0 for one, data in chosen.items()}

    def comment(self) -> str:
        """The free text, "" where there is none."""
        return self["q-comment"].data if self.instrument.comment else ""

    def validate(self, extra_validators: Any = None) -> bool:
        """Besides each field: at least one question must have an answer."""
        sound = super().validate(extra_validators)
        if nothing_said(self.instrument, self.answers()):
            first = self[f"q-{self.asked[0]}"]
            first.errors = [*first.errors, _("Please answer at least one question.")]
            sound = False
        return sound


def nothing_said(instrument: surveys.Instrument, answers: dict[str, object]) -> bool:
    """Whether no question that was to be asked has an answer."""
    left = to_be_asked(instrument, answers) if instrument.skips else answers
    return all(value in (None, "", [], NA_WORD) for value in left.values())


def tallest_of(questions: list[str]) -> str:
    """A text that takes as many lines as any of the questions: the longest, and as lines break at words, a word more.

    >>> tallest_of(["How you were received", "Fees"])
    'How you were received received'
    """
    word = max((word for text in questions for word in text.split()), key=len, default="")
    return f"{max(questions, key=len, default='')} {word}".strip()


def form_for(code: str, version: int, form: str, language: str) -> type[Questionnaire]:
    """The form class of an instrument in one of its forms and languages. A field is named as its item."""
    return _form_for(code, version, form, language, surveys.own_folder())


@lru_cache(maxsize=256)  # a released questionnaire never changes, a catalog is read once by each process
def _form_for(code: str, version: int, form: str, language: str, _folder: Path | None) -> type[Questionnaire]:
    with i18n.speaking(language):
        instrument = on_page(surveys.load(code, version))
        asked = instrument.forms[form]
        items = [instrument.item(code) for code in asked]
        tallest = tallest_of([item.text for item in items if item.satisfied])
        makers = FIELDS | {"rating": partial(rating_field, tallest=tallest)}
        fields = {"id": HiddenField(), "service": service_field()}
        fields |= {item.code: makers[item.kind](item) for item in items}
        fields |= {question.code: FIELDS["profile"](question) for question in instrument.profile}
        if instrument.comment:
            fields["comment"] = FIELDS["comment"](instrument.comment)
    attributes: dict[str, Any] = {"instrument": instrument, "asked": asked}
    for name, field in fields.items():
        field.name = name  # as posted; the attribute gets a prefix, for an item may be called `data`
        attributes[f"q-{name}"] = field
    return type("QuestionnaireForm", (Questionnaire,), attributes)

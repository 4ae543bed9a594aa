"""An empty workbook for answers on paper: the columns that `import_responses` reads, each explained."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.fieldwork.households import asks_households
from sipas.fieldwork.models import CHANNELS, Point, Wave, WavePoint
from sipas.fieldwork.points import is_working, points
from sipas.i18n import _, language
from sipas.i18n.code_labels import with_code, word
from sipas.i18n.instrument_words import in_words
from sipas.i18n.skip_words import conditions_said
from sipas.intake.answers import NOT_ASKED_WORD
from sipas.registry.models import Service
from sipas.tables.template import Choices, Template, TemplateColumn
from surveys import Instrument, Item

PERSON = ("sex", "age")


def responses_template(
    session: Session, instrument: Instrument, form: str, today: dt.date, wave: Wave | None = None
) -> Template:
    """The workbook for one form of a questionnaire, with the points of a wave, or with all that work today."""
    said = in_words(instrument)
    places = [one for one in _points(session, wave) if is_working(one, today)]
    columns = [
        _column("point", _("The code of the point where the form was filled in."), needed=True,
                choices=_points_listed(places), width=22),
        *([] if wave is not None and asks_households(wave) else [
            _column("field", _("The code of the service field that the person came for."), needed=True,
                    choices=_services_listed(session), width=22)]),
        _column("date", _("The day on which it was filled in, written as 31/03/2026 or 2026-03-31."), needed=True),
        _column("id", _("The number on the paper form, if it has one: a form that is entered twice then counts once."),
                spare=True, width=16),
        _column("channel", _("How the form came; empty means {paper}.", paper=with_code("channel", "paper")),
                words=tuple(word("channel", one) for one in CHANNELS), spare=True, width=20),
        *(
            _column(question.code, _("{question}: {options}. Empty if it was not answered.", question=question.text,
                                     options="; ".join(one.text for one in question.options)),
                    words=tuple(one.text for one in question.options), spare=True)
            for question in said.profile
            if question.code in PERSON
        ),
        *(_item(said, said.item(code)) for code in said.forms[form]),
    ]  # fmt: skip
    about = (
        _(
            "Answers to {title} ({code} v{version}), form: {form}, to be stored with `sipas responses import`; a row "
            "is one person's form.",
            title=said.title,
            code=said.code,
            version=said.version,
            form=word("form", form),
        ),
        _("A question that was not answered stays empty. Grey columns may be left empty or deleted."),
    )
    return Template(_("Filled-in forms"), about, tuple(columns))


def form_of_points(session: Session, wave: Wave) -> str:
    """The form that a wave's points ask; the full one where they differ."""
    forms = {one.form for one in _points(session, wave)}
    return forms.pop() if len(forms) == 1 else "full"


def _points(session: Session, wave: Wave | None) -> list[Point]:
    if wave is None:
        return points(session)
    asked = set(session.scalars(select(WavePoint.point_id).where(WavePoint.wave_id == wave.id)))
    return [one for one in points(session) if one.id in asked]


def _points_listed(places: list[Point]) -> Choices:
    english = language() == "en"
    rows = tuple(
        (one.code, (one.name_en if english else one.name) or one.name, with_code("channel", one.channel))
        for one in places
    )
    return Choices(_("Receiving points"), (_("code"), _("name"), _("channel")), rows)


def _services_listed(session: Session) -> Choices:
    rows = tuple(
        (one.code, one.name_en if language() == "en" else one.name)
        for one in session.scalars(select(Service).order_by(Service.rank))
    )
    return Choices(_("Service fields"), (_("code"), _("name")), rows)


def _column(name: str, meaning: str, **more) -> TemplateColumn:  # type: ignore[no-untyped-def]
    return TemplateColumn(word("column", name).capitalize(), meaning, **more)


def _item(said: Instrument, item: Item) -> TemplateColumn:
    """A question: its code and text above, its answers as codes to choose from, their words in the explanation."""
    words: tuple[str, ...]
    if item.kind == "rating" and item.scale:
        words = tuple(str(level) for level in range(1, item.levels + 1))
        meaning = "; ".join(f"{level} {text}" for level, text in enumerate(item.scale.levels, 1))
    elif item.kind == "count":
        words = tuple(str(number) for number in range(item.most + 1))
        meaning = _("a number from 0 to {most}", most=item.most)
    elif item.kind == "choice":
        words = tuple(one.text for one in item.options)
        meaning = "; ".join(words)
    else:
        words = ()
        meaning = "; ".join(f"{one.code} {one.text}" for one in item.options)
        meaning += " " + _("(several, with a blank between)")
    if item.not_applicable:
        words = (*words, "na")
        meaning += f"; na {item.not_applicable}"
    if item.asked_if:
        words = (*words, NOT_ASKED_WORD) if words else words
        meaning += f". {conditions_said(said, item)} "
        meaning += _("Otherwise leave it empty, or write {word}.", word=NOT_ASKED_WORD)
    return TemplateColumn(f"{item.code}: {item.text}", meaning, words=words, width=18)

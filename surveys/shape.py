"""What an instrument file may hold: its keys and what stands behind each, checked by pydantic.

The complaints are ours, not pydantic's: they name the key as the file does, and say what to do.
"""

import datetime as dt
import difflib
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from surveys.errors import N_
from surveys.instrument import (
    FORMS,
    Aspect,
    Comment,
    Condition,
    Factor,
    Instrument,
    Item,
    Made,
    Option,
    PersonQuestion,
    Scale,
)
from surveys.source import Finding, Path, finding

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
Text = Annotated[str, Field(pattern=r"\S")]
Form = Literal["full", "short"]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ValidShape(Shape):
    since: dt.date = Field(alias="from")
    until: dt.date | None = Field(default=None, alias="to")


class ScaleShape(Shape):
    levels: list[Text]
    satisfied: list[int]
    lead: Text | None = None
    not_applicable: Text | None = None


class ItemShape(Shape):
    code: Code
    text: Text
    kind: Literal["rating", "choice", "several", "count"] = "rating"
    scale: Code | None = None
    options: dict[Code, Text] = {}
    most: int = 0
    not_applicable: bool = False
    forms: list[Form] = []
    asked_if: dict[Code, list[Code | int]] = {}
    self_completed: bool = False
    wording: Literal["ours", "decreed"] = "decreed"
    provenance: Literal["official", "copy", "ours"] | None = None
    audio: dict[Code, Code] = {}


class FactorShape(Shape):
    code: Code
    text: Text
    asked_if: dict[Code, list[Code | int]] = {}
    items: list[ItemShape]


class AspectShape(Shape):
    code: Code
    text: Text
    factors: list[FactorShape]


class QuestionShape(Shape):
    code: Code
    text: Text
    options: dict[Code, Text]


class CommentShape(Shape):
    code: Code = "comment"
    text: Text
    hint: Text | None = None
    longest: int = 500


class MadeShape(Shape):
    of: int
    by: Text
    basis: Text
    on: dt.date
    places: dict[Text, Text] = {}


class InstrumentShape(Shape):
    instrument: Code
    version: int
    title: Text
    basis: Text
    population: Text
    populations: list[Literal["visitors", "households"]] = ["visitors"]
    language: Literal["vi"]
    valid: ValidShape
    scales: dict[Code, ScaleShape]
    opening: list[ItemShape] = []
    aspects: list[AspectShape]
    closing: list[ItemShape] = []
    profile: list[QuestionShape] = []
    comment: CommentShape | None = None
    other_words: dict[Literal["en"], dict[Text, Text]] = {}
    made: MadeShape | None = None


SHAPES: dict[str, type[Shape]] = {
    "valid": ValidShape,
    "scales": ScaleShape,
    "opening": ItemShape,
    "items": ItemShape,
    "closing": ItemShape,
    "aspects": AspectShape,
    "factors": FactorShape,
    "profile": QuestionShape,
    "comment": CommentShape,
    "made": MadeShape,
}

REMEDIES = {
    "string_type": N_("Write text here; put it in quotes."),
    "int_type": N_("Write a whole number here."),
    "bool_type": N_("Write `true` or `false` here."),
    "list_type": N_("Write a list here, each entry after a hyphen, or all in [brackets]."),
    "dict_type": N_("Write keys and values here."),
    "model_type": N_("Write keys and values here."),
    "date_type": N_("Write a date here, such as 2024-01-01."),
}


def misshapen(tree: Any) -> Iterator[Finding]:
    """Unknown keys, missing keys, and values of the wrong kind, all of them."""
    try:
        InstrumentShape.model_validate(tree)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield _finding(detail)


def _finding(detail: ErrorDetails) -> Finding:
    path: Path = tuple(part for part in detail["loc"] if part != "[key]")
    key, value = (path[-1] if path else "?"), detail["input"]
    match detail["type"]:
        case "missing":
            keys = ", ".join(_keys(path))
            return finding(path, N_("`{key}` is missing."), N_("Add it; known here: {keys}."), key=key, keys=keys)
        case "extra_forbidden":
            known = _keys(path)
            keys = ", ".join(difflib.get_close_matches(str(key), known, n=1) or known)
            return finding(path, N_("`{key}` is not known here."), N_("Known here: {keys}."), key=key, keys=keys)
        case "literal_error":
            words = (detail.get("ctx") or {}).get("expected", "")
            return finding(
                path,
                N_("`{value}` is not one of the words allowed here."),
                N_("Use {words}."),
                value=value,
                words=words,
            )
        case "string_pattern_mismatch" if not value.strip():
            return finding(path, N_("`{key}` is empty."), N_("Write its text, or take the key out."), key=key)
        case "string_pattern_mismatch":
            return finding(
                path,
                N_("`{value}` cannot be a code."),
                N_("Use letters without accents, digits, and . _ - + between them."),
                value=value,
            )
        case kind:
            return finding(
                path,
                N_("`{key}` does not hold what it should."),
                REMEDIES.get(kind, N_("Mend it as the README of `surveys` shows.")),
                key=key,
            )


def _keys(path: Path) -> list[str]:
    """The keys that may stand beside the last part of a path."""
    inside = next((part for part in reversed(path[:-1]) if part in SHAPES), None)
    shape = SHAPES[str(inside)] if inside else InstrumentShape
    return [field.alias or name for name, field in shape.model_fields.items()]


def built(tree: Any, *, digest: str) -> Instrument:
    """The instrument that a sound tree describes."""
    shape = InstrumentShape.model_validate(tree)
    scales = {
        code: Scale(code, tuple(one.levels), tuple(one.satisfied), one.lead or "", one.not_applicable or "")
        for code, one in shape.scales.items()
    }
    all_items = [*shape.opening, *(i for a in shape.aspects for f in a.factors for i in f.items), *shape.closing]
    default: tuple[str, ...] = ("full",) if any("short" in item.forms for item in all_items) else FORMS

    def options(given: dict[str, str]) -> tuple[Option, ...]:
        return tuple(Option(code, text) for code, text in given.items())

    def items(given: list[ItemShape], around: dict[str, list[str | int]] | None = None) -> tuple[Item, ...]:
        return tuple(
            Item(
                code=one.code,
                text=one.text,
                kind=one.kind,
                scale=scales[one.scale] if one.scale else None,
                options=options(one.options),
                most=one.most,
                allows_not_applicable=one.not_applicable,
                forms=tuple(form for form in FORMS if form in (one.forms or default)),
                asked_if=(*_conditions(around or {}), *_conditions(one.asked_if)),
                self_completed=one.self_completed,
                wording=one.wording,
                provenance=one.provenance or "",
                audio=tuple(one.audio.items()),
            )
            for one in given
        )

    return Instrument(
        code=shape.instrument,
        version=shape.version,
        title=shape.title,
        basis=shape.basis,
        population=shape.population,
        populations=tuple(shape.populations),
        language=shape.language,
        valid_from=shape.valid.since,
        valid_to=shape.valid.until,
        opening=items(shape.opening),
        aspects=tuple(
            Aspect(a.code, a.text, tuple(Factor(f.code, f.text, items(f.items, f.asked_if)) for f in a.factors))
            for a in shape.aspects
        ),
        closing=items(shape.closing),
        profile=tuple(PersonQuestion(q.code, q.text, options(q.options)) for q in shape.profile),
        comment=_comment(shape.comment) if shape.comment else None,
        other_words=tuple((language, tuple(words.items())) for language, words in shape.other_words.items()),
        made=_made(shape.made) if shape.made else None,
        digest=digest,
    )


def _conditions(given: dict[str, list[str | int]]) -> tuple[Condition, ...]:
    return tuple(Condition(code, tuple(map(str, answers))) for code, answers in given.items())


def _made(shape: MadeShape) -> Made:
    return Made(shape.of, shape.by, shape.basis, shape.on, tuple(shape.places.items()))


def _comment(shape: CommentShape) -> Comment:
    return Comment(shape.code, shape.text, shape.hint or "", shape.longest)

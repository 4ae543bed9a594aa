"""What a visitor posted, judged by look-ups: a fraction of the cost of a form with all its fields and words.

The look-ups are read from the form's own fields, so there is one definition. Only where something is not in order, or
where a page is to be drawn, the form is made of what was posted, and judges and speaks for itself.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms.fields import Field

from sipas.kiosk.forms import SUBMISSION, ManyTiles, Questionnaire, Tiles, nothing_said, tidy
from sipas.kiosk.point_view import Names

NUMBER = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True)
class Offers:
    """What may be posted under each name of a form."""

    one: dict[str, frozenset[str | None]]
    several: dict[str, frozenset[str]]
    boxes: frozenset[str]
    longest: int

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, form: type[Questionnaire]) -> Offers:
        """As its fields have it; the service fields are the point's, and stand in none."""
        fields = [field for field in form() if field.name not in ("id", "service", "comment")]
        one = {f.name: frozenset([None, *(c.value for c in f.choices)]) for f in fields if isinstance(f, Tiles)}
        several = {f.name: frozenset(c.value for c in f.choices) for f in fields if isinstance(f, ManyTiles)}
        boxes = frozenset(field.name for field in fields) - set(one) - set(several)
        return cls(one, several, boxes, form.instrument.comment.longest if form.instrument.comment else 0)


@dataclass(frozen=True)
class Chosen:
    """The service field of a form that is in order."""

    data: str


class Sent:
    """Stands for the form wherever one was posted: the same questions have the same answers."""

    def __init__(
        self,
        form: type[Questionnaire],
        services: tuple[tuple[str, Names], ...],
        posted: MultiDict,
        everyday: tuple[tuple[str, Names], ...] = (),
    ) -> None:
        self._form, self._services, self._posted, self._everyday = form, services, posted, everyday
        self.instrument, self.asked = form.instrument, form.asked

    @cached_property
    def whole(self) -> Questionnaire:
        """The form with its fields."""
        made = self._form(self._posted)
        made.offer(self._services, self._everyday)
        return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def __getitem__(self, name: str) -> Field:
        return self.whole[name]

    def __iter__(self) -> Iterator[Field]:
        return iter(self.whole)

    @cached_property
    def _first(self) -> dict[str, str]:
        """The first value of each name, as a plain dictionary: Werkzeug's looks a name up in ten times the time."""
        return {name: values[0] for name, values in self._posted.lists()}

    @cached_property
    def in_order(self) -> bool:
        """Whether the look-ups find nothing to ask about; where they do, `whole` decides."""
        first, offers = self._first, Offers.of(self._form)  # type: ignore[arg-type]  # a class has a hash
        chosen = first.get("service")
        return (
            any(chosen == code for code, _names in self._services)
            and all(first.get(name) in known for name, known in offers.one.items())
            and all(known.issuperset(self._posted.getlist(name)) for name, known in offers.several.items())
            and all(name not in first or NUMBER.fullmatch(first[name]) for name in offers.boxes)
            and len(first.get("comment", "")) <= offers.longest
            and not nothing_said(self.instrument, self._answers)
        )

    @cached_property
    def _answers(self) -> dict[str, object]:
        first, several = self._first, Offers.of(self._form).several  # type: ignore[arg-type]
        return {code: self._posted.getlist(code) if code in several else first.get(code) for code in self.asked}

    def validate(self) -> bool:
        """Whether it may be stored; where it may not, the fields say why."""
        return self.in_order or self.whole.validate()

    @property
    def service(self) -> Field | Chosen:
        """What the visit was about."""
        return Chosen(self._first["service"]) if self.in_order else self.whole.service

    @cached_property
    def submission(self) -> str:
        """The id that the browser sent, or a fresh one where it sent none of ours."""
        sent = self._first.get("id", "")
        return sent if SUBMISSION.fullmatch(sent) else secrets.token_hex(16)

    def answers(self) -> dict[str, object]:
        """Item code -> what was chosen; only items of this form."""
        return self._answers if self.in_order else self.whole.answers()

    def profile(self) -> dict[str, int]:
        """Question code -> the place of the chosen option in the question; 0 where none was chosen."""
        if not self.in_order:
            return self.whole.profile()
        said = {one.code: (self._first.get(one.code), one.options) for one in self.instrument.profile}
        return {
            code: 1 + [o.code for o in options].index(word) if word else 0 for code, (word, options) in said.items()
        }

    def comment(self) -> str:
        """The free text, "" where there is none."""
        if not self.in_order:
            return self.whole.comment()
        return tidy(self._first.get("comment")) if self.instrument.comment else ""

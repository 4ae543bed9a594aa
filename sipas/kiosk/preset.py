"""What an address of the kiosk may say beside the page: how it looks, and the service field that a QR code chose.

Both are known words out of short lists, equal for many people; anything else in a query is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from sipas.errors import N_
from sipas.kiosk.point_view import PointView

LOOKS = {"contrast": N_("High contrast"), "large": N_("Large text")}


@dataclass(frozen=True)
class Preset:
    """A look and a service field; a page is the same for all who ask for the same."""

    look: tuple[str, ...] = ()
    service: str = ""

    @classmethod
    def of(cls, place: PointView | None) -> Preset:
        """What the address asks for, as far as this place knows it; None where no place is known yet."""
        return cls._known(place, request.args.get("look", "").split("-"))

    @classmethod
    def sent(cls, place: PointView) -> Preset:
        """What a form asks for that brings its look along."""
        return cls._known(place, request.form.getlist("look"))

    @classmethod
    def _known(cls, place: PointView | None, looks: list[str]) -> Preset:
        service = request.args.get("service", "")
        known = bool(service) and any(code == service for code, _ in (place.services if place else ()))
        return cls(tuple(word for word in LOOKS if word in looks), service if known else "")

    @property
    def query(self) -> dict[str, str]:
        """The query that asks for this, for the next page."""
        return ({"look": "-".join(self.look)} if self.look else {}) | self.home

    @property
    def home(self) -> dict[str, str]:
        """The query for the next visitor: the service of the place stays, the look was one person's."""
        return {"service": self.service} if self.service else {}

    def turned(self, word: str) -> dict[str, str]:
        """The query that turns one look on, or off again."""
        look = tuple(one for one in LOOKS if (one in self.look) != (one == word))
        return Preset(look, self.service).query

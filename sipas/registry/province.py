"""Whose province this is: the one unit of the kind "province" that the registry holds on a day. Nothing else says it.

Vietnam's centrally run cities stand beside its provinces and are units of the same kind: «Thành phố Đà Nẵng».
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sipas.errors import N_, NotReady
from sipas.registry.models import Unit
from sipas.registry.units import valid_on
from sipas.storage.database import Database

KINDS = (("Tỉnh ", "{name} province"), ("Thành phố ", "{name} city"), ("TP. ", "{name} city"), ("TP ", "{name} city"))


def is_city(name: str) -> bool:
    """Whether a name is that of a city, whose pages do not speak of a province."""
    return name.startswith(("Thành phố ", "TP. ", "TP "))


class NoProvince(NotReady):
    """The registry holds no province on this day, or several: nobody can say who asks."""


@dataclass(frozen=True)
class ProvinceName:
    """How a province, or a city that is none, is called.

    >>> ours = ProvinceName("Tỉnh Sơn La", "Sơn La province")
    >>> city = ProvinceName("Thành phố Đà Nẵng", "Đà Nẵng city")
    >>> [one.called(language) for one in (ours, city) for language in ("vi", "en")]
    ['Tỉnh Sơn La', 'Sơn La province', 'Thành phố Đà Nẵng', 'Đà Nẵng city']
    >>> [one.short(language) for one in (ours, city) for language in ("vi", "en")]
    ['Sơn La', 'Sơn La', 'Thành phố Đà Nẵng', 'Đà Nẵng city']
    >>> ProvinceName("Tỉnh Lào Cai", "Tỉnh Lào Cai").called("en")  # as loaded from a file without names in English
    'Lào Cai province'
    """

    name: str = ""
    name_en: str = ""

    def called(self, language: str) -> str:
        """The whole name: who asks. Languages other than English borrow the Vietnamese one."""
        if language != "en":
            return self.name
        if self.name_en != self.name:
            return self.name_en
        for beginning, english in KINDS:
            if self.name.startswith(beginning):
                return english.format(name=self.name.removeprefix(beginning))
        return self.name

    def short(self, language: str) -> str:
        """The place without the word for its kind; a city keeps it: «tại Thành phố Hồ Chí Minh»."""
        if language != "en":
            return self.name.removeprefix("Tỉnh ")
        whole = self.called("en")
        return whole[: -len(" province")] if whole.casefold().endswith(" province") else whole

    @property
    def names(self) -> frozenset[str]:
        """Everything that it is called, for comparing; small letters."""
        return frozenset(
            name.casefold() for language in ("vi", "en") for name in (self.called(language), self.short(language))
        )

    @property
    def is_written_out(self) -> bool:
        """Whether the name says what it is; «Lào Cai» alone makes half a sentence."""
        return any(self.name.startswith(beginning) for beginning, _english in KINDS)


def province(session: Session, day: dt.date) -> ProvinceName:
    """The province of that day; raises NoProvince where the registry holds none, or several."""
    found = session.scalars(select(Unit).where(Unit.kind == "province", valid_on(Unit, day)).order_by(Unit.id)).all()
    if not found:
        raise NoProvince(
            N_(
                "The registry holds no province on {day}: nobody can say who asks. Add a unit of the kind “province” "
                "to units.csv, then run `sipas registry load FOLDER`."
            ),
            day=day,
        )
    if len(found) > 1:
        raise NoProvince(
            N_(
                "The registry holds several provinces on {day}: {names}. Somebody loaded another one's files, or one "
                "followed on the other. Take out what nothing uses (`sipas registry remove unit CODE`) and close the "
                "rest (`sipas registry close unit CODE --on DAY`), or restore a backup from before."
            ),
            day=day,
            names=", ".join(f"{one.name} ({one.code})" for one in found),
        )
    return ProvinceName(found[0].name, found[0].name_en)


class KnownProvince:
    """The province, remembered for a moment: pages of visitors print it. A registry that was loaded anew is seen after
    `seconds`, later only while the database is away."""

    def __init__(self, database: Database, seconds: float = 2.0) -> None:
        self._database, self._seconds = database, seconds
        self._until, self._known = 0.0, ProvinceName()
        self._looking = threading.Lock()

    def on(self, day: dt.date) -> ProvinceName:
        """That of the day; one without a name where the registry does not say, or the database was never there. One
        thread looks, the others go on with what was known: an error page must not queue for the database too."""
        if self._until < time.monotonic() and self._looking.acquire(blocking=not self._known.name):
            try:
                with self._database.reading() as session:
                    self._known = province(session, day)
            except NoProvince:
                self._known = ProvinceName()
            except SQLAlchemyError:  # away: what was last known serves the page
                pass
            finally:
                self._until = time.monotonic() + self._seconds
                self._looking.release()
        return self._known

"""What a page shows of the point where a visitor stands: plain values, so that equal places share a page."""

from __future__ import annotations

from dataclasses import dataclass, replace

import surveys
from sipas import i18n
from sipas.fieldwork.asking import AskingPoint
from sipas.fieldwork.households import NO_FIELD
from sipas.fieldwork.models import ON_SCREENS, Point
from sipas.i18n.fallback_marking import borrowed
from sipas.kiosk.hand_over import Run, runs_of
from surveys import Instrument
from surveys.instrument import is_own

Names = tuple[tuple[str, str], ...]  # language -> name; a tuple, so that a place can be a key


def said(names: Names) -> str:
    """The name in the language now spoken, else the Vietnamese one, marked as such."""
    return dict(names).get(i18n.language()) or borrowed(names[0][1])


@dataclass(frozen=True)
class PointView:
    """A point, its service fields (most used first), and what it asks."""

    code: str
    wave: str
    names: Names
    is_kiosk: bool  # a screen of the survey, which strangers share
    form: str
    simulated: bool
    instrument_code: str
    instrument_version: int
    services: tuple[tuple[str, Names], ...]
    partial: str = "drop"  # the wave's rule for a form that is left in the middle
    everyday: tuple[tuple[str, Names], ...] = ()  # service code -> what people say for it, where anything is known
    wording: str = ""  # the digest of a version made here: another home's words under the same number are another page
    door: str = "kiosk"  # the part of the addresses: /k/ or, on a person's own phone, /q/
    is_interview: bool = False  # an interviewer holds the screen and reads out what may be read out

    @classmethod
    def of(cls, asking: AskingPoint) -> PointView:
        """What the pages need of a point that asks."""
        point, wave = asking.point, asking.wave
        return cls(
            code=point.code,
            wave=wave.code,
            names=(("vi", point.name), ("en", point.name_en)),
            is_kiosk=point.channel in ON_SCREENS,
            is_interview=point.channel == "interview",
            form=point.form,
            simulated=wave.simulated,
            instrument_code=wave.instrument,
            instrument_version=wave.version,
            services=tuple((one.code, (("vi", one.name), ("en", one.name_en))) for one, _ in asking.services),
            partial=wave.partial,
            wording=surveys.load(wave.instrument, wave.version).digest if is_own(wave.version) else "",
            everyday=tuple(
                (one.code, (("vi", one.everyday), ("en", one.everyday_en)))
                for one, _ in asking.services
                if one.everyday
            ),
        )

    @classmethod
    def at(cls, point: Point) -> PointView:
        """A point at which nothing need be asked now."""
        names = (("vi", point.name), ("en", point.name_en))
        return cls(point.code, "", names, point.channel in ON_SCREENS, point.form, False, "", 0, ())

    def on_own_phone(self, code: str = "") -> PointView:
        """The same on a person's own phone, perhaps with a code: no shared screen, and nobody who reads out."""
        return replace(self, code=code or self.code, door="phone", is_kiosk=False, is_interview=False)

    @property
    def is_household(self) -> bool:
        """Whether households are asked here, who came for no dossier."""
        return [code for code, _names in self.services] == [NO_FIELD]

    @property
    def keeps_unfinished(self) -> bool:
        """Whether a form that is left in the middle is kept, and marked: on a shared screen alone."""
        return self.is_kiosk and self.partial == "keep"

    @property
    def name(self) -> str:
        """The name of the point in the language now spoken."""
        return said(self.names)

    @property
    def instrument(self) -> Instrument:
        """What is asked, in the wording as decreed."""
        return surveys.load(self.instrument_code, self.instrument_version)

    @property
    def runs(self) -> tuple[Run, ...]:
        """What the respondent answers alone; only an interviewer hands a screen over."""
        return runs_of(self.instrument, self.instrument.forms[self.form]) if self.is_interview else ()

    @property
    def way_in(self) -> str:
        """The section after the service field."""
        first = self.instrument.forms[self.form][0]
        return next((run.hand_over for run in self.runs if run.items[0] == first), f"q-{first}")

"""What a simulated province is made from: its places, fields, forms, sizes and effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.simulation.answers import Question


@dataclass(frozen=True)
class Place:
    """A receiving point. `size` is its relative number of dossiers; left out, it is drawn."""

    code: str
    unit: str
    channel: str = "kiosk"
    form: str = "full"
    size: float | None = None


@dataclass(frozen=True)
class Field:
    """A service field. `share` of all dossiers (relative); `effect` on the normal scale: 0.1 is 2 points near 85%."""

    code: str
    share: float = 1.0
    effect: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The arguments of a `Province`, which says what each means."""

    seed: int
    places: Sequence[Place]
    fields: Sequence[Field]
    responsible: Mapping[tuple[str, str], str]
    questions: Sequence[Question]
    forms: Mapping[str, Sequence[str]]
    months: Sequence[str]
    lift: Mapping[str, float] = field(default_factory=dict)
    level: float = 0.85
    dossiers: int = 1_000_000
    answers: int = 60_000
    eager: float = 0.12
    volume: float = 4.0
    urging: float = 1.15
    icc: float = 0.05
    item_missing: float = 0.03
    profile_missing: float = 0.25
    small: float = 0.1
    down: float = 0.02
    sexes: Sequence[str] = ("female", "male")
    ages: Sequence[str] = ("18-29", "30-44", "45-59", "60+")
    languages: Mapping[str, float] = field(default_factory=lambda: {"vi": 0.97, "en": 0.03})

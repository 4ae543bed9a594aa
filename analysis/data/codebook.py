"""What the columns of a data set mean: the questionnaire as the statistics see it, without wording rules or files.

A snapshot carries its codebook, so that it can be analysed again in ten years with nothing but this package.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.errors import N_, BadCodebook

NOT_APPLICABLE = -1
NOT_ASKED = -2  # of an item that was not on the form, or that skip logic left out
OVERALL = "overall"
ROLES = ("strata", "psu", "ssu", "weight", "fpc")
FORMAT = 1
COARSE, WHOLE_WAVE = "coarse", "wave"  # field and month of rows that were stored without them, where few people come
SCREEN, CODE, OPEN, MIXED = "screen", "code", "open", "mixed"
WAYS = (SCREEN, CODE, OPEN)  # how answers came: from an enrolled screen, with a code, by an address open to everybody
PAIRS = ("detailed", "several", "ways", "lost_keys")
DAYS = ("opens_on", "closes_on")
# what a codebook names only where it has any, so that older ones stay as they were written
LATER = (
    *PAIRS, *DAYS, "not_asked", "asked_if", "questions", "population", "week_correlation", "week_correlations", "series"
)  # fmt: skip
SEVERAL = "several"  # point and stratum of rows that were stored without them, where several places receive


@dataclass(frozen=True)
class CodebookItem:
    """One question with ordered levels 1..levels; `satisfied` are the levels that count as satisfied."""

    code: str
    text: str = ""
    factor: str | None = None
    levels: int = 5
    satisfied: tuple[int, ...] = (4, 5)

    def __post_init__(self) -> None:
        object.__setattr__(self, "satisfied", tuple(sorted(self.satisfied)))
        if not 2 <= self.levels <= 250:
            raise BadCodebook(
                N_("item {item}: {levels} levels; from 2 to 250 are handled"), item=self.code, levels=self.levels
            )
        if not self.satisfied or not all(1 <= level <= self.levels for level in self.satisfied):
            raise BadCodebook(
                N_("item {item}: satisfied levels {satisfied} must lie between 1 and {levels}"),
                item=self.code,
                satisfied=list(self.satisfied),
                levels=self.levels,
            )


@dataclass(frozen=True)
class CodebookQuestion:
    """A question that is no item of the indices, and what the numbers in its column mean.

    kind     choice: the number of the option; several: 1 + the sum of the numbers of what was chosen; count: 1 + the
             count; rating: a level of a scale that counts nothing as satisfied
    labels   (number, words); of a count, those of its largest number
    """

    code: str
    kind: str
    text: str = ""
    labels: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Codebook:
    """A questionnaire: its items in order, its factors, and which columns carry the design.

    groups   factor -> items, where one item may serve several factors; left out, it follows from the items' `factor`
    columns  role -> columns, for the roles strata, psu, ssu, weight, fpc
    psus     the design's own list of sampled PSUs as (stratum, psu); None = those in the data
    detailed (unit, field) of the rows that keep their field and month; rows of a unit's other fields say `coarse` and
             `wave` instead, and are one weighting class; None = every row keeps them
    several  (unit, field) of the rows that do not say at which point they were given: their point and stratum are
             `several`, their PSU is the week; None = every row says it
    week_correlation   how far good and bad weeks of the stratum `several` may be those of the points, from 0 to 1: the
             most that the rows allow (`analysis.variance.shared_weeks`). None = there are no such rows, or nothing is
             said of it, as in snapshots frozen until November 2026, and it counts as 0
    week_correlations   the same of a period, as (wave, correlation) of the waves that say it (`cells_of_period`)
    ways     (point, way) of points with ten answers or more whose way was counted: by which of `WAYS` eight in ten of
             them came, `mixed` where by none; None = it was not counted
    lost_keys (key, consequence) of keys of the wave that were lost before it was frozen. `cluster`: `lost` (PSUs are as
             without the loss, empty ones under made-up labels) or `renewed` (PSUs of a month in which two keys stood
             are joined); `seal`: how many sealed forms could not be opened; `id`, `invitation`: `renewed` or `lost`
    opens_on, closes_on   the first and the last day on which the wave asked; None = not said, as in snapshots frozen
             until November 2026, whose `notes` tell it to people
    population of whom it was asked: `households`; None = of visitors, whose answers stand for dossiers
    series   `trial` or `other` of a wave that was no part of the main series; None = it was, or nothing is said of it
    not_asked values in item columns of those who were not asked, by the form or by skip logic: in no denominator, and
             not missing; None = not told from missing, as in snapshots frozen until November 2026
    asked_if (item, gate, numbers): the item was asked only where the gate's column holds one of these numbers; of
             several rows for one item all hold. None = there is no skip logic, or nothing is said of it
    questions what else was asked (`CodebookQuestion`); None = nothing else, or nothing is said of it
    not_applicable, missing   values in item columns that mean so; an empty value is always missing

    Raises BadCodebook where names are used twice or name nothing, where the last day comes before the first, and for a
    correlation outside 0 to 1.
    """

    instrument: str = ""
    version: str = ""
    wave: str = ""
    title: str = ""
    simulated: bool = False
    items: tuple[CodebookItem, ...] = ()
    factors: tuple[tuple[str, str], ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    psus: tuple[tuple[str, ...], ...] | None = None
    not_applicable: tuple[int, ...] = (NOT_APPLICABLE,)
    missing: tuple[int, ...] = ()
    notes: str = ""
    detailed: tuple[tuple[str, str], ...] | None = None
    several: tuple[tuple[str, str], ...] | None = None
    ways: tuple[tuple[str, str], ...] | None = None
    lost_keys: tuple[tuple[str, str], ...] | None = None
    opens_on: dt.date | None = None
    closes_on: dt.date | None = None
    not_asked: tuple[int, ...] | None = None
    asked_if: tuple[tuple[str, str, tuple[int, ...]], ...] | None = None
    questions: tuple[CodebookQuestion, ...] | None = None
    population: str | None = None
    week_correlation: float | None = None
    week_correlations: tuple[tuple[str, float], ...] | None = None
    series: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "version", str(self.version))
        codes = [item.code for item in self.items]
        if not codes:
            raise BadCodebook(N_("the codebook has no items; nothing can be estimated"))
        names = codes + [code for code, _ in self.factors] + [OVERALL]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BadCodebook(
                N_("used twice as the name of an item, a factor or the whole: {names}"), names=", ".join(twice)
            )
        unknown = [role for role in self.columns if role not in ROLES]
        if unknown:
            raise BadCodebook(
                N_("unknown role of a column: {roles}; known are {known}"),
                roles=", ".join(unknown),
                known=", ".join(ROLES),
            )
        for factor, members in self.factor_items.items():
            strangers = [code for code in members if code not in codes]
            if strangers or not members:
                raise BadCodebook(
                    N_("factor {factor} names items that do not exist, or none: {items}"),
                    factor=factor,
                    items=", ".join(strangers),
                )
        if self.week_correlation is not None and not 0 <= self.week_correlation <= 1:
            raise BadCodebook(
                N_("week_correlation must lie between 0 and 1, and {value} does not"), value=self.week_correlation
            )
        if self.opens_on and self.closes_on and self.closes_on < self.opens_on:
            raise BadCodebook(
                N_("the wave closes on {closes}, before it opens on {opens}"),
                closes=str(self.closes_on),
                opens=str(self.opens_on),
            )

    @classmethod
    def plain(
        cls,
        items: Iterable[str] | Mapping[str, Sequence[str]],
        *,
        levels: int | Mapping[str, int] = 5,
        satisfied: Sequence[int] | Mapping[str, Sequence[int]] = (4, 5),
        not_applicable: Sequence[int] = (),
        missing: Sequence[int] = (),
        title: str = "",
    ) -> "Codebook":
        """Make the codebook of a plain table: a list of item columns, or a mapping from factor to item columns.

        `levels` and `satisfied` hold for every item, or are mappings from item.

        >>> Codebook.plain({"speed": ["q01", "q02"], "place": ["q02", "q03"]}).factor_items["place"]
        ('q02', 'q03')
        """
        groups = {} if not isinstance(items, Mapping) else {name: tuple(codes) for name, codes in items.items()}
        codes = (
            dict.fromkeys(code for members in groups.values() for code in members) if groups else dict.fromkeys(items)
        )
        return cls(
            title=title,
            items=tuple(
                CodebookItem(
                    code,
                    levels=levels[code] if isinstance(levels, Mapping) else levels,
                    satisfied=tuple(satisfied[code] if isinstance(satisfied, Mapping) else satisfied),
                )
                for code in codes
            ),
            factors=tuple((name, "") for name in groups),
            groups=tuple(groups.items()) if groups else None,
            not_applicable=tuple(not_applicable),
            missing=tuple(missing),
        )

    @property
    def item_codes(self) -> tuple[str, ...]:
        """The items' codes, in order."""
        return tuple(item.code for item in self.items)

    @property
    def factor_items(self) -> dict[str, tuple[str, ...]]:
        """Factor -> its items, in order."""
        if self.groups is not None:
            return dict(self.groups)
        return {code: tuple(item.code for item in self.items if item.factor == code) for code, _ in self.factors}

    @property
    def overall_items(self) -> tuple[str, ...]:
        """The items pooled into the whole: those of any factor, each once; without factors, all."""
        members = {code for items in self.factor_items.values() for code in items}
        return tuple(code for code in self.item_codes if code in members or not members)

    def to_json(self) -> str:
        """Serialise to text for a file; `from_json` gives an equal codebook back."""
        content = {"codebook": FORMAT, **asdict(self)}
        for name in LATER:
            if content[name] is None:  # so that digests of older snapshots stay
                del content[name]
            elif name in DAYS:
                content[name] = content[name].isoformat()
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Codebook":
        """Read the codebook that `to_json` wrote."""
        content = json.loads(text)
        if content.pop("codebook", None) != FORMAT:
            raise BadCodebook(N_("this codebook was written in a format that this version does not read"))
        content["items"] = tuple(
            CodebookItem(**{**item, "satisfied": tuple(item["satisfied"])}) for item in content["items"]
        )
        content["factors"] = tuple(tuple(pair) for pair in content["factors"])
        if content["groups"] is not None:
            content["groups"] = tuple((name, tuple(codes)) for name, codes in content["groups"])
        content["columns"] = {role: tuple(names) for role, names in content["columns"].items()}
        if content["psus"] is not None:
            content["psus"] = tuple(tuple(psu) for psu in content["psus"])
        for name in LATER:
            if content.get(name) is not None:
                content[name] = dt.date.fromisoformat(content[name]) if name in DAYS else _tuples(content[name])
        content["not_applicable"] = tuple(content["not_applicable"])
        content["missing"] = tuple(content["missing"])
        return cls(**content)


def _tuples(value: Any) -> Any:
    """Lists of JSON as tuples, whatever stands in them; a mapping is a question."""
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    if isinstance(value, dict):
        return CodebookQuestion(**{name: _tuples(one) for name, one in value.items()})
    return value

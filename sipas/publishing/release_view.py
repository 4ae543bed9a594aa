"""A release as one reader meets it: names in her language, and every figure with the words that belong to it.

Templates of the public pages, of the desk and of the release folder read this and nothing else, so none of them can
print a share that was withheld or that is too uncertain to show. Knows no request and no database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from analysis.data.codebook import COARSE
from analysis.disclosure.safe_table import NotInTable, SafeTable
from sipas import i18n
from sipas.errors import N_, UnknownCode
from sipas.estimating import key_words
from sipas.estimating.trial_words import short
from sipas.i18n import code_labels
from sipas.publishing import note_words, self_selection
from sipas.publishing.origins import WordingOrigin, wording_origins
from sipas.publishing.published import series_of
from sipas.publishing.way_words import ways_in_words
from sipas.registry.province import is_city
from sipas.registry.whose_survey import own_survey

WORDS = {
    "shown": N_("reliable"),
    "note": N_("use with care"),
    "review": N_("uncertain"),
    "hidden": N_("too uncertain to show"),
    "withheld": N_("not published, to protect those who answered"),
    "none": N_("no answers"),
}
GROUPS = (
    (("centre", "department"), N_("Departments and the provincial service centre")),
    (("ward",), N_("Wards")),
    (("commune",), N_("Communes")),
    (("district",), N_("Former districts")),
)
IN_A_CITY = {GROUPS[0][1]: N_("Departments and the city's service centre")}
ORDERS = ("registry", "share", "answers")


@dataclass(frozen=True)
class Figure:
    """A share of satisfied answers with what a reader needs to doubt it; without values where none may be shown."""

    state: str  # a key of WORDS
    n: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    df: float | None = None
    deff: float | None = None
    tried: tuple[float, float] | None = None  # where it lies if self-selection was as strong as the release tries

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Figure:
        """A row of the protected table.

        >>> Figure.of({"withheld": True, "n": None}).word
        'not published, to protect those who answered'
        """
        if row["withheld"]:
            return cls("withheld")
        if not row["n"]:
            return cls("none", 0)
        reliability = row["reliability"]
        if reliability == "hidden" or row["low"] is None or row["high"] is None:
            return cls("hidden", row["n"])
        return cls(reliability, row["n"], *(row.get(name) for name in ("estimate", "low", "high", "df", "deff")))

    @property
    def visible(self) -> bool:
        """Whether there is a share to print."""
        return self.value is not None

    @property
    def word(self) -> str:
        """How far the figure can be trusted, in the language now spoken."""
        return i18n._(WORDS[self.state])


@dataclass(frozen=True)
class NamedFigure:
    """A named figure: of a unit, a service field, a factor or an item."""

    code: str
    text: str
    figure: Figure


@dataclass(frozen=True)
class Group:
    """Rows that belong together under a heading."""

    text: str
    rows: tuple[NamedFigure, ...]


@dataclass(frozen=True)
class ReleaseView:
    """One release in one language."""

    manifest: Mapping[str, Any]
    table: SafeTable
    language: str

    @property
    def code(self) -> str:
        return str(self.manifest["release"])

    @property
    def simulated(self) -> bool:
        return bool(self.manifest["wave"]["simulated"])

    @property
    def series(self) -> str:
        """To which figures it belongs: main, trial or other."""
        return series_of(self.manifest)

    @property
    def province(self) -> str:
        """The place that it speaks of."""
        name = str(self.manifest["province"])
        return str(self.manifest.get("province_en", name)) if self.language == "en" else name

    @property
    def is_city(self) -> bool:
        """Whether it speaks of a city rather than of a province."""
        return is_city(str(self.manifest["province"]))

    @property
    def own_survey(self) -> str:
        """Whose survey it is, before the name of the province."""
        return i18n._(own_survey(str(self.manifest["province"])))

    @property
    def weighted(self) -> bool:
        return bool(self.manifest["weighted"])

    @property
    def dossiers(self) -> int:
        """Dossiers of the wave's months, also of offices for which nobody answered."""
        return int(self.manifest["frame"]["dossiers"])

    @property
    def unrepresented(self) -> int:
        """Dossiers of offices for which nobody answered: the figures say nothing of them."""
        return round(float(self.manifest["method"]["weights"].get("population_uncovered") or 0)) if self.weighted else 0

    @property
    def responses(self) -> int:
        """How many people answered, rounded as in the table; manifests of November 2026 hold the exact number."""
        return self.table.policy.people(int(self.manifest["responses"]))

    @property
    def level(self) -> float:
        """Of the intervals: 0.95 almost always."""
        return float(self.manifest["method"].get("level") or 0.95)

    def method_word(self, what: str) -> str:
        """How the figures were made, for readers: "method", "rule" of scoring, "policy" of protection, "variance" or
        "interval". What has no words, as in a release of a later program, stands as its code."""
        about = self.manifest
        known = {
            "method": about["method"]["version"],
            "rule": about["rule"]["name"],
            "policy": about["policy"]["name"],
            "variance": about["method"]["variance"],
            "interval": about["method"]["interval"],
        }
        return code_labels.word(what, str(known[what]))

    @property
    def instrument(self) -> str:
        """The questionnaire's title."""
        about = self.manifest["instrument"]
        return i18n.instrument_text(f"{about['code']}/title", about["title"])

    @property
    def origins(self) -> tuple[WordingOrigin, ...]:
        """Where its questions come from: a sentence for each place, with the questions."""
        return wording_origins(self.manifest, "text_en" if i18n.language() == "en" else "text")

    def ways(self, unit: str = "") -> str:
        """How its answers came, of everybody or one unit, in a sentence; empty where it says nothing of it."""
        return ways_in_words(self.manifest, unit)

    @property
    def lost_keys(self) -> tuple[str, ...]:
        """What keys that were lost mean for its figures, a sentence for each; empty where none was."""
        return tuple(i18n.say(one) for one in key_words.of_manifest(self.manifest))

    @property
    def notes(self) -> tuple[str, ...]:
        """What happened to the wave that readers should know, in sentences."""
        return tuple(note_words.sentence(one) for one in self.manifest["notes"])

    @property
    def asked_of_some(self) -> tuple[str, ...]:
        """Which questions were asked of some alone, and of about how many, in sentences."""
        return tuple(note_words.of_some(self.manifest, self.language))

    def day(self, key: str) -> str:
        """A date of the manifest ("published_on", "wave.opens_on") as people write it; empty where there is none."""
        value: Any = self.manifest
        for step in key.split("."):
            value = (value or {}).get(step)
        return i18n.date(dt.date.fromisoformat(value)) if value else ""

    def name(self, kind: str, code: str) -> str:
        """The name of a unit ("units") or service field ("services"); raises UnknownCode."""
        if code not in self._names[kind]:
            raise UnknownCode(N_("Release {release} has no figures for “{code}”."), release=self.code, code=code)
        return self._names[kind][code]

    def figure(self, of: str = "overall", **domain: str) -> Figure:
        """One figure; "no answers" where the table has no such row."""
        try:
            row = self.table.row(of, **domain)
        except NotInTable:
            return Figure("none", 0)
        found = Figure.of(row)
        if self._tries and found.visible:
            return replace(found, tried=self_selection.widest(row, self.table.policy.decimals))
        return found

    @cached_property
    def _tries(self) -> bool:
        return self_selection.tells(self.manifest)

    @property
    def tried_ratio(self) -> str:
        """The response ratio that drawings try, as people write it; empty in releases of method 1."""
        return short(self_selection.MOST) if self._tries else ""

    def trial(self, **domain: str) -> str:
        """What the share would be if satisfied people had answered more readily; nothing in releases of method 1."""
        return self_selection.trial(self.figure(**domain).value) if self._tries else ""

    def factors(self, **domain: str) -> tuple[NamedFigure, ...]:
        """Everything together, the item on the visit as a whole, then each factor."""
        about = self.manifest["instrument"]
        first = NamedFigure("overall", i18n._("All questions together"), self.figure("overall", **domain))
        alone = [self._item(item, domain) for item in about["items"] if not item["factor"]] if about["factors"] else []
        factors = [
            NamedFigure(one["code"], self._text(one), self.figure(one["code"], **domain)) for one in about["factors"]
        ]
        return (first, *alone, *factors)

    @staticmethod
    def by_code(rows: tuple[NamedFigure, ...]) -> dict[str, Figure]:
        """The figures alone, under their codes."""
        return {row.code: row.figure for row in rows}

    def items(self, **domain: str) -> tuple[Group, ...]:
        """Every item, under its factor."""
        about = self.manifest["instrument"]
        headings = [
            *[(one["code"], self._text(one)) for one in about["factors"]],
            (None, i18n._("The visit as a whole") if about["factors"] else i18n._("Questions")),
        ]
        groups = (
            Group(text, tuple(self._item(item, domain) for item in about["items"] if item["factor"] == code))
            for code, text in headings
        )
        return tuple(group for group in groups if group.rows)

    def units(self, order: str = "registry", **domain: str) -> tuple[Group, ...]:
        """Every unit in the registry's order, or ordered within its group by share or by number of answers.

        Within a service field only the units that the table knows there.
        """
        known = self._known("unit", domain)
        groups = []
        for kinds, heading in GROUPS:
            listed = [
                unit["code"] for unit in self.manifest["units"]
                if unit["kind"] in kinds and (unit["code"] in known or not (domain or "district" in kinds))
            ]  # fmt: skip
            rows = [NamedFigure(code, self.name("units", code), self.figure(unit=code, **domain)) for code in listed]
            if rows and known:
                heading = IN_A_CITY.get(heading, heading) if self.is_city else heading
                groups.append(Group(i18n._(heading), tuple(sorted(rows, key=_BY[order]))))
        return tuple(groups)

    def services(self, **domain: str) -> tuple[NamedFigure, ...]:
        """Every service field that the table knows, most used first."""
        known = self._known("field", domain)
        listed = [one["code"] for one in self.manifest["services"] if one["code"] in known]
        return tuple(
            NamedFigure(code, self.name("services", code), self.figure(field=code, **domain)) for code in listed
        )

    def same_services(self) -> dict[str, Figure]:
        """Each service field's figure in the whole province, to hold a unit's figure of the same field against.

        Without the fields with few dossiers together: they are other fields at each office.
        """
        return {code: figure for code, figure in self.by_code(self.services()).items() if code != COARSE}

    def _known(self, kind: str, domain: Mapping[str, str]) -> set[str]:
        """Codes of the units or fields for which the table has rows within `domain`."""
        family = self._families.get(tuple(sorted((kind, *domain))), [])
        return {one[kind] for one in family if domain.items() <= one.items()}

    def _item(self, item: Mapping[str, Any], domain: Mapping[str, str]) -> NamedFigure:
        return NamedFigure(item["code"], self._text(item), self.figure(item["code"], **domain))

    def _text(self, entry: Mapping[str, Any], key: str = "text") -> str:
        return str((self.language == "en" and entry.get(f"{key}_en")) or entry[key])

    @cached_property
    def _families(self) -> dict[tuple[str, ...], list[dict[str, str]]]:
        return {names: self.table.domains(*names) for names in (("unit",), ("field",), ("field", "unit"))}

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        return {
            kind: {one["code"]: self._text(one, "name") for one in self.manifest[kind]}
            for kind in ("units", "services")
        }


_BY = {
    "registry": lambda row: 0,
    "share": lambda row: -(row.figure.value if row.figure.visible else -1),
    "answers": lambda row: -(row.figure.n or 0),
}

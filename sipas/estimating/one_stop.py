"""The nine indicators of Circular 01/2018/TT-VPCP for each office: facts from answers, the rest from the office's file.

What is missing stays missing: an office with fewer than nine indicators has no sum and no class.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

import analysis
from analysis.data.codebook import NOT_APPLICABLE, CodebookItem
from analysis.estimands.one_stop import (
    IN_TIME_COMPLAINED,
    IN_TIME_NO_COMPLAINT,
    INDICATORS,
    LATE,
    class_of,
    facts,
    filed_online,
    handled_in_time,
    one_decimal,
)
from analysis.estimands.scoring import Scoring
from sipas.errors import N_, SipasError, first_few
from sipas.estimating.frame import COLUMNS
from sipas.estimating.one_stop_file import OfficeCounts
from sipas.estimating.period_survey import survey_of_period
from sipas.estimating.survey import DataSource, Survey, survey_of
from sipas.i18n import say
from surveys.instrument import version_order

INSTRUMENT, VERSION = "onestop-2018", 2
COMPLAINED = Scoring("onestop-2018-complained", 1, False, lambda _item: np.array([0.0, 1.0, 0.0]))
ASKED = {1: "I1", 3: "I3", 4: "I4", 7: "I7"}
SHOWN = 6  # offices that are named
FEW = 10  # answers
UNVERIFIED = N_(
    "the rule is that of Circular 01/2018/TT-VPCP; whether Decree 118/2025 keeps it is not verified, nor are three "
    "cases: a late result without a complaint has no point in indicator 7, a refuted complaint has one, and an office "
    "without complaints has no points in indicator 8"
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Indicator:
    """One indicator of an office: its points (None where it is missing, and `lacking` says why), where they come from,
    and for what was asked the mean before rounding, its limits and the number of answers."""

    number: int
    points: Decimal | None
    source: str = ""
    lacking: SipasError | None = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class Office:
    """The nine indicators of an office; `total` and `grade` only where all nine are there."""

    unit: str
    indicators: tuple[Indicator, ...]

    @property
    def total(self) -> Decimal | None:
        """The sum of the rounded indicators, out of 18."""
        points = [one.points for one in self.indicators]
        return None if None in points else sum((one for one in points if one is not None), Decimal(0))

    @property
    def grade(self) -> str | None:
        """The class of the sum, as the circular names it."""
        return None if self.total is None else class_of(self.total)

    def rows(self) -> Iterator[Row]:
        """A row for each indicator, and one for the sum, for scripts and files."""
        for one in self.indicators:
            yield {
                "domain": {"unit": self.unit},
                "indicator": str(one.number),
                "points": None if one.points is None else float(one.points),
                "class": None,
                "estimate": one.mean,
                "low": one.low,
                "high": one.high,
                "n": one.n,
                "source": one.source,
                "missing": say(one.lacking) if one.lacking else None,
            }
        total = None if self.total is None else float(self.total)
        rest: Row = dict.fromkeys(("estimate", "low", "high", "n", "source", "missing"))
        yield {"domain": {"unit": self.unit}, "indicator": "sum", "points": total, "class": self.grade, **rest}


def surveyed(source: DataSource) -> Survey:
    """The facts of a snapshot, or of a period of several, by office; raises SipasError for answers to another
    questionnaire."""
    if source.period is None:
        return survey_of(_facts_of(source), source, [("unit",)])
    waves = zip(source.period.parts, source.parts, strict=True)
    return survey_of_period(source, {wave.wave: _facts_of(part) for wave, part in waves}, [("unit",)])


def _facts_of(source: DataSource) -> analysis.Cells:
    snapshot = analysis.read_snapshot(source.path)
    book = snapshot.codebook
    if not _asks_facts(book):
        raise SipasError(
            N_(
                "{file} holds answers to {instrument} version {version}; the nine indicators need those of "
                "onestop-2018 version 2"
            ),
            file=source.path.name,
            instrument=book.instrument,
            version=book.version,
        )
    items = tuple(CodebookItem(code, levels=3, satisfied=(1,)) for code in ASKED.values())
    keep = COLUMNS if source.frame else ()
    return analysis.tabulate(
        _with_in_time(snapshot.table()),
        ["unit"],
        codebook=replace(book, items=items, factors=(), groups=None),
        keep=keep,
    )


def _asks_facts(book: analysis.Codebook) -> bool:
    """Whether it is version 2, in our words or in official ones."""
    return book.instrument == INSTRUMENT and version_order(int(book.version or 0))[0] == VERSION


def _with_in_time(table: pa.Table) -> pa.Table:
    """The table with facts of three levels alone: for indicator 7, whether a result came in time, and a complaint."""
    levels = {code: table[code].to_numpy(zero_copy_only=False).astype(float) for code in ASKED.values()}
    came, complained = levels["I1"], levels["I7"] == 2  # 1 = earlier, 2 = on the day, 3 = late
    seventh = np.select(
        [(came >= 1) & (came <= 2) & ~complained, (came >= 1) & (came <= 2), came == 3],
        [IN_TIME_NO_COMPLAINT, IN_TIME_COMPLAINED, LATE],
        0,
    )
    seventh = np.where(np.isin(levels["I7"], (1, 2)), seventh, 0)
    for code, column in (*levels.items(), ("I7", seventh)):
        absent = ~(column >= 1)  # not answered, not asked, not applicable yet
        whole = np.where(absent, NOT_APPLICABLE, column).astype(np.int16)
        table = table.set_column(table.column_names.index(code), code, pa.array(whole, mask=absent))
    return table


def offices(survey: Survey, counts: dict[str, OfficeCounts], level: float = 0.95) -> list[Office]:
    """Every office that has answers or stands in the office's file, in the order of its code."""
    table = analysis.estimate(survey.cells, survey.weights, by=[("unit",)], scoring=facts(), level=level)
    seventh = _Seventh(survey, level)
    asked = {labels[0] for columns, labels in table.domains if columns == ("unit",)}
    found = []
    for unit in sorted(asked | set(counts)):
        given = counts.get(unit)
        of_answers = {
            number: _asked(table, unit, number) if unit in asked else Indicator(number, None, lacking=NO_ANSWERS)
            for number in ASKED
            if number != 7
        }
        of_answers[7] = seventh.of(unit, given) if unit in asked else Indicator(7, None, lacking=NO_ANSWERS)
        of_office = {number: _of_office(number, given) for number in INDICATORS if number not in ASKED}
        both = of_answers | of_office
        found.append(Office(unit, tuple(both[number] for number in INDICATORS)))
    return found


NO_ANSWERS = SipasError(N_("nobody answered this question"))
NOT_IN_FILE = SipasError(N_("the office does not stand in the file of the one-stop system"))
ASKED_OF_PEOPLE = N_("answers")


def _asked(table: analysis.Estimates, unit: str, number: int) -> Indicator:
    row = table.row(ASKED[number], unit=unit)
    if row["estimate"] is None:
        return Indicator(number, None, lacking=NO_ANSWERS, n=row["n"])
    return Indicator(
        number, one_decimal(row["estimate"]), ASKED_OF_PEOPLE, None, row["estimate"], row["low"], row["high"], row["n"]
    )


class _Seventh:
    """Indicator 7 of every office; estimated once for each share of refuted complaints, which many offices have."""

    def __init__(self, survey: Survey, level: float) -> None:
        self._survey, self._level = survey, level
        self._complained = self._estimated(COMPLAINED)
        self._by_share: dict[float, analysis.Estimates] = {}

    def _estimated(self, rule: Scoring) -> analysis.Estimates:
        return analysis.estimate(
            self._survey.cells, self._survey.weights, of=["I7"], by=[("unit",)], scoring=rule, level=self._level
        )

    def of(self, unit: str, given: OfficeCounts | None) -> Indicator:
        """Points exist only where the office's counts of complaints are complete: an answer does not know the
        outcome."""
        lacking = self._lacking(unit, given)
        if lacking is not None or given is None:
            return Indicator(7, None, lacking=lacking)
        behaviour, refuted, _ = given.behaviour
        share = refuted / behaviour if behaviour and refuted else 0.0
        if share not in self._by_share:
            self._by_share[share] = self._estimated(facts(share))
        return _asked(self._by_share[share], unit, 7)

    def _lacking(self, unit: str, given: OfficeCounts | None) -> SipasError | None:
        if given is None:
            return NOT_IN_FILE
        behaviour, refuted, upheld = given.behaviour
        if behaviour is None or refuted is None or upheld is None:
            return SipasError(N_("complaints about behaviour and their outcomes are not counted"))
        if behaviour != refuted + upheld:
            return SipasError(
                N_("of {all} complaints about behaviour {open} are not decided"),
                all=behaviour,
                open=behaviour - refuted - upheld,
            )
        if not behaviour and self._complained.row("I7", unit=unit)["estimate"]:
            return SipasError(N_("people say that they complained about behaviour, and the office counts no complaint"))
        return None


def _of_office(number: int, given: OfficeCounts | None) -> Indicator:
    if given is None:
        return Indicator(number, None, lacking=NOT_IN_FILE)
    typed = given.points.get(number)
    if typed is not None:
        return Indicator(number, typed, given.sources.get(number, given.file))
    computed: int | None = None
    if number == 8 and None not in given.complaints:
        computed = handled_in_time(*given.complaints)  # type: ignore[arg-type]  # neither is None
    elif number == 9 and None not in given.dossiers:
        computed = filed_online(*given.dossiers)  # type: ignore[arg-type]
    if computed is None:
        return Indicator(number, None, lacking=SipasError(N_("the file says nothing of it")))
    return Indicator(number, Decimal(computed).quantize(Decimal("0.1")), given.file)


def offices_without_answers(survey: Survey, counts: Collection[str]) -> list[SipasError]:
    """What is said of offices in the file that have no answers; raises SipasError where only zeros keep them apart."""
    asked = {domain["unit"] for domain in survey.domains([("unit",)]) if domain}
    bare = {unit.lstrip("0"): unit for unit in asked}
    unknown = sorted(set(counts) - asked)
    for unit in unknown:
        if unit.lstrip("0") in bare:
            raise SipasError(
                N_(
                    "office {unit} of the file is {known} in the answers: Excel took its zeros away; format the column "
                    "as text and enter them again"
                ),
                unit=unit,
                known=bare[unit.lstrip("0")],
            )
    if not unknown:
        return []
    shown = first_few(unknown, SHOWN)
    return [SipasError(N_("{count} offices of the file have no answers: {units}"), count=len(unknown), units=shown)]


def on_few_answers(found: Iterable[Office]) -> list[SipasError]:
    """One sentence for the offices of which an indicator rests on so few answers that its points say little."""
    few = [office.unit for office in found if any(0 < (one.n or 0) < FEW for one in office.indicators)]
    if not few:
        return []
    template = N_(
        "at {count} offices ({units}) an indicator rests on fewer than 10 answers: see its limits before its points"
    )
    return [SipasError(template, count=len(few), units=first_few(few, SHOWN))]


def missing_indicators(found: Iterable[Office]) -> list[SipasError]:
    """One sentence for each indicator and reason that is missing, with the offices concerned."""
    groups: dict[tuple[int, str], tuple[SipasError, list[str]]] = {}
    for office in found:
        for one in office.indicators:
            if one.lacking is not None:
                groups.setdefault((one.number, one.lacking.template), (one.lacking, []))[1].append(office.unit)
    said = []
    for (number, _), (reason, units) in sorted(groups.items(), key=lambda group: group[0]):
        shown = first_few(units, SHOWN)
        said.append(
            SipasError(
                N_("indicator {number} is missing at {count} offices ({units}): {reason}"),
                number=number,
                count=len(units),
                units=shown,
                reason=reason,
            )
        )
    return said

"""Behind a simulated province: its calendar, dossiers, over-eager offices and the satisfaction of every cell.

A cell is a place x field that is received there. Each thing is drawn by a generator of its own, so that one more
question or month does not change who is over-eager.
"""

import datetime as dt
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.simulation.answers import OPENS, opening
from analysis.simulation.plan import Plan

UNIT, UNIT_FIELD, UNIT_FACTOR, ITEM = 0.20, 0.08, 0.06, 0.08  # standard deviations of effects, on the normal scale
TINY = 0.02  # the size of a very small place, beside an ordinary one


class World:
    """What the plan of a province leads to, each part computed on first use."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def rng(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng([self.plan.seed, *purpose.encode()])

    @cached_property
    def units(self) -> list[str]:
        return sorted({*self.plan.responsible.values(), *(place.unit for place in self.plan.places)})

    @cached_property
    def cells(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Place, field and responsible unit of every place x field that is received."""
        found = [
            (p, f, self.units.index(self.plan.responsible[place.unit, service.code]))
            for p, place in enumerate(self.plan.places)
            for f, service in enumerate(self.plan.fields)
            if (place.unit, service.code) in self.plan.responsible
        ]
        return tuple(np.array(found, np.intp).reshape(-1, 3).T)  # type: ignore[return-value]

    @cached_property
    def calendar(self) -> list[tuple[str, str, int]]:
        """ISO week, month and working days of every piece of a week that lies in one month."""
        days: dict[tuple[str, str], int] = {}
        for month in self.plan.months:
            day = dt.date.fromisoformat(f"{month}-01")
            while f"{day:%Y-%m}" == month:
                if day.weekday() < 5:
                    piece = (f"{day:%G-W%V}", month)
                    days[piece] = days.get(piece, 0) + 1
                day += dt.timedelta(days=1)
        return [(week, month, count) for (week, month), count in sorted(days.items())]

    @cached_property
    def weeks(self) -> list[str]:
        return sorted({week for week, _, _ in self.calendar})

    @cached_property
    def months(self) -> list[str]:
        return sorted(self.plan.months)

    @cached_property
    def week(self) -> NDArray[np.intp]:
        """The week of each piece of the calendar, by number."""
        return np.array([self.weeks.index(week) for week, _, _ in self.calendar])

    @cached_property
    def month(self) -> NDArray[np.intp]:
        """The month of each piece of the calendar, by number."""
        return np.array([self.months.index(month) for _, month, _ in self.calendar])

    @cached_property
    def open(self) -> NDArray[np.bool_]:
        return self.rng("open").random((len(self.plan.places), len(self.weeks))) >= self.plan.down

    @cached_property
    def unit_effects(self) -> NDArray[np.float64]:
        drawn = UNIT * self.rng("units").standard_normal(len(self.units))
        return drawn + np.array([self.plan.lift.get(unit, 0.0) for unit in self.units])

    @cached_property
    def eager(self) -> NDArray[np.bool_]:
        """Over-eager places: a random part of the units that do better than the median."""
        units = sorted({self.units.index(place.unit) for place in self.plan.places})
        ranked = sorted(units, key=lambda unit: -self.unit_effects[unit])
        candidates = ranked[: max(1, len(ranked) // 2)] if self.plan.eager else []
        chosen = self.rng("eager").permutation(candidates)[: round(self.plan.eager * len(units))]
        return np.isin([self.units.index(place.unit) for place in self.plan.places], chosen)

    @cached_property
    def on_form(self) -> NDArray[np.bool_]:
        return np.array(
            [[q.code in self.plan.forms[place.form] for q in self.plan.questions] for place in self.plan.places]
        )

    @cached_property
    def asked(self) -> NDArray[np.float64]:
        applies = np.array([1 - question.not_applicable for question in self.plan.questions])
        return self.on_form * applies * np.array([self._reached(question.code) for question in self.plan.questions])

    def _reached(self, code: str) -> float:
        """The share of visitors whom skip logic leads to a question, of those who pass nothing over."""
        (question,) = (each for each in self.plan.questions if each.code == code)
        share = 1.0
        for gate, options in question.asked_if:
            opens = opening(self.plan.questions, gate)
            share *= self._reached(gate) * OPENS * len(set(options)) / len(opens)
        return share

    @cached_property
    def dossiers(self) -> NDArray[np.int64]:
        """Dossiers of every cell and piece of the calendar."""
        place, field_, _ = self.cells
        rng = self.rng("dossiers")
        sizes = np.exp(rng.normal(0, 0.6, len(self.plan.places)))
        sizes[rng.permutation(len(sizes))[: round(self.plan.small * len(sizes))]] *= TINY
        given = np.array([np.nan if each.size is None else each.size for each in self.plan.places])
        sizes = np.where(np.isnan(given), sizes, given)
        mix = np.array([each.share for each in self.plan.fields])[field_] * np.exp(rng.normal(0, 0.3, len(field_)))
        mix /= np.bincount(place, mix, len(sizes))[place]
        expected = sizes[place] * mix
        days = np.array([days for _, _, days in self.calendar], float)
        return rng.poisson(self.plan.dossiers * np.outer(expected / expected.sum(), days / days.sum()))

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Normal quantile of the true share of every cell and question."""
        place, field_, unit = self.cells
        rng = self.rng("scores")
        factors = sorted({question.factor or "" for question in self.plan.questions})
        factor = [factors.index(question.factor or "") for question in self.plan.questions]
        own = UNIT_FIELD * rng.standard_normal((len(self.units), len(self.plan.fields)))
        within = UNIT_FACTOR * rng.standard_normal((len(self.units), len(factors)))
        drawn = ITEM * rng.standard_normal(len(self.plan.questions))
        items = [e if q.effect is None else q.effect for q, e in zip(self.plan.questions, drawn, strict=True)]
        fields = np.array([each.effect for each in self.plan.fields])
        cells = self.unit_effects[unit] + fields[field_] + own[unit, field_]
        scores = cells[:, None] + within[unit][:, factor] + np.array(items)
        return scores + self._shift(scores, self.asked[place] * self.dossiers.sum(axis=1)[:, None])

    def _shift(self, scores: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
        """What must be added so that "overall" has its level: bisection, as the share rises with the shift."""
        ratings = np.array([question.kind == "rating" for question in self.plan.questions])
        pooled = ratings & np.array([question.factor is not None for question in self.plan.questions])
        columns = pooled if pooled.any() else ratings
        scores, weight = scores[:, columns], weight[:, columns]
        low, high = -8.0, 8.0
        for _ in range(50):
            middle = (low + high) / 2
            share = (weight * ndtr(scores + middle)).sum() / weight.sum()
            low, high = (middle, high) if share < self.plan.level else (low, middle)
        return (low + high) / 2

    @cached_property
    def latent_icc(self) -> float:
        """On the normal scale; two visitors' correlation of satisfied or not is phi(t)^2 / (p (1-p)) times this."""
        t = float(ndtri(self.plan.level))
        ratio = np.exp(-(t**2)) / (2 * np.pi) / (self.plan.level * (1 - self.plan.level))
        return float(min(self.plan.icc / ratio, 0.9))

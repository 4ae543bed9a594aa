"""A province whose truth is known: for the demo, and to check that intervals cover what they should.

Everything is made up from a seed; nothing here describes a real office. Codes of places, units, fields and questions
are given by the caller. What visitors think is a probit model, so that every true share has a closed form (`Truth`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.errors import N_, AnalysisError
from analysis.simulation.answers import PERSON, Question, draw_answers, opening
from analysis.simulation.plan import Field, Place, Plan
from analysis.simulation.truth import Truth
from analysis.simulation.world import World

__all__ = ["Field", "ImpossibleProvince", "Place", "Province", "Question", "Truth"]

WEEKLY = 8.0  # answers of a place vary from week to week: shape of the gamma factor


class ImpossibleProvince(AnalysisError):
    """The plan of the province contradicts itself."""


@dataclass(frozen=True, kw_only=True)
class Province(Plan):
    """Dossiers, visitors and answers of some months, from a seed: same arguments, same bytes.

    Visitors bring dossiers to places; `responsible` says which unit handles a (unit of the place, field), and a pair
    left out is not received there. Satisfaction differs by unit, field, unit x field, item, unit x factor and by the
    calendar week of a place (`icc`: intraclass correlation of satisfied or not, near `level`).

    Who answers: in over-eager offices (`eager`: their share, found among those that do well) `volume` times as many;
    in well-liked units and fields more than elsewhere. Dossier weights repair all this; an unweighted mean is too high.
    What they cannot repair is `urging`: in an over-eager office, a satisfied visitor is that many times as likely to
    answer as another; 1 switches it off.

    `lift` raises named units on the normal scale; `level` is the true share of "overall" in the province; `dossiers`
    and `answers` are expected totals; `small` is the share of places with very few dossiers, `down` of point-weeks that
    were closed, `item_missing` of questions passed over, `profile_missing` of visitors who do not state sex or age.

    >>> places = [Place("k1", "a"), Place("k2", "b")]
    >>> handled = {(unit, code): unit for unit in "ab" for code in ("land", "birth")}
    >>> province = Province(seed=1, places=places, fields=[Field("land", effect=-0.3), Field("birth")],
    ...                     responsible=handled, questions=[Question("q1", "F"), Question("q2", "F")],
    ...                     forms={"full": ["q1", "q2"]}, months=["2026-01"], dossiers=9000, answers=800)
    >>> round(province.truth.share("overall"), 6)
    0.85
    >>> province.truth.share("overall", field="land") < province.truth.share("overall", field="birth")
    True
    >>> 600 < province.responses.num_rows < 1000
    True
    """

    def __post_init__(self) -> None:
        known = {question.code for question in self.questions}
        for form, codes in self.forms.items():
            if strangers := [code for code in codes if code not in known]:
                raise ImpossibleProvince(
                    N_("form {form} asks {codes}, which are not among the questions"), form=form, codes=strangers
                )
        self._refuse_strange_gates()
        if strangers := sorted({place.form for place in self.places} - set(self.forms)):
            raise ImpossibleProvince(N_("places use forms that are not given: {forms}"), forms=strangers)
        if not any(question.kind == "rating" for question in self.questions):
            raise ImpossibleProvince(N_("there is no rating among the questions, so nothing to be true of it"))
        if not self._world.cells[0].size:
            raise ImpossibleProvince(N_("no place receives any field: `responsible` names none of their units"))
        if not 0 < self.answers <= self.dossiers / 3:
            raise ImpossibleProvince(
                N_("{answers} answers of {dossiers} dossiers: at most a third can be expected to answer"),
                answers=self.answers, dossiers=self.dossiers,
            )  # fmt: skip

    def _refuse_strange_gates(self) -> None:
        """Only a choice that stands before a question, with an option that does not open it, can be its gate here."""
        before: dict[str, Question] = {}
        for question in self.questions:
            for gate, options in question.asked_if:
                one = before.get(gate)
                opens = opening(self.questions, gate)
                if not options or one is None or one.kind != "choice" or len(opens) >= one.levels:
                    raise ImpossibleProvince(
                        N_("question {code} is asked after {gate}, no choice before it that can also close it"),
                        code=question.code, gate=gate,
                    )  # fmt: skip
            before[question.code] = question

    @cached_property
    def _world(self) -> World:
        return World(self)

    @cached_property
    def frame(self) -> pa.Table:
        """Dossiers by responsible unit, field and month: the population."""
        world = self._world
        _, field_, unit = world.cells
        counts = np.zeros((len(world.units), len(self.fields), len(world.months)), np.int64)
        np.add.at(counts, (unit[:, None], field_[:, None], world.month[None, :]), world.dossiers)
        u, f, m = np.nonzero(counts)
        return pa.table({
            "unit": [world.units[i] for i in u],
            "field": [self.fields[int(i)].code for i in f],
            "month": [world.months[i] for i in m],
            "dossiers": counts[u, f, m],
        })  # fmt: skip

    @cached_property
    def open_weeks(self) -> pa.Table:
        """Every place x ISO week that was open: the list of clusters, whether or not anybody answered."""
        place, week = np.nonzero(self._world.open)
        return pa.table({"place": place.astype(np.int32), "week": [self._world.weeks[i] for i in week]})

    @cached_property
    def eager_units(self) -> frozenset[str]:
        """Units of the over-eager places."""
        return frozenset(self.places[int(place)].unit for place in np.flatnonzero(self._world.eager))

    @cached_property
    def truth(self) -> Truth:
        """What is true, and would be found if every visitor answered."""
        place, field_, unit = self._world.cells
        ratings = [k for k, question in enumerate(self.questions) if question.kind == "rating"]
        return Truth(
            units=tuple(self._world.units[i] for i in unit),
            fields=tuple(self.fields[i].code for i in field_),
            questions=tuple(self.questions[k].code for k in ratings),
            factors=tuple(self.questions[k].factor for k in ratings),
            dossiers=self._world.dossiers.sum(axis=1),
            asked=self._world.asked[place][:, ratings],
            shares=ndtr(self._world.scores[:, ratings]),
        )

    @cached_property
    def responses(self) -> pa.Table:
        """The answers, in no order: where and when, for whom, and one byte per question (`packed`)."""
        world = self._world
        place, field_, unit = world.cells
        rng = world.rng("responses")
        cell, piece = self._visitors(rng)
        rows = rng.permutation(len(cell))
        cell, piece = cell[rows], piece[rows]
        mood = self._moods(rng, place[cell], world.week[piece])
        kept = self._agrees(rng, cell, mood)
        cell, piece, mood = cell[kept], piece[kept], mood[kept]
        asked = world.on_form[place[cell]]
        packed = draw_answers(rng, self.questions, asked, world.scores, cell, mood, world.latent_icc, self.item_missing)
        n = len(cell)
        return pa.table({
            "place": place[cell].astype(np.int32),
            "week": _words(world.week[piece], world.weeks),
            "month": _words(world.month[piece], world.months),
            "unit": _words(unit[cell], world.units),
            "field": _words(field_[cell], [each.code for each in self.fields]),
            "form": _coded(place[cell], [each.form for each in self.places]),
            "channel": _coded(place[cell], [each.channel for each in self.places]),
            "language": _words(_draw(rng, list(self.languages.values()), n), list(self.languages)),
            "sex": self._profile(rng, self.sexes, n),
            "age": self._profile(rng, self.ages, n),
            "packed": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(len(self.questions)), n, [None, pa.py_buffer(packed.tobytes())]
            ),
        })  # fmt: skip

    def _visitors(self, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Cell and piece of the calendar of everybody who comes near to answering."""
        world = self._world
        place, field_, unit = world.cells
        fields = np.array([each.effect for each in self.fields])
        liking = np.exp(world.unit_effects[unit] + fields[field_] + rng.normal(0, 0.2, len(self.places))[place])
        busy = rng.gamma(WEEKLY, 1 / WEEKLY, world.open.shape) * world.open
        rate = (liking * np.where(world.eager[place], self.volume, 1.0))[:, None] * busy[place][:, world.week]
        lost = np.where(world.eager[place], 1 - (1 - self.level) * (1 - 1 / self.urging), 1.0)[:, None]
        scale = self.answers / (rate * lost * world.dossiers).sum()
        for _ in range(8):
            scale *= self.answers / (np.minimum(scale * rate, 0.9) * lost * world.dossiers).sum()
        counts = rng.binomial(world.dossiers, np.minimum(scale * rate, 0.9))
        cell, piece = np.nonzero(counts)
        return np.repeat(cell, counts[cell, piece]), np.repeat(piece, counts[cell, piece])

    def _moods(self, rng: np.random.Generator, place: NDArray[Any], week: NDArray[Any]) -> NDArray[np.float64]:
        weeks = np.sqrt(self._world.latent_icc) * rng.standard_normal(self._world.open.shape)
        return weeks[place, week] + np.sqrt((1 - self._world.latent_icc) * PERSON) * rng.standard_normal(len(place))

    def _agrees(self, rng: np.random.Generator, cell: NDArray[Any], mood: NDArray[np.float64]) -> NDArray[np.bool_]:
        """In an over-eager office a visitor who is not satisfied answers 1/urging as often."""
        spread = np.sqrt(self._world.latent_icc + (1 - self._world.latent_icc) * PERSON)
        content = spread * self._world.scores.mean(axis=1)[cell] + mood > 0
        return content | ~self._world.eager[self._world.cells[0][cell]] | (rng.random(len(cell)) < 1 / self.urging)

    def _profile(self, rng: np.random.Generator, words: Sequence[str], n: int) -> pa.DictionaryArray:
        code = _draw(rng, rng.gamma(12.0, size=len(words)), n)
        silent = rng.random(n) < self.profile_missing
        return pa.DictionaryArray.from_arrays(pa.array(code, pa.int32(), mask=silent), list(words))


def _draw(rng: np.random.Generator, shares: Sequence[float] | NDArray[np.float64], n: int) -> NDArray[np.intp]:
    shares = np.asarray(shares, float)
    return rng.choice(len(shares), n, p=shares / shares.sum())


def _words(code: NDArray[Any], words: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), list(words))


def _coded(code: NDArray[Any], words: Sequence[str]) -> pa.DictionaryArray:
    """A word per code, where several codes may have the same word."""
    distinct = sorted(set(words))
    return _words(np.array([distinct.index(word) for word in words])[code], distinct)

"""What is true of a simulated province: every share, for every domain, without any sampling."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

OVERALL = "overall"
FAMILIES: tuple[tuple[str, ...], ...] = ((), ("unit",), ("field",), ("unit", "field"))


@dataclass(frozen=True)
class Truth:
    """True shares of the satisfied: had every visitor answered the form of her place.

    A cell is a place x field. `asked[cell, question]` is the chance that the question is on the form and applies,
    `shares` their true shares. A factor and "overall" pool answers, as the published index does; a question without a
    factor is in neither, unless no question has one.
    """

    units: tuple[str, ...]
    fields: tuple[str, ...]
    questions: tuple[str, ...]
    factors: tuple[str | None, ...]
    dossiers: NDArray[np.int64]
    asked: NDArray[np.float64]
    shares: NDArray[np.float64]

    @property
    def measures(self) -> tuple[str, ...]:
        """Questions, factors, "overall"."""
        return (*self.questions, *dict.fromkeys(factor for factor in self.factors if factor), OVERALL)

    def share(self, of: str, **domain: str) -> float:
        """Return the true share in a domain of units and fields: `share("overall", unit="03646")`."""
        return self._shares[tuple(sorted(domain.items())), of]

    def records(self) -> Iterator[dict[str, Any]]:
        """Return one row per domain and figure: the whole, units, fields and unit x field that have dossiers."""
        for (domain, of), share in self._shares.items():
            yield {"domain": dict(domain), "of": of, "share": share, "dossiers": self._dossiers[domain]}

    @cached_property
    def _dossiers(self) -> dict[tuple[tuple[str, str], ...], int]:
        return {domain: int(self.dossiers[cells].sum()) for domain, cells in self._domains()}

    @cached_property
    def _shares(self) -> dict[tuple[tuple[tuple[str, str], ...], str], float]:
        pooled = [factor is not None for factor in self.factors]
        inside = [[code == question for code in self.questions] for question in self.questions]
        inside += [[factor == of for factor in self.factors] for of in self.measures[len(self.questions) : -1]]
        inside += [pooled if any(pooled) else [True] * len(pooled)]
        members = np.array(inside, float).T
        weight = self.dossiers[:, None] * self.asked
        answers, satisfied = weight @ members, (weight * self.shares) @ members
        return {
            (domain, of): float(top / all_)
            for domain, cells in self._domains()
            for of, all_, top in zip(self.measures, answers[cells].sum(0), satisfied[cells].sum(0), strict=True)
            if all_ > 0
        }

    def _domains(self) -> Iterator[tuple[tuple[tuple[str, str], ...], NDArray[np.intp]]]:
        names = {"unit": np.array(self.units), "field": np.array(self.fields)}
        everywhere = np.flatnonzero(self.dossiers > 0)
        for family in FAMILIES:
            found: dict[tuple[tuple[str, str], ...], list[int]] = {}
            for cell in everywhere:
                found.setdefault(tuple((name, str(names[name][cell])) for name in sorted(family)), []).append(int(cell))
            yield from ((domain, np.array(cells)) for domain, cells in sorted(found.items()))

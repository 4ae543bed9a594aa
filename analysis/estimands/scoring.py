"""Named scoring rules: what one answer is worth. A published number always states its rule and version.

A rule is a name, a version and the worth of each level of an item. Shares of satisfied answers are the default; the
other rules are those of comparable official surveys, with their worked examples in the tests.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.data.codebook import CodebookItem
from analysis.errors import N_, BadMethod


@dataclass(frozen=True)
class Scoring:
    """A scoring rule: `share` tells whether its figures are shares between 0 and 1."""

    name: str
    version: int
    share: bool
    rule: Callable[[CodebookItem], NDArray[np.float64]]
    words: tuple[tuple[float, str], ...] = ()

    @property
    def label(self) -> str:
        """Name and version, as a published figure states them."""
        return f"{self.name} v{self.version}"

    def scores(self, item: CodebookItem) -> NDArray[np.float64]:
        """Return what each level 1..levels of an item is worth."""
        return self.rule(item)

    def word(self, value: float) -> str | None:
        """Classify a value before it is rounded for print: the word of the highest lower bound that it reaches.

        A value that only the last digits of floating point keep from a bound reaches it.
        """
        reached = [word for bound, word in self.words if value >= bound - 1e-9]
        return reached[-1] if reached else None


def _satisfied(item: CodebookItem) -> NDArray[np.float64]:
    return np.isin(np.arange(1, item.levels + 1), item.satisfied).astype(float)


def _hundred(item: CodebookItem) -> NDArray[np.float64]:
    return np.array([100 * level / (item.levels - 1) for level in range(item.levels)])


def _levels(item: CodebookItem) -> NDArray[np.float64]:
    return np.arange(1, item.levels + 1, dtype=float)


def _four(item: CodebookItem) -> NDArray[np.float64]:
    if item.levels != 4:
        raise BadMethod(
            N_("item {item} has {levels} levels; the rule ikm-2017 needs four"), item=item.code, levels=item.levels
        )
    return np.array([25.0, 50.0, 75.0, 100.0])


IKM = ((25.0, "D"), (65.0, "C"), (76.61, "B"), (88.31, "A"))
RETIRED = {
    "onestop-3": N_(
        "the rule onestop-3 is retired: no arithmetic turns satisfaction into the points of Circular 01/2018. Ask with "
        "onestop-2018 version 2, and use `sipas onestop`"
    )
}

SHARE = Scoring("sipas-top2", 1, True, _satisfied)
RULES = {
    rule.name: rule
    for rule in (
        SHARE,
        Scoring("govuk-100", 1, False, _hundred),
        Scoring("mean-level", 1, False, _levels),
        Scoring("ikm-2017", 1, False, _four, IKM),
        Scoring("arta-csm", 1, True, _satisfied),
    )
}


def scoring_named(name: str) -> Scoring:
    """Return the rule of that name; raises BadMethod for others.

    >>> scoring_named("govuk-100").scores(CodebookItem("q")).tolist()
    [0.0, 25.0, 50.0, 75.0, 100.0]
    """
    if name in RETIRED:
        raise BadMethod(RETIRED[name])
    if name not in RULES:
        raise BadMethod(
            N_("{what} `{given}` is not known; choose one of: {known}"),
            what="scoring",
            given=name,
            known=", ".join(RULES),
        )
    return RULES[name]

"""What chart macros need to know: one axis for all figures that are compared, places on it, and a chart in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sipas import i18n
from sipas.publishing.release_view import Figure, Group, NamedFigure


@dataclass(frozen=True)
class Axis:
    """A stretch of the scale from 0 to 1, with its marks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def over(cls, figures: Iterable[Figure], step: float = 0.1) -> Axis:
        """The shortest stretch in whole steps that holds every interval, and the band around it, three steps at least.

        >>> Axis.over([Figure("shown", 50, 0.84, 0.72, 0.91)]).ticks
        (0.7, 0.8, 0.9, 1.0)
        """
        seen = [
            figure.tried or (figure.low, figure.high)
            for figure in figures
            if figure.low is not None and figure.high is not None
        ]
        first = math.floor(min((low for low, _ in seen), default=0.0) / step + 1e-9)
        last = math.ceil(max((high for _, high in seen), default=1.0) / step - 1e-9)
        last = min(round(1 / step), max(last, first + 3))
        first = max(0, min(first, last - 3))
        stride = 2 if last - first > 6 else 1
        return cls(first * step, last * step, tuple(round(i * step, 6) for i in range(first, last + 1, stride)))

    def across(self, share: float) -> str:
        """Place on a lying axis, as an SVG length: percent of the width.

        >>> Axis(0.5, 1.0, ()).across(0.8)
        '60.0%'
        """
        return f"{100 * self._place(share):.1f}%"

    def down(self, share: float, pixels: float) -> str:
        """Place on a standing axis: pixels from the top."""
        return f"{pixels * (1 - self._place(share)):.1f}"

    def _place(self, share: float) -> float:
        return min(1.0, max(0.0, (share - self.low) / (self.high - self.low)))


def spread(groups: Sequence[Group], start: float = 9.0) -> list[tuple[str, Figure]]:
    """Every figure with its place across a chart, from `start` percent on; groups stand a little apart."""
    slots = sum(len(group.rows) for group in groups) + 2 * len(groups) - 1
    width = (100 - start) / max(slots, 1)
    placed, slot = [], 0
    for group in groups:
        for row in group.rows:
            placed.append((f"{start + width * (slot + 0.5):.2f}%", row.figure))
            slot += 1
        slot += 2
    return placed


def told(figure: Figure) -> str:
    """A figure in words: "83.1% (80.2–85.7%)", or why there is none."""
    if figure.value is None or figure.low is None or figure.high is None:
        return figure.word
    return f"{i18n.percent(figure.value)} ({i18n.number(figure.low * 100, 1)}–{i18n.percent(figure.high)})"


def describe(rows: Iterable[NamedFigure]) -> str:
    """A chart in words, for those who hear it."""
    return "; ".join(f"{row.text}: {told(row.figure)}" for row in rows) + "."


def agreeing(figures: Sequence[Figure], reference: Figure) -> tuple[int, int]:
    """How many intervals hold the reference's share, of how many that are shown; (0, 0) where the reference is not."""
    share = reference.value
    shown = [(one.low, one.high) for one in figures if one.low is not None and one.high is not None]
    return (0, 0) if share is None else (sum(low <= share <= high for low, high in shown), len(shown))


def figures_of(groups: Iterable[Group]) -> list[Figure]:
    """The figures of all groups in one list."""
    return [row.figure for group in groups for row in group.rows]


TEMPLATE_TOOLS = {
    "Axis": Axis,
    "agreeing": agreeing,
    "describe": describe,
    "figures_of": figures_of,
    "spread": spread,
    "told": told,
}

"""A series over waves as rows of a table: every wave, the change since the one before, and the slope between breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.comparison.contrasts import Difference
from analysis.comparison.differences import JointEstimates, findings
from analysis.comparison.trend import Change, Trend, trend_over
from analysis.comparison.trend import Wave as Measured
from sipas.errors import N_, SipasError
from sipas.estimating.comparing import Asked, known
from sipas.estimating.self_selection import NOTHING, turning, turning_slope
from sipas.estimating.survey import Families
from sipas.estimating.waves import Waves

Row = dict[str, Any]
ASPECTS = ("instrument", "population", "boundaries", "scoring")


def series(waves: Waves, by: Families, asked: Asked, stated: Mapping[str, Sequence[str]] | None = None) -> list[Row]:
    """For each item or factor and domain: its waves, changes and slopes; all changes of the table judged together.

    `stated` are breaks that no file can show: for a wave, what is not as it was before it.
    """
    measured = _with_breaks(waves.measured, stated or {})
    domains = waves.domains(by)
    found = []
    for of in asked.of:
        figures = waves.figures([of], domains, by, asked.level)
        place = {(figures.waves[k], tuple(figures.domains[k].items())): k for k in range(len(figures))}
        for domain in domains:
            places = [place.get((name, tuple(domain.items()))) for name in waves.names]
            found.append((of, domain, figures, places, _trend(measured, figures, places, asked)))
    changes = _judged([change.p for *_, trend in found for change in trend.changes], asked)
    slopes = _judged([slope.p for *_, trend in found for slope in _slopes(trend)], asked)
    return [row for each in found for row in _rows(*each, measured, {"change": changes, "slope": slopes}, asked)]


def _slopes(trend: Trend) -> list[Change]:
    """Those over three waves or more; over two, the slope is the change."""
    changes = {(change.start, change.end) for change in trend.changes}
    return [slope for slope in trend.slopes if (slope.start, slope.end) not in changes]


def _judged(p: list[float | None], asked: Asked) -> Iterator[tuple[float | None, str | None]]:
    return iter(findings(p, level=asked.level, adjust=asked.adjust))


def _with_breaks(measured: Sequence[Measured], stated: Mapping[str, Sequence[str]]) -> list[Measured]:
    """The waves, with a new word in each aspect that is said to have changed, from there on."""
    names = [wave.name for wave in measured]
    for name in stated:
        if name not in names:
            raise SipasError(
                N_("--break names the wave {wave}, and the waves are {known}"), wave=name, known=", ".join(names)
            )
    if names[0] in stated:
        raise SipasError(N_("nothing lies before the first wave {wave}, so nothing breaks there"), wave=names[0])
    found, since = [], dict.fromkeys(ASPECTS, "")
    for wave in measured:
        since |= dict.fromkeys(stated.get(wave.name, ()), wave.name)
        found.append(replace(wave, **{a: f"{getattr(wave, a)} {word}".strip() for a, word in since.items()}))
    return found


def _trend(measured: Sequence[Measured], figures: JointEstimates, places: Sequence[int | None], asked: Asked) -> Trend:
    here = np.array([-1 if place is None else place for place in places])
    absent = here < 0
    value = np.where(absent, np.nan, figures.value[here])
    careful = asked.df == "smaller"
    whole = figures.covariance if careful else figures.estimated
    covariance = np.where(absent[:, None] | absent[None, :], 0.0, whole[np.ix_(here, here)])
    df = np.where(absent, 0, figures.df[here]) if careful else figures.design_df
    variance = covariance if figures.reading == "panel" else covariance.diagonal()
    return trend_over(measured, value, variance, df=df, level=asked.level)


def _rows(
    of: str,
    domain: dict[str, str],
    figures: JointEstimates,
    places: Sequence[int | None],
    trend: Trend,
    measured: Sequence[Measured],
    judged: Mapping[str, Iterator[tuple[float | None, str | None]]],
    asked: Asked,
) -> list[Row]:
    common: Row = {"of": of, "domain": domain}
    waves: list[Row] = []
    changes: list[Row] = []
    for wave, place in zip(measured, places, strict=True):
        n = 0 if place is None else int(figures.n[place])
        waves.append(
            {
                **common,
                "what": "wave",
                "start": None,
                "end": wave.name,
                "n": n,
                "estimate": None if place is None else known(figures.value[place]),
                "se": None if place is None else known(figures.estimated[place, place] ** 0.5),
                "df": None if place is None else int(figures.df[place]),
                "low": None if place is None else known(figures.low[place]),
                "high": None if place is None else known(figures.high[place]),
                "flags": ["no answers"] if place is None else list(figures.flags[place]),
            }
        )
    names = [wave.name for wave in measured]
    for what, found in (("change", trend.changes), ("slope", _slopes(trend))):
        for change in found:
            told = next(judged[what])
            stretch = places[names.index(change.start) : names.index(change.end) + 1]
            turns = _turning(change, figures, stretch, told[0], asked)
            changes.append(common | {"what": what} | _change(change, told, asked) | turns)
    return [_whole(row, figures, asked) for row in (*waves, *changes)]


def _turning(
    change: Change, figures: JointEstimates, stretch: Sequence[int | None], adjusted: float | None, asked: Asked
) -> Row:
    """At which ratio a change can no longer be said, or turns round: in one of its two waves, the other's being 1, or
    moving steadily over the waves of a slope."""
    waves = [place for place in stretch if place is not None]
    if len(waves) < len(stretch) or change.estimate is None or not change.se or change.p is None:
        return NOTHING
    df = figures.design_df if asked.df == "design" else int(figures.df[waves].min())
    t = change.estimate / change.se
    gap = Difference(change.estimate, change.se, df, t, change.p, np.nan, np.nan)
    if len(waves) > 2:
        return turning_slope(figures, waves, gap, adjusted, asked.level)
    return turning(figures, (waves[1], waves[0]), gap, adjusted, asked.level)


def _change(change: Change, judged: tuple[float | None, str | None], asked: Asked) -> Row:
    return {
        "start": change.start,
        "end": change.end,
        "estimate": change.estimate,
        "se": change.se,
        "low": change.low,
        "high": change.high,
        "p": change.p,
        "adjusted": judged[0],
        "adjust": asked.adjust,
        "finding": judged[1],
        "broken": list(change.broken),
    }


def _whole(row: Row, figures: JointEstimates, asked: Asked) -> Row:
    """Every key in every row, so that scripts and files have the same columns throughout."""
    keys = ("of", "domain", "what", "start", "end", "n", "estimate", "se", "df", "low", "high", "p", "adjusted",
            "tipping", "reversal")  # fmt: skip
    rest: Row = {"adjust": None, "finding": None, "broken": [], "flags": []}
    return (
        {key: row.get(key) for key in keys}
        | {key: row.get(key, default) for key, default in rest.items()}
        | {
            "level": asked.level,
            "reading": figures.reading,
        }
    )

"""Differences as rows of a table: domains, items and factors, or waves, against each other or against the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from math import comb, isfinite
from typing import Any

from analysis.comparison.contrasts import Difference
from analysis.comparison.differences import JointEstimates, figures_of, findings
from sipas.errors import N_, SipasError
from sipas.estimating.reading import BROKEN
from sipas.estimating.self_selection import Parts, parts_of_the_whole, turning
from sipas.estimating.survey import Families, Survey
from sipas.estimating.waves import Waves

MOST = 10_000  # comparisons at once
ROOM = 20_000_000  # cells x domains at a time: where every row is a cell, a few domains after the other
Row = dict[str, Any]
Adjusted = Callable[[JointEstimates], JointEstimates]
"""Adjusted figures of the same domains, in the same order (`sipas.estimating.adjusting`)."""


Gap = tuple[JointEstimates, int, int, Difference]


@dataclass(frozen=True)
class Asked:
    """What is asked of a comparison: which figures, at which level, how adjusted, and whose degrees of freedom."""

    of: tuple[str, ...] = ("overall",)
    level: float = 0.95
    adjust: str = "holm"
    df: str = "smaller"


def against_the_whole(survey: Survey, by: Families, asked: Asked, adjusted: Adjusted | None = None) -> list[Row]:
    """Each domain minus everybody, the covariance of part and whole counted; with `adjusted`, its columns beside."""
    survey.require(asked.of)
    domains = survey.domains(by)[1:]
    some = max(1, ROOM // len(survey.cells))
    blocks = [
        block
        for family in _families(domains, apart=adjusted is not None)
        for start in range(0, len(family), some)
        for block in _blocks(survey, asked.of, [{}, *family[start : start + some]])
    ]
    parts = parts_of_the_whole(survey, asked.of, domains)
    order = {of: place for place, of in enumerate(asked.of)}
    blocks.sort(key=lambda block: order[block.of[0]])
    return _rows(blocks, _first_with_each, asked, parts, adjusted)


def each_other(survey: Survey, by: Families, asked: Asked, adjusted: Adjusted | None = None) -> list[Row]:
    """Each pair of domains of the same family; with `adjusted`, its columns beside."""
    survey.require(asked.of)
    families = [[domain for domain in survey.domains([family]) if domain] for family in by]
    _refuse_too_many(len(asked.of) * sum(comb(len(domains), 2) for domains in families))
    blocks = [block for domains in families for block in _blocks(survey, asked.of, domains)]
    return _rows(blocks, _all_pairs, asked, adjusted=adjusted)


def _families(domains: Sequence[dict[str, str]], apart: bool) -> list[list[dict[str, str]]]:
    """The domains by family in their order, or all together."""
    return [list(own) for _, own in groupby(domains, key=tuple)] if apart else [list(domains)]


def between_figures(survey: Survey, by: Families, asked: Asked) -> list[Row]:
    """Each pair of the items and factors that are named, within everybody and within each domain."""
    survey.require(asked.of)
    domains = survey.domains(by)
    _refuse_too_many(len(domains) * comb(len(asked.of), 2))
    blocks = [figures_of(survey.cells, survey.weights, asked.of, [domain]) for domain in domains]
    return _rows(blocks, _all_pairs, asked)


def between_waves(waves: Waves, by: Families, asked: Asked) -> list[Row]:
    """The first of two files minus the second, for everybody and each domain. Refused across a break."""
    changed = waves.measured[0].changed_since(waves.measured[1])
    if changed:
        raise SipasError(
            N_("{one} and {other} did not measure the same thing ({reason}); a difference between them means nothing"),
            one=waves.names[0],
            other=waves.names[1],
            reason=SipasError(BROKEN[changed[0]]),
        )
    domains = waves.domains(by)
    blocks = [waves.figures([of], domains, by, asked.level) for of in asked.of]
    return _rows(blocks, _same_in_both, asked)


def _blocks(survey: Survey, of: Sequence[str], domains: Sequence[dict[str, str]]) -> list[JointEstimates]:
    """One block of figures per item or factor, so that the covariance matrix stays as small as the question."""
    return [figures_of(survey.cells, survey.weights, [name], domains) for name in of]


def _first_with_each(figures: JointEstimates) -> Iterator[tuple[int, int]]:
    return ((one, 0) for one in range(1, len(figures)))


def _all_pairs(figures: JointEstimates) -> Iterator[tuple[int, int]]:
    return combinations(range(len(figures)), 2)


def _same_in_both(figures: JointEstimates) -> Iterator[tuple[int, int]]:
    """The places of a domain in the first wave and in the second."""
    first = figures.waves[0]
    later = {
        (figures.of[place], tuple(figures.domains[place].items())): place
        for place in range(len(figures))
        if figures.waves[place] != first
    }
    for place in range(len(figures)):
        other = later.get((figures.of[place], tuple(figures.domains[place].items())))
        if figures.waves[place] == first and other is not None:
            yield place, other


def _rows(
    blocks: Sequence[JointEstimates],
    pairs: Callable[[JointEstimates], Iterable[tuple[int, int]]],
    asked: Asked,
    parts: Parts | None = None,
    adjusted: Adjusted | None = None,
) -> list[Row]:
    """All blocks judged together: the number of comparisons is that of the whole table.

    `parts` is what a first figure stands for of the second, where it is a part of it.
    """
    parts = parts or {}
    found = _gaps(blocks, pairs, asked)
    rows = [
        _side(block, one, "")
        | _side(block, other, "other_")
        | _gap(gap)
        | {
            "adjusted": p,
            "adjust": asked.adjust,
            "finding": finding,
            **turning(
                block,
                (one, other),
                gap,
                p,
                asked.level,
                parts.get((block.of[one], tuple(block.domains[one].items())), 0.0),
            ),
            "level": asked.level,
            "reading": block.reading,
            "flags": list(dict.fromkeys([*block.flags[one], *block.flags[other]])),
        }
        for (block, one, other, gap), (p, finding) in zip(found, _judged(found, asked), strict=True)
    ]
    return rows if adjusted is None else _with_margins(rows, _gaps(list(map(adjusted, blocks)), pairs, asked), asked)


def _gaps(
    blocks: Sequence[JointEstimates], pairs: Callable[[JointEstimates], Iterable[tuple[int, int]]], asked: Asked
) -> list[Gap]:
    return [
        (block, one, other, block.difference(one, other, level=asked.level, df=asked.df))
        for block in blocks
        for one, other in pairs(block)
    ]


def _judged(found: Sequence[Gap], asked: Asked) -> list[tuple[float | None, str | None]]:
    return findings([gap.p for *_, gap in found], level=asked.level, adjust=asked.adjust)


def _with_margins(rows: Sequence[Row], found: Sequence[Gap], asked: Asked) -> list[Row]:
    """Each row with its adjusted shares and their difference; these lines are judged together, apart from the plain.

    `composition` is the part of the plain difference that goes with what was adjusted for.
    """
    return [
        row
        | {"margin_estimate": known(block.value[one]), "margin_other_estimate": known(block.value[other])}
        | {f"margin_{name}": value for name, value in _gap(gap).items()}
        | {
            "margin_adjusted": p,
            "margin_finding": finding,
            "flags": list(dict.fromkeys([*row["flags"], *block.flags[one], *block.flags[other]])),
            "composition": known(row["difference"] - gap.value) if row["difference"] is not None else None,
        }
        for row, (block, one, other, gap), (p, finding) in zip(rows, found, _judged(found, asked), strict=True)
    ]


def _side(figures: JointEstimates, place: int, prefix: str) -> Row:
    return {
        f"{prefix}domain": dict(figures.domains[place]),
        f"{prefix}of": figures.of[place],
        f"{prefix}wave": figures.waves[place] or None,
        f"{prefix}n": int(figures.n[place]),
        f"{prefix}estimate": known(figures.value[place]),
    }


def _gap(gap: Difference) -> Row:
    return {
        "difference": known(gap.value),
        "se": known(gap.se),
        "df": known(gap.df),
        "low": known(gap.low),
        "high": known(gap.high),
        "t": known(gap.t),
        "p": known(gap.p),
    }


def known(value: float) -> float | None:
    """A number, or None where it does not exist."""
    return float(value) if isfinite(value) else None


def _refuse_too_many(comparisons: int) -> None:
    if comparisons > MOST:
        raise SipasError(
            N_("these are {count} comparisons, and at most {most} are made at once; name fewer with --of or --by"),
            count=comparisons,
            most=MOST,
        )

"""Ranks as rows of a table: each domain's standing against the whole in three words, and where its rank may lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.comparison.differences import JointEstimates, figures_of
from analysis.comparison.ranking import rank_sets, standing
from sipas.errors import N_, SipasError
from sipas.estimating.comparing import known
from sipas.estimating.self_selection import parts_of_the_whole, turning
from sipas.estimating.survey import Survey

Row = dict[str, Any]
UNRANKED = N_("not ranked")


@dataclass(frozen=True)
class Ranking:
    """What is asked of a ranking; draws and seed are of the `stepdown` method."""

    of: tuple[str, ...] = ("overall",)
    level: float = 0.95
    method: str = "holm"
    draws: int = 10_000
    seed: int = 1


def ranked(survey: Survey, family: tuple[str, ...], asked: Ranking) -> list[Row]:
    """Every domain of the family, the highest estimate first; a domain without a test has neither rank nor word."""
    survey.require(asked.of)
    domains = [domain for domain in survey.domains([family]) if domain]
    return [row for of in asked.of for row in _of_figure(survey, of, domains, asked)]


def _of_figure(survey: Survey, of: str, domains: list[dict[str, str]], asked: Ranking) -> list[Row]:
    figures = figures_of(survey.cells, survey.weights, [of], [{}, *domains], level=asked.level)
    gaps = [figures.difference(one, 0, level=asked.level) for one in range(1, len(figures))]
    words, adjusted = standing(
        [gap.value for gap in gaps], [gap.se for gap in gaps], df=[gap.df for gap in gaps], level=asked.level
    )
    ranks, method = _ranks(figures, asked)
    parts = parts_of_the_whole(survey, [of], domains)
    rows = [
        {
            "of": of,
            "domain": domain,
            "n": int(figures.n[one]),
            "estimate": known(figures.value[one]),
            "se": known(figures.se[one]),
            "df": int(figures.df[one]),
            "low": known(figures.low[one]),
            "high": known(figures.high[one]),
            "standing": words[one - 1],
            "difference": known(gaps[one - 1].value),
            "adjusted": known(adjusted[one - 1]),
            **turning(
                figures,
                (one, 0),
                gaps[one - 1],
                known(adjusted[one - 1]),
                asked.level,
                parts[of, tuple(domain.items())],
            ),
            **ranks.get(one, {"rank": None, "rank_low": None, "rank_high": None}),
            "ranked": len(ranks),
            "method": method,
            "level": asked.level,
            "flags": [*figures.flags[one], *([] if one in ranks else [UNRANKED])],
        }
        for one, domain in enumerate(domains, start=1)
    ]
    return sorted(rows, key=lambda row: (row["rank"] is None, row["rank"] or 0, tuple(row["domain"].values())))


def _ranks(figures: JointEstimates, asked: Ranking) -> tuple[dict[int, Row], str]:
    """Rank and its confidence set of each domain that can be ranked, by place; and the method's name."""
    good = [
        one
        for one in range(1, len(figures))
        if np.isfinite(figures.value[one]) and figures.se[one] > 0 and figures.df[one] >= 1
    ]
    if len(good) < 2:
        raise SipasError(
            N_("a ranking of {of} needs two domains with a standard error and a degree of freedom; there are {count}"),
            of=figures.of[0],
            count=len(good),
        )
    sets = rank_sets(
        figures.value[good],
        figures.covariance[np.ix_(good, good)],
        df=figures.df[good],
        level=asked.level,
        method=asked.method,
        draws=asked.draws,
        seed=asked.seed,
    )
    found = {
        one: {"rank": int(sets.rank[k]), "rank_low": int(sets.low[k]), "rank_high": int(sets.high[k])}
        for k, one in enumerate(good)
    }
    return found, sets.method

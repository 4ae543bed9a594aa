"""How well a wave was answered, as rows of a table: domains, items, factors, open points. They lead to no dropping.

Whoever answers all alike may be satisfied with all; a question that many pass over may be badly worded. These rows lead
to questions, never to leaving out answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import analysis
from analysis import coverage, intraclass, item_response, products_in, reliability_of
from analysis.errors import AnalysisError
from analysis.estimands.estimands import straight_lined
from analysis.quality.scale_reliability import Reliability, cluster_size
from analysis.variance.design_counts import count_design
from sipas.errors import N_
from sipas.estimating.comparing import known
from sipas.estimating.survey import DataSource, Families, Survey
from sipas.estimating.ways import FLAGS as WAY_FLAGS
from sipas.estimating.ways import compared

Row = dict[str, Any]
LEAST = 5  # answered items from which a form of one level counts as straight
FORM = "form"
FLAGS = {
    "eager": N_("many answers for its dossiers: were visitors urged?"),
    "faint": N_("few answers for its dossiers"),
    "no answers": N_("no answers"),
    "no dossiers": N_("no dossiers in the frame"),
    "improper": N_("omega at its bound, read with care"),
    "not together": N_("its items were not answered together"),
    **WAY_FLAGS,
}
KEYS = (
    "what", "domain", "of", "forms", "dossiers", "rate", "times", "straight", "answered", "not_applicable", "missing",
    "nonresponse", "item_rest", "alpha_without", "deff", "icc", "alpha", "omega", "rule",
    "open", "screen", "difference", "low", "high", "p", "adjusted",
)  # fmt: skip


def quality(
    survey: Survey,
    by: Families,
    dossiers: Mapping[str, Mapping[str, int]],
    complete: bool,
    kinds: Mapping[str, str] | None = None,
) -> list[Row]:
    """Rows for everybody and each domain, for each item, for each factor, and for each unit with open points.

    `dossiers` by family (its columns joined with commas) and domain (its labels joined with " + "); an empty mapping
    where no frame is known. `kinds` says how answers come at each point (`ways.kinds_of`).
    """
    cells = survey.cells
    forms = _forms(cells)
    found = {factor: _reliability(cells, forms, factor, complete) for factor in measured(cells.codebook)}
    rows = [
        *_domains(survey, by, dossiers, forms),
        *_items(survey, forms, found),
        *_factors(found, complete),
        *compared(survey, kinds or {}),
    ]
    return [
        {key: row.get(key) for key in KEYS} | {"domain": row.get("domain", {}), "flags": row.get("flags", [])}
        for row in rows
    ]


def inside(cells: analysis.Cells, domain: Mapping[str, str]) -> NDArray[np.bool_]:
    """The cells of a domain."""
    chosen = np.ones(len(cells), dtype=bool)
    for column, label in domain.items():
        codes = [code for code in range(len(cells.labels[column])) if cells.label(column, code) == label]
        chosen &= np.isin(cells.code(column), codes)
    return chosen


def _forms(cells: analysis.Cells) -> list[NDArray[np.bool_]]:
    """The cells of each form of the questionnaire, where the data say which was used."""
    if FORM not in cells.codes:
        return [np.ones(len(cells), dtype=bool)]
    return [cells.code(FORM) == code for code in np.unique(cells.code(FORM))]


def _response(
    cells: analysis.Cells, forms: list[NDArray[np.bool_]], where: NDArray[np.bool_]
) -> dict[str, tuple[int, int, int]]:
    """Answered, not applicable and missing per item; a form on which nobody answered an item does not ask it."""
    found = dict.fromkeys(cells.codebook.item_codes, (0, 0, 0))
    for form in forms:
        asked = {each.item for each in item_response(cells, form) if each.answered or each.not_applicable}
        for each in item_response(cells, form & where):
            if each.item in asked:
                counts = (each.answered, each.not_applicable, each.missing)
                found[each.item] = tuple(a + b for a, b in zip(found[each.item], counts, strict=True))  # type: ignore
    return found


def _share(part: int, of: int) -> float | None:
    return part / of if of else None


def _domains(
    survey: Survey, by: Families, dossiers: Mapping[str, Mapping[str, int]], forms: list[NDArray[np.bool_]]
) -> list[Row]:
    cells = survey.cells
    straight = straight_lined(cells, LEAST)
    rows: list[Row] = []
    for domain in survey.domains(by):
        where = inside(cells, domain)
        answers = _response(cells, forms, where).values()
        answered, missing = sum(each[0] for each in answers), sum(each[2] for each in answers)
        enough, alike = int(straight.x[where].sum()), int(straight.y[where].sum())
        rows.append(
            {
                "what": "domain",
                "domain": domain,
                "forms": int(cells.rows[where].sum()),
                "straight": _share(alike, enough),
                "missing": missing,
                "answered": answered,
                "nonresponse": _share(missing, answered + missing),
            }
        )
    for family in by:
        known_here = dossiers.get(",".join(family))
        if known_here is not None:
            total = sum(known_here.values())
            rows[0] |= {"dossiers": total, "rate": _share(rows[0]["forms"], total)}
            rows = _covered(rows, tuple(family), known_here)
    return rows


def _covered(rows: list[Row], family: tuple[str, ...], dossiers: Mapping[str, int]) -> list[Row]:
    """The rows of a family with their dossiers; units that nobody answered for are rows of their own."""
    here = {" + ".join(row["domain"].values()): row for row in rows if tuple(row["domain"]) == family}
    found = coverage({name: row["forms"] for name, row in here.items()}, dossiers)
    for each in found:
        row = here.get(each.name)
        if row is None:
            labels = dict(zip(family, each.name.split(" + "), strict=True))
            row = {"what": "domain", "domain": labels, "forms": 0}
            rows = [*rows, row]
        row |= {"dossiers": int(each.dossiers), "rate": each.rate, "times": each.times}
        row["flags"] = [each.flag] if each.flag else []
    return rows


def _items(survey: Survey, forms: list[NDArray[np.bool_]], reliability: Mapping[str, Reliability | None]) -> list[Row]:
    cells = survey.cells
    table = analysis.estimate(cells, survey.weights, by=[])
    psu, final = count_design(cells).psu, survey.weights.final
    with np.errstate(invalid="ignore", divide="ignore"):
        clustering = table.deff_wr[0] / table.kish[0]  # what the weights do is taken out
    relations = {
        item: (rest, without)
        for found in reliability.values()
        if found is not None
        for item, rest, without in zip(found.items, found.item_rest, found.alpha_without, strict=True)
    }
    rows = []
    for item, (answered, not_applicable, missing) in _response(cells, forms, np.ones(len(cells), bool)).items():
        row = table.row(item)
        rest, without = relations.get(item, (None, None))
        size = 1.0 if not cells.design.psus and not cells.elements else cluster_size(psu, final, cells.answered(item))
        icc = float(intraclass(clustering[table.of.index(item)], size, 1))
        rows.append(
            {
                "what": "item",
                "of": item,
                "answered": answered,
                "not_applicable": not_applicable,
                "missing": missing,
                "nonresponse": _share(missing, answered + missing),
                "item_rest": rest,
                "alpha_without": without,
                "deff": row["deff"],
                "icc": known(icc),
            }
        )
    return rows


def _factors(reliability: Mapping[str, Reliability | None], complete: bool) -> list[Row]:
    rows = []
    for factor, found in reliability.items():
        rows.append(
            {
                "what": "factor",
                "of": factor,
                "alpha": None if found is None else found.alpha,
                "omega": None if found is None else found.omega,
                "rule": "complete" if complete else "pairwise",
                "flags": ["not together"] if found is None else list(found.flags),
            }
        )
    return rows


def measured(codebook: analysis.Codebook) -> list[str]:
    """The factors of which reliability can be told: those of two items or more; without factors, all items together."""
    sets = codebook.factor_items or {"overall": codebook.overall_items}
    return [name for name, items in sets.items() if len(items) > 1]


def form_column(source: DataSource) -> list[str]:
    """The column that says which form was used, where a snapshot has it: a short form does not ask all items."""
    if source.design is not None:
        return []
    import pyarrow.parquet as pq

    files = [part.path for part in source.parts] or [source.path]
    return [FORM] if all(FORM in pq.read_schema(file).names for file in files) else []


def _reliability(
    cells: analysis.Cells, forms: list[NDArray[np.bool_]], factor: str, complete: bool
) -> Reliability | None:
    """Of one factor, on the form that asks most of its items; None where they do not vary or have nobody in common.

    Items of different forms are never answered together, so a correlation between them does not exist.
    """
    asked = [[each.item for each in item_response(cells, form) if each.answered] for form in forms]
    members = [[item for item in cells.codebook.factor_items.get(factor, ()) if item in items] for items in asked]
    if cells.codebook.factor_items:
        fullest = max(range(len(forms)), key=lambda place: len(members[place]))
    else:
        members, fullest = asked, 0
    try:
        products = products_in(cells, factor, complete=complete, where=forms[fullest])
        return reliability_of(products.of(members[fullest]))
    except AnalysisError:
        return None

"""Answers any folder of reference cases with the public functions of `analysis`.

    python -m tests.reference.answer DATA_DIR EXPECTED_DIR OUT.json

DATA_DIR holds the CSV files, EXPECTED_DIR the JSON descriptions, of which only designs and questions are read, never
the expected figures. OUT.json is judged by compare.py.
"""

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.comparison.contrasts import EstimateVector, across, answered_all, together
from analysis.comparison.hypothesis_tests import equal_means, rao_scott
from analysis.comparison.regression import linear_trend, logistic_trend
from analysis.data.codebook import Codebook, CodebookItem
from analysis.data.design import Design
from analysis.data.replicate_weights import ReplicateWeights
from analysis.estimands.estimands import Estimands, categories, combined, numeric, person_means, pooled, select
from analysis.estimands.scoring import scoring_named
from analysis.estimation.estimate import Estimates, figures
from analysis.estimation.intervals import OWN_FORMULAS, R_FORMULAS, limits, mean_t
from analysis.tabulation.cells import Cells
from analysis.tabulation.tabulate import tabulate
from analysis.variance.design_counts import count_design
from analysis.variance.jackknife import jackknife_variance
from analysis.variance.supplied_replicates import design_df
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.calibration import calibrate, poststratify, rake
from analysis.weighting.weights import Weights, design_weights
from tests.reference.r_likelihood import likelihood_as_r

LONELY = {"fail": "fail", "remove": "remove", "certainty": "remove", "adjust": "centre", "average": "average"}
DERIVED = {
    "ell0": lambda row: None if row["ell"] == "" else float(row["ell"]) == 0,
    "sw": lambda row: None if row["sch.wide"] == "" else row["sch.wide"] == "Yes",
    "ci": lambda row: None if row["comp.imp"] == "" else row["comp.imp"] == "Yes",
    "hi": lambda row: None if row["api00"] == "" else float(row["api00"]) > 700,
}
Question = Mapping[str, Any]


def main(arguments: list[str]) -> int:
    """Answer every case that has designs; anything that cannot be answered is said and left out."""
    data, expected, out = (Path(argument) for argument in arguments)
    answers: dict[str, dict[str, Any]] = {}
    for path in sorted(expected.glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if "designs" in case:
            answers[case["case"]] = Case(case, data, expected).answers()
    out.write_text(json.dumps(answers, allow_nan=False), encoding="utf-8")
    return 0


class Case:
    """One data set with its designs and questions."""

    def __init__(self, case: Mapping[str, Any], data: Path, expected: Path) -> None:
        self.case = case
        with (data / case["data"]).open(encoding="utf-8-sig", newline="") as file:
            self.rows = list(csv.DictReader(file))
        self.expected = expected
        self.factors = {name: tuple(items) for name, items in case.get("factors", {}).items()}
        for name, rule in DERIVED.items():
            if name in case.get("derived", {}):
                for row in self.rows:
                    value = rule(row)
                    row[name] = "" if value is None else str(1 + value)
        header = list(self.rows[0])
        self.items = tuple(
            [CodebookItem(name) for name in header if name[0] == "q" and name[1:].isdigit()]
            + [CodebookItem(name, levels=2, satisfied=(2,)) for name in header if name in DERIVED]
        )
        self.replicates = [name for name in header if name.startswith("brr")]
        self.known: dict[Any, tuple[Cells, Weights]] = {}

    def answers(self) -> dict[str, Any]:
        """Every answer of the case, by the id of its question."""
        found = {}
        for question in self.case["estimates"]:
            try:
                found[question["id"]] = plain(self.answer(question))
            except Exception as problem:
                print(f"{self.case['case']} {question['id']}: {type(problem).__name__}: {problem}", file=sys.stderr)
        return found

    def answer(self, question: Question) -> dict[str, Any]:
        """One answer."""
        cells, weights = self.prepared(question)
        kind = question["kind"]
        if kind in ("prop", "mean", "total", "ratio"):
            if question.get("variance") == "jkn":
                return self.jackknifed(question, cells, weights)
            return self.estimate(question, cells, weights)
        measures = None if kind in ("joint", "multinomial") else self.measures(question, cells)
        measures = measures if measures is None else chosen(cells, measures, question.get("domain"))
        if kind == "by":
            return many(across(cells, weights, measures, question["by"]), question)
        if kind == "joint":
            return many(self.joint(question, cells, weights), question)
        if kind == "multinomial":
            return many(together(cells, weights, categories(cells, question["y"], question.get("levels"))), question)
        if kind == "trend_contrast":
            waves = across(cells, weights, measures, question["by"])
            contrast = waves.contrast(question["coefficients"], df=count_design(cells).df)
            return {"est": contrast.value, "se": contrast.se, "df": contrast.df, "t": contrast.t, "p": contrast.p}
        if kind == "raoscott":
            return test(rao_scott(cells, weights, measures, question["by"]))
        if kind == "wald_equal_means":
            return test(equal_means(cells, weights, measures, question["by"]))
        if kind == "trend_linear_regression":
            line = linear_trend(cells, weights, measures, question["x"])
            return {
                "est": line.slope,
                "se": line.se[1],
                "intercept": line.intercept,
                "intercept_se": line.se[0],
                "df_resid": line.df,
            }
        if kind == "trend_logistic":
            line = logistic_trend(cells, weights, measures, question["x"])
            return {"coef": [line.intercept, line.slope], "se": list(line.se), "df_resid": line.df}
        raise ValueError(f"unknown kind {kind}")

    def prepared(self, question: Question) -> tuple[Cells, Weights]:
        """Cells and weights for a question's design; rows are cells, as nearly every row has a weight of its own."""
        supplied = question.get("variance") if str(question.get("variance")).startswith("brr") else None
        key = (question["design"], bool(question.get("rows")), supplied)
        if key not in self.known:
            design = self.case["designs"][question["design"]]
            if supplied:
                given = {"columns": self.replicates, "type": "BRR", "mse": supplied == "brr_mse"}
                design = {**design, "ids": None, "strata": None, "replicates": given}
            self.known[key] = self.prepare(design, question)
        cells, weights = self.known[key]
        lonely = LONELY[question.get("lonely_psu") or "fail"]
        if (cells.design.lonely, cells.design.lonely_in_domain) == (lonely, bool(question.get("adjust_domain_lonely"))):
            return cells, weights
        cells = cells.with_lonely(lonely, bool(question.get("adjust_domain_lonely")))
        return cells, Weights(cells, weights.base, weights.final, weights.calibration)

    def prepare(self, design: Mapping[str, Any], question: Question) -> tuple[Cells, Weights]:
        rows = self.rows
        weight = design["weights"]
        if weight is not None and " from " in weight:
            column, name = weight.split(" from ")
            with (self.expected / name).open(encoding="utf-8-sig", newline="") as file:
                extra = {row["id"].strip(): row[column].strip() for row in csv.DictReader(file)}
            rows = [{**row, weight: extra[row["id"].strip()]} for row in rows]
        if question.get("rows"):
            first = next(row["psu"] for row in rows if row["stratum"] == "3")
            rows = [row for row in rows if row["stratum"] != "3" or row["psu"] == first]
        ids = design["ids"]
        fpc = tuple(count if isinstance(count, str) else float(count) for count in design["fpc"] or ())
        stages = [] if ids is None else [tuple(stage) for stage in ids]
        sampling = Design(
            strata=tuple(design["strata"] or ()),
            psus=stages[0] if stages else (),
            weights=weight,
            fpc=fpc,
            ssus=stages[1] if len(stages) > 1 and len(fpc) == 2 else (),
            replicates=supplied_weights(design.get("replicates")),
        )
        calibration = design.get("calibration") or {}
        margins, numbers = totals_of(calibration)
        keep = {column for name in margins for column in name}
        questions = self.case["estimates"]
        domains = sorted({tuple(sorted(q["domain"])) for q in questions if q.get("domain")})
        keep |= {q["by"] for q in questions if q.get("by")} | {
            q["x"] for q in questions if q["kind"].startswith("trend_l")
        }
        keep |= {q["y"] for q in questions if q["kind"] == "multinomial"}
        values = {
            name
            for q in questions
            if q["kind"] in ("mean", "total", "ratio", "by", "prop", "joint")
            for y in (q["y"] if isinstance(q["y"], list) else [q["y"], q.get("x")])
            for name in [y]
            if name in rows[0] and name not in {item.code for item in self.items}
        }
        table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
        cells = tabulate(
            table,
            domains,
            design=sampling,
            keep=sorted(keep),
            values=sorted(values | set(numbers)),
            elements="replicates" not in design,
            person_means=bool(self.factors),
            codebook=Codebook(
                items=self.items or (CodebookItem("none"),),
                factors=tuple((name, "") for name in self.factors),
                groups=tuple(self.factors.items()) or None,
            ),
        )
        return cells, calibrated(design_weights(cells), calibration, margins, numbers)

    def measures(self, question: Question, cells: Cells, name: str | None = None) -> Estimands:
        """What a variable's name in the reference means (see the reference's README)."""
        name = question["y"] if name is None else name
        over = question.get("x") if question["kind"] == "ratio" else None
        if over is not None and name.startswith("fn_") and over == "fd_" + name[3:]:
            return pooled(cells, [name[3:]])
        if over is not None:
            return numeric(cells, name, over=over)
        items = {item.code for item in self.items}
        if name[:2] == "t_" and name[2:] in items:
            return pooled(cells, [name[2:]])
        if name[:2] == "s_" and name[2:] in items:
            return pooled(cells, [name[2:]], scoring_named("govuk-100"))
        if name in items:
            return pooled(cells, [name], scoring_named("mean-level")) if name not in DERIVED else pooled(cells, [name])
        if name[:3] == "fm_":
            return person_means(cells, [name[3:]])
        if name[:3] in ("fn_", "fd_"):
            answers = pooled(cells, [name[3:]])
            counts = answers.y if name[:3] == "fn_" else answers.x
            every = cells.rows[:, None].astype(float)
            return Estimands((name,), ("item",), counts, every, every, counts**2, share=False)
        return numeric(cells, name)

    def estimate(self, question: Question, cells: Cells, weights: Weights) -> dict[str, Any]:
        measures = self.measures(question, cells)
        if question["kind"] == "total":
            measures = measures.as_total()
        level = question.get("level") or 0.95
        domain = {column: str(value) for column, value in (question.get("domain") or {}).items()}
        family = tuple(sorted(domain))
        table = figures(cells, weights, measures, by=[family] if family else [], level=level, interval="mean")
        place = next(
            (
                d
                for d, (columns, labels) in enumerate(table.domains)
                if dict(zip(columns, labels, strict=True)) == domain
            ),
            None,
        )
        if place is None:
            return {"n": 0}
        kept = weights.calibration is not None and cells.design.replicates is None
        rows = cells.size if kept else int(table.rows[place, 0])
        full = design_df(WeightedSample(cells, weights))
        found = {
            "est": table.value[place, 0],
            "se": table.se[place, 0],
            "n": table.rows[place, 0],
            "df": table.df[place, 0],
            "df_full": full,
        }
        if question["kind"] in ("prop", "mean"):
            found |= {"deff": table.deff[place, 0], "deff_wr": table.deff_wr[place, 0]}
        return found | intervals(question["kind"], table, place, level, rows, full)

    def jackknifed(self, question: Question, cells: Cells, weights: Weights) -> dict[str, Any]:
        measures = self.measures(question, cells)
        if question["kind"] == "total":
            measures = measures.as_total()
        domain = {column: str(value) for column, value in (question.get("domain") or {}).items()}
        family = [tuple(sorted(domain))] if domain else []
        table = figures(cells, weights, measures, by=family, interval="mean")
        runs, v = jackknife_variance(cells, weights, measures, family)[-1]
        df = count_design(cells).df
        place = runs.labels.index(tuple(domain[column] for column in runs.columns))
        value = table.value[len(table.domains) - len(runs) + place, 0]
        return {"est": value, "se": float(np.sqrt(v[place, 0])), **({} if domain else {"df": df})}

    def joint(self, question: Question, cells: Cells, weights: Weights) -> EstimateVector:
        """Means over the rows that answered all of the items."""
        parts = [self.measures(question, cells, name) for name in question["y"]]
        every = answered_all(cells, [name.split("_", 1)[1] for name in question["y"]])
        return together(cells, weights, select(combined(parts), every))


def supplied_weights(given: Mapping[str, Any] | None) -> ReplicateWeights | None:
    """Replicate weights as a reference describes them."""
    if given is None:
        return None
    rest = {key: value for key, value in given.items() if key not in ("columns", "type")}
    return ReplicateWeights(tuple(given["columns"]), given["type"], **rest)


def chosen(cells: Cells, measures: Estimands, domain: Mapping[str, Any] | None) -> Estimands:
    """The measures within a domain."""
    inside = np.ones(len(cells), dtype=bool)
    for column, value in (domain or {}).items():
        codes = cells.code(column)
        wanted = [c for c in range(len(cells.labels[column])) if cells.label(column, c) == str(value)]
        inside &= np.isin(codes, wanted)
    return select(measures, inside)


def totals_of(calibration: Mapping[str, Any]) -> tuple[dict[tuple[str, ...], dict], dict[str, float]]:
    """Margins {columns: {labels: total}} and numeric totals of a calibration."""
    if not calibration:
        return {}, {}
    if calibration["method"] == "poststratify":
        by = tuple(calibration["by"])
        return {by: {tuple(str(cell[column]) for column in by): cell["Freq"] for cell in calibration["cells"]}}, {}
    totals = calibration.get("totals", {})
    margins = calibration.get("margins") or totals.get("categorical") or {}
    return (
        {(column,): {(label,): n for label, n in levels.items()} for column, levels in margins.items()},
        dict(totals.get("numeric") or {}),
    )


def calibrated(
    weights: Weights, calibration: Mapping[str, Any], margins: Mapping, numbers: Mapping[str, float]
) -> Weights:
    """The calibration that a design asks for."""
    method = calibration.get("method")
    if method is None:
        return weights
    if method == "poststratify":
        ((by, totals),) = margins.items()
        return poststratify(weights, by, totals)
    if method == "rake_ipf":
        return rake(weights, margins, variance="sweeps")
    bounds = calibration.get("bounds")
    return calibrate(
        weights,
        margins,
        numbers,
        total=calibration.get("totals", {}).get("N"),
        method=method,
        bounds=None if bounds is None else tuple(bounds),
    )


def intervals(kind: str, table: Estimates, place: int, level: float, rows: int, full: int) -> dict[str, Any]:
    """Every interval that the reference knows."""
    p, v, n, df = (values[[place], [0]] for values in (table.value, table.variance, table.n, table.df))
    q = (1 + level) / 2
    if kind == "prop":

        def pair(method: str) -> list[float]:
            low, high = limits(method, p, v, n.astype(float), df, q, np.array([float(rows)]), full)
            return [float(low[0]), float(high[0])]

        as_r = likelihood_as_r(float(p[0]), float(v[0]), int(n[0]), rows, float(df[0]), level)
        return {
            "ci": {method: pair(method) for method in R_FORMULAS} | {"likelihood": list(as_r)},
            "ci_ext": {method: pair(method) for method in OWN_FORMULAS},
        }
    found = {"t": mean_t(p, v, df, q)}
    if kind == "mean":
        found["t_dffull"] = mean_t(p, v, np.array([full]), q)
    return {"ci": {name: [float(low[0]), float(high[0])] for name, (low, high) in found.items()}}


def many(joint: EstimateVector, question: Question) -> dict[str, Any]:
    """Several estimates with their covariance and the differences asked for."""
    found: dict[str, Any] = {"est": joint.value, "se": joint.se, "vcov": joint.covariance, "df": joint.df}
    levels = [name.rsplit("=", 1)[-1] for name in joint.names]
    if question.get("levels") and levels != question["levels"] and question["kind"] == "by":
        raise ValueError(f"levels {levels} where {question['levels']} were expected")
    found["differences"] = []
    for pair in question.get("differences", []):
        one, other = levels.index(pair["a"]), levels.index(pair["b"])
        gap = joint.difference(one, other, question.get("level") or 0.95)
        found["differences"].append(
            {
                "a": pair["a"],
                "b": pair["b"],
                "est": gap.value,
                "se": gap.se,
                "cov": joint.covariance[one, other],
                "df": gap.df,
                "t": gap.t,
                "p": gap.p,
                "ci": [gap.low, gap.high],
            }
        )
    return found


def test(result: Any) -> dict[str, Any]:
    """An F test."""
    return {"F": result.f, "ndf": result.ndf, "ddf": result.ddf, "p": result.p}


def plain(value: Any) -> Any:
    """Numbers and lists as JSON knows them; what does not exist is null."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(part) for part in value]
    if isinstance(value, np.integer | int):
        return int(value)
    number = float(value) if isinstance(value, float | np.floating) else value
    return None if isinstance(number, float) and not np.isfinite(number) else number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

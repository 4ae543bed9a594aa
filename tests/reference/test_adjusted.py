"""Adjusted comparisons have the digits of R: `own/make_adjusted.R` (R survey 4.1.1) made `own/adjusted.json`."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, Design, adjusted_shares, calibrate, design_weights, poststratify, rake, tabulate
from analysis.comparison.logistic_regression import logistic_regression, predictor
from analysis.estimands.estimands import pooled

OWN = Path(__file__).parent / "own"
MODELS = json.loads((OWN / "adjusted.json").read_text("utf-8"))["models"]
FPC = {"one_stage": ("M_h",), "raking": ("M_h",), "two": ("M_h", "N_j")}
LONELY = {"fail": "fail", "remove": "remove", "adjust": "centre", "average": "average"}


def sample(model):
    """The cells and weights of one of the designs of `make_adjusted.R`."""
    lonely = model["design"] == "lonely"
    with (OWN / f"{'lonely' if lonely else 'clusters'}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if lonely:
        rows = [row for row in rows if row["field"] != "rare"]
        rows = [row | {"half": ("odd", "even")[place % 2]} for place, row in enumerate(rows)]
    items = [name for name in rows[0] if name[0] == "q"]
    codebook = Codebook.plain({"A": items[:1], "B": items[1:]})
    design = Design(
        strata="stratum", psus="psu", weights="w", fpc=FPC.get(model["design"], ()), lonely=LONELY[model["lonely"]]
    )
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    margins = [] if lonely else ["sex", "age"]
    cells = tabulate(table, codebook=codebook, design=design, keep=[*margins, model["group"], *model["adjust"]])
    weights = design_weights(cells)
    total = weights.total
    sex = {"F": 0.52 * total, "M": 0.48 * total}
    age = {"18-34": 0.3 * total, "35-54": 0.45 * total, "55+": 0.25 * total}
    crossed = {(one, other): sex[one] * age[other] / total for one in sex for other in age}
    weigh = {
        "post": lambda: poststratify(weights, ("sex", "age"), crossed),
        "raked": lambda: rake(weights, {"sex": sex, "age": age}, variance="sweeps"),
        "raking": lambda: calibrate(weights, {"sex": sex, "age": age}, method="raking"),
    }
    return cells, weigh.get(model["design"], lambda: weights)()


BOTH = pytest.mark.parametrize("model", MODELS, ids=[model["id"] for model in MODELS])


def exact(wanted, share=1e-9):
    """R iterates raked weights to 1e-10 of a total, and its information is that of the iteration before the last."""
    return pytest.approx(np.array(wanted), rel=share, abs=1e-11)


@BOTH
def test_coefficients_and_their_covariance_are_those_of_svyglm(model):
    cells, weights = sample(model)
    predictors = [predictor(cells, [column]) for column in (model["group"], *model["adjust"])]
    found = logistic_regression(cells, weights, pooled(cells, [model["of"]]), predictors)
    assert [term.replace("=", "") for term in found.terms[1:]] == model["terms"][1:]
    assert found.coefficients == exact(model["coef"], 1e-8)
    assert found.se == exact(model["se"], 1e-8)
    assert found.covariance / np.outer(found.se, found.se) == pytest.approx(
        np.array(model["vcov"]) / np.outer(model["se"], model["se"]), abs=1e-7
    )
    assert found.df == model["df_resid"]


@BOTH
def test_predictive_margins_and_their_covariance_are_those_of_r(model):
    cells, weights = sample(model)
    shares = adjusted_shares(cells, weights, pooled(cells, [model["of"]]), [model["group"]], model["adjust"])
    assert [labels for (labels,) in shares.group.labels] == model["groups"]
    assert not shares.of.left_out
    found = shares.margins(shares.group.labels)
    assert found.value[:-1] == exact(model["margin"], 1e-9)
    assert found.se[:-1] == exact(model["full_se"], 1e-8)
    assert found.covariance[:-1, :-1] == exact(model["full_vcov"], 1e-7)


@pytest.mark.parametrize("model", [each for each in MODELS if "predmeans" in each], ids=lambda each: each["id"])
def test_the_two_parts_of_the_variance_are_those_of_svypredmeans(model):
    """R adds the variance of the population's part and that of the coefficients, and leaves out their covariance."""
    cells, weights = sample(model)
    shares = adjusted_shares(cells, weights, pooled(cells, [model["of"]]), [model["group"]], model["adjust"])
    parts = shares.influences(range(len(shares.group.labels)))
    variance = sum(shares.model.sample.covariance(part).diagonal() for part in parts)
    assert shares.margins(shares.group.labels).value[:-1] == exact(model["predmeans"], 1e-9)
    assert np.sqrt(variance) == exact(model["predmeans_se"], 1e-8)


def test_every_kind_of_design_is_among_them():
    assert {each["design"] for each in MODELS} == {"wr", "one_stage", "two", "post", "raked", "raking", "lonely"}
    assert {each["lonely"] for each in MODELS} == {"fail", "remove", "adjust", "average"}
    assert {each["of"] for each in MODELS} == {"q01", "q02", "B"}
    assert sum("predmeans" in each for each in MODELS) == 12

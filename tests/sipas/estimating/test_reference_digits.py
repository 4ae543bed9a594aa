"""The whole command against R's `survey` 4.5, where its reference values lie beside the clone (or SIPAS_REFERENCE).

A DESIGN.yaml is written for each design of each case; shares of items (`t_q01`) and pooled factors (`fn_A / fd_A`) of
all domains are then compared in estimate, standard error, degrees of freedom, n, design effect and limits.
"""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from sipas.cli import group

BESIDE = Path(__file__).parents[4] / "shared" / "reference"
REFERENCE = Path(os.environ.get("SIPAS_REFERENCE", BESIDE))
LONELY = {"adjust": "centre", "certainty": "remove"}
YES_NO = {"sw": "sch.wide", "ci": "comp.imp"}


def _cases():
    for path in sorted([*REFERENCE.glob("expected/*.json"), *REFERENCE.glob("api/*.json")]):
        case = json.loads(path.read_text("utf-8"))
        folder = REFERENCE / ("data" if path.parent.name == "expected" else "api")
        for name, design in case.get("designs", {}).items():
            method = (design["calibration"] or {}).get("method")
            margins_only = "totals" not in (design["calibration"] or {})
            if method in (None, "poststratify", "raking") and margins_only and " from " not in design["weights"]:
                yield pytest.param(case, design, name, folder / case["data"], id=f"{path.stem}-{name}")


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference values beside the clone; see SIPAS_REFERENCE")
@pytest.mark.parametrize(("case", "design", "name", "data"), list(_cases()))
def test_command_gives_the_digits_of_r(case, design, name, data, tmp_path):
    of_design = [estimate for estimate in case["estimates"] if estimate["design"] == name]
    wanted = [each for each in map(_figure, _each_level(of_design)) if each]
    if data.parent.name == "api":
        scale = {"items": ["sch.wide", "comp.imp"], "levels": ["No", "Yes"], "satisfied": ["Yes"]}
    else:
        columns = [column for column in data.read_text("utf-8").splitlines()[0].split(",") if column.startswith("q")]
        factors = case.get("factors") or {"all": columns}
        rest = [item for item in columns if not any(item in members for members in factors.values())]
        scale = {"items": {**factors, **({"rest": rest} if rest else {})}, "satisfied": 4}
    assert wanted
    for lonely, level in sorted({(each["lonely"], each["level"]) for each in wanted}):
        chosen = [each for each in wanted if (each["lonely"], each["level"]) == (lonely, level)]
        families = sorted({each["family"] for each in chosen if each["family"]})
        found = _run(tmp_path, data, {**scale, **_design(design), "lonely": lonely}, families, level)
        for each in chosen:
            _compare(found[each["of"], each["domain"]], each)


def _each_level(estimates):
    """Tables by one variable, taken apart into a figure for each of its levels."""
    for estimate in estimates:
        if estimate["kind"] != "by":
            yield estimate
            continue
        for level, est, se in zip(estimate["levels"], estimate["est"], estimate["se"], strict=True):
            domain = {**(estimate.get("domain") or {}), estimate["by"]: level}
            kept = {key: estimate[key] for key in ("y", "design", "lonely_psu", "variance") if key in estimate}
            yield {**kept, "kind": "prop", "est": est, "se": se, "domain": domain}


def _figure(estimate):
    """A reference estimate as the command would name it; None for what the command does not give."""
    y, kind = estimate.get("y") or "", estimate["kind"]
    if estimate.get("variance", "taylor") != "taylor" or "rows" in estimate or estimate.get("adjust_domain_lonely"):
        return None
    if kind == "ratio" and y.startswith("fn_") and estimate["x"] == "fd_" + y[3:]:
        of = y[3:]
    elif kind in ("prop", "mean") and y.startswith("t_q"):
        of = y[2:]
    elif kind in ("prop", "mean") and y in YES_NO:
        of = YES_NO[y]
    else:
        return None
    domain = {column: str(value) for column, value in (estimate.get("domain") or {}).items()}
    lonely = estimate.get("lonely_psu") or "fail"
    return {
        **estimate,
        "of": of,
        "family": ",".join(sorted(domain)),
        "domain": frozenset(domain.items()),
        "lonely": LONELY.get(lonely, lonely),
        "level": estimate.get("level", 0.95),
    }


def _design(design):
    written = {"weights": design["weights"]}
    if design["strata"]:
        written["strata"] = design["strata"]
    if design["ids"]:
        written["psu"] = design["ids"][0]
    if design["fpc"]:
        written["fpc"] = design["fpc"]
    calibration = design["calibration"]
    if calibration and calibration["method"] == "poststratify":
        written["poststratify"] = {"by": calibration["by"], "cells": calibration["cells"]}
    elif calibration:
        written["rake"] = calibration["margins"]
    return written


def _run(folder, data, design, families, level):
    with (folder / "design.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(design, file)
    arguments = ["estimate", str(data), "--design", str(folder / "design.yaml"), "--json", "--interval", "wilson_neff"]
    arguments += ["--level", str(level)]
    for family in families:
        arguments += ["--by", family]
    result = CliRunner().invoke(group, arguments)
    if result.exception:
        raise result.exception
    return {(row["of"], frozenset(row["domain"].items())): row for row in json.loads(result.stdout)}


def _compare(row, wanted):
    for key, reference, tolerance in (("estimate", "est", 1e-9), ("se", "se", 1e-7), ("deff", "deff", 1e-6)):
        if wanted.get(reference) is not None and (key != "deff" or wanted["kind"] != "ratio"):
            assert row[key] == pytest.approx(wanted[reference], abs=tolerance * max(1e-3, abs(wanted[reference]))), key
    for key in {"df", "n"} & set(wanted):
        if key == "n" and wanted["kind"] == "ratio":  # R counts all rows of the domain, we the people with an answer
            assert row[key] <= wanted[key]
        else:
            assert row[key] == wanted[key], key
    limits = (wanted.get("ci_ext") or {}).get("wilson_neff")
    if limits:
        assert [row["low"], row["high"]] == pytest.approx(limits, rel=1e-6, abs=1e-9)

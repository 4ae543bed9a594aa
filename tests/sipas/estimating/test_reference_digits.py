"""The whole command against R's `survey`: 4.5 where its values lie beside the clone (or SIPAS_REFERENCE), and our own.

A DESIGN.yaml is written for each design of each case; shares of items (`t_q01`) and pooled factors (`fn_A / fd_A`) of
all domains are then compared in estimate, standard error, degrees of freedom, n, design effect and limits. So are
replicate weights (those of the file, and a jackknife's that are written into it) and single PSUs within domains.
"""

import csv
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from sipas.cli import group

BESIDE = Path(__file__).parents[4] / "shared" / "reference"
REFERENCE = Path(os.environ.get("SIPAS_REFERENCE", BESIDE))
OWN = Path(__file__).parents[2] / "reference" / "own"
OURS = ("halves", "lonely", "replicates")  # what R 4.5's cases lack
LONELY = {"adjust": "centre", "certainty": "remove"}
YES_NO = {"sw": "sch.wide", "ci": "comp.imp"}


def _cases():
    own = [OWN / f"{name}.json" for name in OURS]
    for path in [*sorted([*REFERENCE.glob("expected/*.json"), *REFERENCE.glob("api/*.json")]), *own]:
        case = json.loads(path.read_text("utf-8"))
        folder = REFERENCE / "data" if path.parent.name == "expected" else path.parent
        for name, design in case.get("designs", {}).items():
            method = (design["calibration"] or {}).get("method")
            margins_only = "totals" not in (design["calibration"] or {})
            if method in (None, "poststratify", "raking") and margins_only and " from " not in design["weights"]:
                yield pytest.param(case, design, name, folder / case["data"], id=f"{path.stem}-{name}")


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
    ways = ("lonely", "in_domain", "variance", "level")
    for way in sorted({tuple(each[key] for key in ways) for each in wanted}):
        chosen = [each for each in wanted if tuple(each[key] for key in ways) == way]
        families = sorted({each["family"] for each in chosen if each["family"]})
        lonely, in_domain, variance, level = way
        written = _design(design)
        if "replicates" not in written and variance == "taylor":
            written |= {"lonely": lonely, "lonely_in_domain": in_domain}
        file = data
        if variance != "taylor":
            file, written = _supplied(tmp_path, data, written, variance)
        interval = "xlogit" if data.parent == OWN else "wilson_neff"
        found = _run(tmp_path, file, {**scale, **written}, families, ["--level", str(level), "--interval", interval])
        for each in chosen:
            _compare(found[each["of"], each["domain"]], each, interval)


def _supplied(folder, data, design, variance):
    """A reference's replicate weights: those of the file, or the jackknife's as multipliers written beside them."""
    if variance != "jkn":
        columns = {"columns": "brr*", "count": 12, "type": "brr", "mse": variance == "brr_mse"}
        return data, {"weights": design["weights"], "replicates": columns}
    with data.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    psus = sorted({(row[design["strata"][0]], row[design["psu"][0]]) for row in rows})
    size = {stratum: sum(each == stratum for each, _ in psus) for stratum, _ in psus}
    for row in rows:
        stratum, psu = row[design["strata"][0]], row[design["psu"][0]]
        for k, (out_stratum, out) in enumerate(psus, start=1):
            inside = stratum == out_stratum
            row[f"jk{k}"] = 0 if inside and psu == out else repr(size[stratum] / (size[stratum] - 1)) if inside else 1
    with (folder / "jackknifed.csv").open("w", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, rows[0]).writeheader()
        csv.DictWriter(file, rows[0]).writerows(rows)
    rscales = [(size[stratum] - 1) / size[stratum] for stratum, _ in psus]
    given = {"columns": "jk*", "type": "JKn", "rscales": rscales, "weights": "multipliers"}
    return folder / "jackknifed.csv", {"weights": design["weights"], "replicates": given}


def _each_level(estimates):
    """Tables by one variable, taken apart into a figure for each of its levels."""
    for estimate in estimates:
        if estimate["kind"] != "by":
            yield estimate
            continue
        for level, est, se in zip(estimate["levels"], estimate["est"], estimate["se"], strict=True):
            domain = {**(estimate.get("domain") or {}), estimate["by"]: level}
            keys = ("y", "design", "lonely_psu", "adjust_domain_lonely", "variance")
            kept = {key: estimate[key] for key in keys if key in estimate}
            yield {**kept, "kind": "prop", "est": est, "se": se, "domain": domain}


def _figure(estimate):
    """A reference estimate as the command would name it; None for what the command does not give."""
    y, kind = estimate.get("y") or "", estimate["kind"]
    if "rows" in estimate:
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
        "in_domain": bool(estimate.get("adjust_domain_lonely")),
        "variance": estimate.get("variance") or "taylor",
        "level": estimate.get("level", 0.95),
    }


def _design(design):
    written = {"weights": design["weights"]}
    if "replicates" in design:
        given = {key: value for key, value in design["replicates"].items() if key != "full"}
        kind = "full" if design["replicates"].get("full", True) else "multipliers"
        written["replicates"] = {**given, "weights": kind}
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


def _run(folder, data, design, families, more):
    with (folder / "design.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(design, file)
    arguments = ["estimate", str(data), "--design", str(folder / "design.yaml"), "--json", *more]
    for family in families:
        arguments += ["--by", family]
    result = CliRunner().invoke(group, arguments)
    if result.exception:
        raise result.exception
    return {(row["of"], frozenset(row["domain"].items())): row for row in json.loads(result.stdout)}


def _compare(row, wanted, interval):
    for key, reference, tolerance in (("estimate", "est", 1e-9), ("se", "se", 1e-9), ("deff", "deff", 1e-6)):
        if wanted.get(reference) is not None and (key != "deff" or wanted["kind"] != "ratio"):
            assert row[key] == pytest.approx(wanted[reference], abs=tolerance * max(1e-3, abs(wanted[reference]))), key
    for key in {"df", "n"} & set(wanted):
        if key == "n" and wanted["kind"] == "ratio":  # R counts all rows of the domain, we the people with an answer
            assert row[key] <= wanted[key]
        else:
            assert row[key] == wanted[key], key
    limits = {**(wanted.get("ci") or {}), **(wanted.get("ci_ext") or {})}.get(interval)
    if limits:
        assert [row["low"], row["high"]] == pytest.approx(limits, rel=1e-6, abs=1e-9)

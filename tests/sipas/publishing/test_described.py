"""The file of figures that goes with a release, read as an analyst reads it."""

from __future__ import annotations

import csv
import io

from analysis.disclosure.policy import Policy
from analysis.disclosure.suppress import suppress
from sipas.publishing.described import figures_csv

FIGURE = {"of": "O", "estimate": 0.8512, "se": 0.0123, "df": 30, "deff": 1.73, "low": 0.82, "high": 0.88,
          "method": "wilson_shared deff=1.73", "level": 0.95, "reliability": "shown", "flags": []}  # fmt: skip


def the_file(**manifest):
    counts = [({}, 66), ({"unit": "a"}, 4), ({"unit": "b"}, 26), ({"unit": "c", "field": "x"}, 36), ({"unit": "d"}, 0)]
    rows = [{**FIGURE, "domain": domain, "n": n, "answers": n} for domain, n in counts]
    rows[0]["flags"] = ["review", "unweighted"]
    rows[4] |= dict.fromkeys(("estimate", "se", "df", "deff", "low", "high"))
    data = figures_csv(
        suppress(rows, Policy()),
        {"release": "w1-r1", "wave": {"code": "w1", "simulated": True}, **manifest},
    )
    assert data.startswith(b"\xef\xbb\xbfrelease,wave,")
    assert data.count(b"\r\n") == 6
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_each_row_says_whether_its_figure_is_withheld():
    rows = {(row["unit"], row["field"]): row for row in the_file()}
    assert {key: row["withheld"] for key, row in rows.items()} == {
        ("", ""): "0", ("a", ""): "1", ("b", ""): "1", ("c", "x"): "0", ("d", ""): "0",
    }  # fmt: skip
    for key in (("a", ""), ("b", "")):
        assert {name: value for name, value in rows[key].items() if value} == {
            "release": "w1-r1", "wave": "w1", "simulated": "1", "unit": key[0], "of": "O", "withheld": "1",
        }  # fmt: skip
    assert (rows["d", ""]["n"], rows["d", ""]["estimate"]) == ("0", "")


def test_a_figure_stands_in_its_columns():
    whole = the_file()[0]
    assert whole == {
        "release": "w1-r1", "wave": "w1", "simulated": "1", "unit": "", "field": "", "of": "O", "withheld": "0",
        "n": "65", "answers": "65", "estimate": "0.851", "se": "0.012", "df": "30", "deff": "1.7", "low": "0.82",
        "high": "0.88", "method": "wilson_shared", "level": "0.95", "reliability": "shown", "at_1_25_low": "0.784",
        "at_1_25_high": "0.903", "at_1_5_low": "0.751", "at_1_5_high": "0.918", "flags": "unweighted",
    }  # fmt: skip


def test_bands_of_a_release_follow_from_its_rounded_limits_and_earlier_releases_have_none():
    whole = the_file()[0]
    low, high = float(whole["low"]) - 0.0005, float(whole["high"]) + 0.0005
    assert float(whole["at_1_5_low"]) <= low / (low + 1.5 * (1 - low)) < float(whole["at_1_5_low"]) + 0.001
    assert float(whole["at_1_5_high"]) - 0.001 < high / (high + (1 - high) / 1.5) <= float(whole["at_1_5_high"])
    assert "at_1_5_low" not in the_file(method={"version": "sipas-method 1"})[0]


def test_a_lost_key_is_said_with_every_figure():
    assert {row["flags"] for row in the_file(lost_keys=["cluster", "id"])[1:]} == {"cluster key lost; id key lost"}
    assert the_file(lost_keys=["id"])[0]["flags"] == "unweighted; id key lost"


def test_a_true_wave_is_not_called_simulated():
    assert {row["simulated"] for row in the_file(wave={"code": "w1", "simulated": False})} == {"0"}

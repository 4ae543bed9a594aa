"""What a snapshot says of weeks in common reaches every command that reads it, and one that says nothing is told of."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from analysis import write_snapshot
from sipas.cli import group
from sipas.i18n import speaking
from tests.analysis.province_with_common_weeks import Province


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory):
    """The same wave as it was frozen until November 2026 and as it is now, and another wave."""
    folder = tmp_path_factory.mktemp("weeks")
    province = Province(np.random.default_rng(2), weeks=12, together=True, shock=0.25)
    (table, _), (other, _) = province.a_wave(), province.a_wave()
    found = {"before": (table, None), "now": (table, 0.5), "other": (other, 0.2)}
    return {name: str(write_snapshot(folder / f"{name}.parquet", rows, province.book(number)).path)
            for name, (rows, number) in found.items()}  # fmt: skip


def printed(*arguments, language="en"):
    """The table, and the notes beside it."""
    with speaking(language):
        result = CliRunner().invoke(group, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def standard_errors(path, *arguments):
    rows = json.loads(printed("estimate", path, "--by", "unit", "--json", *arguments)[0])
    return {(row["of"], row["domain"].get("unit")): row["se"] for row in rows}


@pytest.mark.parametrize("how", [(), ("--variance", "jackknife")])
def test_estimate_widens_figures_with_answers_of_both_kinds_and_no_others(snapshots, how):
    before, now = (standard_errors(snapshots[name], *how) for name in ("before", "now"))
    assert before.keys() == now.keys()
    for key, se in now.items():
        assert (1.1 < se / before[key] < 1.23) if key[1] in (None, "w0") else se == before[key]


def test_compare_and_trend_read_it_too(snapshots):
    for arguments in (("--by", "unit", "--of", "overall"), ("--against", snapshots["other"])):
        before, now = (printed("compare", snapshots[name], *arguments)[0] for name in ("before", "now"))
        assert before.count("\n") == now.count("\n") > 2
        assert before != now
    before, now = (printed("trend", snapshots[name], snapshots["other"])[0] for name in ("before", "now"))
    assert before.replace("before", "now") != now
    asked = ("trend", snapshots["now"], snapshots["other"], "--reading", "panel", "--json")
    both = [printed(*asked)[0], printed(*asked[:1], snapshots["before"], *asked[2:])[0]]
    assert both[0] != both[1].replace("before", "now")


def test_a_snapshot_that_says_nothing_of_it_is_told_of(snapshots):
    assert "does not say how far good and bad weeks" in printed("estimate", snapshots["before"])[1]
    assert "does not say how far good and bad weeks" not in printed("estimate", snapshots["now"])[1]
    assert "không ghi mức mà tuần tốt, tuần xấu" in printed("estimate", snapshots["before"], language="vi")[1]

"""Weeks of rows without their point are the points' weeks, too: intervals count what both have in common.

The number by which they do is the one thing that a snapshot tells of it (`Codebook.week_correlation`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import analysis
from analysis import SEVERAL, Codebook, estimate, frame_weights, tabulate
from analysis.comparison.differences import figures_of
from analysis.tabulation.cells import merge_cells
from analysis.variance.shared_weeks import week_correlation
from tests.analysis.province_with_common_weeks import measured

ROWS = ("q1", "q2", "F", "overall")
TWO = Codebook.plain({"F": ["q1", "q2"]})


def a_table(rng, weeks=10, points=3, shock=0.2):
    """Unweighted rows of two items: three counters' own, and a department's that came to them."""
    rows = []
    for point in range(points):
        bad = rng.normal(0, shock, weeks)
        for week in range(weeks):
            for unit in ("d", f"w{point}"):
                for _ in range(8):
                    q1, q2 = np.where(rng.random(2) < np.clip(0.7 + bad[week], 0, 1), 5, 1)
                    field, apart = ("f" if rng.random() < 0.5 else "g"), unit == "d" or (point == 0 and week % 2 == 0)
                    place = (SEVERAL, f"{week}") if apart else (f"w{point}", f"{point}.{week}")
                    rows.append((unit, field, *place, int(q1), int(q2)))
    return pa.table(dict(zip(("unit", "field", "stratum", "psu", "q1", "q2"), zip(*rows, strict=True), strict=True)))


def book(correlation=None, codebook=TWO):
    columns = {"strata": ("stratum",), "psu": ("psu",)}
    return replace(codebook, columns=columns, several=(("d", "f"),), week_correlation=correlation)


def cells_of(table, correlation=None, by=("unit", "field")):
    return tabulate(table, by, codebook=book(correlation))


def by_hand(table, where=None):
    """v_several and v_points of the whole's share, from the rows."""
    one = {name: np.array(table[name]) for name in table.column_names}
    inside = np.ones(table.num_rows, bool) if where is None else one[where[0]] == where[1]
    y, x = satisfied(one) * inside, 2 * inside
    z = (y - y.sum() / x.sum() * x) / x.sum()
    found = {SEVERAL: 0.0, "points": 0.0}
    for stratum in np.unique(one["stratum"]):
        u = [z[one["psu"] == psu].sum() for psu in np.unique(one["psu"][one["stratum"] == stratum])]
        found[SEVERAL if stratum == SEVERAL else "points"] += len(u) * np.var(u, ddof=1)
    return found[SEVERAL], found["points"]


def satisfied(columns):
    return (columns["q1"] >= 4).astype(int) + (columns["q2"] >= 4)


@pytest.mark.parametrize("rho", [0.3, 1.0])
def test_a_figure_with_answers_on_both_sides_has_the_variance_of_a_sum_with_that_correlation(rho):
    table = a_table(np.random.default_rng(1))
    found = estimate(cells_of(table, rho))
    for where in (None, ("unit", "w0"), ("field", "f")):
        s, p = by_hand(table, where)
        row = found.row("overall", **({} if where is None else dict([where])))
        assert min(s, p) > 0
        assert row["se"] ** 2 == pytest.approx(s + p + 2 * rho * np.sqrt(s * p), rel=1e-9)
    without = estimate(cells_of(table))
    for row, old in zip(found.records(), without.records(), strict=True):
        mixed = row["domain"].get("unit") in (None, "w0")
        assert (row["se"] > old["se"] and row["deff"] > old["deff"]) if mixed else row["se"] == old["se"]
        assert (row["low"] < old["low"]) or not mixed  # what siblings lend may reach the others too


def test_every_way_to_a_variance_is_widened_alike():
    """Linearised without and with a calibration, in all its ways; the jackknife; means of items."""
    table = a_table(np.random.default_rng(2))
    frame = {(u, f, "2026-01"): 500.0 + 300 * i for i, u in enumerate(("d", "w0", "w1", "w2")) for f in ("f", "g")}
    table = table.append_column("month", pa.array(["2026-01"] * table.num_rows))
    plain, with_it = (
        tabulate(table, ["unit", "field"], keep=["month", "unit", "field"], codebook=book(rho)) for rho in (None, 0.5)
    )
    for how in ({}, {"variance": "jackknife"}, {"rollup": "mean-of-items"}):
        for weigh in (lambda _: None, lambda cells: frame_weights(cells, frame)):
            old, new = (estimate(cells, weigh(cells), **how) for cells in (plain, with_it))
            ratio = new.variance / old.variance
            mixed = np.array([labels in ((), ("w0",), ("f",), ("g",)) for _, labels in old.domains])
            assert (old.value == new.value).all()
            assert (ratio[mixed] > 1.05).all()
            assert (ratio <= 1.5 + 1e-12).all()
            assert (ratio[~mixed] == 1).all()
    calibrated = [estimate(with_it, frame_weights(with_it, frame), variance=how) for how in analysis.VARIANCES]
    assert calibrated[0].variance[0, -1] == pytest.approx(calibrated[1].variance[0, -1], rel=0.25)


def test_differences_use_the_same_variances_and_stay_possible():
    cells = cells_of(a_table(np.random.default_rng(3)), 0.9)
    domains = [{}, *({"unit": unit} for unit in ("d", "w0", "w1", "w2")), {"field": "f"}]
    joint, table = figures_of(cells, None, ROWS, domains), estimate(cells)
    for place, (of, where) in enumerate(zip(joint.of, joint.domains, strict=True)):
        assert joint.estimated[place, place] == pytest.approx(table.row(of, **where)["se"] ** 2, rel=1e-9)
    values = np.linalg.eigvalsh(joint.estimated)
    assert values.min() > -1e-9 * values.max()
    old = figures_of(cells_of(a_table(np.random.default_rng(3))), None, ROWS, domains)
    correlations = [each.estimated / np.sqrt(np.outer(d := each.estimated.diagonal(), d)) for each in (joint, old)]
    assert correlations[0] == pytest.approx(correlations[1], abs=1e-9)


def test_any_partition_gives_the_same_bytes():
    table = a_table(np.random.default_rng(4))
    whole = estimate(cells_of(table, 0.6))
    parts = [table.slice(0, 100), table.slice(100, 7), table.slice(107)]
    joined = estimate(merge_cells([cells_of(part, 0.6) for part in parts[::-1]]))
    assert whole.variance.tobytes() == joined.variance.tobytes()
    assert whole.low.tobytes() == joined.low.tobytes()


def test_a_file_that_says_nothing_of_it_is_read_as_before():
    assert book().week_correlation is None
    assert "week_correlation" not in book().to_json()
    assert Codebook.from_json(book(0.4).to_json()).week_correlation == 0.4
    table = a_table(np.random.default_rng(5))
    s, p = by_hand(table)
    assert estimate(cells_of(table)).row("overall")["se"] ** 2 == pytest.approx(s + p, rel=1e-9)
    stranger = tabulate(table, codebook=replace(TWO, week_correlation=0.9), design=analysis.Design(psus="psu"))
    plain = tabulate(table, codebook=TWO, design=analysis.Design(psus="psu"))
    assert estimate(stranger).variance.tobytes() == estimate(plain).variance.tobytes()


def test_the_number_is_the_most_that_weeks_can_have_in_common():
    """By hand, row after row: what v would be if weeks did nothing, on each side."""
    table = a_table(np.random.default_rng(6), shock=0.3)
    one = {name: np.array(table[name]) for name in table.column_names}
    r = satisfied(one).astype(float)
    klass = np.array([" ".join(key) for key in zip(one["stratum"], one["unit"], one["field"], strict=True)])
    for each in np.unique(klass):
        r[klass == each] -= r[klass == each].mean()
    share = {}
    for side in (one["stratum"] == SEVERAL, one["stratum"] != SEVERAL):
        v = e = 0.0
        for stratum in np.unique(one["stratum"][side]):
            psus = np.unique(one["psu"][one["stratum"] == stratum])
            for psu in psus:
                v += len(psus) / (len(psus) - 1) * r[one["psu"] == psu].sum() ** 2
                for each in np.unique(klass[one["psu"] == psu]):
                    of = r[(one["psu"] == psu) & (klass == each)]
                    e += len(of) * np.var(of, ddof=1) if len(of) > 1 else of[0] ** 2
        share[bool(side[0])] = 1 - e / v
    assert all(0.3 < each < 0.95 for each in share.values())
    assert week_correlation(table, book()) == np.ceil(100 * np.sqrt(share[True] * share[False])) / 100


def test_without_anything_that_weeks_do_the_number_is_small_and_with_much_it_is_great():
    found = [week_correlation(a_table(np.random.default_rng(8), weeks=40, shock=s), book()) for s in (0.0, 0.1, 0.45)]
    assert found[0] < 0.2 < found[1] < 0.6 < found[2] < 1


@pytest.mark.parametrize(("weeks", "points", "known"), [(2, 1, False), (7, 1, False), (7, 3, True), (8, 1, True)])
def test_few_weeks_on_both_sides_count_as_wholly_alike(weeks, points, known):
    table = a_table(np.random.default_rng(7), weeks=weeks, points=points, shock=0.0)
    opened = {(f"w{point}", f"{point}.{week}") for point in range(points) for week in range(weeks)}
    met = set(zip(table["stratum"].to_pylist(), table["psu"].to_pylist(), strict=True))
    listed = replace(book(), psus=tuple(sorted(opened | met)))
    assert (week_correlation(table, listed) < 1) == known


def test_answers_that_do_not_count_are_in_no_sum():
    table = a_table(np.random.default_rng(9))
    known = week_correlation(table, book())
    more = table.slice(0, 50)
    for code in ("q1", "q2"):
        more = more.set_column(more.column_names.index(code), code, pa.array([-1, None] * 25, pa.int64()))
    assert week_correlation(pa.concat_tables([table, more]), book()) == known


def test_the_province_is_no_surer_than_its_counters_weeks_allow():
    """Red without the number: 0.73 of the true standard error in these 60 waves, which tell it to a tenth."""
    found = measured(weeks=26, together=True, shock=0.25, rounds=60)
    before, after = found["whole", False], found["whole", True]
    print(before, after, sep="\n")
    assert after["se long run"] / before["se long run"] > 1.15
    assert after["se long run"] > 0.85 > before["se long run"]
    assert after["covered long run"] >= 90
    apart = measured(weeks=26, together=False, shock=0.12, rounds=10)
    assert apart["whole", True]["width"] / apart["whole", False]["width"] < 1.12


@pytest.mark.long
@pytest.mark.parametrize("weeks", [4, 12, 26])
@pytest.mark.parametrize(("together", "shock"), [(False, 0.12), (True, 0.12), (True, 0.25)])
def test_both_truths_are_covered(weeks, together, shock, capsys):
    rounds = 400
    found = measured(weeks, together, shock, rounds)
    with capsys.disabled():
        for (figure, common), summary in found.items():
            print(f"\n{weeks} weeks, {'one' if together else 'two'} shock {shock}: {figure}, {common}: ", end="")
            print(", ".join(f"{name} {value:.3g}" for name, value in summary.items()), end="")
    for figure in ("whole", "w0"):
        summary = found[figure, True]
        assert summary["covered long run"] >= 91.5  # 95 less three standard errors of 400 waves
        assert summary["covered those who came"] >= 91.5
        assert summary["se long run"] > 0.9
    assert found["d", True] == found["d", False]

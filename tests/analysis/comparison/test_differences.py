"""Differences that a table may print: what stands in for a missing standard error, whose df, how many at once."""

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, Design, estimate, holm, tabulate
from analysis.comparison.contrasts import together
from analysis.comparison.differences import differences, figures_of, findings, independent
from analysis.errors import AnalysisError, BadMethod, NotInCells
from analysis.estimands.estimands import pooled
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import cells_of


@pytest.fixture(scope="module")
def cells():
    return cells_of(by_hand.a_sample())


def test_values_and_correlations_are_those_of_together_and_variances_those_of_the_interval(cells):
    domains = [{}, {"unit": "north"}, {"unit": "a"}]
    found, joint = (
        figures_of(cells, None, ["q1", "q2"], domains),
        together(cells, None, pooled(cells, ["q1", "q2"]), domains),
    )
    assert found.value.tolist() == joint.value.tolist()
    np.testing.assert_allclose(correlations(found.covariance), correlations(joint.covariance), rtol=1e-12)
    assert found.design_df == joint.df
    table = estimate(cells, by=["unit"])
    north, q1 = [labels for _, labels in table.domains].index(("north",)), table.of.index("q1")
    p, whole = table.value[north, q1], table.value[0, q1]
    half = (p + whole) / 2
    spread = max(whole * (1 - whole), half * (1 - half))
    assert found.se[2] ** 2 == pytest.approx(table.used[north, q1] * spread / table.n[north, q1])
    assert found.df.tolist()[2:4] == [int(df) for df in table.df_weighted[north, [q1, table.of.index("q2")]]]
    assert (found.low[2], found.high[2]) == (
        table.row("q1", unit="north")["low"],
        table.row("q1", unit="north")["high"],
    )


def correlations(covariance):
    se = np.sqrt(covariance.diagonal())
    return covariance / se[:, None] / se


def test_the_smaller_degrees_of_freedom_decide_unless_those_of_the_design_are_asked_for(cells):
    found = figures_of(cells, None, ["overall"], [{}, {"unit": "north"}])
    careful, as_r = found.difference(1, 0), found.difference(1, 0, df="design")
    assert careful.df == min(found.df)
    assert as_r.df == found.design_df
    joint = together(cells, None, pooled(cells, ["overall"]), [{}, {"unit": "north"}])
    assert (as_r.se, as_r.p) == (joint.difference(1, 0).se, joint.difference(1, 0).p)


def test_level_is_that_of_the_interval(cells):
    found = figures_of(cells, None, ["overall"], [{}], level=0.9)
    row = estimate(cells, level=0.9).row("overall")
    assert (found.low[0], found.high[0]) == (row["low"], row["high"])


def test_a_share_that_no_cluster_moves_counts_as_independent_answers_and_one_at_the_edge_as_its_interval():
    answers = {"psu": [1, 1, 2, 2, 3, 3, 4, 4], "q": [5, 1] * 4, "r": [5] * 8, "s": [1] * 8}
    cells = tabulate(pa.table(answers), codebook=Codebook.plain(["q", "r", "s"]), design=Design(psus="psu"))
    found, table = figures_of(cells, None, ["q", "r", "s"], [{}]), estimate(cells)
    all_of_them, nobody = (table.row(of) for of in ("r", "s"))
    assert [flags[0] for flags in found.flags] == ["zero variance", "edge", "edge"]
    assert found.se[0] == pytest.approx((0.5 * 0.5 / 8) ** 0.5)
    assert found.se[1] == pytest.approx((1 - all_of_them["low"]) / 1.959963984540054)
    assert found.se[2] == pytest.approx(nobody["high"] / 1.959963984540054)


def test_joined_samples_know_nothing_of_each_other(cells):
    parts = [figures_of(cells, None, ["q1", "q2"], [{}], wave=wave) for wave in ("x", "y")]
    both = independent(parts)
    assert both.covariance[:2, :2].tolist() == both.covariance[2:, 2:].tolist() == parts[0].covariance.tolist()
    assert both.covariance[:2, 2:].tolist() == [[0, 0], [0, 0]]
    assert (both.waves, both.of, both.reading) == (("x", "x", "y", "y"), ("q1", "q2", "q1", "q2"), "independent")
    assert both.design_df == 2 * parts[0].design_df
    assert len(both) == 4


def test_all_lines_of_a_table_are_adjusted_together(cells):
    found = figures_of(cells, None, ["q1", "q2", "overall"], [{}])
    pairs = [(0, 1), (0, 2), (1, 2)]
    lines = differences(found, pairs)
    assert [line.adjusted for line in lines] == pytest.approx(holm([line.difference.p for line in lines]).tolist())
    milder = differences(found, pairs, adjust="bh")
    assert all(mild.adjusted <= strict.adjusted for mild, strict in zip(milder, lines, strict=True))


def test_independent_samples_have_no_covariance_and_their_degrees_add(cells):
    part = figures_of(cells, None, ["overall"], [{}, {"unit": "north"}])
    both = independent([part, part])
    assert both.covariance[:2, 2:].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert both.design_df == 2 * part.design_df
    assert both.difference(0, 2).se == pytest.approx(part.se[0] * 2**0.5)
    assert both.reading == "independent"


def test_there_is_no_test_where_there_is_no_answer_or_one_cluster():
    table = pa.table({"psu": [1, 1, 2, 2, 3, 3], "u": list("aabbcb"), "q": [5, 2, None, 1, None, 4]})
    one = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    found = figures_of(one, None, ["q"], [{"u": "a"}, {"u": "b"}, {"u": "c"}])
    lines = differences(found, [(0, 1), (1, 2)])
    assert [(line.adjusted, line.finding) for line in lines] == [(None, None), (None, None)]


def happy_offices(seed, draws=400):
    """How often an office like all others is said to differ: five clusters of three answers, 93% satisfied."""
    rng = np.random.default_rng(seed)
    widened, naive, edges = 0, 0, 0
    for _ in range(draws):
        psu = np.repeat(np.arange(45), 3)
        table = pa.table(
            {"psu": psu, "u": np.where(psu < 5, "office", "others"), "q": np.where(rng.random(135) < 0.93, 5, 1)}
        )
        cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
        found = figures_of(cells, None, ["q"], [{"u": "office"}, {"u": "others"}])
        edges += found.value[0] == 1
        widened += found.difference(0, 1).p < 0.05
        gap = together(cells, None, pooled(cells, ["q"]), [{"u": "office"}, {"u": "others"}]).difference(0, 1)
        naive += gap.p < 0.05
    return widened / draws, naive / draws, edges / draws


def test_an_office_where_all_happened_to_be_satisfied_is_not_called_better():
    """One in three such offices shows 100%; without the interval's reach each of them would "differ"."""
    widened, naive, edges = happy_offices(seed=2026)
    assert edges > 0.2
    assert naive > 0.2
    assert widened < 0.05


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"adjust": "none"}, "choose one of: holm, bh"),
        ({"level": 95}, "level must lie between"),
        ({"df": "both"}, "df"),
    ],
)
def test_unknown_ways_are_refused(cells, arguments, complaint):
    found = figures_of(cells, None, ["q1", "q2"], [{}])
    with pytest.raises(BadMethod, match=complaint):
        differences(found, [(0, 1)], **arguments)


def test_a_domain_that_nobody_is_in_is_refused_by_name(cells):
    with pytest.raises(AnalysisError, match="unit=nowhere"):
        figures_of(cells, None, ["q1"], [{"unit": "nowhere"}])


def test_missing_p_values_do_not_count():
    assert findings([0.03, None, float("nan")]) == [(0.03, "differs"), (None, None), (None, None)]


def test_figures_are_found_by_name_and_an_unknown_one_lists_the_nearest():
    table = pa.table({"psu": [1, 1, 2, 2, 3, 3], "u": list("ababab"), "q": [5, 2, 4, 1, 2, 4]})
    cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    found = figures_of(cells, None, ["q", "overall"], [{}, {"u": "a"}, {"u": "b"}], wave="w1")
    assert [found.place("q"), found.place("overall", u="a"), found.place("q", u="b", wave="w1")] == [0, 3, 4]
    (line,) = differences(found, [(found.place("q", u="a"), found.place("q", u="b"))])
    assert line.difference.value == pytest.approx(found.value[2] - found.value[4])
    with pytest.raises(NotInCells, match=r"no figure q u=c among these; the nearest are q u=[ab], q u=[ab]"):
        found.place("q", u="c")
    with pytest.raises(NotInCells, match="no figure q"):
        found.place("q", wave="w2")

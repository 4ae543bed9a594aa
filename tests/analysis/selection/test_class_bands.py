"""Bands class by class: what they are at a ratio of 1, inside which band they lie, and that parts do not matter."""

import numpy as np
import pytest

from analysis import estimate, frame_weights, tabulate
from analysis.errors import BadMethod
from analysis.selection.class_bands import ClassCurve, class_bands
from analysis.selection.response_ratio import selected_share, selection_band
from tests.analysis.province import a_province, cells_of, snapshot_table

FAMILIES = ("unit", "field", ("unit", "field"))


@pytest.fixture(scope="module")
def made():
    province = a_province(3, answers=4000)
    cells = cells_of(province, FAMILIES)
    weights = frame_weights(cells, province.frame)
    return cells, weights, estimate(cells, weights)


def test_at_a_ratio_of_one_the_band_is_the_interval(made):
    cells, weights, table = made
    bands = class_bands(cells, weights, table, [1.0])
    for name in ("value", "low", "high"):
        ours, theirs = getattr(bands, name)[0], getattr(table, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("interval", ["wilson_shared", "logit", "kg_nchs"])
def test_the_band_from_share_and_limits_alone_holds_the_one_made_class_by_class(made, interval):
    cells, weights, _ = made
    table = estimate(cells, weights, interval=interval)
    bands = class_bands(cells, weights, table, [1.1, 1.5, 3.0])
    for place, ratio in enumerate(bands.ratios):
        least, most = selection_band(table.low.round(3), table.high.round(3), ratio, step=0.001)
        known = np.isfinite(bands.low[place])
        assert (np.isfinite(least) == known).all()
        assert (bands.low[place] >= least - 1e-14)[known].all()
        assert (bands.high[place] <= most + 1e-14)[known].all()
    whole = table.of.index("overall")
    assert bands.low[2, 0, whole] > selection_band(table.low[0, whole], 1, 3.0)[0] + 1e-4  # and is truly narrower


def test_bands_grow_with_the_ratio_on_both_sides(made):
    cells, weights, table = made
    bands = class_bands(cells, weights, table, [1.0, 1.2, 2.0])
    known = np.isfinite(table.low) & (table.value > 0) & (table.value < 1)
    for k in (0, 1):
        assert (bands.low[k + 1] < bands.low[k])[known].all()
        assert (bands.high[k + 1] > bands.high[k])[known].all()
        assert (bands.value[k + 1] < bands.value[k])[known].all()


def test_classes_that_differ_are_followed_one_by_one():
    """Two classes of .95 and .55, half the figure each, far above chance: the sum of their own p(G), and no chance."""
    curve = ClassCurve(
        part=np.array([[0.5], [0.5]]), against=np.array([[1 / 19], [0.45 / 0.55]]), share=np.array([[0.75]]),
        starts=np.array([0]), domain=np.array([0, 0]),
    )  # fmt: skip
    for ratio in (1.0, 1.5, 4.0):
        by_hand = (selected_share(0.95, ratio) + selected_share(0.55, ratio)) / 2
        assert float(curve.at(np.array([[ratio]])).item()) == pytest.approx(float(by_hand), rel=1e-12)
        assert curve.ratio_of(np.array([[by_hand]])).item() == pytest.approx(ratio, rel=1e-10)


def test_any_curve_is_solved_to_the_last_digits():
    rng = np.random.default_rng(4)
    for _ in range(300):
        part = rng.dirichlet(np.ones(6))[:, None]
        shares = rng.beta(0.5, 0.5, 6)[:, None].clip(1e-4, 1 - 1e-4)
        share = (part * shares).sum(0, keepdims=True)
        curve = ClassCurve(part, (1 - shares) / shares, share, np.array([0]), np.zeros(6, dtype=np.int64))
        limit = np.array([[rng.uniform(0.02, 0.98)]])
        assert curve.at(curve.ratio_of(limit)).item() == pytest.approx(limit.item(), abs=1e-9)


def test_the_target_lies_on_the_limit_at_the_tipping_ratio(made):
    cells, weights, table = made
    found = class_bands(cells, weights, table, target=0.8)
    whole = table.of.index("overall")
    ratio = found.tipping[0, whole]
    again = class_bands(cells, weights, table, [ratio])
    assert again.low[0, 0, whole] == pytest.approx(0.8, abs=1e-9)
    said = (table.low > 0.8) | (table.high < 0.8)
    assert (np.isfinite(found.tipping) == said).all()


def test_parts_of_the_rows_in_any_order_give_the_same_bytes():
    province = a_province(5, answers=3000)
    rows = snapshot_table(province)
    whole = cells_of(province, FAMILIES)
    pieces = np.random.default_rng(1).permutation(rows.num_rows)
    parts = [
        tabulate(rows.take(chosen), by=list(FAMILIES), codebook=whole.codebook, design=whole.design, keep=["month"])
        for chosen in np.array_split(pieces, 5)
    ]
    found = []
    for cells in (whole, parts[3] + parts[0] + parts[4] + parts[2] + parts[1]):
        weights = frame_weights(cells, province.frame)
        bands = class_bands(cells, weights, estimate(cells, weights), target=0.8)
        found.append(b"".join(each.tobytes() for each in (bands.value, bands.low, bands.high, bands.tipping)))
    assert found[0] == found[1]


def test_what_is_no_pooled_share_is_refused(made):
    cells, weights, _ = made
    with pytest.raises(BadMethod, match="tried on shares"):
        class_bands(cells, weights, estimate(cells, weights, scoring="govuk-100"))
    with pytest.raises(BadMethod, match="pooled over answers"):
        class_bands(cells, None, estimate(cells, weights))

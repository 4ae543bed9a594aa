"""Estimates from cells equal those from single rows, on every road; and each row says what a reader must know."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    Codebook,
    Design,
    calibrate,
    design_weights,
    estimate,
    frame_weights,
    poststratify,
    rake,
    tabulate,
)
from analysis.errors import BadDesign, BadMethod, BadWeights, LonelyPsu, NotInCells
from analysis.variance import linearization
from tests.analysis import by_hand

CODEBOOK = Codebook.plain(by_hand.ITEMS, missing=[0])
FAMILIES = ["unit", "field", ("unit", "field")]
DESIGN = Design("stratum", "psu", weights="w")


def a_table(sample):
    return pa.table({name: pa.array(values) for name, values in sample.items()})


def cells_of(sample, design=DESIGN, by=FAMILIES, **more):
    keep = ["month", "sex", "unit", "field"]
    return tabulate(a_table(sample), by, codebook=CODEBOOK, design=design, keep=keep, values=["visits"], **more)


def totals(sample, w, *columns, factor=1.1):
    found = {}
    for place, row in enumerate(zip(*(sample[c] for c in columns), strict=True)):
        found[row] = found.get(row, 0.0) + factor * w[place]
    return found


def weighted(cells, sample, how):
    """Weights by some road, and the calibration columns and base weights that rows need for the same."""
    base = design_weights(cells)
    w, one = sample["w"], np.ones(len(sample["w"]))
    if how == "none":
        return base, None, w
    if how == "poststratify":
        return poststratify(base, ("sex", "month"), totals(sample, w**1.1, "sex", "month")), ("sex", "month"), w
    if how == "rake":
        margins = {column: totals(sample, w**1.1, column) for column in ("sex", "month", "field")}
        return rake(base, margins), (("sex",), ("month",), ("field",)), w
    if how == "greg":
        margins = {"sex": totals(sample, w**1.1, "sex")}
        visits = {"visits": float((w**1.1 * sample["visits"]).sum() * 1.12)}
        return calibrate(base, margins, visits), (("sex",), "visits"), w
    if how == "frame":
        frame = totals(sample, one * 50, "unit", "field", "month")
        return frame_weights(cells, frame, smallest=1), (("unit", "field"), ("month",)), one
    frame = totals(sample, one * 50, "unit", "field")
    return frame_weights(cells, frame, columns=("unit", "field"), smallest=1), ("unit", "field"), one


def columns_of(sample, parts):
    if parts is None:
        return None
    parts = (parts,) if isinstance(parts[0], str) and parts[-1] != "visits" else parts
    return np.column_stack(
        [sample["visits"] if part == "visits" else by_hand.indicators(sample, *part) for part in parts]
    )


def row_weights(cells, weights, sample):
    """Each row's weight, looked up by the keys of its cell."""
    keys = list(cells.keys)
    cell = {tuple(str(cells.label(k, cells.codes[k][c])) for k in keys): weights.final[c] for c in range(len(cells))}
    text = [[f"{v:g}" if isinstance(v, float) else str(v) for v in sample[k].tolist()] for k in keys]
    return np.array([cell[key] for key in zip(*text, strict=True)])


@pytest.mark.parametrize("how", ["none", "poststratify", "rake", "greg", "frame", "classes"])
@pytest.mark.parametrize("elements", [False, True])
def test_cells_give_what_single_rows_give(how, elements):
    sample = by_hand.a_sample(seed=3)
    cells = cells_of(sample, Design("stratum", () if elements else "psu", weights="w"))
    weights, parts, base = weighted(cells, sample, how)
    columns = columns_of(sample, parts)
    if elements:
        plain = cells_of(sample)
        w = row_weights(plain, weighted(plain, sample, how)[0], sample)
    else:
        w = row_weights(cells, weights, sample)
    table = estimate(cells, weights)
    for place, (names, labels) in enumerate(table.domains):
        inside = np.ones(len(w), dtype=bool)
        for name, label in zip(names, labels, strict=True):
            inside &= sample[name] == label
        for figure, of in enumerate(table.of):
            value, variance, df, n = by_hand.estimate(sample, of, inside, w, base, columns, elements=elements)
            assert table.n[place, figure] == n
            assert table.df[place, figure] == df
            assert table.value[place, figure] == pytest.approx(value, rel=1e-11)
            assert table.variance[place, figure] == pytest.approx(variance, rel=1e-8, abs=1e-18)


@pytest.mark.parametrize("block", [1 << 22, 400])
def test_categories_that_straddle_domains_give_what_working_out_every_cell_gives(monkeypatch, block):
    sample = by_hand.a_sample(seed=8)
    cells = cells_of(sample)
    frame = totals(sample, np.full(400, 50.0), "unit", "field", "month")
    weights = frame_weights(cells, frame, smallest=45)
    assert weights.diagnostics["merged"]
    monkeypatch.setattr(linearization, "FEW", 0)  # no short cut for few categories
    monkeypatch.setattr(linearization, "BLOCK", block)  # the second time in many small parts
    by_touch = estimate(cells, weights)
    taken = []

    def in_full(problem, projection):
        taken.append(problem.family.columns)
        return linearization._over_all_cells(problem, projection)

    monkeypatch.setattr(linearization, "_over_touched_categories", in_full)
    everywhere = estimate(cells, weights)
    assert ("unit", "field") in taken
    np.testing.assert_allclose(by_touch.variance, everywhere.variance, rtol=1e-10, atol=1e-20)


def test_population_counts_shrink_the_variance_as_they_should():
    sample = by_hand.a_sample(seed=5)
    sample["M"] = np.array([{"a": 6, "b": 9, "c": 60, "d": 7}[s] for s in sample["stratum"]])
    fraction = {"a": 6 / 6, "b": 6 / 9, "c": 6 / 60, "d": 6 / 7}
    table = estimate(cells_of(sample, Design("stratum", "psu", "w", fpc="M")))
    value, variance, _, _ = by_hand.estimate(sample, "q1", np.ones(400, bool), sample["w"], fraction=fraction)
    assert table.value[0, 0] == pytest.approx(value, rel=1e-12)
    assert table.variance[0, 0] == pytest.approx(variance, rel=1e-10)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 500), st.floats(0.01, 1000), st.integers(1, 399))
def test_neither_the_order_of_rows_nor_the_scale_of_weights_nor_the_names_matter(seed, factor, cut):
    sample = by_hand.a_sample(seed=seed)
    table = estimate(cells_of(sample))
    order = np.random.default_rng(seed).permutation(400)
    other = {name: values[order] for name, values in sample.items()}
    halves = [{name: values[part] for name, values in other.items()} for part in (slice(0, cut), slice(cut, None))]
    again = estimate(cells_of(halves[0]) + cells_of(halves[1]))
    assert again.value.tobytes() == table.value.tobytes()
    assert again.variance.tobytes() == table.variance.tobytes()
    assert again.low.tobytes() == table.low.tobytes()
    other["w"] = other["w"] * factor
    other["psu"] = np.char.add("z", other["psu"])
    other["stratum"] = np.char.add(other["stratum"], "!")
    scaled = estimate(cells_of(other))
    np.testing.assert_allclose(scaled.value, table.value, rtol=1e-10)
    np.testing.assert_allclose(scaled.variance, table.variance, rtol=1e-8, atol=1e-20)
    np.testing.assert_allclose(scaled.high, table.high, rtol=1e-6)


def test_one_stratum_is_no_strata():
    sample = by_hand.a_sample()
    sample["psu"] = np.char.add(sample["stratum"], sample["psu"])
    sample["stratum"] = np.full(400, "only")
    with_one, without = (estimate(cells_of(sample, Design(s, "psu", "w"))) for s in ("stratum", ()))
    assert with_one.records() == without.records()


@pytest.mark.parametrize("psus", ["psu", ()])
def test_a_census_in_which_not_all_answered_is_a_sample_of_those_asked(psus):
    """All 400 rows were counted; 60 passed q1 over at random. f = answered over asked."""
    draw = np.random.default_rng(3)
    sample = by_hand.a_sample(missing=0)
    whole = (sample["q1"] >= 4).mean()
    sample |= {"w": np.ones(400), "M": np.full(400, 6.0)}
    if not psus:
        sample["M"] = np.array([(sample["stratum"] == stratum).sum() for stratum in sample["stratum"]])
    full, held = sample["q1"], 0
    for _ in range(60):
        sample["q1"] = np.where(draw.permutation(400) < 60, 0, full)
        table = estimate(cells_of(sample, Design("stratum", psus, "w", fpc="M")), of=["q1", "q2", "A"])
        row, p = table.row("q1"), (sample["q1"] >= 4).sum() / 340
        assert row["se"] ** 2 == pytest.approx((1 - 340 / 400) * p * (1 - p) / 339)
        assert (row["df"], row["n"], row["reliability"]) == (339, 340, "note")
        assert row["flags"] == ["not all answered"]
        held += row["low"] <= whole <= row["high"]
        assert 3.5 * row["se"] < row["high"] - row["low"] < 4.5 * row["se"]
    assert held >= 54
    other, factor = table.row("q2"), table.row("A")
    assert (other["flags"], other["se"], other["reliability"], other["method"]) == (["census"], 0, "shown", "census")
    assert factor["flags"] == ["not all answered"]
    scores = estimate(cells_of(sample, Design("stratum", psus, "w", fpc="M")), scoring="govuk-100")
    assert scores.row("q1")["flags"] == ["census", "not all answered"]
    f, p = 1140 / 1200, factor["estimate"]
    assert factor["se"] ** 2 == pytest.approx((1 - f) * p * (1 - p) / (factor["n"] - 1))


def test_a_census_has_no_variance_and_says_so():
    sample = by_hand.a_sample(missing=0)
    row = estimate(cells_of(sample, Design("stratum", "psu", "w", fpc=6))).row("q1")
    assert row["se"] == 0
    assert row["low"] == row["high"] == row["estimate"]
    assert row["flags"] == ["census"]
    assert row["method"] == "census"
    assert row["reliability"] == "shown"


def test_an_item_nobody_answered_is_a_row_without_numbers():
    sample = by_hand.a_sample()
    sample["q6"] = np.where(sample["unit"] == "north", 0, sample["q6"])
    row = estimate(cells_of(sample)).row("q6", unit="north")
    assert row == {
        "domain": {"unit": "north"}, "of": "q6", "n": 0, "answers": 0, "estimate": None, "se": None, "df": None,
        "deff": None, "kish": None, "low": None, "high": None, "method": None, "level": 0.95, "reliability": None,
        "flags": ["no answers"],
    }  # fmt: skip
    sample["q6"] = np.zeros(400, dtype=int)
    assert estimate(cells_of(sample)).row("q6")["flags"] == ["no answers"]


def test_rows_are_plain_json_and_the_whole_comes_first():
    records = estimate(cells_of(by_hand.a_sample(rows=60, missing=0.6))).records()
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert records[0]["domain"] == {}
    assert {row["of"] for row in records} == {*by_hand.CODES, "A", "B", "overall"}


def test_the_arrow_table_holds_the_same_rows():
    table = estimate(cells_of(by_hand.a_sample(rows=60, missing=0.6)))
    arrow = table.to_arrow().to_pylist()
    for row, record in zip(arrow, table.records(), strict=True):
        assert {k: v for k, v in row.items() if k in ("unit", "field") and v is not None} == record["domain"]
        assert row["flags"] == "; ".join(record["flags"])
        for name in ("of", "n", "answers", "estimate", "se", "df", "deff", "low", "high", "method", "reliability"):
            assert row[name] == record[name]


@pytest.mark.parametrize("how", ["none", "poststratify", "rake", "greg"])
@pytest.mark.parametrize("elements", [False, True])
def test_rows_of_weight_zero_count_nobody_and_stay_psus_of_the_design(how, elements):
    """As in R: n and df are those of rows with a weight; n_h counts all PSUs, one of them with weights of zero only."""
    sample = by_hand.a_sample(seed=5)
    nothing = (np.arange(400) % 3 == 0) | ((sample["stratum"] == "b") & (sample["psu"] == "2"))
    sample["w"] = np.where(nothing, 0.0, sample["w"])
    cells = cells_of(sample, Design("stratum", () if elements else "psu", weights="w"))
    weights, parts, base = weighted(cells, sample, how)
    plain = cells_of(sample)
    w = row_weights(plain, weighted(plain, sample, how)[0], sample)
    table = estimate(cells, weights)
    columns = columns_of(sample, parts)
    assert weights.rows == weights.diagnostics["n"] == (~nothing).sum()
    assert weights.diagnostics["smallest"] > 0
    assert weights.diagnostics["warnings"] == []
    for place, (names, labels) in enumerate(table.domains):
        inside = ~nothing
        for name, label in zip(names, labels, strict=True):
            inside = inside & (sample[name] == label)
        for figure, of in enumerate(table.of):
            value, variance, df, n = by_hand.estimate(sample, of, inside, w, base, columns, elements=elements)
            assert (table.n[place, figure], table.df[place, figure]) == (n, df)
            assert table.value[place, figure] == pytest.approx(value, rel=1e-11)
            assert table.variance[place, figure] == pytest.approx(variance, rel=1e-8, abs=1e-18)
            assert table.kish[place, figure] == pytest.approx(
                n * (w**2 * inside * by_hand.fractions(sample, of)[1]).sum()
                / (w * inside * by_hand.fractions(sample, of)[1]).sum() ** 2
            ) or of not in by_hand.CODES  # fmt: skip


def test_intervals_of_a_file_with_weights_of_zero_are_those_of_the_rows_that_have_one():
    """But for the PSUs: here each has rows with a weight, so leaving the others out changes nothing."""
    sample = by_hand.a_sample(seed=6)
    nothing = np.arange(400) % 3 == 0
    sample["w"] = np.where(nothing, 0.0, sample["w"])
    fewer = {name: values[~nothing] for name, values in sample.items()}
    for found, wanted in zip(estimate(cells_of(sample)).records(), estimate(cells_of(fewer)).records(), strict=True):
        assert found == {
            key: pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for key, value in wanted.items()
        }


def test_weights_that_are_all_zero_or_below_zero_are_refused():
    sample = by_hand.a_sample()
    for w, match in ((sample["w"] * 0, "all weights are zero"), (sample["w"] - 2, "negative .* such as -1")):
        with pytest.raises(BadWeights, match=match):
            estimate(cells_of(sample | {"w": w}))


def test_a_notebook_shows_a_table_and_short_names():
    sample = by_hand.a_sample()
    sample["unit"] = np.where(sample["unit"] == "north", "<b>north", sample["unit"])
    table = estimate(cells_of(sample))
    shown, row = table._repr_html_(), table.row("q1")
    assert shown.count("<tr>") == 51
    assert f"<td>{100 * row['low']:.1f}% – {100 * row['high']:.1f}%</td><td>{row['n']}</td>" in shown
    assert "unit=&lt;b&gt;north" in shown
    assert "<b>" not in shown
    assert f"<p>{len(table) - 50} more rows" in shown
    size = f"{len(table.of)} figures in {len(table.domains)} domains"
    assert repr(table) == f"Estimates({size}, sipas-top2 v1, wilson_shared_2)"
    assert "<th>90% interval</th>" in estimate(cells_of(sample), of=["q1"], by=[], level=0.9)._repr_html_()
    cells, weights = cells_of(sample), design_weights(cells_of(sample))
    assert repr(cells) == f"Cells(400 rows in {len(cells)} cells; 6 items; by unit, field, unit+field)"
    kish = sample["w"].sum() ** 2 / (sample["w"] ** 2).sum()
    assert repr(weights) == f"Weights(400 rows for {sample['w'].sum():g}; 1 to 4; effective n {kish:.0f}; as given)"
    assert repr(rake(weights, {"sex": totals(sample, sample["w"], "sex")})).endswith("; raking)")
    assert repr(weights.equal()).endswith("; 1 to 1; effective n 400; unweighted)")


def test_an_unknown_domain_lists_the_nearest_known_ones():
    table = estimate(cells_of(by_hand.a_sample()))
    with pytest.raises(NotInCells, match=r"no domain unit=nort among the estimates; the nearest are unit=north"):
        table.row("q1", unit="nort")
    with pytest.raises(NotInCells, match="the nearest are unit=a, field=land"):
        table.row("q1", unit="a, field=lant")


def test_without_weights_each_row_says_so_and_the_design_effect_is_with_replacement():
    sample = by_hand.a_sample()
    table = estimate(cells_of(sample, Design("stratum", "psu")))
    row = table.row("q1")
    assert all("unweighted" in record["flags"] for record in table.records())
    p, n = row["estimate"], row["n"]
    assert row["deff"] == pytest.approx(row["se"] ** 2 / (p * (1 - p) / (n - 1)))


def test_a_single_psu_in_a_stratum_is_refused_by_name_or_handled_by_rule():
    sample = by_hand.a_sample()
    sample["psu"] = np.where(sample["stratum"] == "c", "1", sample["psu"])
    with pytest.raises(LonelyPsu, match="unknown: c\\. Merge"):
        estimate(cells_of(sample))
    for how in ("poststratify", "frame"):
        cells = cells_of(sample)
        with pytest.raises(LonelyPsu, match="unknown: c\\. Merge"):
            estimate(cells, weighted(cells, sample, how)[0])
    removed, centred, average = (
        estimate(cells_of(sample, Design("stratum", "psu", "w", lonely=lonely))).row("q1")["se"]
        for lonely in ("remove", "centre", "average")
    )
    assert removed < centred
    assert average == pytest.approx(removed * np.sqrt(4 / 3))


def test_a_sampled_psu_without_answers_counts_and_an_unknown_one_is_refused():
    sample = by_hand.a_sample()
    found = sorted(set(zip(sample["stratum"].tolist(), sample["psu"].tolist(), strict=True)))
    silent = estimate(cells_of(sample, Design("stratum", "psu", "w", sampled=(*found, ("a", "99")))))
    plain = estimate(cells_of(sample))
    assert silent.row("q1")["se"] != plain.row("q1")["se"]
    y, x = by_hand.fractions(sample, "q1")
    z = sample["w"] * (y - plain.value[0, 0] * x) / (sample["w"] * x).sum()
    variance = 0.0
    for stratum, n in (("a", 7), ("b", 6), ("c", 6), ("d", 6)):
        sums = [z[(sample["stratum"] == stratum) & (sample["psu"] == str(psu))].sum() for psu in range(6)]
        sums += [0.0] * (n - 6)
        variance += n / (n - 1) * ((np.array(sums) - np.mean(sums)) ** 2).sum()
    assert silent.variance[0, 0] == pytest.approx(variance, rel=1e-10)
    with pytest.raises(BadDesign, match=r"PSU d / 5 has answers"):
        estimate(cells_of(sample, Design("stratum", "psu", "w", sampled=found[:-1])))


def test_population_counts_that_are_fractions_or_differ_are_refused():
    sample = by_hand.a_sample()
    with pytest.raises(BadDesign, match="counts of units are wanted"):
        estimate(cells_of(sample, Design("stratum", "psu", "w", fpc=2)))
    sample["M"] = np.arange(400) + 100
    with pytest.raises(BadDesign, match="column M must hold one population count"):
        estimate(cells_of(sample, Design("stratum", "psu", "w", fpc="M")))


def test_one_psu_in_all_gives_no_interval_inside_and_says_so():
    sample = by_hand.a_sample()
    sample["psu"], sample["stratum"] = np.full(400, "1"), np.full(400, "a")
    row = estimate(cells_of(sample, Design("stratum", "psu", "w", lonely="remove"))).row("q1")
    assert row["low"] is None
    assert row["high"] is None
    assert row["flags"] == ["one cluster only", "review"]
    assert row["reliability"] == "hidden"


def test_one_sided_limits_are_those_of_the_wider_two_sided_interval():
    cells = cells_of(by_hand.a_sample())
    two = estimate(cells, level=0.9).row("q1")
    lower, upper = (estimate(cells, level=0.95, side=side).row("q1") for side in ("lower", "upper"))
    assert (lower["low"], lower["high"]) == (pytest.approx(two["low"]), 1.0)
    assert (upper["low"], upper["high"]) == (0.0, pytest.approx(two["high"]))


def test_mean_scores_have_t_limits_and_our_own_word():
    sample = by_hand.a_sample()
    row = estimate(cells_of(sample), scoring="govuk-100").row("q1")
    level, w = sample["q1"], sample["w"]
    some = level > 0
    assert row["estimate"] == pytest.approx(((level - 1) * 25 * w)[some].sum() / w[some].sum())
    assert row["method"] == "t"
    assert row["high"] - row["estimate"] == pytest.approx(row["estimate"] - row["low"])
    assert row["reliability"] in ("shown", "review")


def test_wrong_questions_are_refused():
    cells = cells_of(by_hand.a_sample())
    for wrong in ({"interval": "x"}, {"variance": "x"}, {"side": "x"}, {"level": 1.0}, {"scoring": "x"}):
        with pytest.raises(BadMethod):
            estimate(cells, **wrong)
    with pytest.raises(NotInCells, match="no item or factor q99"):
        estimate(cells, of=["q99"])
    with pytest.raises(NotInCells, match="column village"):
        estimate(cells, by=["village"])
    with pytest.raises(BadMethod, match="other cells"):
        estimate(cells, design_weights(cells_of(by_hand.a_sample(rows=50))))


def test_a_design_of_one_psu_is_refused_as_such():
    sample = by_hand.a_sample()
    sample["psu"] = np.full(400, "1")
    with pytest.raises(LonelyPsu, match="the whole design has a single PSU"):
        estimate(cells_of(sample, Design(psus="psu", weights="w")))

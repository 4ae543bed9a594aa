"""A simulated province: what it promises about itself."""

import time

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.simulation.simulate import Field, ImpossibleProvince, Place, Question
from tests.analysis.province import QUESTIONS, a_province, levels


def answered(level):
    return (level > 0) & (level < 254)


def unweighted(province):
    """The pooled share of satisfied answers to factor items, every answer alike."""
    level = levels(province)[:, 1:]
    return (answered(level) & (level >= 4)).sum() / answered(level).sum()


def weighted(province):
    """The same, each answer counting as many dossiers as its unit x field has per answer."""
    level = levels(province)[:, 1:]
    key = [*zip(province.responses["unit"].to_pylist(), province.responses["field"].to_pylist(), strict=True)]
    seen = {cell: key.count(cell) for cell in set(key)}
    frame = dict.fromkeys(seen, 0)
    for row in province.frame.to_pylist():
        if (row["unit"], row["field"]) in frame:
            frame[row["unit"], row["field"]] += row["dossiers"]
    weight = np.array([frame[cell] / seen[cell] for cell in key])[:, None]
    return (weight * (answered(level) & (level >= 4))).sum() / (weight * answered(level)).sum()


def test_the_same_seed_gives_the_same_bytes():
    assert a_province(seed=7).responses.equals(a_province(seed=7).responses)
    assert a_province(seed=7).frame.equals(a_province(seed=7).frame)
    assert not a_province(seed=7).responses.equals(a_province(seed=8).responses)


def test_totals_are_about_what_was_asked_for():
    province = a_province()
    assert sum(province.frame["dossiers"].to_pylist()) == pytest.approx(200_000, rel=0.02)
    assert province.responses.num_rows == pytest.approx(10_000, rel=0.08)


def test_the_truth_of_the_whole_is_what_was_asked_for():
    assert a_province(level=0.78).truth.share("overall") == pytest.approx(0.78, abs=1e-9)


def test_the_truth_of_units_adds_up_to_the_truth_of_the_whole():
    rows = [row for row in a_province().truth.records() if row["of"] == "O"]
    units = [row for row in rows if tuple(row["domain"]) == ("unit",)]
    (whole,) = (row for row in rows if not row["domain"])
    assert sum(row["dossiers"] for row in units) == whole["dossiers"] == sum(a_province().frame["dossiers"].to_pylist())
    assert sum(row["dossiers"] * row["share"] for row in units) / whole["dossiers"] == pytest.approx(whole["share"])


def test_land_is_lowest_and_departments_are_higher():
    truth = a_province().truth
    assert min((f.code for f in a_province().fields), key=lambda code: truth.share("overall", field=code)) == "land"
    lifted = a_province(lift={}).truth
    assert truth.share("O", unit="dept-0") - lifted.share("O", unit="dept-0") > 0.01


def test_answers_agree_with_the_truth_where_nobody_urges():
    province = a_province(eager=0.0, urging=1.0, icc=0.0, answers=60_000)
    unit, field = (np.array(province.responses[name].to_pylist()) for name in ("unit", "field"))
    level = levels(province)
    gaps = []
    for row in province.truth.records():
        if set(row["domain"]) == {"unit", "field"} and row["of"] in {question.code for question in QUESTIONS}:
            rows = (unit == row["domain"]["unit"]) & (field == row["domain"]["field"])
            given = level[rows, [question.code for question in QUESTIONS].index(row["of"])]
            n = answered(given).sum()
            if n >= 100:
                spread = np.sqrt(row["share"] * (1 - row["share"]) / n)
                gaps.append(((given[answered(given)] >= 4).mean() - row["share"]) / spread)
    assert len(gaps) > 200
    assert abs(np.mean(gaps)) < 0.15
    assert 0.9 < np.std(gaps) < 1.1


def test_the_unweighted_mean_is_two_points_too_high_and_dossier_weights_repair_it():
    gaps = np.array([
        (unweighted(province) - 0.85, weighted(province) - 0.85)
        for province in (a_province(seed, urging=1.0, icc=0.02) for seed in range(12))
    ])  # fmt: skip
    raw, repaired = gaps.mean(axis=0)
    assert 0.01 < raw < 0.04
    assert abs(repaired) < 0.003


def test_urging_is_what_weights_cannot_repair():
    province = a_province(urging=3.0, eager=0.3)
    assert weighted(province) > 0.86
    assert weighted(a_province(urging=1.0, eager=0.3)) == pytest.approx(0.85, abs=0.01)


def test_over_eager_offices_answer_out_of_proportion():
    province = a_province(urging=1.0, small=0.0)
    eager = {i for i, place in enumerate(province.places) if place.unit in province.eager_units}
    place = province.responses["place"].to_numpy()
    assert len(eager) == 3
    share = np.isin(place, list(eager)).mean()
    assert share > 2 * len(eager) / len(province.places)


def test_answers_of_one_week_at_one_place_are_alike():
    def similarity(icc):
        province = a_province(icc=icc, answers=60_000, eager=0.0)
        said = answered(levels(province)[:, 0])
        y = (levels(province)[said, 0] >= 4).astype(float)
        table = province.responses.filter(said)
        truth = {row["domain"].get("unit", "") + row["domain"].get("field", ""): row["share"]
                 for row in province.truth.records() if row["of"] == "O" and len(row["domain"]) == 2}  # fmt: skip
        y -= [truth[u + f] for u, f in zip(table["unit"].to_pylist(), table["field"].to_pylist(), strict=True)]
        week = table["week"].combine_chunks().indices.to_numpy()
        cluster = table["place"].to_numpy() * 100 + week
        n, total, square = (np.bincount(cluster, w) for w in (None, y, y**2))
        return ((total**2 - square)[n > 1].sum() / (n * (n - 1.0))[n > 1].sum()) / y.var()

    assert similarity(0.0) == pytest.approx(0, abs=0.005)
    assert similarity(0.05) == pytest.approx(0.05, abs=0.015)
    assert similarity(0.08) > similarity(0.03)


def test_bytes_mean_what_the_door_means_by_them():
    questions = (
        *QUESTIONS,
        Question("C", levels=3, kind="choice"),
        Question("S", levels=7, kind="several"),
        Question("N", kind="count"),
    )
    codes = [question.code for question in questions]
    province = a_province(questions=questions, forms={"full": codes, "short": ["O", "B1.0"]}, profile_missing=0.2)
    level, form = levels(province), np.array(province.responses["form"].to_pylist())
    asked = np.isin(codes, ["O", "B1.0"])
    assert (level[form == "short"][:, ~asked] == 255).all()
    assert (level[form == "full"] != 255).all()
    assert set(np.unique(level[:, codes.index("O")])) == {0, 1, 2, 3, 4, 5}
    assert (level[:, codes.index("O")] == 0).mean() == pytest.approx(0.033, abs=0.015)
    assert (level[form == "full"][:, codes.index("B3.1")] == 254).mean() == pytest.approx(0.4, abs=0.03)
    assert not (level[:, codes.index("B1.0")] == 254).any()
    assert level[form == "full"][:, codes.index("C")].max() == 3
    assert 1 < level[form == "full"][:, codes.index("S")].max() <= 128
    assert answered(level).any(axis=1).all()
    assert province.responses["sex"].null_count / province.responses.num_rows == pytest.approx(0.2, abs=0.02)


def test_a_three_level_scale_and_a_reversed_one_are_answered_as_told():
    questions = [Question("three", levels=3, satisfied=(2, 3)), Question("reversed", levels=4, satisfied=(1, 2))]
    forms = {"full": ["three", "reversed"], "short": ["three"]}
    province = a_province(questions=questions, forms=forms, eager=0.0, icc=0.0)
    three, reverse = levels(province).T
    assert set(np.unique(three)) == {0, 1, 2, 3}
    assert (three[answered(three)] >= 2).mean() == pytest.approx(province.truth.share("three"), abs=0.03)
    assert (reverse[answered(reverse)] <= 2).mean() == pytest.approx(province.truth.share("reversed"), abs=0.03)


def test_only_open_weeks_have_answers_and_a_week_may_lie_in_two_months():
    province = a_province(down=0.2)
    listed = set(zip(*(province.open_weeks[name].to_pylist() for name in ("place", "week")), strict=True))
    seen = set(zip(*(province.responses[name].to_pylist() for name in ("place", "week")), strict=True))
    assert seen <= listed
    assert len(listed) < 0.9 * len(province.places) * 14
    months = {}
    for week, month in zip(*(province.responses[name].to_pylist() for name in ("week", "month")), strict=True):
        months.setdefault(week, set()).add(month)
    assert months["2026-W05"] == {"2026-01"}
    assert months["2026-W14"] == {"2026-03"}
    assert all(len(found) == 1 for found in months.values()), "February and March 2026 begin after a weekend"


def test_small_offices_have_few_answers():
    province = a_province(small=0.2)
    counts = np.bincount(province.responses["place"].to_numpy(), minlength=21)
    assert (counts < 60).sum() >= 3


def test_sixty_thousand_answers_take_less_than_a_second():
    province = a_province(dossiers=1_000_000, answers=60_000)
    start = time.process_time()
    assert province.responses.num_rows > 55_000
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"forms": {"full": ["X"], "short": ["O"]}}, r"form full asks \['X'\]"),
        ({"places": [Place("p", "03600", form="long")]}, "long"),
        ({"responsible": {}}, "no place receives any field"),
        ({"answers": 100_000}, "at most a third"),
        ({"questions": [Question("C", kind="choice")], "forms": {"full": ["C"], "short": ["C"]}}, "no rating"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ImpossibleProvince, match=message):
        a_province(**changes)


@pytest.mark.parametrize(
    "bad",
    [{"satisfied": (2, 4)}, {"kind": "comment"}, {"kind": "several", "levels": 8}, {"satisfied": (1, 2, 3, 4, 5)}],
)
def test_a_question_that_cannot_be_simulated_is_refused(bad):
    with pytest.raises(AnalysisError, match="question q"):
        Question("q", **bad)


def test_fields_default_to_equal_shares():
    assert Field("x") == Field("x", 1.0, 0.0)

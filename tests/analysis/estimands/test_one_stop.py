"""Points and classes of Circular 01/2018, at every bound."""

from decimal import Decimal

import pytest

from analysis.data.codebook import CodebookItem
from analysis.errors import BadMethod
from analysis.estimands.one_stop import class_of, facts, filed_online, handled_in_time, one_decimal


@pytest.mark.parametrize(
    ("total", "word"),
    [
        ("18.0", "Xuất sắc"),
        ("15.0", "Xuất sắc"),  # a system in use tested `> 15`, and called exactly 15 points the lowest class
        ("14.9", "Tốt"),
        ("12.0", "Tốt"),
        ("11.9", "Khá"),
        ("9.0", "Khá"),
        ("8.9", "Trung bình"),
        ("6.0", "Trung bình"),
        ("5.9", "Yếu"),
        ("0.0", "Yếu"),
    ],
)
def test_each_bound_belongs_to_the_class_above_it(total, word):
    assert class_of(Decimal(total)) == word


def test_all_complaints_in_time_two_points_nine_in_ten_one_fewer_none():
    assert [handled_in_time(200, n) for n in (200, 199, 180, 179, 0)] == [2, 1, 1, 0, 0]
    assert handled_in_time(0, 0) is None, "what an office without complaints earns is not verified"


def test_three_in_ten_dossiers_online_two_points_fifteen_in_a_hundred_one():
    assert [filed_online(1000, n) for n in (1000, 300, 299, 150, 149, 0)] == [2, 2, 1, 1, 0, 0]
    assert filed_online(0, 0) is None


def test_a_fact_is_worth_two_one_or_no_point_and_a_refuted_complaint_its_share():
    item, seventh = (CodebookItem(code, levels=3, satisfied=(1,)) for code in ("I3", "I7"))
    assert facts().scores(item).tolist() == [2, 1, 0]
    assert facts(0.25).scores(item).tolist() == [2, 1, 0]
    assert facts(0.25).scores(seventh).tolist() == [2, 0.25, 0]
    with pytest.raises(BadMethod, match="has three"):
        facts().scores(CodebookItem("I3", levels=4, satisfied=(1,)))


def test_half_a_tenth_goes_up():
    assert [str(one_decimal(value)) for value in (1.75, 1.65, 1.64999, 2.0, 0.05)] == [
        "1.8",
        "1.7",
        "1.6",
        "2.0",
        "0.1",
    ]

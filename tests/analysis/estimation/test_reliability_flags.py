"""Words on reliability, by the standards' own thresholds."""

import numpy as np
import pytest

from analysis.estimation.reliability_flags import mean_reliability, proportion_reliability


def word(p, n, deff=1.0, df=50, positive=None):
    p, n = np.array([p]), np.array([float(n)])
    positive = p * n if positive is None else np.array([float(positive)])
    return proportion_reliability(p, deff * p * (1 - p) / np.maximum(n, 1), n, np.array([float(df)]), positive)[0]


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ({"p": 0.5, "n": 2000}, "shown"),
        ({"p": 0.5, "n": 29}, "hidden"),
        ({"p": 0.5, "n": 80, "deff": 3.0}, "hidden"),
        ({"p": 0.5, "n": 40}, "hidden"),
        ({"p": 0.9, "n": 200}, "shown"),
        ({"p": 0.05, "n": 50}, "hidden"),
        ({"p": 0.95, "n": 60}, "note"),
        ({"p": 0.9, "n": 200, "df": 7}, "review"),
        ({"p": 1.0, "n": 60}, "review"),
        ({"p": 0.0, "n": 60}, "review"),
        ({"p": 1.0, "n": 12}, "hidden"),
        ({"p": 0.9, "n": 200, "df": 0}, "hidden"),
        ({"p": 0.9, "n": 0, "positive": 0}, None),
    ],
)
def test_words_for_shares(figure, expected):
    assert word(**figure) == expected


def test_means_have_a_rule_of_our_own():
    value, n = np.full(4, 60.0), np.array([29.0, 30, 100, 0])
    v, df = np.array([1.0, 1, 400, np.nan]), np.array([20.0, 20, 20, 0])
    assert list(mean_reliability(value, v, n, df)) == ["hidden", "shown", "hidden", None]
    assert list(mean_reliability(value[:1], v[:1], n[1:2], np.array([7.0]))) == ["review"]


@pytest.mark.parametrize(("v", "expected"), [(9.0, "shown"), (9.1, "hidden")])
def test_a_mean_is_hidden_above_three_tenths_of_itself(v, expected):
    assert mean_reliability(np.array([-10.0]), np.array([v]), np.array([50.0]), np.array([8.0]))[0] == expected


def test_a_share_needs_thirty_persons_and_eight_degrees_of_freedom():
    ask = {"p": 0.95, "n": 400}
    assert (word(**ask, df=8), word(**ask, df=7)) == ("shown", "review")
    many = {"p": 0.9, "v": 0.0002, "n": 400.0, "df": 20.0, "positive": 360.0}
    for persons, expected in ((30, "shown"), (29, "hidden")):
        found = proportion_reliability(*(np.array([value]) for value in many.values()), persons=np.array([persons]))
        assert found[0] == expected
    assert (word(0.9, 300, deff=9.99), word(0.9, 300, deff=10.01)) == ("note", "hidden")  # effective answers: 30
    assert word(0.97, 40) == "note"
    assert word(0.96, 200) == "note"


def test_many_answers_of_few_persons_are_not_shown():
    answers = {"p": 0.9, "v": 0.0004, "n": 400.0, "df": 20.0, "positive": 360.0}
    by_many = proportion_reliability(*(np.array([value]) for value in answers.values()), persons=np.array([40]))
    by_few = proportion_reliability(*(np.array([value]) for value in answers.values()), persons=np.array([12]))
    assert by_many[0] != "hidden"
    assert by_few[0] == "hidden"

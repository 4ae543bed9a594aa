"""What a category that lost all its rows leaves to others, when weights are fitted again."""

import numpy as np
import pytest

from analysis.weighting.ipf import fit_ipf

CODES = np.array([0, 0, 1, 2, 3])  # categories of five cells
ROWS = np.array([1, 1, 1, 2, 1])
HOME = np.array([0, 0, 1, 1])  # categories 0 and 1 are of one office, 2 and 3 of another


def fitted(base, target, home=None):
    return fit_ipf([(CODES, np.array(target, dtype=float))], np.array(base, dtype=float), ROWS, home)[0].tolist()


def test_each_category_reaches_its_total_in_proportion():
    assert fitted([1, 3, 1, 1, 1], [20, 5, 8, 7]) == [5, 15, 5, 4, 7]


def test_what_a_lost_category_had_goes_to_all_in_proportion():
    assert fitted([1, 3, 0, 1, 1], [20, 5, 12, 8]) == pytest.approx([5.625, 16.875, 0, 6.75, 9])
    assert fitted([1, 3, 0, 1, 1], [20, 0.5, 12, 8]) == pytest.approx([5.0625, 15.1875, 0, 6.075, 8.1])


def test_with_homes_it_goes_to_those_of_its_own():
    assert fitted([1, 3, 0, 1, 1], [20, 5, 12, 8], HOME) == pytest.approx([6.25, 18.75, 0, 6, 8])
    assert fitted([1, 3, 0, 1, 0], [20, 5, 12, 0.5], HOME) == pytest.approx([6.25, 18.75, 0, 6.25, 0])


def test_small_totals_are_left_as_large_ones_are():
    for target, base in (([20, 5, 12, 8], [1, 3, 0, 1, 1]), ([20, 5, 12, 8], [1, 3, 0, 1, 0])):
        large = fitted(base, target, HOME)
        assert fitted(base, [total / 1000 for total in target], HOME) == pytest.approx([w / 1000 for w in large])


def test_a_home_that_lost_everything_leaves_it_to_all():
    assert fitted([1, 3, 1, 0, 0], [20, 5, 12, 8], HOME) == pytest.approx([9, 27, 9, 0, 0])


def test_with_several_margins_only_the_first_has_homes():
    """The cell of category 1 is lost: its five stay in the office; of the second margin nothing is lost."""
    other = (np.array([0, 1, 0, 1, 0]), np.array([15.0, 30.0]))
    base = np.array([1, 3, 0, 1, 1], dtype=float)
    weights, _, miss = fit_ipf([(CODES, np.array([20.0, 5, 12, 8])), other], base, ROWS, HOME)
    assert miss <= 1e-12
    mass = weights * ROWS
    assert np.bincount(CODES, mass).tolist() == pytest.approx([25, 0, 12, 8])
    assert np.bincount(other[0], mass).tolist() == pytest.approx([15, 30])
    lost = (np.array([0, 0, 1, 0, 0]), np.array([40.0, 5.0]))  # a second margin whose category is lost too
    weights = fit_ipf([(CODES, np.array([20.0, 5, 12, 8])), lost], base, ROWS, HOME)[0]
    assert np.bincount(CODES, weights * ROWS).tolist() == pytest.approx([25, 0, 12, 8])


def test_a_category_without_population_or_rows_is_left_out_of_account():
    weights, _, miss = fit_ipf(
        [(CODES, np.array([20.0, 0, 12, 8])), (np.array([0, 1, 0, 1, 0]), np.array([15.0, 25.0]))],
        np.array([1, 3, 0, 1, 1], dtype=float), ROWS,
    )  # fmt: skip
    assert miss <= 1e-12
    assert weights[2] == 0

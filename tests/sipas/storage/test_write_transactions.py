"""Write transactions that compute while others wait fail the test in which they do so (`tests/conftest.py`)."""

from __future__ import annotations

import pytest

from analysis.comparison.multiplicity import holm
from tests.conftest import MOST_CALLS
from tests.quicker import STATISTICS


def test_statistics_in_a_write_transaction_are_named(database):
    with pytest.raises(AssertionError, match=r"'holm'.* ran in a write transaction"), database.writing():
        holm([0.01, 0.2])


def test_a_generator_that_is_closed_meanwhile_computes_nothing(database):
    """The garbage collector closes those of earlier computations whenever it likes."""
    left = [eval(compile("(one for one in [1, 2])", f"{STATISTICS}estimate.py", "eval"))]
    next(left[0])
    with database.writing():
        left.clear()


def test_a_write_transaction_that_calls_very_many_functions_is_noticed(database):
    with pytest.raises(AssertionError, match="a write transaction called 1,0"), database.writing():
        many_calls()


def many_calls():
    """As many as are too many."""
    for _ in range(MOST_CALLS):
        called()


def called():
    """Nothing."""

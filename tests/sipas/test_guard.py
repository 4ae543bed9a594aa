"""The guard of the tests themselves: whoever computes inside a write transaction is told."""

import time

import pytest


def computed(database, seconds: float) -> None:
    with database.writing():
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass


def test_a_write_transaction_that_computes_for_longer_than_a_second_fails(database):
    with pytest.raises(AssertionError, match="compute outside"):
        computed(database, 1.1)
    computed(database, 0.1)


def test_one_that_only_waits_does_not(database):
    with database.writing():
        time.sleep(1.2)

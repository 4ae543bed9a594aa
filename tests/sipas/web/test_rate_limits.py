"""Shares of addresses: one takes much while it is alone, little beside many, and newcomers are served to the last."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from sipas.config.settings import Settings
from sipas.errors import NotStored
from sipas.web.rate_limits import COUNT, PLACES, AddressCounts, Budget, RateLimits

TODAY = dt.date(2026, 12, 1)
POINT = "point to-hieu-1"


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def limits(tmp_path, clock):
    return RateLimits(tmp_path)


def taken(limits, clock, budget, *addresses, tries=1, a_second=200):
    """How many answers of these addresses are taken, one after the other, at so many a second."""
    seen = 0
    for _ in range(tries):
        for address in addresses:
            clock[0] += 1 / a_second
            try:
                limits.take(POINT, budget, address, TODAY)
                seen += 1
            except NotStored:
                pass
    return seen


def test_twenty_thousand_posts_of_one_address_leave_most_of_a_points_day(limits, clock):
    budget = Budget.of_point(Settings())
    assert 3_300 < taken(limits, clock, budget, "203.0.113.1", tries=20_000) < 3_500
    assert taken(limits, clock, budget, "198.51.100.1", "198.51.100.2", tries=300) == 600


def test_an_office_behind_one_router_is_not_held_up_by_its_share(limits, clock):
    """250 answers an hour for ten hours, all from one address: far more than any office of the province gathers."""
    budget = Budget.of_point(Settings())
    assert taken(limits, clock, budget, "203.0.113.1", tries=2_500, a_second=250 / 3600) == 2_500


def test_a_thousand_addresses_that_take_all_they_may_leave_room_for_whoever_comes_newly(limits, clock):
    budget = Budget.of_point(Settings())
    many = [f"10.0.{number // 256}.{number % 256}" for number in range(1_000)]
    while taken(limits, clock, budget, *many):
        pass
    assert taken(limits, clock, budget, *(f"198.51.100.{number}" for number in range(10))) == 10


def test_a_flood_of_minutes_costs_no_point_its_day(limits, clock):
    """20,000 posts in 100 seconds, each from an address of its own, and then people again, one a minute."""
    budget = Budget.of_point(Settings())
    flood = [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(20_000)]
    assert taken(limits, clock, budget, *flood) < 10_100
    people = [f"198.51.{number // 256}.{number % 256}" for number in range(300)]
    assert taken(limits, clock, budget, *people, a_second=1 / 60) >= 299


def test_sixty_five_thousand_lines_of_one_server_are_as_sixteen_addresses(limits, clock):
    budget = Budget.of_failures(1_000, 0)

    def fails(address):
        if allowed := limits.allows("guess", budget, address):
            limits.failed("guess", budget, address, TODAY)
        return allowed

    assert sum(fails(f"2001:db8:1:{number:x}::1") for number in range(2_000)) < 650
    assert fails("2001:db8:2::1")


def test_whoever_has_no_address_of_his_own_has_no_share_that_others_could_spend(limits, clock):
    budget = Budget(rate=1e6, burst=10**6, day=100, pool=100.0, share=0.1)
    assert taken(limits, clock, budget, "", tries=200) == 100


def test_what_an_address_took_is_half_forgotten_in_six_hours(limits, clock):
    counts = limits.addresses
    for _ in range(8):
        counts.add("a", "203.0.113.1")
    clock[0] += 6 * 3600
    assert 3.99 < counts.taken("a", "203.0.113.1") < 4.01
    assert counts.taken("b", "203.0.113.1") == 0


def test_a_million_addresses_take_no_more_memory_and_push_out_none_that_took_much(clock):
    counts = AddressCounts(places=64)
    for _ in range(50):
        counts.add("a", "203.0.113.1")
    size = len(counts._table)
    for number in range(5_000):
        counts.add("a", f"10.0.{number // 256}.{number % 256}")
    assert len(counts._table) == size
    assert 49.9 < counts.taken("a", "203.0.113.1") <= 50
    assert PLACES * COUNT.size < 3e6


def test_no_address_lies_in_memory_and_the_hash_changes_with_the_process(clock):
    one, two = AddressCounts(places=64), AddressCounts(places=64)
    for counts in (one, two):
        counts.add("a", "203.0.113.1")
    assert b"203.0.113.1" not in bytes(one._table)
    assert bytes([203, 0, 113, 1]) not in bytes(one._table)
    assert bytes(one._table) != bytes(two._table)


def test_a_proxy_that_is_not_named_is_told_once_without_an_address(limits, caplog):
    with caplog.at_level("WARNING"):
        limits.address("8.8.8.8", "198.51.100.1")  # a stranger's header is not worth a word
        assert caplog.text == ""
        for _ in range(3):
            limits.address("10.0.0.3", "198.51.100.1")
    assert caplog.text.count("the setting proxy") == 1
    assert "198.51" not in caplog.text

"""Budgets: so many answers a second, in bursts, and a day; counted together by all processes, for nobody's address."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import os
import time

import pytest

from sipas.errors import NotStored
from sipas.web import counter_file, rate_limits
from sipas.web.rate_limits import Budget, RateLimits

TODAY = dt.date(2026, 9, 16)
TOMORROW = TODAY + dt.timedelta(days=1)
SLOW = Budget(rate=0.001, burst=10, day=15)


def taken(counters, key, budget=SLOW, today=TODAY, tries=50):
    """How many of so many tries were granted."""
    granted = 0
    for _ in range(tries):
        with contextlib.suppress(NotStored):
            counters.take(key, budget, "", today)
            granted += 1
    return granted


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_burst_then_the_rate_then_the_day(tmp_path, clock):
    counters = RateLimits(tmp_path)
    budget = Budget(rate=2, burst=10, day=15)
    assert taken(counters, "point a", budget) == 10
    clock[0] += 1
    assert taken(counters, "point a", budget) == 2
    clock[0] += 100
    assert taken(counters, "point a", budget) == 3
    assert counters.used("point a", TODAY) == 15
    with pytest.raises(NotStored) as refused:
        counters.take("point a", budget, "", TODAY)
    assert (refused.value.reason, refused.value.wait) == ("limit", rate_limits.LATER)
    clock[0] += 100
    assert taken(counters, "point a", budget, TOMORROW) == 10


def test_what_was_stored_before_gives_its_place_in_the_day_back_but_not_in_the_second(tmp_path, clock):
    counters = RateLimits(tmp_path)
    assert taken(counters, "point a", Budget(rate=0, burst=10, day=5)) == 5
    counters.give_back("point a", TODAY, 2)
    assert counters.used("point a", TODAY) == 3
    assert taken(counters, "point a", Budget(rate=0, burst=10, day=100)) == 5  # of ten at once
    counters.give_back("point b", TODAY)
    counters.give_back("point a", TOMORROW)
    assert (counters.used("point b", TODAY), counters.used("point a", TODAY)) == (0, 8)


def test_one_point_spends_nothing_of_another(tmp_path):
    counters = RateLimits(tmp_path)
    assert [taken(counters, f"point {number}") for number in range(200)] == [10] * 200
    assert taken(counters, "device 1") == 10


def test_a_batch_is_taken_whole_or_not_at_all(tmp_path):
    counters = RateLimits(tmp_path)
    counters.take("device 1", SLOW, "", TODAY, 8)
    with pytest.raises(NotStored):
        counters.take("device 1", SLOW, "", TODAY, 3)
    counters.take("device 1", SLOW, "", TODAY, 2)


def test_two_processes_count_together(tmp_path):
    budget = Budget(rate=0.001, burst=1000, day=10**6)
    child = os.fork()
    if child == 0:
        os._exit(taken(RateLimits(tmp_path), "point a", budget, tries=900) // 10)
    ours = taken(RateLimits(tmp_path), "point a", budget, tries=900)
    theirs = 10 * os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ours < 900 or theirs < 900
    assert 990 <= ours + theirs <= 1000


def test_counters_outlive_a_process_but_not_the_night_and_tell_no_name(tmp_path):
    assert taken(RateLimits(tmp_path), "point to-hieu-1") == 10
    again = RateLimits(tmp_path)
    assert taken(again, "point to-hieu-1") == 0
    path = tmp_path / "run" / "rate_limits"
    assert b"to-hieu" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    again.forget()
    assert path.read_bytes().strip(b"\0") == b""
    assert taken(again, "point to-hieu-1") == 10


def test_a_machine_that_started_anew_begins_with_full_budgets(tmp_path, clock):
    counters = RateLimits(tmp_path)
    assert taken(counters, "point a") == 10
    clock[0] = 5.0
    assert taken(counters, "point a") == 5  # what is left of the day


def test_without_room_for_the_file_each_process_counts_for_itself(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "posix_fallocate", full)
    counters = RateLimits(tmp_path)
    assert taken(counters, "point a") == 10
    assert taken(RateLimits(tmp_path), "point a") == 10


def test_more_keys_than_places_share_and_none_is_refused_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(counter_file, "SLOTS", 8)
    counters = RateLimits(tmp_path)
    generous = Budget(rate=1, burst=100, day=1000)
    for number in range(20):
        counters.take(f"point {number}", generous, "", TODAY)


def test_the_pool_fills_up_over_hours_so_that_a_flood_of_minutes_spends_no_day(tmp_path, clock):
    counters = RateLimits(tmp_path)
    budget = Budget(rate=200, burst=1000, day=100, pool=50.0, refill=50 / 43_200)
    assert taken(counters, "point a", budget, tries=200) == 50
    clock[0] += 6 * 3600
    assert taken(counters, "point a", budget, tries=200) == 25
    clock[0] += 12 * 3600
    assert taken(counters, "point a", budget, tries=200) == 25  # the rest of the day
    assert counters.left("point a", budget) == pytest.approx(25)


@pytest.mark.parametrize("damage", ["emptied", "cut", "garbage", "half zeroed"])
def test_a_damaged_file_forgives_no_flood_shuts_nobody_out_and_is_told(tmp_path, clock, caplog, damage):
    budget = Budget(rate=200, burst=100, day=1000, pool=100.0)
    counters = RateLimits(tmp_path)
    assert taken(counters, "point a", budget, tries=200) == 100
    path = tmp_path / "run" / "rate_limits"
    whole = path.read_bytes()
    if damage == "emptied":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(whole[: len(whole) // 3])
    elif damage == "garbage":
        path.write_bytes(bytes(range(1, 256)) * (len(whole) // 255) + whole[: len(whole) % 255])
    else:
        path.write_bytes(bytes(one & 0xF0 for one in whole))
    clock[0] += 1
    for found in (RateLimits(tmp_path), counters):  # a process that starts, and the one that is running
        assert taken(found, "point b" if found is counters else "point c", budget, tries=200) == 50
    assert taken(counters, "point a", budget, tries=200) <= 50
    assert caplog.text.count("rate limits were damaged") == 1
    assert path.stat().st_size == len(whole)
    counters.forget()
    assert taken(counters, "point b", budget, tries=200) == 100


def test_a_file_that_is_cut_short_under_a_running_process_is_told_as_well(tmp_path, clock, caplog):
    counters = RateLimits(tmp_path)
    assert taken(counters, "point a") == 10
    (tmp_path / "run" / "rate_limits").write_bytes(b"")
    assert taken(counters, "point a") == 5
    assert caplog.text.count("rate limits were damaged") == 1


def test_of_two_processes_that_start_at_once_one_makes_the_file_and_it_is_whole(tmp_path):
    first, second = RateLimits(tmp_path), RateLimits(tmp_path)
    (tmp_path / "run").mkdir()
    first._file._make()
    assert taken(first, "point a") == 10
    second._file._make()
    assert taken(second, "point a") == 0
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["rate_limits"]


def test_keys_of_guesses_survive_the_night_and_the_rest_does_not(tmp_path):
    counters = RateLimits(tmp_path)
    for number in range(50):
        taken(counters, f"point {number}")
    budget = Budget.of_failures(100, 0)
    for _ in range(60):
        counters.failed("desk password", budget, "", TODAY)
    (tmp_path / "run" / "budgets").write_bytes(b"of November 2026")
    counters.forget(but=("desk password", "never used"))
    assert counters.used("desk password", TODAY) == 60
    assert counters.left("desk password", budget) == 40
    assert [counters.used(f"point {number}", TODAY) for number in range(50)] == [0] * 50
    assert not (tmp_path / "run" / "budgets").exists()

"""Guessing codes is in vain for whoever tries, and nobody else waits for it."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from sipas.fieldwork import invitation_codes
from sipas.inviting import guesses
from sipas.inviting.guesses import TooManyGuesses
from sipas.web.rate_limits import GUESSED, SHORT_CODES, UNKNOWN_CODES, Budget, RateLimits

TODAY = dt.date(2026, 12, 1)
OLD, NEW = "2345CFHM", "2345CFHJ678L"
DAY = 86_400


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def limits(tmp_path, clock):
    return RateLimits(tmp_path)


def is_looked_at(limits, address, code=OLD):
    try:
        guesses.check(limits, code, address)
    except TooManyGuesses:
        return False
    return True


def tries(limits, addresses, code=OLD, each=1):
    """How many wrong codes of these addresses are looked at."""
    seen = 0
    for _ in range(each):
        for address in addresses:
            if is_looked_at(limits, address, code):
                guesses.wrong(limits, code, address, TODAY)
                seen += 1
    return seen


def spend_all(limits):
    """As many wrong short codes as are looked at, from so many addresses that none is known."""
    for _ in range(43_200):
        limits.failed(SHORT_CODES, Budget.of_failures(43_200, 43_200), "", TODAY)


def an_address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def test_the_entropy_of_codes_is_what_the_arithmetic_in_the_readme_uses():
    """200 tries a second against 200,000 codes: fewer than three are found in a day, whoever tries from wherever."""
    assert invitation_codes.LENGTH == 12
    assert 200 * DAY * 200_000 / 23**11 < 0.004
    assert 4.9 < 86_400 * 200_000 / 23**7 < 5.2  # of the old ones, as it was


def test_590_wrong_codes_at_once_keep_nobody_waiting(limits):
    assert tries(limits, ["203.0.113.1"], each=590) == 590
    assert is_looked_at(limits, "203.0.113.2")
    assert is_looked_at(limits, "203.0.113.1")


def test_with_ten_thousand_guessers_an_old_code_from_an_office_is_looked_at_at_once(tmp_path, clock):
    """Two processes, and every address fails until it is refused: whoever has not failed is looked at all the same."""
    workers = [RateLimits(tmp_path), RateLimits(tmp_path)]
    many = [an_address(number) for number in range(10_000)]
    while sum(tries(worker, many) for worker in workers):
        assert all(is_looked_at(worker, "203.0.113.2") for worker in workers)
    assert not is_looked_at(workers[0], many[0])
    assert all(is_looked_at(worker, "203.0.113.2") for worker in workers)


def test_of_old_codes_no_more_are_looked_at_in_a_day_than_before(limits, clock):
    """Until November 2026: 600 in ten minutes, 86,400 in a day. Now 43,200 at once and 1,800 an hour."""
    spend_all(limits)
    assert tries(limits, map(an_address, range(100))) == 0
    clock[0] += 3600
    assert tries(limits, map(an_address, range(100, 2_100))) == 1_800
    assert 43_200 + 24 * 1_800 == 600 * 6 * 24


def test_codes_of_today_are_looked_at_however_many_wrong_ones_come_of_either_length(limits):
    spend_all(limits)
    tries(limits, ["10.0.0.1"], NEW, each=2_000)
    assert not is_looked_at(limits, "203.0.113.2", OLD)
    assert is_looked_at(limits, "203.0.113.2", NEW)
    assert is_looked_at(limits, "10.0.0.1", NEW)


def test_the_night_forgives_no_flood(tmp_path, limits):
    spend_all(limits)
    assert not is_looked_at(limits, "203.0.113.2")
    RateLimits(tmp_path).forget(but=GUESSED)
    assert not is_looked_at(limits, "203.0.113.2")
    assert RateLimits(tmp_path).used(SHORT_CODES, TODAY) == 43_200


def test_a_machine_that_started_anew_forgives_no_flood(limits, clock):
    spend_all(limits)
    clock[0] = 1.0
    assert not is_looked_at(limits, "203.0.113.2")
    clock[0] = 65.0
    assert is_looked_at(limits, "203.0.113.2")


def test_the_start_of_an_attack_stands_in_the_log_without_any_address(limits, caplog):
    with caplog.at_level("WARNING"):
        tries(limits, [f"203.0.113.{number}" for number in range(65)], NEW)
    assert caplog.text.count("codes are being guessed") == 1
    assert limits.used(UNKNOWN_CODES, TODAY) == 65
    assert "203.0.113" not in caplog.text + str([getattr(record, "facts", "") for record in caplog.records])

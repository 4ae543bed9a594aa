"""Guessing codes is slow for whoever tries, and nobody else waits for it but in the extreme."""

from __future__ import annotations

import json

import pytest

from sipas.inviting.guesses import ALARM, MOST, NEAR, WINDOW, Guesses, TooManyGuesses, recent

NOW = 1_790_000_000.0


@pytest.fixture
def guesses(tmp_path):
    return Guesses(tmp_path)


def may(guesses, address, now=NOW):
    try:
        guesses.check(address, now)
    except TooManyGuesses:
        return False
    return True


def test_one_address_may_fail_so_often_and_then_waits_while_others_go_on(guesses):
    for _ in range(NEAR):
        assert may(guesses, "203.0.113.1")
        guesses.wrong("203.0.113.1", NOW)
    assert not may(guesses, "203.0.113.1")
    assert may(guesses, "203.0.113.2")
    assert may(guesses, "203.0.113.1", NOW + 60 * WINDOW)


def test_all_addresses_of_one_line_count_as_one(guesses):
    for number in range(NEAR):
        guesses.wrong(f"2001:db8:1:2::{number:x}", NOW)
    assert not may(guesses, "2001:db8:1:2:3:4:5:6")
    assert may(guesses, "2001:db8:1:3::1")


def test_under_attack_an_address_that_failed_waits_and_an_office_that_did_not_goes_on(guesses):
    guesses.wrong("the office that failed once", NOW)
    for number in range(ALARM):
        guesses.wrong(f"attacker {number}", NOW)
    assert not may(guesses, "attacker 3")
    assert not may(guesses, "the office that failed once")
    assert may(guesses, "an office behind one router")


def test_past_the_last_limit_everybody_waits_some_minutes(guesses):
    for number in range(MOST):
        guesses.wrong(f"attacker {number}", NOW)
    assert not may(guesses, "an office")
    assert may(guesses, "an office", NOW + 60 * (WINDOW + 1))


def test_processes_share_the_count_but_not_the_addresses(tmp_path):
    one, two = Guesses(tmp_path), Guesses(tmp_path)
    for number in range(ALARM // 2):
        one.wrong(f"attacker {number}", NOW)
        two.wrong(f"attacker {number}", NOW)
    assert recent(tmp_path / "guesses.json", NOW) == ALARM
    assert not may(one, "attacker 1")
    kept = (tmp_path / "guesses.json").read_text()
    assert json.loads(kept) == {str(int(NOW // 60)): ALARM}  # minutes and numbers, nothing else


def test_a_damaged_count_starts_anew(tmp_path, guesses):
    (tmp_path / "guesses.json").write_text("{broken")
    assert may(guesses, "a")
    guesses.wrong("a", NOW)
    assert recent(tmp_path / "guesses.json", NOW) == 1


def test_the_start_of_an_attack_stands_in_the_log_without_any_address(guesses, caplog):
    with caplog.at_level("WARNING"):
        for number in range(ALARM + 5):
            guesses.wrong(f"203.0.113.{number}", NOW)
    assert caplog.text.count("codes are being guessed") == 1
    assert "203.0.113" not in caplog.text + str([getattr(record, "facts", "") for record in caplog.records])

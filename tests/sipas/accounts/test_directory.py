"""Accounts: made, changed, put to rest, stood in for; never removed."""

from __future__ import annotations

import datetime as dt

import argon2
import pyotp
import pytest

from sipas import clock
from sipas.accounts import directory, passwords, proof, second_factor, sessions
from sipas.accounts.directory import AccountRefused
from sipas.accounts.models import Account
from sipas.accounts.passwords import WeakPassword
from sipas.accounts.store import store_of
from sipas.errors import UnknownCode
from tests.officers import KEY, PASSWORD, an_account

DAY = dt.date(2026, 9, 16)


@pytest.fixture
def store(settings):
    """A home with an administrator, a builder and an approver."""
    for name, role in (("quan", "administrator"), ("hoa", "builder"), ("an", "approver")):
        an_account(settings, name, role)
    return store_of(settings.home)


def roles_of(store, name, day=DAY):
    with store.reading() as session:
        found = directory.holder_of(session, name, day)
    return set(found.roles) if found else None


def test_the_price_of_a_hash_is_argon2id_with_64_mib_and_three_passes():
    """RFC 9106, section 4, second recommended option; the suite's own hashes are cheaper."""
    hasher = argon2.PasswordHasher()
    told = (hasher.type, hasher.memory_cost, hasher.time_cost, hasher.parallelism)
    assert told == (argon2.Type.ID, 65536, 3, 4)
    source = passwords.__loader__.get_source(passwords.__name__)
    assert "\nHASHER = PasswordHasher()" in source


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("mười một ch", "at least 12"),
        ("aaaaaaaaaaaaaaaaaaaa", "could be guessed"),
        ("mật khẩu của hoa đây", "could be guessed"),
        ("x1y2z3" * 40, "at most 200"),
    ],
)
def test_a_password_that_could_be_guessed_is_refused_and_the_old_one_stays(store, word, why):
    with store.reading() as session:
        with pytest.raises(WeakPassword, match=why):
            directory.own_password(directory.find(session, "hoa"), word)
        assert passwords.is_right(directory.find(session, "hoa").password, PASSWORD)


def test_the_password_of_before_is_no_new_one(store):
    with store.reading() as session, pytest.raises(AccountRefused, match="of before"):
        directory.own_password(directory.find(session, "hoa"), PASSWORD)


@pytest.mark.parametrize("name", ["", "h", "Hoa", "lò", "1hoa", "lo hoa", "x" * 41, "hoa\n"])
def test_a_name_is_one_that_every_keyboard_can_type(store, name):
    with pytest.raises(AccountRefused), store.writing() as session:
        directory.add(session, name, "Lò Thị Hoa", [("leader", "")], DAY, "-")


@pytest.mark.parametrize("grants", [[("king", "")], [("clerk", "")], [("leader", "03646")]])
def test_a_role_is_one_that_there_is_and_a_clerk_alone_has_a_unit(store, grants):
    with pytest.raises(AccountRefused), store.writing() as session:
        directory.add(session, "moi", "Người Mới", grants, DAY, "-")
    with store.reading() as session, pytest.raises(UnknownCode):
        directory.find(session, "moi")


def test_a_name_that_there_is_stays_whose_it_was(store):
    with pytest.raises(AccountRefused, match="already"), store.writing() as session:
        directory.add(session, "hoa", "Kẻ Khác", [("administrator", "")], DAY, "-")
    assert roles_of(store, "hoa") == {"builder"}


def test_one_administrator_remains(store):
    for deed in (
        lambda session: directory.grant(session, "quan", [("leader", "")]),
        lambda session: directory.rest(session, "quan", False),
    ):
        with pytest.raises(AccountRefused, match="must remain"), store.writing() as session:
            deed(session)
    assert roles_of(store, "quan") == {"administrator"}


def test_at_rest_nobody_is_anything_and_every_session_is_over(store):
    with store.writing() as session:
        token = sessions.begin(session, "hoa", sessions.WHOLE, 1000.0)
        directory.rest(session, "hoa", False)
    assert roles_of(store, "hoa") is None
    with store.reading() as session:
        assert sessions.known(session, token, 1001.0)[0] is None
        assert session.get(Account, "hoa").person == "Hoa"
    with store.writing() as session:
        directory.rest(session, "hoa", True)
    assert roles_of(store, "hoa") == {"builder"}


def test_a_reset_ends_password_second_factor_recovery_codes_and_sessions(store, settings):
    with store.writing() as session:
        codes = second_factor.new_recovery_codes(session, directory.find(session, "hoa"))
        token = sessions.begin(session, "hoa", sessions.WHOLE, 1000.0)
        directory.reset(session, "hoa", (first := passwords.first()).stored)
    with store.writing() as session:
        account = directory.find(session, "hoa")
        assert (account.must_change, account.second_factor) == (True, None)
        assert [passwords.is_right(account.password, one) for one in (PASSWORD, first.word)] == [False, True]
        assert second_factor.recovery_codes_left(session, "hoa") == 0 < len(codes)
        assert sessions.known(session, token, 1001.0)[0] is None


def test_a_deputy_holds_the_roles_for_the_days_of_the_leave_and_remains_one_person(store):
    with store.writing() as session:
        directory.name_deputy(session, "an", "hoa", DAY, DAY + dt.timedelta(days=2))
    found = [roles_of(store, "hoa", DAY + dt.timedelta(days=days)) for days in (-1, 0, 2, 3)]
    assert found == [{"builder"}, {"builder", "approver"}, {"builder", "approver"}, {"builder"}]
    with store.reading() as session:
        assert directory.holder_of(session, "hoa", DAY).name == "hoa"
    with store.writing() as session:
        directory.rest(session, "an", False)
    assert roles_of(store, "hoa", DAY) == {"builder"}, "whoever left has nothing to hand on"


@pytest.mark.parametrize(("deputy", "days"), [("an", 2), ("hoa", -1), ("hoa", 92), ("nobody", 2)])
def test_a_leave_that_is_none_is_refused(store, deputy, days):
    with pytest.raises((AccountRefused, UnknownCode)), store.writing() as session:
        directory.name_deputy(session, "an", deputy, DAY, DAY + dt.timedelta(days=days))


def test_a_recovery_code_stands_for_the_second_factor_once_and_for_its_account_alone(store, settings):
    now, secret = clock.now(), settings.secret("desk")
    with store.writing() as session:
        first, second, *rest = second_factor.new_recovery_codes(session, directory.find(session, "hoa"))
    assert len(rest) == 8
    with store.writing() as session:
        hoa, an = (directory.find(session, name) for name in ("hoa", "an"))
        assert not second_factor.spend(session, an, first, secret, now)
        assert [second_factor.spend(session, hoa, first.upper(), secret, now) for _ in range(2)] == [True, False]
        assert second_factor.recovery_codes_left(session, "hoa") == 9
        new = second_factor.new_recovery_codes(session, hoa)
        assert not second_factor.spend(session, hoa, second, secret, now)
        assert second_factor.spend(session, hoa, new[0], secret, now)


def test_a_code_may_be_half_a_minute_off_and_no_more(store, settings):
    now, secret = clock.now(), settings.secret("desk")
    found = []
    for steps in (-2, -1, 0, 1, 2):
        with store.writing() as session:
            hoa = directory.find(session, "hoa")
            hoa.last_step = 0
            session.flush()
            six = pyotp.TOTP(KEY).at(now + dt.timedelta(seconds=30 * steps))
            found.append(second_factor.spend(session, hoa, six, secret, now))
    assert found == [False, True, True, True, False]


def test_without_the_secret_of_the_home_a_stolen_file_makes_no_codes(store, settings):
    with store.reading() as session:
        account = directory.find(session, "hoa")
    assert KEY.encode() not in account.second_factor
    assert second_factor.opened(account, settings.secret("desk")) == KEY
    with pytest.raises(second_factor.LostKey, match="sipas user reset hoa"):
        second_factor.opened(account, "0" * 64)


def test_a_simulated_account_is_nobody_outside_of_a_demo(store, settings):
    with store.writing() as session:
        directory.find(session, "hoa").is_simulated = True
    assert roles_of(store, "hoa") is None
    with store.reading() as session:
        assert proof.account_of(session, "hoa") is None
    settings.paths.demo.touch()
    assert roles_of(store, "hoa") == {"builder"}

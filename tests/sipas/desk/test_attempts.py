"""Trying passwords at the desk: in vain for whoever does not know one, at no time impossible for whoever does."""

from __future__ import annotations

import threading
import time
import unicodedata

import pytest
from itsdangerous import URLSafeTimedSerializer

from sipas import create_app
from sipas.accounts import passwords
from sipas.clock import today
from sipas.desk.attempts import Crowded, Queue
from sipas.web.installation import of_app
from sipas.web.rate_limits import PASSWORDS, Budget, RateLimits
from tests.officers import PASSWORD, an_account, code, log_of


@pytest.fixture
def people(settings):
    """Hoa and An, who sign in with their passwords alone."""
    for name in ("hoa", "an"):
        an_account(settings, name, "leader", factor=False)


@pytest.fixture
def cheap(people, monkeypatch):
    """Hashes that cost nothing: what is tested is who is let in, not how long it takes."""
    hashed = []
    monkeypatch.setattr(
        passwords, "is_right", lambda stored, word: hashed.append(word) or (bool(stored) and word == PASSWORD)
    )
    return hashed


@pytest.fixture
def clock(monkeypatch):
    now = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def hoa(people, cheap, clock):
    """Hoa and An, hashes that cost nothing, and a clock that stands."""


def sign_in(client, word=PASSWORD, address="203.0.113.1", name="hoa"):
    data = {"name": name, "password": word}
    return client.post("/desk/login?lang=en", data=data, environ_base={"REMOTE_ADDR": address})


def tries(client, count, first=0, name="hoa"):
    """Wrong passwords, each from an address of its own: how many are looked at."""
    seen = [
        sign_in(client, f"wrong {i}", f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", name).status_code
        for i in range(first, first + count)
    ]
    assert set(seen) <= {422, 429}
    return seen.count(422)


def spend_of(app, account, left=0):
    for _ in range(2_000 - left):
        of_app(app).limits.failed(f"password {account}", Budget.of_failures(2_000, 500), "", today())


def spend_all(app, left=0):
    for _ in range(24_000 - left):
        of_app(app).limits.failed(PASSWORDS, Budget.of_failures(24_000, 6_000), "", today())


def test_the_right_password_comes_in_among_a_thousand_wrong_ones_of_a_thousand_addresses(hoa, settings, app, client):
    assert tries(app.test_client(), 1_000) == 1_000
    assert sign_in(client).status_code == 303
    wrong = [entry for entry in log_of(settings.home) if entry[3] == "refused"]
    assert len(wrong) == 4, "the first, the tenth, the hundredth and the thousandth"


def test_the_right_password_comes_in_among_a_thousand_wrong_ones_of_one_address(hoa, app, client):
    looked = [sign_in(app.test_client(), f"wrong {i}", "198.51.100.7").status_code for i in range(1_000)]
    assert looked.count(422) < 200  # a tenth of what it leaves to others
    assert sign_in(client).status_code == 303


def test_of_one_account_few_wrong_passwords_are_looked_at_and_other_accounts_are_not_concerned(hoa, app, client, clock):
    """2,000 at first, 500 more each day."""
    spend_of(app, "hoa", left=10)
    assert tries(app.test_client(), 50) == 10
    assert sign_in(client).status_code == 429  # the right one too, or it would be told apart
    assert sign_in(client, name="an").status_code == 303
    clock[0] += 86_400 / 10
    assert tries(app.test_client(), 100, first=1_000) in (49, 50)


def test_of_all_accounts_together_few_are_looked_at_in_a_day(hoa, app, clock):
    """24,000 at first, 6,000 more each day, also of accounts that nobody has."""
    spend_all(app, left=10)
    assert tries(app.test_client(), 50, name="nobody") == 10
    assert sign_in(app.test_client()).status_code == 429


def test_a_browser_at_which_she_signed_in_before_is_not_concerned(hoa, app, client):
    assert sign_in(client).status_code == 303
    client.post("/desk/logout")
    spend_all(app)
    stranger = app.test_client()
    refused = sign_in(stranger)
    assert refused.status_code == 429
    assert "you signed in before" in refused.text
    assert sign_in(client, name="an").status_code == 429, "it is known for her alone"
    assert sign_in(client).status_code == 303


def test_a_browser_that_signed_in_before_may_fail_twenty_times_and_is_then_a_stranger(hoa, app, client):
    sign_in(client)
    client.post("/desk/logout")
    spend_all(app)
    assert [sign_in(client, "wrong").status_code for _ in range(30)] == [422] * 20 + [429] * 10


def test_a_forged_cookie_makes_nobody_known(hoa, app, client):
    spend_all(app)
    theirs = URLSafeTimedSerializer("another installation's", salt="sipas desk browser").dumps(["0" * 32, "hoa"])
    nameless = URLSafeTimedSerializer(app.secret_key, salt="sipas desk browser").dumps("0" * 32)
    for forged in ("1", theirs, nameless, "x" * 3000):
        client.set_cookie("desk-browser", forged, path="/desk/login")
        assert sign_in(client).status_code == 429
    ours = URLSafeTimedSerializer(app.secret_key, salt="sipas desk browser").dumps(["0" * 32, "hoa"])
    client.set_cookie("desk-browser", ours, path="/desk/login")  # the forgery would have worked with our key
    assert sign_in(client).status_code == 303


def test_once_she_signed_in_her_password_costs_no_hash_and_a_wrong_one_does(hoa, app, client, cheap):
    """Else the time that a wrong one takes would tell who signed in today."""
    sign_in(client)
    before = len(cheap)
    assert sign_in(app.test_client()).status_code == 303
    assert sign_in(app.test_client(), unicodedata.normalize("NFD", PASSWORD)).status_code == 303
    assert len(cheap) == before
    assert tries(app.test_client(), 10) == 10
    assert len(cheap) == before + 10


def test_names_that_nobody_has_are_counted_like_those_that_somebody_has(hoa, app):
    """From one address: how many are looked at tells nothing."""
    looked = [
        [sign_in(app.test_client(), f"wrong {i}", address, name).status_code for i in range(250)].count(422)
        for name, address in (("hoa", "198.51.100.7"), ("nobody", "198.51.100.8"))
    ]
    assert looked[0] == looked[1] < 250


def test_a_password_of_nobody_is_hashed_all_the_same(hoa, app, cheap):
    sign_in(app.test_client(), name="nobody")
    assert cheap == [PASSWORD]


def test_the_flood_of_an_earlier_process_is_not_forgotten(hoa, settings, app):
    spend_of(app, "hoa", left=5)
    assert tries(app.test_client(), 9) == 5
    assert sign_in(create_app(settings).test_client()).status_code == 429
    assert RateLimits(settings.home).used(PASSWORDS, today()) == 5


def test_of_wrong_codes_twenty_are_looked_at_whoever_asks_and_the_night_forgets_none(settings, app, client, clock):
    from sipas.cli.operator.upkeep import upkeep

    an_account(settings, "hoa", "approver")
    sign_in(client)
    assert [client.post("/desk/login/code", data={"code": "0"}).status_code for _ in range(25)] == [422] * 20 + [
        429
    ] * 5
    assert upkeep(settings)
    other = create_app(settings).test_client()
    sign_in(other)
    right = code(settings, "hoa")
    assert other.post("/desk/login/code", data={"code": right}).status_code == 429
    clock[0] += 2 * 3_600  # 20 more a day
    assert other.post("/desk/login/code", data={"code": code(settings, "hoa")}).status_code == 303


def test_in_the_queue_whoever_failed_least_comes_first_then_the_newest_and_the_last_is_sent_away():
    queue, order, threads = Queue(most=3), [], []

    def waits(name, failures):
        try:
            with queue.turn(failures):
                order.append(name)
        except Crowded:
            order.append(f"not {name}")

    with queue.turn(0):
        for name, failures in (("a", 5), ("b", 3), ("c", 0), ("d", 0), ("e", 7)):
            threads.append(threading.Thread(target=waits, args=(name, failures)))
            threads[-1].start()
            while len(queue._waiting) + len(order) < len(threads):
                time.sleep(0.001)
        assert order == ["not a", "not e"]
    for thread in threads:
        thread.join(10)
    assert order[2:] == ["d", "c", "b"]
    with queue.turn(9):
        order.append("free again")
    assert order[-1] == "free again"


def test_nobody_waits_in_the_queue_for_ever():
    queue = Queue(longest=0.01)
    with queue.turn(0), pytest.raises(Crowded), queue.turn(0):
        pytest.fail("two at a time")
    with queue.turn(0):
        assert queue._waiting == []

"""Trying the desk's password: in vain for whoever does not know it, at no time impossible for whoever does."""

from __future__ import annotations

import threading
import time

import pytest
from itsdangerous import URLSafeTimedSerializer

from sipas import create_app
from sipas.clock import today
from sipas.desk import attempts
from sipas.desk.access import set_password
from sipas.desk.attempts import Crowded, Queue
from sipas.web.installation import of_app
from sipas.web.rate_limits import PASSWORDS, Budget, RateLimits

CHOSEN, GENERATED = "mười bảy con chim sẻ", "kq7f-m3zp-x9dt-hw4c"


@pytest.fixture
def cheap(monkeypatch):
    """Hashes that cost nothing: what is tested is who is let in, not how long it takes."""
    hashed = []
    monkeypatch.setattr(attempts, "check_password_hash", lambda _stored, word: hashed.append(word) or word == CHOSEN)
    return hashed


@pytest.fixture
def clock(monkeypatch):
    now = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def chosen(settings, cheap, clock):
    set_password(settings.home, CHOSEN)


def sign_in(client, word=CHOSEN, address="203.0.113.1"):
    return client.post("/desk/login?lang=en", data={"password": word}, environ_base={"REMOTE_ADDR": address})


def tries(client, count, first=0):
    """Wrong passwords, each from an address of its own: how many are looked at."""
    seen = [
        sign_in(client, f"wrong {number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}").status_code
        for number in range(first, first + count)
    ]
    assert set(seen) <= {422, 429}
    return seen.count(422)


def spend_all(app, left=0):
    for _ in range(24_000 - left):
        of_app(app).limits.failed(PASSWORDS, Budget.of_failures(24_000, 6_000), "", today())


def test_the_right_password_comes_in_among_a_thousand_wrong_ones_of_its_own_address(chosen, app, client):
    assert {sign_in(app.test_client(), f"wrong {number}").status_code for number in range(1_000)} == {422}
    assert sign_in(client).status_code == 303


def test_the_right_password_comes_in_among_a_thousand_wrong_ones_of_a_thousand_addresses(chosen, app, client):
    assert tries(app.test_client(), 1_000) == 1_000
    assert sign_in(client).status_code == 303


def test_of_wrong_passwords_few_are_looked_at_in_a_day(chosen, app, clock):
    """24,000 at first, 6,000 more each day: 2.2 million in a year."""
    spend_all(app, left=10)
    assert tries(app.test_client(), 50) == 10
    clock[0] += 3_600
    assert tries(app.test_client(), 300, first=50) in (249, 250)
    assert sign_in(app.test_client()).status_code == 429  # the right one too, or it would be told apart


def test_a_browser_that_signed_in_before_is_not_concerned(chosen, app, client):
    assert sign_in(client).status_code == 303
    client.post("/desk/logout")
    spend_all(app)
    stranger = app.test_client()
    refused = sign_in(stranger)
    assert refused.status_code == 429
    assert "somebody signed in before" in refused.text
    assert sign_in(client).status_code == 303


def test_a_browser_that_signed_in_before_may_fail_twenty_times_and_is_then_a_stranger(chosen, app, client):
    sign_in(client)
    spend_all(app)
    assert [sign_in(client, "wrong").status_code for _ in range(30)] == [422] * 20 + [429] * 10


def test_a_forged_cookie_makes_nobody_known(chosen, app, client):
    spend_all(app)
    theirs = URLSafeTimedSerializer("another installation's", salt="sipas desk browser").dumps("0" * 32)
    for forged in ("1", theirs, "x" * 3000):
        client.set_cookie("desk-browser", forged, path="/desk/login")
        assert sign_in(client).status_code == 429
    ours = URLSafeTimedSerializer(app.secret_key, salt="sipas desk browser").dumps("0" * 32)
    client.set_cookie("desk-browser", ours, path="/desk/login")  # the forgery would have worked with our key
    assert sign_in(client).status_code == 303


def test_a_generated_password_may_be_tried_without_end_and_always_comes_in(settings, app, client, clock):
    set_password(settings.home, GENERATED, is_generated=True)
    spend_all(app)
    assert tries(app.test_client(), 50) == 50
    assert sign_in(client, GENERATED).status_code == 303


def test_once_somebody_signed_in_wrong_passwords_cost_no_hash(chosen, app, client, cheap):
    sign_in(client)
    before = len(cheap)
    assert tries(app.test_client(), 100) == 100
    assert sign_in(app.test_client()).status_code == 303
    assert len(cheap) == before


def test_a_new_password_is_hashed_again_and_the_old_one_is_wrong(settings, app, client):
    set_password(settings.home, CHOSEN)
    assert sign_in(client).status_code == 303
    set_password(settings.home, "một mật khẩu khác")
    assert sign_in(client).status_code == 422
    assert sign_in(client, "một mật khẩu khác").status_code == 303


def test_a_forged_header_changes_nothing_for_whom_an_attempt_is_counted(chosen, app, client):
    spend_all(app, left=110)  # an address may have a tenth of what it leaves
    for number in range(30):
        client.post(
            "/desk/login",
            data={"password": "wrong"},
            environ_base={"REMOTE_ADDR": "203.0.113.1"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )
    assert of_app(app).limits.addresses.taken(PASSWORDS, "203.0.113.1") > 9
    assert of_app(app).limits.addresses.taken(PASSWORDS, "198.51.100.1") == 0
    assert sign_in(client).status_code == 429
    assert sign_in(client, address="198.51.100.1").status_code == 303


def test_the_flood_of_an_earlier_process_is_not_forgotten(chosen, settings, app):
    spend_all(app)
    assert sign_in(create_app(settings).test_client()).status_code == 429
    assert RateLimits(settings.home).used(PASSWORDS, today()) == 24_000


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

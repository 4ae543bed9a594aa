"""Signing in at the desk in two steps, and the sessions that it makes."""

from __future__ import annotations

import datetime as dt
import re
import time

import pyotp
import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from sipas import clock
from sipas.accounts.store import store_of
from tests.officers import KEY, PASSWORD, an_account, code, log_of, signs_in

OPEN = {"/desk/login", "/desk/first"}


@pytest.fixture
def home(settings):
    """A home in which Hoa has every role but a clerk's."""
    an_account(settings, "hoa", person="Lò Thị Hoa")
    return settings.home


def first_step(client, name="hoa", word=PASSWORD, **more):
    return client.post("/desk/login?lang=en", data={"name": name, "password": word}, **more)


def test_password_then_code_open_the_desk_and_neither_alone_does(home, client, settings):
    assert first_step(client).headers["Location"] == "/desk/login/code?lang=en"
    assert client.get("/desk").headers["Location"] == "/desk/login/code"
    assert client.post("/desk/login/code", data={"code": "000000"}).status_code == 422
    assert client.get("/desk").status_code == 303
    assert client.post("/desk/login/code", data={"code": code(settings, "hoa")}).headers["Location"] == "/desk"
    assert client.get("/desk").status_code == 200
    assert [one[:2] + one[3:] for one in log_of(home)] == [
        ("hoa", "second factor", "refused"),
        ("hoa", "sign in", "done"),
    ]


def test_a_code_is_good_once(home, client, app, settings):
    six = code(settings, "hoa")
    first_step(client)
    assert client.post("/desk/login/code", data={"code": six}).status_code == 303
    other = app.test_client()
    first_step(other)
    assert other.post("/desk/login/code", data={"code": six}).status_code == 422
    earlier = pyotp.TOTP(KEY).at(
        clock.now() - dt.timedelta(seconds=30)
    )  # still within the drift, yet before the one that was spent
    assert other.post("/desk/login/code", data={"code": earlier}).status_code == 422


def test_name_and_password_are_refused_in_one_sentence_whichever_is_wrong(home, client, settings):
    an_account(settings, "an", "leader", factor=False)
    told = {first_step(client, name, word).text for name, word in (("hoa", "wrong"), ("hoa", ""))}
    told |= {first_step(client, "nobody", PASSWORD).text.replace('value="nobody"', 'value="hoa"')}
    assert len(told) == 1, told
    assert "Name or password is not right" in told.pop()
    reply = first_step(client, "hoa", PASSWORD.upper())
    assert reply.status_code == 422
    assert 'aria-invalid="true"' in reply.text
    assert "Set-Cookie" not in reply.headers


def test_accents_typed_in_pieces_are_the_same_password(home, client):
    pieces = "mu\u031bo\u031b\u0300i ba\u0309y con chim se\u0309"
    assert pieces != PASSWORD
    assert first_step(client, word=pieces).status_code == 303


def test_a_leader_may_go_without_a_second_factor_and_an_approver_is_led_to_set_one_up(settings, app):
    an_account(settings, "an", "leader", factor=False)
    an_account(settings, "binh", "approver", factor=False)
    one, other = app.test_client(), app.test_client()
    assert first_step(one, "an").headers["Location"] == "/desk?lang=en"
    assert one.get("/desk").status_code == 200
    first_step(other, "binh")
    assert other.get("/desk").headers["Location"] == "/desk/account/password"
    assert other.get("/desk/account/password").headers["Location"] == "/desk/account/authenticator"


def signed(secret, **session):
    """A cookie as the desk would set it, had it this secret."""
    other = Flask("other")
    other.secret_key = secret
    return SecureCookieSessionInterface().get_signing_serializer(other).dumps(session)


def false_cookies(app, client, settings):
    """What somebody could show who has no session."""
    signs_in(client, settings)
    mine = {"session": cookie_of(client)}
    yield "none", ""
    yield "unsigned", mine["session"]
    for name, secret in (("empty", "\0"), ("guessed", "dev"), ("another installation's", "f" * 64)):
        yield name, signed(secret, **mine)
    for name, change in (
        ("no number", {"session": ""}),
        ("none", {"session": None}),
        ("made up", {"session": "x" * 43}),
    ):
        yield name, signed(app.secret_key, **{**mine, **change})
    yield "of another use", URLSafeTimedSerializer(str(app.secret_key), salt="sipas desk browser").dumps(mine)


def cookie_of(client):
    """The random number in the cookie."""
    raw = client.get_cookie("desk", path="/desk").value
    return SecureCookieSessionInterface().get_signing_serializer(client.application).loads(raw)["session"]


def test_no_page_and_no_deed_of_the_desk_opens_without_a_session(home, app, client, settings):
    routes = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk") and rule.rule not in OPEN]
    assert len(routes) > 30
    for kind, cookie in false_cookies(app, app.test_client(), settings):
        client.delete_cookie("desk", path="/desk")
        if cookie:
            client.set_cookie("desk", cookie, path="/desk")
        for rule in routes:
            address = re.sub("<[^>]+>", "2026-1", rule.rule)
            for method in rule.methods - {"OPTIONS"}:
                reply = client.open(address, method=method)
                assert (reply.status_code, reply.headers["Location"]) == (303, "/desk/login"), (kind, method, address)


def test_a_password_alone_opens_the_second_step_and_nothing_else(home, app, client):
    first_step(client)
    routes = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk") and rule.rule not in OPEN]
    for rule in routes:
        if rule.rule in ("/desk/login/code", "/desk/logout"):
            continue
        address = re.sub("<[^>]+>", "2026-1", rule.rule)
        for method in rule.methods - {"OPTIONS"}:
            reply = client.open(address, method=method)
            assert (reply.status_code, reply.headers["Location"]) == (303, "/desk/login/code"), (method, address)


def test_cookies_are_strict_hidden_from_scripts_known_to_the_desk_alone_and_hold_no_name(home, client, settings):
    first_step(client)
    reply = client.post("/desk/login/code", data={"code": code(settings, "hoa")})
    cookies = reply.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/desk" in cookie
    raw = client.get_cookie("desk", path="/desk").value
    held = SecureCookieSessionInterface().get_signing_serializer(client.application).loads(raw)
    assert list(held) == ["session"]
    assert len(held["session"]) == 43


def test_the_number_of_a_session_changes_with_each_step(home, client, settings):
    first_step(client)
    before = client.get_cookie("desk", path="/desk").value
    client.post("/desk/login/code", data={"code": code(settings, "hoa")})
    assert client.get_cookie("desk", path="/desk").value != before
    client.set_cookie("desk", before, path="/desk")
    assert client.get("/desk").headers["Location"] == "/desk/login"


def test_the_file_holds_neither_password_nor_key_nor_what_cookies_hold(home, client, settings):
    signs_in(client, settings)
    stored = (home / "desk.sqlite").read_bytes()
    assert (home / "desk.sqlite").stat().st_mode & 0o077 == 0
    for secret in (PASSWORD, KEY, cookie_of(client)):
        assert secret.encode() not in stored
    assert b"$argon2id$" in stored


def test_signing_out_takes_a_post_and_ends_the_session_wherever_a_copy_lies(home, client, app, settings):
    signs_in(client, settings)
    thief, other = app.test_client(), app.test_client()
    thief.set_cookie("desk", client.get_cookie("desk", path="/desk").value, path="/desk")
    signs_in(other, settings)
    assert client.get("/desk/logout").status_code == 405
    assert thief.get("/desk").status_code == 200
    assert client.post("/desk/logout").status_code == 303
    assert [one.get("/desk").status_code for one in (client, thief, other)] == [303, 303, 200]


def test_signing_out_everywhere_else_leaves_this_browser(home, client, app, settings):
    elsewhere = [signs_in(app.test_client(), settings) for _ in range(2)]
    signs_in(client, settings)
    assert "3 browsers" in client.get("/desk/account?lang=en").text
    client.post("/desk/account/sessions")
    assert [one.get("/desk").status_code for one in (client, *elsewhere)] == [200, 303, 303]


@pytest.mark.parametrize(
    ("seconds", "status"), [(8 * 3600 - 60, 303), (3600 - 60, 200), (3600 + 60, 303)], ids=["idle", "in use", "late"]
)
def test_a_session_ends_after_an_hour_without_a_page(home, client, settings, monkeypatch, seconds, status):
    signs_in(client, settings)
    begun = time.time()
    monkeypatch.setattr("sipas.desk.blueprint.time.time", lambda: begun + seconds)
    assert client.get("/desk").status_code == status


def test_a_session_in_use_ends_after_eight_hours(home, client, settings, monkeypatch):
    signs_in(client, settings)
    begun = time.time()
    seen = []
    for minutes in range(50, 9 * 60, 50):
        monkeypatch.setattr("sipas.desk.blueprint.time.time", lambda minutes=minutes: begun + minutes * 60)
        seen.append(client.get("/desk").status_code)
    assert seen == [200] * 9 + [303]


def test_a_form_of_another_site_cannot_sign_in(home, client):
    assert first_step(client, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_nothing_of_the_desk_stays_in_a_browser(home, client, settings):
    signs_in(client, settings)
    for address in ("/desk", "/desk/login", "/desk/wave/none", "/desk/people"):
        assert client.get(address).headers["Cache-Control"] == "no-store"


def test_without_an_account_the_page_says_who_makes_the_first_one(settings, client):
    reply = client.get("/desk/login?lang=en")
    assert reply.status_code == 200
    assert "sipas user add" in reply.text
    assert first_step(client).status_code == 422
    assert not store_of(settings.home).exists() or log_of(settings.home) == []

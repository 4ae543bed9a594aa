"""The desk's one password, and the door that it opens."""

from __future__ import annotations

import json
import re
import stat
import time
from base64 import b64encode

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from sipas.desk.access import WeakPassword, end_session, has_ended, mark, set_password

WORD = "mười bảy con chim sẻ"
OPEN = {"/desk/login"}


@pytest.fixture
def home(settings):
    """A home folder in which the password is set."""
    set_password(settings.home, WORD)
    return settings.home


def sign_in(client, word: str = WORD, **more):
    return client.post("/desk/login?lang=en", data={"password": word}, **more)


def test_only_the_password_itself_is_right(home, client):
    assert [sign_in(client, word).status_code for word in (WORD.upper(), "", WORD)] == [422, 422, 303]


def test_the_password_lies_in_no_file_and_its_hash_is_for_the_owner_only(home):
    path = home / "keys" / "desk.password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("scrypt:")
    for file in (home / "keys").iterdir():
        assert WORD.encode() not in file.read_bytes()


def test_a_short_password_is_refused_and_the_old_one_stays(home, client):
    with pytest.raises(WeakPassword, match="at least 10"):
        set_password(home, "ngắn")
    assert sign_in(client, WORD).status_code == 303


def test_without_a_password_nobody_comes_in(settings, client):
    reply = sign_in(client, "")
    assert reply.status_code == 503
    assert "sipas desk password" in reply.text
    assert client.get("/desk").status_code == 303


def signed(secret, **session):
    """A cookie as the desk would set it, had it this secret."""
    other = Flask("other")
    other.secret_key = secret
    return SecureCookieSessionInterface().get_signing_serializer(other).dumps(session)


def false_cookies(app, home):
    """What somebody could show who has no session."""
    mine = {"mark": mark(home), "own": "0" * 32, "since": time.time()}
    yield "none", ""
    yield "unsigned", b64encode(json.dumps(mine).encode()).decode()
    for name, secret in (("empty", "\0"), ("guessed", "dev"), ("another installation's", "f" * 64)):
        yield name, signed(secret, **mine)
    for name, change in (
        ("no mark", {"mark": ""}),
        ("no own", {"own": None}),
        ("old", {"since": 0}),
        ("to come", {"since": 9e9}),
    ):
        yield name, signed(app.secret_key, **{**mine, **change})
    yield "of another use", URLSafeTimedSerializer(str(app.secret_key), salt="sipas desk browser").dumps(mine)


def test_no_page_and_no_deed_of_the_desk_opens_without_a_session(home, app, client):
    routes = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk") and rule.rule not in OPEN]
    assert len(routes) > 10
    for kind, cookie in false_cookies(app, home):
        client.delete_cookie("desk", path="/desk")
        if cookie:
            client.set_cookie("desk", cookie, path="/desk")
        for rule in routes:
            address = re.sub("<[^>]+>", "2026-1", rule.rule)
            for method in rule.methods - {"OPTIONS"}:
                reply = client.open(address, method=method)
                assert (reply.status_code, reply.headers["Location"]) == (303, "/desk/login"), (kind, method, address)


def test_the_cookie_that_is_refused_above_opens_the_desk_where_nothing_is_wrong_with_it(home, app, client):
    client.set_cookie("desk", signed(app.secret_key, mark=mark(home), own="0" * 32, since=time.time()), path="/desk")
    assert client.get("/desk").status_code == 200


def test_a_wrong_password_is_told_at_the_field_and_sets_no_cookie(home, client):
    reply = sign_in(client, "wrong")
    assert reply.status_code == 422
    assert "This is not the password" in reply.text
    assert 'aria-invalid="true"' in reply.text
    assert "Set-Cookie" not in reply.headers


def test_cookies_are_strict_hidden_from_scripts_and_known_to_the_desk_alone(home, client):
    reply = sign_in(client)
    assert (reply.status_code, reply.headers["Location"]) == (303, "/desk?lang=en")
    cookies = reply.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/desk" in cookie
    assert client.get("/desk").status_code == 200


def test_signing_out_takes_a_post_and_ends_the_session(home, client):
    sign_in(client)
    assert client.get("/desk/logout").status_code == 405
    assert client.get("/desk").status_code == 200
    assert client.post("/desk/logout").status_code == 303
    assert client.get("/desk").status_code == 303


def test_a_copied_cookie_opens_nothing_after_its_owner_signed_out(home, client, app):
    sign_in(client)
    copied = client.get_cookie("desk", path="/desk").value
    thief, other = app.test_client(), app.test_client()
    thief.set_cookie("desk", copied, path="/desk")
    sign_in(other)
    assert thief.get("/desk").status_code == 200
    client.post("/desk/logout")
    assert thief.get("/desk").status_code == 303
    assert other.get("/desk").status_code == 200  # only that session is over
    path = home / "keys" / "desk.ended"
    assert path.stat().st_mode & 0o077 == 0
    other.post("/desk/logout")
    assert len(json.loads(path.read_text())) == 2


def test_ended_sessions_are_forgotten_when_they_would_be_too_old_anyway(home):
    end_session(home, "a", 100, now=1000)
    end_session(home, "b", 100, now=1200)
    assert not has_ended(home, "a")
    assert has_ended(home, "b")


def test_a_new_password_ends_every_session(home, client):
    sign_in(client)
    set_password(home, "một mật khẩu khác")
    assert client.get("/desk").status_code == 303


def test_a_session_ends_with_the_working_day(home, client, monkeypatch):
    sign_in(client)
    from sipas.desk import blueprint

    begun = blueprint.time.time()
    monkeypatch.setattr(blueprint.time, "time", lambda: begun + blueprint.LONGEST - 60)
    assert client.get("/desk").status_code == 200
    monkeypatch.setattr(blueprint.time, "time", lambda: begun + blueprint.LONGEST + 60)
    assert client.get("/desk").status_code == 303


def test_a_form_of_another_site_cannot_sign_in(home, client):
    assert sign_in(client, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_nothing_of_the_desk_stays_in_a_browser(home, client):
    sign_in(client)
    for address in ("/desk", "/desk/login", "/desk/wave/none"):
        assert client.get(address).headers["Cache-Control"] == "no-store"

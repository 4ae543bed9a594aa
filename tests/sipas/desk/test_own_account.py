"""From a first password to a desk of one's own; and the first administrator of a home that had one password for all."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pyotp
import pytest
from click.testing import CliRunner
from werkzeug.security import generate_password_hash

from sipas import clock, i18n
from sipas.accounts import directory, passwords
from sipas.accounts.store import Store, store_of
from sipas.cli import group
from sipas.errors import SipasError
from tests.officers import PASSWORD, an_account, code, log_of, signs_in

FORMER, OWN = "mười hai con ngỗng", "con trâu trắng trên đồi"


def types(settings, *words, typed=""):
    run = CliRunner().invoke(group, words, input=typed, env={"SIPAS_HOME": str(settings.home)})
    return run.exit_code, i18n.say(run.exception) if isinstance(run.exception, SipasError) else run.output


def sets_up(client, word, own=OWN):
    """What somebody does who got a first password."""
    client.post("/desk/login", data={"name": "hoa", "password": word})
    assert client.get("/desk").headers["Location"] == "/desk/account/password"
    client.post("/desk/account/password", data={"password": own, "again": own})
    page = client.get("/desk/account/authenticator?lang=en").text
    key = re.search(r'<code class="digits">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")
    assert "data:image/svg+xml" in page
    reply = client.post("/desk/account/authenticator?lang=en", data={"code": pyotp.TOTP(key).at(clock.now())})
    return key, re.findall(r"<li><code>([a-z2-9-]+)</code></li>", reply.text)


def test_from_the_operators_first_password_to_the_desk(settings, client, app):
    status, word = types(settings, "user", "add", "hoa", "--person", "Lò Thị Hoa", "--role", "administrator")
    assert status == 0
    word = word.splitlines()[0]
    key, codes = sets_up(client, word)
    assert len(set(codes)) == 10
    assert client.get("/desk/people").status_code == 200
    other = app.test_client()
    assert other.post("/desk/login", data={"name": "hoa", "password": word}).status_code == 422
    other.post("/desk/login", data={"name": "hoa", "password": OWN})
    assert other.post("/desk/login/code", data={"code": pyotp.TOTP(key).at(clock.now())}).status_code == 422, "spent"
    assert other.post("/desk/login/code", data={"code": codes[0]}).status_code == 303
    deeds = [deed for _who, deed, _what, outcome in log_of(settings.home) if outcome == "done"]
    assert deeds == ["account added", "password changed", "second factor set up", "sign in", "sign in"]


@pytest.mark.parametrize(
    ("password", "again", "why"),
    [(OWN, OWN + "x", "not the same"), ("ngắn", "ngắn", "at least 12"), (None, None, "of before")],
)
def test_a_password_of_her_own_is_long_typed_twice_and_new(settings, client, password, again, why):
    with store_of(settings.home).writing() as session:
        word, stored = passwords.first()
        directory.add(session, "hoa", "Lò Thị Hoa", [("leader", "")], clock.today(), stored)
    client.post("/desk/login", data={"name": "hoa", "password": word})
    data = {"password": password or word, "again": again or word}
    reply = client.post("/desk/account/password?lang=en", data=data)
    assert (reply.status_code, why in reply.text) == (422, True)
    assert client.get("/desk").headers["Location"] == "/desk/account/password"


def test_a_second_factor_counts_once_its_first_code_is_right(settings, client):
    with store_of(settings.home).writing() as session:
        word, stored = passwords.first()
        directory.add(session, "hoa", "Lò Thị Hoa", [("approver", "")], clock.today(), stored)
    client.post("/desk/login", data={"name": "hoa", "password": word})
    client.post("/desk/account/password", data={"password": OWN, "again": OWN})
    shown = {re.search(r'digits">([A-Z2-7 ]+)<', client.get("/desk/account/authenticator").text)[1] for _ in range(2)}
    assert len(shown) == 1, "the same key until it is used"
    assert client.post("/desk/account/authenticator", data={"code": "000000"}).status_code == 422
    assert client.get("/desk").headers["Location"] == "/desk/account/password"
    with store_of(settings.home).reading() as session:
        assert directory.find(session, "hoa").second_factor is None


def test_who_is_signed_in_shows_the_password_of_now_before_it_changes(settings, client, app):
    signs_in(client, settings)
    other = signs_in(app.test_client(), settings)
    new = {"password": OWN, "again": OWN}
    for former, status in (("", 422), ("wrong", 422), (PASSWORD, 303)):
        assert client.post("/desk/account/password", data={"former": former, **new}).status_code == status
    assert [client.get("/desk").status_code, other.get("/desk").status_code] == [200, 303]
    assert client.post("/desk/account/codes", data={"former": PASSWORD}).status_code == 422
    assert client.post("/desk/account/codes", data={"former": OWN}).text.count("<li><code>") == 10


def test_an_administrator_makes_accounts_and_gives_a_first_password_again(settings, client, app):
    signs_in(client, settings, "quan", "administrator")
    data = {"name": "hoa", "person": "Lò Thị Hoa", "role": ["approver"], "unit": "03646"}
    page = client.post("/desk/people?lang=en", data=data).text
    word = re.search(r'digits">([a-z0-9-]{19})<', page)[1]
    sets_up(app.test_client(), word)
    again = client.post("/desk/people/hoa/reset").text
    assert word not in again
    fresh = app.test_client()
    for typed, status in ((OWN, 422), (re.search(r'digits">([a-z0-9-]{19})<', again)[1], 303)):
        assert fresh.post("/desk/login", data={"name": "hoa", "password": typed}).status_code == status
    assert ("quan", "account reset", "hoa", "done") in log_of(settings.home)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"name": "Lò Hoa", "person": "Lò Thị Hoa", "role": ["leader"]}, "An account&#39;s name has"),
        ({"name": "hoa", "person": "", "role": ["leader"]}, "Give the person"),
        ({"name": "hoa", "person": "Lò Thị Hoa", "role": ["clerk"], "unit": ""}, "A clerk belongs to one unit"),
        ({"name": "quan", "person": "Lò Thị Hoa", "role": ["leader"]}, "already"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_a_sentence_and_what_was_typed_stays(settings, client, data, why):
    signs_in(client, settings, "quan", "administrator")
    reply = client.post("/desk/people?lang=en", data=data)
    assert (reply.status_code, why in reply.text) == (422, True)
    assert f'value="{data["person"]}"' in reply.text


def former(settings):
    (settings.home / "keys" / "desk.password").write_text(generate_password_hash(FORMER, method="scrypt:1024:8:1"))


def test_the_former_password_makes_the_first_administrator_once_and_opens_nothing_else(settings, client, app):
    former(settings)
    assert client.get("/desk").headers["Location"] == "/desk/login"
    assert client.get("/desk/login").headers["Location"] == "/desk/first"
    data = {"former": FORMER, "name": "hoa", "person": "Lò Thị Hoa", "password": OWN}
    assert client.post("/desk/first", data={**data, "former": "wrong"}).status_code == 422
    assert client.post("/desk/first", data={**data, "password": "ngắn"}).status_code == 422
    assert client.post("/desk/first", data=data).headers["Location"] == "/desk/account/password"
    assert client.get("/desk/account/password").headers["Location"] == "/desk/account/authenticator"
    assert not (settings.home / "keys" / "desk.password").exists()
    other = app.test_client()
    assert other.post("/desk/first", data={**data, "name": "an"}).headers["Location"] == "/desk/login"
    with store_of(settings.home).reading() as session:
        assert [one.name for one in directory.listed(session)] == ["hoa"]


def test_where_there_are_accounts_the_former_password_makes_none(settings, client):
    former(settings)
    an_account(settings, "an", "leader", factor=False)
    data = {"former": FORMER, "name": "hoa", "person": "Lò Thị Hoa", "password": OWN}
    assert client.get("/desk/first").headers["Location"] == "/desk/login"
    assert client.post("/desk/first", data=data).headers["Location"] == "/desk/login"
    with store_of(settings.home).reading() as session:
        assert [one.name for one in directory.listed(session)] == ["an"]


def test_the_former_password_may_be_tried_twenty_times(settings, client):
    former(settings)
    data = {"former": "wrong", "name": "hoa", "person": "Lò Thị Hoa", "password": OWN}
    assert [client.post("/desk/first", data=data).status_code for _ in range(23)] == [422] * 20 + [429] * 3


def test_the_operators_commands_on_accounts(settings):
    assert types(settings, "user", "add", "hoa", "--person", "Lò Thị Hoa", "--role", "clerk:03646")[0] == 0
    assert types(settings, "user", "add", "an", "--person", "Cầm Văn An", "--role", "clerk:99999")[0] == 1
    assert types(settings, "user", "add", "an", "--person", "Cầm Văn An", "--role", "leader")[0] == 0
    assert types(settings, "user", "roles", "hoa", "--role", "builder", "--role", "analyst")[0] == 0
    assert types(settings, "user", "rename", "hoa", "--person", "Lò Thị Hoa Mai")[0] == 0
    assert types(settings, "user", "deputy", "hoa", "an", "--from", "2026-12-07", "--to", "2026-12-18")[0] == 0
    assert types(settings, "user", "deputy", "hoa")[0] == 2
    assert types(settings, "user", "deputy", "hoa", "--end")[0] == 0
    assert types(settings, "user", "rest", "an")[0] == 0
    assert types(settings, "user", "return", "an")[0] == 0
    assert types(settings, "user", "reset", "nobody")[0] == 1
    _status, listed = types(settings, "user", "list", "--json")
    assert '"roles": [\n   "analyst",\n   "builder"\n  ]' in listed
    assert {who for who, *_rest in log_of(settings.home)} == {""}
    _status, told = types(settings, "log", "list", "--account", "-", "--count", "3")
    assert told.count("\n") == 5
    _status, head = types(settings, "log", "head")
    assert re.fullmatch(r"8:[0-9a-f]{64}\n", head)


def test_a_command_that_changes_something_is_noted_and_one_that_reads_is_not(settings, database):
    types(settings, "point", "add", "p-1", "--unit", "03646")
    types(settings, "point", "add", "p-1", "--unit", "99999")
    types(settings, "point", "list")
    types(settings, "wave", "list")
    assert log_of(settings.home) == [
        ("", "point add", "p-1", "begun"),
        ("", "point add", "p-1", "done"),
        ("", "point add", "p-1", "begun"),
        ("", "point add", "p-1", "refused"),
    ]


def test_a_code_for_the_desk_is_not_a_code_for_another_account(settings, client):
    an_account(settings, "hoa")
    with store_of(settings.home).writing() as session:
        own = passwords.HASHER.hash(PASSWORD)
        directory.add(session, "an", "Cầm Văn An", [("approver", "")], clock.today(), own, must_change=False)
        directory.use_second_factor(session, "an", pyotp.random_base32(), settings.secret("desk"), 0)
    client.post("/desk/login", data={"name": "an", "password": PASSWORD})
    assert client.post("/desk/login/code", data={"code": code(settings, "hoa")}).status_code == 422


def test_a_first_password_opens_nothing_but_the_page_that_replaces_it(settings, client):
    with store_of(settings.home).writing() as session:
        word, stored = passwords.first()
        directory.add(session, "hoa", "Lò Thị Hoa", [("approver", "")], clock.today(), stored)
    client.post("/desk/login", data={"name": "hoa", "password": word})
    for method in ("get", "post"):
        reply = getattr(client, method)("/desk/account/authenticator")
        assert reply.headers["Location"] == "/desk/account/password"
    with store_of(settings.home).reading() as session:
        assert directory.find(session, "hoa").must_change


def test_a_browser_that_was_left_open_swaps_no_phone(settings, client):
    signs_in(client, settings, "hoa", "approver")
    page = client.get("/desk/account/authenticator").text
    key = re.search(r'digits">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    new = {"code": pyotp.TOTP(key).at(clock.now())}
    for shown in (
        {},
        {"former": PASSWORD, "former_code": "000000"},
        {"former": "wrong", "former_code": code(settings, "hoa")},
    ):
        assert client.post("/desk/account/authenticator", data={**new, **shown}).status_code == 422
    right = {"former": PASSWORD, "former_code": code(settings, "hoa")}
    assert client.post("/desk/account/authenticator", data={**new, **right}).status_code == 200


def test_a_password_alone_does_not_open_a_role_that_was_added_later(settings, client):
    an_account(settings, "lan", "leader", factor=False)
    client.post("/desk/login", data={"name": "lan", "password": PASSWORD})
    assert client.get("/desk").status_code == 200
    with store_of(settings.home).writing() as session:
        directory.grant(session, "lan", [("administrator", "")])
    assert client.get("/desk/people").headers["Location"] == "/desk/account/authenticator"
    assert client.get("/desk/log.csv").headers["Location"] == "/desk/account/authenticator"
    page = client.get("/desk/account/authenticator").text
    key = re.search(r'digits">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    new = {"code": pyotp.TOTP(key).at(clock.now())}
    assert client.post("/desk/account/authenticator", data=new).status_code == 422
    assert client.post("/desk/account/authenticator", data={**new, "former": PASSWORD}).status_code == 200
    assert client.get("/desk/people").status_code == 200


def test_the_first_account_by_command_ends_the_former_password_too(settings, client):
    former(settings)
    types(settings, "user", "add", "hoa", "--person", "Lò Thị Hoa", "--role", "administrator")
    assert not (settings.home / "keys" / "desk.password").exists()


def test_a_store_that_went_is_made_by_nobody_but_whoever_says_so(settings, client, app):
    signs_in(client, settings)
    (settings.home / "desk.sqlite").unlink()
    former(settings)
    for reply in (
        client.get("/desk"),
        client.get("/desk/login?lang=en"),
        client.post("/desk/login", data={"name": "x"}),
    ):
        assert reply.status_code in (303, 422, 503)
    assert "missing from SIPAS_HOME" in client.get("/desk/login?lang=en").text
    assert client.get("/desk/first").headers["Location"] == "/desk/login"
    assert types(settings, "point", "add", "p-1", "--unit", "03646")[0] == 1
    assert not (settings.home / "desk.sqlite").exists()
    assert types(settings, "log", "restored")[0] == 0
    assert types(settings, "point", "add", "p-1", "--unit", "03646")[0] == 0
    assert log_of(settings.home)[0][1] == "log restored"


def test_a_store_that_cannot_be_read_is_put_aside_when_somebody_says_so(settings):
    an_account(settings, "hoa")
    (settings.home / "desk.sqlite").write_bytes(b"not a database, and longer than a page header " * 20)
    assert types(settings, "log", "restored")[0] == 0
    assert (settings.home / "desk.sqlite.aside-1").is_file()
    assert [deed for _who, deed, *_rest in log_of(settings.home)] == ["log restored"]


def test_a_backup_brings_accounts_and_log_back_where_none_are_and_says_where_some_are(settings, database):
    from sipas.backups import backup

    an_account(settings, "hoa")
    types(settings, "point", "add", "p-1", "--unit", "03646")
    file = backup(settings, database, "day")
    database.engine.dispose()
    status, told = types(settings, "restore", str(file), "--force")
    assert (status, "was not used" in told) == (0, True)
    (settings.home / "desk.sqlite").unlink()
    types(settings, "log", "restored")
    assert types(settings, "restore", str(file), "--force")[0] == 0
    with store_of(settings.home).reading() as session:
        assert [one.name for one in directory.listed(session)] == ["hoa"]
    assert ("", "log restored", "", "done") in log_of(settings.home)
    assert log_of(settings.home)[-1][1:] == ("restore", file.name, "done")
    assert types(settings, "doctor")[1].count("The log is whole") <= 1


def test_no_password_is_hashed_while_others_wait_to_write(settings, client, app, monkeypatch):
    """A hash takes 0.2 s, and the store has one writer at a time."""
    boss, writing = signs_in(app.test_client(), settings, "quan", "administrator"), []
    true = Store.writing

    @contextmanager
    def watched(store):
        with true(store) as session:
            writing.append(True)
            try:
                yield session
            finally:
                writing.pop()

    class Watched:
        def __getattr__(self, name):
            assert not writing, f"{name} in a transaction"
            return getattr(hasher, name)

    hasher = passwords.HASHER
    monkeypatch.setattr(Store, "writing", watched)
    monkeypatch.setattr(passwords, "HASHER", Watched())
    page = boss.post("/desk/people", data={"name": "hoa", "person": "Lò Thị Hoa", "role": ["approver"]}).text
    sets_up(client, re.search(r'digits">([a-z0-9-]{19})<', page)[1])
    assert boss.post("/desk/people/hoa/reset").status_code == 200
    assert types(settings, "user", "add", "an", "--person", "Cầm Văn An", "--role", "leader")[0] == 0
    assert types(settings, "user", "reset", "an")[0] == 0
    with pytest.raises(AssertionError, match="in a transaction"), store_of(settings.home).writing():
        passwords.first()

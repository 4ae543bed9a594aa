"""Who may do what: every address and every command has a row, and no row is wider than it says.

Of one release the builder and the approver are different accounts, at the desk and at the command line; the operator
decides for nobody; a clerk sees her unit and nothing of others.
"""

from __future__ import annotations

import datetime as dt
import json
import re

import click
import pytest
from click.testing import CliRunner

from sipas import clock, i18n
from sipas.accounts import permissions
from sipas.accounts.permissions import ADDRESSES, ANYBODY, COMMANDS, LOGGED, OPERATOR, PERMISSIONS
from sipas.accounts.roles import ROLES
from sipas.cli import group
from sipas.errors import SipasError
from sipas.fieldwork.models import Device
from sipas.fieldwork.waves import close_wave
from sipas.publishing.freeze import freeze
from sipas.publishing.models import Release
from tests.make import a_point, a_response, a_wave
from tests.officers import PASSWORD, an_account, code, log_of, signs_in, typed_in
from tests.repeated import home_once

END = dt.date(2026, 9, 30)
DAYS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23)]
EVERY = (
    *("administrator", "coordinator", "clerk", "analyst"),
    *("builder", "reviewer", "approver", "leader"),
)
ACCOUNTS_PAGES = {
    *("desk.people", "desk.add_person", "desk.person", "desk.change_roles", "desk.rest_person"),
    *("desk.reset_person", "desk.add_deputy", "desk.end_deputy", "desk.log", "desk.log_file"),
}
FIELD_PAGES = {"desk.screens", "desk.enrol_code", "desk.revoke", "desk.strips", "desk.poster"}
"""What is promised, written out: a change of PERMISSIONS that widens a role changes this table too."""
ONLY = {
    "desk.comments": {"coordinator"},
    "desk.languages": {"coordinator"},
    "desk.language": {"coordinator"},
    "desk.release": {"analyst", "builder", "reviewer", "approver", "leader"},
    "desk.approve_release": {"approver"},
    **{page: {"administrator"} for page in ACCOUNTS_PAGES},
    **{page: {"coordinator", "clerk"} for page in FIELD_PAGES},
}
DECIDES = {
    "release build": {"builder"},
    "release approve": {"approver"},
    "wave key-renew": {"coordinator"},
    "wave stop-destruction": {"coordinator"},
    "responses take-back": {"coordinator"},
    "freeze --keys-lost": {"coordinator"},
}


def every_command(found=group, before=""):
    if isinstance(found, click.Group):
        context = click.Context(found)
        for name in found.list_commands(context):
            yield from every_command(found.get_command(context, name), f"{before} {name}".strip())
    else:
        yield before


def test_every_address_and_every_command_has_a_row_and_every_row_is_one(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(ADDRESSES)
    assert {*every_command(), "freeze --keys-lost"} == set(COMMANDS)
    assert tuple(ROLES) == EVERY


def test_the_roles_of_each_address_are_those_that_are_promised():
    for endpoint, row in ADDRESSES.items():
        if not endpoint.startswith("desk."):
            assert set(row) == {ANYBODY}
        elif ANYBODY not in row:
            assert set(row) == ONLY.get(endpoint, set(EVERY)), endpoint
            assert {role for role in row if row[role] == "unit"} <= {"clerk"}
            assert row.get("clerk", "unit") == "unit", endpoint
    public = {name for name, row in ADDRESSES.items() if name.startswith("desk.") and ANYBODY in row}
    assert public == {"desk.sign_in", "desk.let_in", "desk.first_administrator", "desk.make_first_administrator"}


def test_what_decides_is_for_accounts_alone_and_what_changes_something_is_logged():
    assert {name: set(row) for name, row in COMMANDS.items() if OPERATOR not in row} == DECIDES
    logged = {name for name, row in COMMANDS.items() if row.get(OPERATOR) == LOGGED}
    assert {
        "wave open",
        "wave close",
        "freeze",
        "release publish",
        "frame load",
        "responses import",
    } <= logged


def test_an_address_without_a_row_is_closed_to_everybody(app, client, settings, monkeypatch):
    signs_in(client, settings)
    assert client.get("/desk/help").status_code == 200
    monkeypatch.delitem(PERMISSIONS, "desk.help_page")
    assert client.get("/desk/help").status_code == 403


@pytest.mark.parametrize("role", EVERY)
def test_each_role_opens_its_addresses_and_no_other(role, app, settings, database):
    a_wave(database, settings)
    client = signs_in(app.test_client(), settings, "hoa", role, unit="03646")
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("desk.") or rule.endpoint in ("desk.sign_out", "desk.end_other_sessions"):
            continue
        address = re.sub("<[^>]+>", "w1", rule.rule)
        allowed = ANYBODY in PERMISSIONS[rule.endpoint] or role in ONLY.get(rule.endpoint, EVERY)
        for method in rule.methods & {"GET", "POST"}:
            if rule.endpoint in ("desk.sign_in", "desk.let_in", "desk.take_authenticator"):
                continue
            reply = client.open(f"{address}?lang=en", method=method, data={} if method == "POST" else None)
            refused = reply.status_code == 403 and "Your roles do not include this page" in reply.text
            assert refused != allowed, (role, method, address, reply.status_code)


@pytest.fixture
def two_units(database, settings):
    """A wave with answers at two units' points, a screen's point each."""
    a_point(database, "to-hieu-1", "03646", form="short", name="Điểm Tô Hiệu")
    a_point(database, "chieng-an-1", "03664", form="short", name="Điểm Chiềng An")
    a_wave(database, settings)
    for place in ("to-hieu-1", "chieng-an-1"):
        for _ in range(12):
            a_response(database, settings, place)


def test_a_clerk_sees_her_unit_and_nothing_of_others(two_units, app, database, settings):
    clerk = signs_in(app.test_client(), settings, "hoa", "clerk", unit="03646")
    everybody = signs_in(app.test_client(), settings, "an", "coordinator")
    for address in ("/desk/wave/w1", "/desk/screens"):
        mine, whole = clerk.get(address).text, everybody.get(address).text
        assert "to-hieu-1" in mine
        assert "chieng-an-1" in whole
        assert "chieng-an-1" not in mine
        assert "Chiềng An" not in mine
    assert ">24<" in everybody.get("/desk/wave/w1").text
    assert ">24<" not in clerk.get("/desk").text + clerk.get("/desk/wave/w1").text
    for method, address, data in (
        ("GET", "/desk/poster?point=chieng-an-1", None),
        ("POST", "/desk/strips", {"point": "chieng-an-1", "count": "3"}),
        ("POST", "/desk/screens/code", {"point": "chieng-an-1"}),
    ):
        assert clerk.open(address, method=method, data=data).status_code in (404, 503), address
    assert clerk.post("/desk/screens/code", data={"point": "chieng-an-1"}).status_code == 404
    assert clerk.post("/desk/screens/code", data={"point": "to-hieu-1"}).status_code == 200
    elsewhere, nowhere = (
        clerk.post("/desk/screens/code", data={"point": one}).text for one in ("chieng-an-1", "no-such-point")
    )
    assert elsewhere == nowhere, "whether a point is there is not hers to know"
    with database.writing() as session:
        session.add(Device(id="a" * 32, point=2, key=b"k" * 65, enrolled="2026-09"))
    assert clerk.post("/desk/screens/revoke", data={"device": "a"}).status_code == 404
    assert clerk.post("/desk/screens/revoke", data={"device": "a" * 32}).status_code == 404
    with database.reading() as session:
        assert session.get(Device, "a" * 32).revoked is False


def test_a_role_that_is_taken_away_is_gone_at_the_next_click(app, settings):
    client = signs_in(app.test_client(), settings, "hoa", "coordinator")
    boss = signs_in(app.test_client(), settings, "quan", "administrator")
    assert client.get("/desk/screens").status_code == 200
    boss.post("/desk/people/hoa/roles", data={"role": ["leader"]})
    assert client.get("/desk/screens").status_code == 403
    boss.post("/desk/people/hoa/rest", data={"active": ""})
    assert client.get("/desk").headers["Location"] == "/desk/login"


@pytest.fixture
def frozen(database, settings, monkeypatch):
    """A frozen wave, and accounts for its release: hoa builds, an approves, binh may do both."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))

    def freezing():
        for point, unit in {"p-1": "03646", "p-2": "03664", "p-3": "03670"}.items():
            a_point(database, point, unit, form="short")
        a_wave(database, settings)
        for number in range(120):
            a_response(database, settings, f"p-{number % 3 + 1}", moment=DAYS[number % 4])
        with database.writing() as session:
            close_wave(session, "w1", END)
        freeze(database, settings.home, "w1", END)

    home_once(database, settings, freezing)
    an_account(settings, "hoa", "builder", person="Lò Thị Hoa")
    an_account(settings, "an", "approver", person="Cầm Văn An")
    an_account(settings, "binh", "builder", "approver", person="Lò Văn Bình")


def does(*words, typed=""):
    run = CliRunner().invoke(group, words, input=typed)
    told = i18n.say(run.exception) if isinstance(run.exception, SipasError) else run.output
    return run.exit_code, told


def release(database):
    with database.reading() as session:
        (found,) = session.query(Release).all()
        return found


def test_two_accounts_build_and_approve_and_the_manifest_names_both_and_the_log(frozen, database, settings):
    assert does("release", "build", "w1", "--account", "hoa", typed=typed_in(settings, "hoa"))[0] == 0
    assert does("release", "approve", "w1-r1", "--account", "an", typed=typed_in(settings, "an"))[0] == 0
    assert does("release", "publish", "w1-r1")[0] == 0
    found = release(database)
    assert (found.built_by, found.built_by_account) == ("Lò Thị Hoa", "hoa")
    assert (found.approved_by, found.approved_by_account, found.emergency) == ("Cầm Văn An", "an", None)
    manifest = json.loads((settings.home / "releases/w1-r1/release.json").read_text(encoding="utf-8"))
    assert (manifest["people"], manifest["emergency"]) == ("accounts", None)
    assert not {'"hoa"', '"an"'} & set(re.findall('"[a-z]+"', json.dumps(manifest))), (
        "a name to sign in with is nobody's to know"
    )
    number, _, digest = manifest["log"].partition(":")
    entries = log_of(settings.home)
    assert entries[int(number) - 1] == ("an", "release approve", "w1-r1", "begun")
    assert len(digest) == 64
    assert entries[int(number) :] == [
        ("an", "release approve", "w1-r1", "done"),
        ("", "release publish", "w1-r1", "begun"),
        ("", "release publish", "w1-r1", "done"),
    ]


@pytest.mark.parametrize(
    ("name", "typed", "why"),
    [
        ("binh", lambda settings: typed_in(settings, "binh"), "a second person must approve"),
        ("hoa", lambda settings: typed_in(settings, "hoa"), "may not do this"),
        ("an", lambda settings: f"{PASSWORD}\n000000\n", "is not right"),
        ("an", lambda settings: f"wrong\n{code(settings, 'an')}\n", "is not right"),
        ("nobody", lambda settings: f"{PASSWORD}\n000000\n", "is not right"),
        ("an", lambda settings: "", "no terminal"),
    ],
)
def test_at_the_command_line_nobody_approves_who_may_not(frozen, database, settings, name, typed, why):
    does("release", "build", "w1", "--account", "binh", typed=typed_in(settings, "binh"))
    status, told = does("release", "approve", "w1-r1", "--account", name, typed=typed(settings))
    assert status != 0
    assert why in told
    assert release(database).state == "draft"


def test_a_code_that_was_typed_once_decides_nothing_more(frozen, database, settings):
    typed = typed_in(settings, "binh")
    assert does("release", "build", "w1", "--account", "binh", typed=typed)[0] == 0
    assert does("release", "build", "w1", "--account", "binh", typed=typed)[0] == 1


def test_the_operator_decides_for_nobody_but_in_an_emergency_that_is_printed(frozen, database, settings):
    status, told = does("release", "build", "w1", "--by", "Lò Thị Hoa")
    assert status == 2
    assert "A typed name is no longer taken" in told
    assert does("release", "build", "w1", "--by", "Lò Thị Hoa", "--emergency", "Mất điện thoại cả phòng")[0] == 0
    assert does("release", "approve", "w1-r1", "--account", "an", typed=typed_in(settings, "an"))[0] == 0
    assert does("release", "publish", "w1-r1")[0] == 0
    manifest = json.loads((settings.home / "releases/w1-r1/release.json").read_text(encoding="utf-8"))
    assert (manifest["people"], manifest["emergency"]) == ("typed names", "Mất điện thoại cả phòng")
    assert ("", "release build, emergency", "w1", "done") in log_of(settings.home)


@pytest.mark.parametrize("command", [["release", "build", "w1"], ["release", "approve", "w1-r1"]])
def test_an_account_that_never_set_up_its_second_factor_decides_nothing(frozen, settings, command):
    an_account(settings, "moi", "builder", "approver", factor=False)
    status, told = does(*command, "--account", "moi", typed=f"{PASSWORD}\n")
    assert (status, "has not set up" in told) == (1, True)


def test_at_the_desk_the_builder_approves_nothing_and_the_approver_with_a_fresh_code(frozen, app, database, settings):
    does("release", "build", "w1", "--account", "binh", typed=typed_in(settings, "binh"))
    builder = signs_in(app.test_client(), settings, "binh")
    approver = signs_in(app.test_client(), settings, "an")
    reader = signs_in(app.test_client(), settings, "hoa")
    assert ">Approve<" not in builder.get("/desk/release/w1-r1?lang=en").text
    assert "You built this draft" in builder.get("/desk/release/w1-r1?lang=en").text
    for client, name, status in ((builder, "binh", 422), (reader, "hoa", 403)):
        reply = client.post("/desk/release/w1-r1/approve", data={"code": code(settings, name)})
        assert reply.status_code == status
    assert approver.post("/desk/release/w1-r1/approve", data={"code": "000000"}).status_code == 422
    assert release(database).state == "draft"
    assert approver.post("/desk/release/w1-r1/approve", data={"code": code(settings, "an")}).status_code == 303
    assert (release(database).state, release(database).approved_by_account) == ("approved", "an")


def test_a_deputy_approves_what_others_built_and_never_what_she_built(frozen, database, settings, monkeypatch):
    from sipas.accounts import directory
    from sipas.accounts.store import store_of

    with store_of(settings.home).writing() as session:
        directory.name_deputy(session, "an", "hoa", clock.today(), clock.today())
    does("release", "build", "w1", "--account", "hoa", typed=typed_in(settings, "hoa"))
    status, told = does("release", "approve", "w1-r1", "--account", "hoa", typed=typed_in(settings, "hoa"))
    assert (status, "a second person must approve" in told) == (1, True)
    does("release", "build", "w1", "--account", "binh", typed=typed_in(settings, "binh"))
    assert does("release", "approve", "w1-r2", "--account", "hoa", typed=typed_in(settings, "hoa"))[0] == 0


def test_the_answers_database_knows_no_moment_of_any_deed(two_units, app, database, settings):
    """An officer's deed at a known minute would mark the order of the rows written around it: so nothing that the desk
    logs or counts is written there. What is left is the deed itself, which has a day."""
    before = (settings.home / "sipas.sqlite").read_bytes()
    client = signs_in(app.test_client(), settings, "hoa")
    for address in ("/desk", "/desk/wave/w1", "/desk/people", "/desk/log"):
        client.get(address)
    client.post("/desk/logout")
    assert len(log_of(settings.home)) >= 2
    assert (settings.home / "sipas.sqlite").read_bytes() == before
    wal = settings.home / "sipas.sqlite-wal"
    assert not wal.exists() or b"sign in" not in wal.read_bytes()


def test_the_scope_of_no_role_is_nothing():
    from sipas.accounts.roles import Holder

    nobody = Holder("x", "X", frozenset(), frozenset())
    assert [permissions.scope(nobody, what) for what in ("desk.overview", "release build", "no such thing")] == [
        None
    ] * 3

"""Nobody is shut out by a stranger, and of whoever comes no address is written anywhere."""

from __future__ import annotations

import ipaddress
import logging
import secrets
from dataclasses import replace

import pytest

from sipas import clock, create_app
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.devices import make_code
from sipas.web.installation import of_app
from tests.make import a_point, a_wave, some_codes
from tests.officers import PASSWORD, an_account
from tests.sealing import Device, said, sealed

STRANGER, VISITOR = "203.0.113.77", "198.51.100.42"


@pytest.fixture
def kiosk(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, "w1", opens_on=clock.today())


@pytest.fixture
def small(kiosk, settings):
    """An installation where a point takes forty answers a day from all browsers, and a device twenty."""
    made = create_app(replace(settings, point_day=40, device_day=20))
    yield made
    of_app(made).database.engine.dispose()


def posts(app, address, **headers):
    """The status of one answer."""
    data = {"id": secrets.token_hex(16), "service": "ho-tich", "B1.2": "4"}
    client = app.test_client()
    return client.post("/k/to-hieu-1/vi", data=data, environ_base={"REMOTE_ADDR": address}, headers=headers).status_code


def enrolled(app, database):
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(app.test_client())
    assert device.enrols(code).status_code == 200
    return device


def test_one_open_address_cannot_spend_a_points_day(small):
    seen = [posts(small, STRANGER) for _ in range(40)]
    assert seen[:6] == [303] * 6
    assert seen[-20:] == [503] * 20
    assert {posts(small, f"198.51.100.{number}") for number in range(10)} == {303}


def test_a_header_that_a_stranger_writes_gives_him_no_other_share(small):
    seen = [posts(small, STRANGER, **{"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(40)]
    assert seen[-20:] == [503] * 20
    assert posts(small, "198.51.100.30") == 303


def test_behind_a_named_proxy_each_visitor_has_a_share(kiosk, settings):
    proxy = (ipaddress.ip_network("127.0.0.1"),)
    app = create_app(replace(settings, point_day=40, proxy=proxy))
    seen = [posts(app, "127.0.0.1", **{"X-Forwarded-For": f"{VISITOR}, {STRANGER}"}) for _ in range(40)]
    assert seen[-20:] == [503] * 20
    assert posts(app, "127.0.0.1", **{"X-Forwarded-For": f"{STRANGER}, {VISITOR}"}) == 303
    of_app(app).database.engine.dispose()


def test_an_enrolled_screen_has_a_reserve_that_no_open_address_can_spend(small, database, settings):
    device = enrolled(small, database)
    while 303 in [posts(small, f"10.0.0.{number}") for number in range(30)]:
        pass
    assert posts(small, VISITOR) == 503
    reply = device.sends(*(sealed(settings.home, said()) for _ in range(20)))
    assert reply.json["outcomes"] == ["stored"] * 20


def test_whoever_replays_a_signed_batch_spends_nothing_of_the_screens_reserve(small, database, settings, monkeypatch):
    device, sent = enrolled(small, database), []
    post = device.client.post

    def overheard(*words, **more):
        sent.append((words, more))
        return post(*words, **more)

    monkeypatch.setattr(device.client, "post", overheard)
    first = device.sends(*(sealed(settings.home, said()) for _ in range(5)))
    assert first.json["outcomes"] == ["stored"] * 5
    thief = small.test_client()
    replies = [thief.post(*sent[0][0], **sent[0][1]) for _ in range(12)]
    assert replies[0].json["outcomes"] == ["known"] * 5
    second = device.sends(*(sealed(settings.home, said()) for _ in range(15)))
    assert second.json["outcomes"] == ["stored"] * 15
    assert {thief.post(*sent[0][0], **sent[0][1]).status_code for _ in range(12)} == {409}  # an old batch by now


def test_no_address_is_written_anywhere(kiosk, app, database, settings, caplog, capfd):
    """Of whoever answers, tries codes or tries the password; all files of the installation and the log are searched."""
    an_account(settings, "hoa")
    (code,) = some_codes(database, settings)
    wrong = next(one for one in invitation_codes.fresh(2) if one != code)
    short = "0000000" + invitation_codes.check("0000000")
    with caplog.at_level(logging.DEBUG):
        for address in (STRANGER, "2001:db8:77:88::99"):
            base = {"REMOTE_ADDR": address}
            client = app.test_client()
            for _ in range(120):  # enough for the log to tell of guessing
                assert client.get(f"/q/{wrong}", environ_base=base).status_code == 404
                assert client.get(f"/q/{short}", environ_base=base).status_code == 404
            client.get(f"/q/{code}", environ_base=base)
            client.post("/desk/login", data={"name": "hoa", "password": "wrong"}, environ_base=base)
            client.post("/desk/login", data={"name": "hoa", "password": PASSWORD}, environ_base=base)
            assert posts(app, address, **{"X-Forwarded-For": VISITOR}) == 303
    written = caplog.text + "".join(capfd.readouterr()) + str([getattr(one, "facts", "") for one in caplog.records])
    assert "codes are being guessed" in written
    kept = {path: path.read_bytes() for path in settings.home.rglob("*") if path.is_file()}
    assert any(path.name == "rate_limits" and any(data) for path, data in kept.items())
    for address in (STRANGER, VISITOR, "2001:db8:77:88::99", "2001:db8:77:88::/64", "2001:db8:77::/48"):
        assert address not in written
        packed = ipaddress.ip_network(address).network_address.packed
        for path, data in kept.items():
            assert address.encode() not in data, path
            assert packed not in data, path


def test_two_processes_hash_the_same_address_differently(settings):
    one, two = (of_app(create_app(settings)).limits.addresses for _ in range(2))
    for counts in (one, two):
        counts.add("desk password", STRANGER)
    assert bytes(one._table) != bytes(two._table)
    assert [counts.taken("desk password", STRANGER) for counts in (one, two)] == pytest.approx([1, 1], abs=0.01)

"""A wave goes on with new keys in place of lost ones, also those of its invitation codes."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import select

from analysis import read_snapshot
from sipas import clock
from sipas.errors import NotReady, SipasError
from sipas.fieldwork.devices import make_code
from sipas.fieldwork.models import KeyLoss
from sipas.fieldwork.waves import close_wave
from sipas.intake import stored
from sipas.intake.models import Unopened
from sipas.keyring import wave_keys
from sipas.publishing.freeze import freeze
from sipas.publishing.key_losses import Saying, lost, renew
from tests.make import a_point, a_response, a_wave, some_codes
from tests.people import text_of
from tests.sealing import Device, said, sealed

TODAY = dt.date(2026, 9, 16)
LATER = dt.date(2026, 9, 30)
DAYS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23, 30)]
SAYING = Saying(("Lò Thị Hoa", "Cầm Văn An"), "Ổ đĩa hỏng")
WORDS = ("--by", "Lò Thị Hoa", "--by", "Cầm Văn An", "--emergency", "Thử", "--reason", "Ổ đĩa hỏng")
SOME = [("cluster",), ("id",), ("seal",), wave_keys.KINDS]


@pytest.mark.parametrize("kind", wave_keys.KINDS)
def test_an_open_wave_goes_on_with_new_keys(client, run, database, settings, open_wave, kind):
    wave_keys.destroy(settings.home, "w1", (kind,))
    code, told = run("wave", "key-renew", "w1", *WORDS)
    assert code == 0
    assert f"Wave w1 has new keys: {kind}." in told
    assert f"\n{kind}: " in told  # what it costs
    assert client.get("/k/to-hieu-1/en").status_code == 200
    a_response(database, settings, submission="b" * 32)
    with database.reading() as session:
        assert stored(session, 1) == 2
    assert "is missing" not in run("doctor")[1]
    code, told = run("wave", "key-renew", "w1", *WORDS)
    assert code == 1
    assert "No key of wave w1 is lost" in told
    assert [(one.kind, one.renewed) for one in rows(database)] == [(kind, True)]
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    assert run("freeze", "w1")[0] == 0


def test_what_was_sealed_under_the_lost_key_is_put_aside_and_told_in_the_release(
    client, run, database, settings, open_wave
):
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(client)
    device.enrols(code)
    before = [sealed(settings.home, said(on=TODAY), kind=kind) for kind in ("answer", "comment")]
    wave_keys.destroy(settings.home, "w1", ("seal",))
    assert device.sends(before[0]).status_code == 503  # it waits on the screen until somebody decides
    assert run("wave", "key-renew", "w1", *WORDS)[0] == 0
    assert device.sends(*before).json["outcomes"] == ["damaged", "damaged"]
    assert len(rows(database, Unopened)) == 2
    assert device.sends(sealed(settings.home, said(on=TODAY))).json["outcomes"] == ["stored"]
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    assert run("freeze", "w1")[0] == 0
    assert read_snapshot(settings.home / "snapshots" / "w1.parquet").codebook.lost_keys == (("seal", "1"),)


def test_a_key_that_the_freeze_destroyed_is_not_made_anew(database, settings, open_wave):
    wave_keys.destroy(settings.home, "w1", ("cluster",))
    (settings.home / "snapshots" / "w1.parquet").write_bytes(b"a snapshot")
    with pytest.raises(SipasError, match="was destroyed then"):
        renew(database, settings.home, "w1", SAYING, TODAY)
    assert wave_keys.held(settings.home, "w1") == ("id", "seal")
    assert rows(database) == []


def test_codes_whose_key_is_lost_are_told_and_new_ones_replace_them(client, run, database, settings, open_wave):
    first = some_codes(database, settings, today=TODAY)[0]
    assert client.get(f"/q/{first}/en").status_code == 404 or client.get(f"/q/{first}/en").status_code == 200
    wave_keys.destroy(settings.home, "w1", (wave_keys.INVITATION,))
    assert client.get(f"/q/{first}/en").status_code == 503
    assert "The invitation key of wave w1 is missing" in run("doctor")[1]
    with pytest.raises(NotReady, match="invitation key"):  # not a new key in silence
        some_codes(database, settings, today=TODAY)
    assert run("wave", "key-renew", "w1", *WORDS)[0] == 0
    told = client.get(f"/q/{first}/en")
    assert told.status_code == 404
    assert "no longer work" in text_of(told.get_data(as_text=True))
    second = some_codes(database, settings, today=TODAY)[0]
    assert client.get(f"/q/{second}/en").status_code == 200
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    wave_keys.destroy(settings.home, "w1", (wave_keys.INVITATION,))
    frozen = freeze(database, settings.home, "w1", TODAY)  # needs no codes any more
    assert frozen.codebook.lost_keys == (("invitation", "renewed"),)


def test_one_waves_lost_codes_keep_nobody_from_anothers(run, database, settings):
    from sipas.inviting import invited

    a_point(database, "p-1", channel="phone", form="short")
    a_point(database, "p-2", channel="phone", form="short")
    for wave, point in (("w1", "p-1"), ("w2", "p-2")):
        a_wave(database, settings, wave, at=[point])
        some_codes(database, settings, point, today=TODAY)
    code = some_codes(database, settings, "p-2", today=TODAY)[0]
    wave_keys.destroy(settings.home, "w1", (wave_keys.INVITATION,))
    with database.reading() as session:
        assert invited(session, settings.home, code, TODAY).point == "p-2"


def test_wave_list_shows_all_four_keys(run, database, settings, open_wave):
    some_codes(database, settings, today=TODAY)
    listed = json.loads(run("wave", "list", "--json")[1])
    assert listed[0]["keys"] == ["cluster", "id", "seal", "invitation"]


def test_what_is_lost_depends_on_what_the_wave_still_needs(database, settings, open_wave):
    from sipas.fieldwork.waves import wave_of

    wave_keys.destroy(settings.home, "w1", wave_keys.EVERY)
    with database.reading() as session:
        assert (
            lost(session, settings.home, wave_of(session, "w1"), TODAY) == wave_keys.KINDS
        )  # no codes, no key of codes
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    freeze(database, settings.home, "w1", TODAY, without=SAYING)
    wave_keys.destroy(settings.home, "w1", wave_keys.EVERY)
    with database.reading() as session:
        wave = wave_of(session, "w1")
        assert lost(session, settings.home, wave, TODAY) == ("id",)  # nobody needs what was given up
        assert lost(session, settings.home, wave, TODAY + dt.timedelta(days=31)) == ()
    assert renew(database, settings.home, "w1", SAYING, TODAY) == ("id",)  # late answers are counted once by it
    assert wave_keys.held(settings.home, "w1") == ("id",)


def rows(database, table=KeyLoss):
    with database.reading() as session:
        return list(session.scalars(select(table)))

"""A wave whose keys are lost: what each costs, and that everything leads to a freeze."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import json

import pytest
from sqlalchemy import select

from analysis import read_snapshot
from sipas import clock, i18n
from sipas.accounts.decisions import typed
from sipas.errors import NotReady
from sipas.estimating.key_words import SEALED, SENTENCES
from sipas.fieldwork.devices import devices, make_code
from sipas.fieldwork.models import KeyLoss
from sipas.fieldwork.waves import close_wave
from sipas.importing import import_responses
from sipas.intake.models import LateCount
from sipas.keyring import wave_keys
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from sipas.publishing.key_losses import Saying, renew
from sipas.publishing.review import approve, publish
from tests.make import a_csv, a_point, a_response, a_wave
from tests.people import Visitor, text_of
from tests.sealing import Device, said, sealed

TODAY = dt.date(2026, 9, 16)
LATER = dt.date(2026, 9, 30)
DAYS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23, 30)]
SAYING = Saying(("Lò Thị Hoa", "Cầm Văn An"), "Ổ đĩa hỏng")
WORDS = ("--by", "Lò Thị Hoa", "--by", "Cầm Văn An", "--emergency", "Thử", "--reason", "Ổ đĩa hỏng")
SOME = [("cluster",), ("id",), ("seal",), wave_keys.KINDS]
SAID = '--account … --account … --reason "…"'
FREEZE, RENEW = f"`sipas freeze w1 --keys-lost {SAID}`", f"`sipas wave key-renew w1 {SAID}`"


def rows(database, table=KeyLoss):
    with database.reading() as session:
        return list(session.scalars(select(table)))


# what each lost key costs a wave that asks: (open pages, answers, an import, sealed answers)
TABLE = {
    ("cluster",): (503, 503, "cluster key", 503),
    ("id",): (503, 503, "id key", 503),
    ("seal",): (200, 303, "", 503),
    wave_keys.KINDS: (503, 503, "cluster key", 503),
}


@pytest.mark.parametrize("kinds", TABLE)
def test_what_an_open_wave_can_do_without_a_key(client, run, database, settings, open_wave, tmp_path, kinds):
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(client)
    device.enrols(code)
    message = sealed(settings.home, said(on=TODAY))
    visitor = Visitor(client, "to-hieu-1", "en")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    wave_keys.destroy(settings.home, "w1", kinds)
    page, answer, brought, batch = TABLE[kinds]
    assert client.get("/k/to-hieu-1").status_code == page
    assert client.get("/k/to-hieu-1/en").status_code == page
    assert visitor.sends().status_code == answer
    file = a_csv(tmp_path, "date,point,field,O\n2026-09-15,to-hieu-1,ho-tich,4\n")
    if brought:
        with pytest.raises(NotReady, match=brought):
            import_responses(database, settings.home, file, "w1", "full", TODAY)
    else:
        assert import_responses(database, settings.home, file, "w1", "full", TODAY) == (1, 0)
    assert device.sends(message).status_code == batch
    code, told = run("doctor")
    assert code == 1
    for kind in kinds:
        assert f"The {kind} key of wave w1 is missing" in told
    assert told.count(RENEW) == len(kinds)
    assert "sipas freeze" not in told


@pytest.mark.parametrize("path", ["/k/to-hieu-1", "/k/to-hieu-1/vi", "/k/to-hieu-1/en"])
def test_a_visitor_is_told_before_she_fills_anything_in_and_hears_nothing_of_keys(
    client, run, settings, open_wave, path
):
    wave_keys.destroy(settings.home, "w1", ("cluster",))
    page = text_of(client.get(path).get_data(as_text=True))
    with i18n.speaking("en" if path.endswith("en") else "vi"):
        from sipas.kiosk.retry_page import WITHOUT_KEYS

        assert i18n._(WITHOUT_KEYS) in page
    assert "SIPAS_HOME" not in page
    assert "cluster" not in page


def test_a_form_that_was_filled_in_before_stays_on_the_page_with_the_reason(client, run, settings, open_wave):
    visitor = Visitor(client, "to-hieu-1", "en")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    wave_keys.destroy(settings.home, "w1", ("id",))
    sent = visitor.sends()
    assert sent.status_code == 503
    assert "waiting some minutes does not help" in text_of(sent.get_data(as_text=True))
    assert int(sent.headers["Retry-After"]) >= 600


@pytest.mark.parametrize("kinds", SOME)
def test_a_freeze_is_refused_in_one_sentence_that_names_what_is_lost_and_the_option(
    run, database, settings, closed_wave, kinds
):
    wave_keys.destroy(settings.home, "w1", kinds)
    code, told = run("freeze", "w1")
    assert code == 1
    assert ", ".join(kinds) in told
    assert FREEZE in told
    assert ("sealed copy" in told) == ("seal" in kinds)  # the others are never copied
    assert not (settings.home / "snapshots" / "w1.parquet").exists()
    assert rows(database) == []


@pytest.mark.parametrize("state", ["missing", "damaged"])
@pytest.mark.parametrize("kinds", SOME)
def test_of_a_closed_wave_doctor_names_only_the_way_that_it_has(run, settings, closed_wave, kinds, state):
    for kind in kinds:
        path = settings.home / "keys" / f"w1.{kind}.key"
        path.write_bytes(b"half") if state == "damaged" else path.unlink()
    code, told = run("doctor")
    assert code == 1
    assert told.count(FREEZE) == len(kinds)
    assert "key-renew" not in told
    assert "no answer can be taken" not in told


@pytest.mark.parametrize("kinds", SOME)
def test_a_closed_wave_gets_no_new_keys_and_can_be_frozen_without_them(run, database, settings, closed_wave, kinds):
    wave_keys.destroy(settings.home, "w1", kinds)
    for words in (WORDS, ()):  # nobody is asked for names in vain
        code, told = run("wave", "key-renew", "w1", *words)
        assert code == 1
        assert "Wave w1 is closed" in told
        assert FREEZE in told
    assert rows(database) == []
    assert run("freeze", "w1", "--keys-lost", *WORDS)[0] == 0


def test_a_frozen_wave_is_told_what_its_lost_keys_mean_in_its_days_of_grace(run, database, settings, closed_wave):
    freeze(database, settings.home, "w1", clock.today())
    wave_keys.destroy(settings.home, "w1")
    told = run("doctor")[1]
    assert "no answer can be taken" not in told
    assert "counts as late, unopened, and nothing need be done" in told
    assert told.count(RENEW) == 1  # the key of ids
    assert run("wave", "key-renew", "w1", *WORDS)[0] == 0
    assert "key-renew" not in run("doctor")[1]


def test_a_freeze_cut_off_that_lost_a_key_is_sent_to_the_one_command_that_goes_on(run, database, settings, closed_wave):
    from sipas.fieldwork.waves import wave_of

    with database.writing() as session:
        wave_of(session, "w1").freezing_on = TODAY
    assert "Run: sipas freeze w1" in run("doctor")[1]
    wave_keys.destroy(settings.home, "w1", ("cluster",))
    told = run("doctor")[1]
    assert FREEZE in told
    assert "Run: sipas freeze w1" not in told
    assert run("freeze", "w1", "--keys-lost", *WORDS)[0] == 0


@pytest.mark.parametrize("state", ["missing", "damaged"])
@pytest.mark.parametrize("kinds", SOME)
def test_with_any_key_lost_and_with_all_a_wave_is_frozen_and_released(
    run, database, settings, state, kinds, monkeypatch
):
    monkeypatch.setattr(clock, "today", lambda: LATER)
    answered(database, settings)
    if state == "damaged":
        for kind in kinds:
            (settings.home / "keys" / f"w1.{kind}.key").write_bytes(b"half")
    else:
        wave_keys.destroy(settings.home, "w1", kinds)
    assert run("wave", "close", "w1")[0] == 0
    code, told = run("freeze", "w1", "--keys-lost", *WORDS)
    assert code == 0, told
    snapshot = read_snapshot(settings.home / "snapshots" / "w1.parquet")
    assert snapshot.rows == 120
    assert snapshot.codebook.lost_keys == ((("cluster", "lost"),) if "cluster" in kinds else None)
    assert {one.kind for one in rows(database)} == set(kinds)
    deeds = [json.loads(line) for line in (settings.home / "deeds.log").read_text().splitlines()]
    assert [one["event"] for one in deeds] == ["frozen without lost keys", "frozen"]
    assert deeds[0]["keys"] == list(kinds)
    assert deeds[0]["by"] == ["Lò Thị Hoa", "Cầm Văn An"]
    assert not (settings.home / "keys" / "w1.cluster.key").exists()
    doctor = run("doctor")[1]
    assert "is missing" not in doctor
    release = build(database, settings, "w1", typed("Lò Thị Hoa"), LATER)
    manifest = json.loads((settings.home / "drafts" / release / "release.json").read_text())
    assert manifest["notes"][0]["keys"] == list(kinds)
    assert manifest["notes"][0]["by"] == ["Lò Thị Hoa", "Cầm Văn An"]


def test_every_page_and_file_of_the_release_says_it_in_both_languages(run, client, database, settings, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: LATER)
    answered(database, settings)
    wave_keys.destroy(settings.home, "w1")
    with database.writing() as session:
        close_wave(session, "w1", LATER)
    freeze(database, settings.home, "w1", LATER, without=SAYING)
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), LATER)
    approve(database, settings.home, code, typed("Cầm Văn An"), LATER)
    publish(database, settings.home, code, LATER)
    folder = settings.home / "releases" / code
    paths = [f"/results/{code}/{page}" for page in ("", "method", "unit/03646", "service/ho-tich")]
    for language, name in (("vi", "index.html"), ("en", "index.en.html")):
        with i18n.speaking(language):
            said = i18n._(SENTENCES["cluster", "lost"])
            tag = i18n._("A key was lost: see the note at the top")
        pages = [(folder / name).read_text(encoding="utf-8")]
        pages += [client.get(path, query_string={"lang": language}).get_data(as_text=True) for path in paths]
        for page in pages:
            assert said in html.unescape(text_of(page))
            assert page.count(tag) == page.count('class="key"')
    method = text_of(client.get(f"/results/{code}/method", query_string={"lang": "en"}).get_data(as_text=True))
    assert "Lost, as Lò Thị Hoa and Cầm Văn An said on September 30, 2026: the key of the weeks" in method
    assert "Reason: Ổ đĩa hỏng" in method
    assert "{'kind'" not in method
    assert json.loads((folder / "release.json").read_text())["lost_keys"] == {"cluster": "lost"}
    assert json.loads((folder / "estimates.json").read_text())["about"]["lost_keys"] == {"cluster": "lost"}
    lines = csv.DictReader(io.StringIO((folder / "estimates.csv").read_text(encoding="utf-8-sig")))
    assert all(line["flags"].endswith("cluster key lost") for line in lines)
    head = run("estimate", str(settings.home / "snapshots" / "w1.parquet"), "--lonely", "centre")[1]
    assert i18n._(SENTENCES["cluster", "lost"]) in head


def test_a_release_of_a_wave_that_lost_nothing_says_nothing_of_keys(database, settings):
    answered(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", LATER)
    snapshot = freeze(database, settings.home, "w1", LATER)
    assert "lost_keys" not in snapshot.codebook.to_json()
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), LATER)
    for path in (settings.home / "drafts" / code).iterdir():
        assert "lost_keys" not in path.read_text(encoding="utf-8")
        assert "key lost" not in path.read_text(encoding="utf-8")


def test_sealed_answers_that_still_wait_are_counted_and_said_and_come_late_once(client, run, database, settings):
    a_wave(database, settings)
    for _ in range(40):
        a_response(database, settings)
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(client)
    device.enrols(code)
    waiting = [sealed(settings.home, said(on=TODAY), kind=kind) for kind in ("answer", "comment") * 3]
    wave_keys.destroy(settings.home, "w1", ("seal",))
    with database.writing() as session:
        devices(session)[0].device.waiting = len(waiting)
        close_wave(session, "w1", TODAY)
    code, told = run("freeze", "w1", "--keys-lost", *WORDS)
    assert code == 0
    assert SEALED.format(forms=3) in told
    assert read_snapshot(settings.home / "snapshots" / "w1.parquet").codebook.lost_keys == (("seal", "3"),)
    assert device.sends(waiting[0]).json["outcomes"] == ["late"]
    assert [one.number for one in rows(database, LateCount)] == [1]


def test_it_takes_two_people_and_a_reason(run, database, settings, closed_wave):
    wave_keys.destroy(settings.home, "w1")
    for words in (
        (),
        ("--by", "An", "--reason", "x"),
        ("--by", "Đỗ An", "--by", "Do An", "--reason", "x"),
        ("--by", "An", "--by", "Hoa", "--reason", " "),
    ):
        assert run("freeze", "w1", "--keys-lost", *words)[0] != 0
        assert run("wave", "key-renew", "w1", *words)[0] != 0
    assert run("freeze", "w1", *WORDS)[0] == 2  # names without the option
    assert rows(database) == []
    assert wave_keys.held(settings.home, "w1") == ()


@pytest.mark.parametrize(
    ("words", "wanting"),
    [
        ((), "--reason"),
        (("--reason", "x"), "give --account twice"),
        (("--account", "an", "--reason", "x"), "give --account twice"),
        (("--by", "An", "--by", "Hoa", "--reason", "x"), "A typed name is no longer taken"),
        (("--by", "An", "--reason", "x", "--emergency", "y"), "give --by twice"),
        (("--account", "an", "--by", "An", "--reason", "x", "--emergency", "y"), "contradict"),
        (("--by", "An", "--by", " ", "--reason", "x", "--emergency", "y"), "Say who you are"),
        (("--account", "an", "--account", "hoa", "--reason", "x"), "There is no account yet"),
    ],
)
def test_what_is_missing_of_two_people_and_a_reason_is_said(run, database, settings, open_wave, words, wanting):
    wave_keys.destroy(settings.home, "w1")
    renewing = run("wave", "key-renew", "w1", *words)
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    for code, told in (renewing, run("freeze", "w1", "--keys-lost", *words)):
        assert code != 0
        assert wanting in told
    assert rows(database) == []


def test_where_nothing_is_lost_nothing_is_said(run, database, settings, closed_wave):
    code, told = run("freeze", "w1", "--keys-lost", *WORDS)
    assert code == 1
    assert "Every key of wave w1 is here" in told
    assert rows(database) == []


def test_a_freeze_that_was_cut_off_goes_on_without_being_told_again(run, database, settings, closed_wave, monkeypatch):
    from sipas.publishing import freeze as freezing

    wave_keys.destroy(settings.home, "w1")
    true = freezing.write_snapshot
    monkeypatch.setattr(freezing, "write_snapshot", lambda *_: (_ for _ in ()).throw(OSError("power")))
    with pytest.raises(OSError, match="power"):
        freeze(database, settings.home, "w1", TODAY, without=SAYING)
    monkeypatch.setattr(freezing, "write_snapshot", true)
    assert run("freeze", "w1")[0] == 0
    assert len(rows(database)) == 3


@pytest.mark.parametrize("renewed", [False, True])
def test_a_snapshot_made_without_the_key_is_taken_up_after_the_restore_of_an_older_database(
    database, settings, renewed
):
    a_wave(database, settings)
    for moment in DAYS:
        a_response(database, settings, moment=moment)
    wave_keys.destroy(settings.home, "w1", ("cluster",))
    if renewed:
        renew(database, settings.home, "w1", SAYING, TODAY)
        for moment in DAYS:
            a_response(database, settings, moment=moment)
        wave_keys.destroy(settings.home, "w1", ("cluster",))
    with database.writing() as session:
        close_wave(session, "w1", LATER)
    made = freeze(database, settings.home, "w1", LATER, without=SAYING)
    with database.writing() as session:  # as the backup of the day before knows it
        from sipas.fieldwork.waves import wave_of
        from sipas.publishing.models import SnapshotRecord

        wave = wave_of(session, "w1")
        wave.state, wave.freezing_on, wave.grace_until = "closed", None, None
        session.delete(session.get(SnapshotRecord, wave.id))
        for one in session.scalars(select(KeyLoss).where(KeyLoss.renewed.is_(False))):
            session.delete(one)
    assert freeze(database, settings.home, "w1", LATER).digest == made.digest


def test_late_answers_are_counted_once_though_the_key_of_ids_was_lost(database, settings, closed_wave, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    wave_keys.destroy(settings.home, "w1", ("id",))
    freeze(database, settings.home, "w1", TODAY, without=SAYING)
    for _ in range(2):
        a_response(database, settings, wave="w1", submission="c" * 32)
    assert [one.number for one in rows(database, LateCount)] == [1]


def answered(database, settings):
    """A hundred and twenty people at two points of two wards in five weeks."""
    a_point(database, "p-1", "03646", form="short")
    a_point(database, "p-2", "03664", form="short")
    a_wave(database, settings)
    for number in range(120):
        level = "5" if number % 3 else "2"
        a_response(database, settings, ("p-1", "p-2")[number % 2], moment=DAYS[number // 2 % 5],
                   answers=dict.fromkeys(("O", "B1.2", "B2.2", "B3.2", "B4.1"), level))  # fmt: skip

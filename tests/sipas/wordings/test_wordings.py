"""Official sentences by a file: every error at its line, a new version in which only words differ, kept for good."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import surveys
from sipas import i18n
from sipas.backups import backup, restore
from sipas.backups.daily import discard_earlier
from sipas.cli import group
from sipas.errors import BadFile
from sipas.i18n import say, speaking
from sipas.i18n.instrument_words import in_words
from sipas.tables import BadTable
from sipas.wordings import shelf
from sipas.wordings.sentences import KINDS, MOST, sentences
from surveys import ChangedInstrument, UnknownInstrument
from surveys.instrument import is_own
from surveys.load import INSTRUMENTS, read_bytes
from surveys.rewording import NewWords, reworded, without_words
from tests.make import a_point, a_wave
from tests.wordings import TODAY, a_wording, exported, filled_in, made, official, put, rows_of

OFFICIAL = [one.address for one in sentences(surveys.load("service-2024", 2)) if one.has_official]


@pytest.fixture
def home(settings):
    surveys.also_from(settings.paths.instruments)
    return settings.home


def complaints(home, path):
    with pytest.raises(BadTable) as raised:
        made(home, path)
    assert shelf.versions(home) == [], "nothing is made of a file with an error in it"
    return [(one.line, one.column, str(one.reason)) for one in raised.value.problems]


# the way there


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_what_an_officer_fills_in_becomes_a_new_version_in_which_only_words_differ(home, tmp_path, suffix, language):
    with speaking(language):
        path = filled_in(exported(tmp_path, suffix=suffix))
    one = made(home, path)
    before, after = surveys.load("service-2024", 2), surveys.load("service-2024", 2001)
    assert one.instrument == after
    assert without_words(after) == without_words(before)
    for item in after.items:
        asked = item.code in OFFICIAL
        assert item.text == (official(item.code)["sentence"] if asked else before.item(item.code).text)
        assert (item.wording, item.provenance) == (("decreed", "official") if asked else ("ours", "ours"))
    assert (after.made.of, after.made.by, after.made.on) == (2, "Nguyễn Thị A", TODAY)
    assert dict(after.made.places)["B1.1"] == "Phụ lục I, B1.1"
    assert surveys.load("service-2024").version == 2001
    assert one.ours == ("O", "F")


def test_sixteen_rows_wait_for_a_sentence_and_every_other_says_that_the_words_stay(home, tmp_path):
    rows = rows_of(exported(tmp_path))
    assert [row["address"] for row in rows if not row["sentence"]] == OFFICIAL
    assert len(OFFICIAL) == 16
    assert {row["sentence"] for row in rows} == {"", "keep"}
    assert {row["address"] for row in rows} == {
        address.partition("/")[2] for address, _text in surveys.texts(surveys.load("service-2024", 2))
    }


def test_no_released_file_is_touched(home, tmp_path):
    before = {path.name: path.read_bytes() for path in INSTRUMENTS.iterdir() if path.is_file()}
    a_wording(home, tmp_path)
    assert {path.name: path.read_bytes() for path in INSTRUMENTS.iterdir() if path.is_file()} == before


def test_a_second_import_makes_a_second_version_and_one_may_go_on_from_the_first(home, tmp_path):
    a_wording(home, tmp_path)
    path = exported(tmp_path, version=2001)
    rows = rows_of(path)
    assert {row["source"] for row in rows if row["address"] in OFFICIAL} == {"official sentence"}

    def mends(row):
        if row["address"] != "B1.1":
            row |= {"sentence": "keep", "place": ""}

    again = made(home, filled_in(path, mends))
    assert (again.instrument.version, again.instrument.made.of) == (2002, 2001)
    assert again.instrument.item("B2.1").text == official("B2.1")["sentence"]
    assert dict(again.instrument.made.places)["B2.1"] == "Phụ lục I, B2.1"


# what is wrong in a file


def test_every_error_is_told_at_its_line_and_nothing_is_made(home, tmp_path):
    path = filled_in(exported(tmp_path))
    rows = rows_of(path)
    at = {row["address"]: place for place, row in enumerate(rows)}
    line = {address: place + 2 for address, place in at.items()}
    rows[at["B1.1"]]["sentence"] = ""
    rows[at["B1.2"]]["sentence"] = "x" * (MOST["item"] + 1)
    rows[at["B1.3"]]["words"] = "khác"
    rows[at["B2.1"]]["kind"] = "level"
    rows[at["B2.2"]]["sentence"] = "1.250"
    rows[at["B2.3"]]["sentence"] = "Ph\ufffd, l\ufffd ph\ufffd"
    rows[at["B2.4"]]["place"] = ""
    rows[at["B3.1"]]["address"] = "B9.9"
    rows[at["B3.2"]]["sentence"] = rows[at["B3.3"]]["sentence"]
    rows[at["B4.1"]]["sentence"] = "keep"
    rows[at["B4.2"]]["source"] = "official sentence"
    rows[at["B4.3"]]["questionnaire"] = "service-2024 v1"
    rows[at["B5.1"]]["address"] = "B5.2"
    told = complaints(home, put(path, rows))
    assert {(where, column) for where, column, _reason in told} == {
        (line["B1.1"], "official sentence"),
        (line["B1.2"], "official sentence"),
        (line["B1.3"], "present words"),
        (line["B2.1"], "kind"),
        (line["B2.2"], "official sentence"),
        (line["B2.3"], "official sentence"),
        (line["B2.4"], "where it stands in the official document"),
        (line["B3.1"], "address"),
        (line["B3.3"], "official sentence"),
        (line["B4.1"], "official sentence"),
        (line["B4.2"], "words come from"),
        (line["B4.3"], "questionnaire"),
        (line["B5.1"], "present words"),
        (line["B5.1"], "present English"),
        (line["B5.2"], "address"),
        (len(rows) + 1, "address"),
    }
    said = " ".join(reason for *_place, reason in told)
    for words in (
        "letters; a telephone shows no more",
        "was changed",
        "no sentence: letters were lost",
        "stands in line",
        "rows are missing: B3.1, B5.1",
        "place in the official document is missing",
        "another questionnaire",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda row: row.update(sentence="keep", place=""), "brings no official sentence"),
        (lambda row: row.update(questionnaire="no-such v2"), "no questionnaire"),
        (lambda row: row.update(questionnaire="service-2024"), "no questionnaire"),
        (lambda row: row["address"] == "O" and row.update(place="Mục 1"), "no sentence from there"),
        (lambda row: row["address"] == "B1.1" and row.update(sentence="hai\ndòng"), "line break"),
        (lambda row: row["address"] == "sex/f" and row.update(sentence="Nam", place="1"), "cannot read alike"),
        (lambda row: row["address"] == "satisfaction/4" and row.update(sentence="?", place="1"), "letters were lost"),
        (lambda row: row["address"] == "B1.1" and row.update(sentence="13/05/2026"), "letters were lost"),
        (lambda row: row["address"] == "B1.1" and row.update(sentence_english="a" * 400), "letters"),
    ],
)
def test_one_error_is_one_sentence(home, tmp_path, change, word):
    if word == "line break":  # a quoted cell of two lines
        path = filled_in(exported(tmp_path, suffix=".xlsx"), change)
    else:
        path = filled_in(exported(tmp_path), change)
    with pytest.raises((BadFile, BadTable), match=word):
        made(home, path)
    assert shelf.versions(home) == []


def test_a_column_that_was_taken_out_is_named(home, tmp_path):
    path = exported(tmp_path)
    path.write_text(path.read_text("utf-8-sig").replace("official sentence;", "note;", 1), "utf-8-sig")
    with pytest.raises(BadFile, match="sentence"):
        made(home, path)


def test_the_complaints_are_said_in_vietnamese_too(home, tmp_path):
    with speaking("vi"):
        path = exported(tmp_path)
        with pytest.raises(BadTable) as raised:
            made(home, path)
        said = say(raised.value)
    assert "chưa có câu chính thức; hãy ghi câu ấy, hoặc ghi “giữ”" in said
    assert "dòng 14" in said


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).filter(str.strip))
def test_any_sentence_comes_out_of_the_file_as_it_went_in(text):
    from unicodedata import normalize

    text = normalize("NFC", text.strip()) or "x"
    content = (INSTRUMENTS / "service-2024.v2.yaml").read_bytes()
    words = {"B1.1": text, "result/2": text, "age/over-60": text, "comment/hint": text, "title": text, "F/yes": text}
    new = NewWords(words, frozenset(["B1.1"]), {"B1.1": text}, {"B1.1": text}, text, text, TODAY)
    try:
        name, written = reworded("service-2024", content, 2001, new)
    except surveys.BadInstrument:
        assert not text.isprintable()  # YAML knows no such letter
        return
    said = dict(surveys.texts(read_bytes(name, written)))
    assert {said[f"service-2024/{address}"] for address in words} == {text}
    assert said["service-2024/satisfaction/2"] == "Không hài lòng"  # the other scale had the same words


# where it lies


def test_numbers_from_1001_on_are_of_here_and_no_release_ships_one(home):
    released = {version for versions in surveys.catalogue(INSTRUMENTS).values() for version in versions}
    assert not any(map(is_own, released))


def test_a_later_release_stands_beside_what_was_made_here_and_is_the_newer_one(home, tmp_path, monkeypatch):
    a_wording(home, tmp_path)
    later = tmp_path / "release"
    shutil.copytree(INSTRUMENTS, later)
    third = (later / "service-2024.v2.yaml").read_text("utf-8").replace("version: 2\n", "version: 3\n")
    (later / "service-2024.v3.yaml").write_text(third, "utf-8")
    for module in (surveys.load.__globals__, shelf.__dict__):
        monkeypatch.setitem(module, "INSTRUMENTS", later)
    assert surveys.catalogue()["service-2024"] == (1, 2, 2001, 3)
    assert surveys.load("service-2024").version == 3
    assert surveys.load("service-2024", 2001).item("B1.1").text == official("B1.1")["sentence"]
    (told,) = shelf.outdated(home)
    assert "version 3 has been released since" in str(told)


def test_a_file_that_would_stand_in_the_place_of_a_released_one_is_not_read(home):
    folder = home / "instruments"
    folder.mkdir(exist_ok=True)
    changed = (INSTRUMENTS / "service-2024.v2.yaml").read_text("utf-8").replace("dễ thấy, dễ tìm", "khác")
    (folder / "service-2024.v2.yaml").write_text(changed, "utf-8")
    assert "khác" not in surveys.load("service-2024", 2).item("B1.1").text
    (told,) = shelf.findings(home)
    assert "with a number from 1001 on" in str(told)


def test_a_changed_file_is_refused_wherever_it_is_read_and_doctor_says_it(
    home, tmp_path, database, settings, monkeypatch
):
    path = a_wording(home, tmp_path).path
    a_wave(database, settings, "w1", opens_on=TODAY)
    path.write_text(path.read_text("utf-8").replace("Câu chính thức", "Câu khác"), "utf-8")
    surveys.load.__globals__["_load"].cache_clear()  # as in a process that begins now
    with pytest.raises(ChangedInstrument, match="digest is another"):
        surveys.load("service-2024")
    monkeypatch.setenv("SIPAS_HOME", str(home))
    said = CliRunner().invoke(group, ["doctor"]).output
    assert "[ x] service-2024.v2001.yaml is not the questionnaire that was made here" in said
    assert "Wave w1 asks service-2024 v2001:" in said
    path.unlink()
    surveys.load.__globals__["_load"].cache_clear()
    with pytest.raises(UnknownInstrument, match="it has: 1, 2"):
        surveys.load("service-2024", 2001)
    assert "service-2024.v2001.yaml of SIPAS_HOME is gone" in CliRunner().invoke(group, ["doctor"]).output


def test_it_is_for_its_owner_alone_with_its_digest_beside_it(home, tmp_path):
    path = a_wording(home, tmp_path).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (path.parent / "DIGESTS").read_text() == f"{digest}  service-2024.v2001.yaml\n"
    (line,) = (home / "deeds.log").read_text("utf-8").splitlines()
    assert json.loads(line)["questionnaire"] == "service-2024 v2001"


def test_two_homes_in_one_process_keep_their_own_words_under_one_number(settings, tmp_path):
    from dataclasses import replace

    from sipas import create_app
    from sipas.storage.database import Database
    from sipas.web.installation import of_app

    other = replace(settings, home=tmp_path / "other")
    shutil.copytree(settings.home, other.home)
    apps = []
    for number, where in enumerate((settings, other)):

        def words(row, number=number):
            if row["address"] == "B1.1":
                row["sentence"] = f"Câu của nhà số {number}"

        a_wording(where.home, tmp_path, words, version=2)
        database = Database.of(where)
        a_point(database)
        from sipas import clock

        a_wave(database, where, opens_on=clock.today())
        database.engine.dispose()
        apps.append(create_app(where))
    for _ in range(2):
        for number, app in enumerate(apps):
            page = app.test_client().get("/k/to-hieu-1/vi").text
            assert f"Câu của nhà số {number}" in page
            assert f"Câu của nhà số {1 - number}" not in page
    for app in apps:
        of_app(app).database.engine.dispose()


# backups


def test_a_backup_brings_back_the_words_that_a_wave_was_asked_in(home, tmp_path, database, settings):
    path = a_wording(home, tmp_path).path
    a_wave(database, settings, "w1", opens_on=TODAY)
    words, saved = path.read_bytes(), backup(settings, database, "2026-12-01")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for one in settings.paths.backups.iterdir():
        shutil.copy(one, elsewhere)
    assert sorted(one.name for one in elsewhere.iterdir()) == [
        "2026-12-01.sqlite", "2026-12-01.sqlite.instruments", "2026-12-01.sqlite.sha256"
    ]  # fmt: skip
    shutil.rmtree(path.parent)
    restore(settings, database, elsewhere / saved.name, force=True)
    assert path.read_bytes() == words
    assert surveys.load("service-2024", 2001).item("B1.1").text == official("B1.1")["sentence"]
    assert list(shelf.findings(home)) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_words_of_the_same_number_that_came_meanwhile_are_put_aside(home, tmp_path, database, settings):
    path = a_wording(home, tmp_path).path
    words, saved = path.read_bytes(), backup(settings, database, "first")
    shutil.rmtree(path.parent)
    surveys.also_from(None)

    def others(row):
        if row["address"] == "B1.1":
            row["sentence"] = "Câu đến sau"

    a_wording(home, tmp_path, others, version=2)
    assert path.read_bytes() != words
    restore(settings, database, saved, force=True)
    assert path.read_bytes() == words
    assert "Câu đến sau" in (path.parent / f"{path.name}.aside-1").read_text("utf-8")
    assert list(shelf.findings(home)) == []


def test_a_backup_without_its_words_is_not_restored(home, tmp_path, database, settings):
    a_wording(home, tmp_path)
    saved = backup(settings, database, "first")
    beside = saved.with_name(saved.name + ".instruments")
    kept = beside.read_bytes()
    beside.unlink()
    with pytest.raises(BadFile, match=r"first\.sqlite\.instruments"):
        restore(settings, database, saved, force=True)
    beside.write_bytes(kept + b"x")
    with pytest.raises(BadFile, match="digest differs"):
        restore(settings, database, saved, force=True)


def test_the_backup_of_the_day_before_takes_its_words_with_it(home, tmp_path, database, settings):
    a_wording(home, tmp_path)
    backup(settings, database, "2026-12-01")
    newest = backup(settings, database, "2026-12-02")
    discard_earlier(newest)
    assert {one.name.partition(".")[0] for one in settings.paths.backups.iterdir()} == {"2026-12-02"}


def test_a_home_without_such_words_has_backups_as_before(database, settings):
    saved = backup(settings, database, "first")
    assert saved.with_name(saved.name + ".sha256").read_text().count("\n") == 1
    assert not saved.with_name(saved.name + ".instruments").exists()


# what an English reader meets


def test_without_an_english_sentence_an_english_reader_meets_the_vietnamese_marked_as_such(
    home, tmp_path, app, database, settings
):
    from sipas import clock

    def english(row):
        if row["address"] == "B1.1":
            row["sentence_english"] = "Signs, as the annex has it"

    a_wording(home, tmp_path, english)
    a_point(database)
    a_wave(database, settings, opens_on=clock.today())
    page = app.test_client().get("/k/to-hieu-1/en").text
    assert "Signs, as the annex has it" in page
    assert f'<span lang="vi">{official("B1.2")["sentence"]}</span>' in page
    assert "Enough seats" not in page, "the English of other words would be another question"
    assert "This visit as a whole" in page
    with speaking("en"):
        said = in_words(surveys.load("service-2024"))
    assert said.item("B1.2").text == official("B1.2")["sentence"]  # no marks where there is no page


def test_every_kind_has_its_words_and_its_limit():
    assert set(KINDS) == set(MOST)
    for code, versions in surveys.catalogue(INSTRUMENTS).items():
        for version in versions:
            for one in sentences(surveys.load(code, version)):
                assert len(one.words) <= MOST[one.kind], (code, version, one.address)


def test_the_commands_lead_from_one_to_the_next(home, tmp_path, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(home))
    path = tmp_path / "sentences.xlsx"
    run = CliRunner().invoke(group, ["instrument", "wording", "export", "service-2024", "-o", str(path)])
    assert run.exit_code == 0, run.output
    assert "16 rows wait for an official one" in run.output
    filled_in(path)
    words = ["instrument", "wording", "import", str(path), "--by", "A", "--basis", "B"]
    run = CliRunner().invoke(group, words)
    assert run.exit_code == 0, run.output
    assert "Made: service-2024 v2001, with 16 official sentences." in run.output
    assert "Questions that keep words of ours: O, F." in run.output
    listed = CliRunner().invoke(group, ["instrument", "list"]).output
    assert "2001" in listed

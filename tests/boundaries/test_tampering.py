"""What is approved is what is published: nothing that lies in the home folder is believed about itself."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, text

from sipas.accounts.decisions import typed
from sipas.backups import backup, restore
from sipas.cli.operator.doctor.survey_findings import BAD, GOOD, waves_and_releases
from sipas.errors import NotReady, SamePerson, UnknownCode, WaveState
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.population_counts import load_frame
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.intake import stored
from sipas.publishing import build as building
from sipas.publishing import review
from sipas.publishing.build import build
from sipas.publishing.bundle import ChangedFiles, finish
from sipas.publishing.disorder import Disordered
from sipas.publishing.earlier import WouldTellMore
from sipas.publishing.freeze import freeze
from sipas.publishing.frozen import ChangedSnapshot
from sipas.publishing.models import Release
from sipas.publishing.published import Unreadable, published_release, published_releases
from sipas.publishing.review import adopt, approve, publish, releases
from sipas.storage.database import Database
from tests import november_files
from tests.make import a_csv, a_point, a_response, a_wave
from tests.opened_files import opened
from tests.repeated import home_once

TODAY = dt.date(2026, 9, 30)
ITEMS = ("O", "B1.2", "B2.2", "B3.2", "B4.1")
LATER = dt.date(2026, 10, 7)


def frame_of(unit_1: int, unit_2: int) -> str:
    return f"unit,field,month,dossiers\n03646,ho-tich,2026-09,{unit_1}\n03664,ho-tich,2026-09,{unit_2}\n"


@pytest.fixture
def frozen(database, settings, tmp_path):
    """A frozen wave of 120 answers at two wards over five weeks, weighted to dossiers."""

    def freezing():
        for code, unit in (("p-1", "03646"), ("p-2", "03664")):
            a_point(database, code, unit, form="short")
        a_wave(database, settings)
        for number in range(120):
            day = dt.datetime(2026, 9, (2, 9, 16, 23, 29)[number % 5], 3, tzinfo=dt.timezone.utc)
            ward = number // 5 % 2
            said = dict.fromkeys(ITEMS, "2" if number % 11 < (4, 2)[ward] else "5")
            a_response(database, settings, ("p-1", "p-2")[ward], moment=day, answers=said)
        with database.writing() as session:
            close_wave(session, "w1", TODAY)
            session.execute(delete(PopulationCount))
            load_frame(session, a_csv(tmp_path, frame_of(900, 700)), dt.date(2026, 12, 31))
        return freeze(database, settings.home, "w1", TODAY, grace=3650)

    return replace(home_once(database, settings, freezing), path=settings.home / "snapshots" / "w1.parquet")


def published(database, settings) -> str:
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    approve(database, settings.home, code, typed("Cầm Văn An"), TODAY)
    publish(database, settings.home, code, TODAY)
    return code


def all_satisfied(path) -> None:
    """Every answer of the snapshot set to 5, under the digest of the true ones."""
    table = pq.read_table(path)
    place = table.column_names.index("O")
    table = table.set_column(place, "O", pa.array([5] * len(table), pa.int8()))
    pq.write_table(table, path)


def power_cut(*_args):
    raise KeyboardInterrupt


def bad(settings, database) -> list[str]:
    return [said for sign, said in waves_and_releases(settings, database) if sign == BAD]


def test_an_edited_snapshot_is_neither_built_from_nor_approved_nor_published(database, settings, frozen):
    draft, approved = (build(database, settings, "w1", typed("Hoa"), TODAY) for _ in range(2))
    approve(database, settings.home, approved, typed("An"), TODAY)
    assert bad(settings, database) == []
    all_satisfied(frozen.path)
    with pytest.raises(ChangedSnapshot, match="not the one that was frozen"):
        build(database, settings, "w1", typed("Hoa"), TODAY)
    with pytest.raises(ChangedSnapshot):
        approve(database, settings.home, draft, typed("An"), TODAY)
    with pytest.raises(ChangedSnapshot):
        publish(database, settings.home, approved, TODAY)
    assert published_releases(settings.home) == []
    (said,) = bad(settings, database)
    assert "The snapshot of wave w1 is not the one that was frozen" in said


def test_a_missing_snapshot_is_told_in_words(database, settings, frozen):
    frozen.path.unlink()
    with pytest.raises(ChangedSnapshot, match="restore it from a backup"):
        build(database, settings, "w1", typed("Hoa"), TODAY)


@pytest.mark.parametrize("says_published", [False, True])
def test_an_approved_draft_cannot_be_swapped_for_another_whatever_its_manifest_says(
    database, settings, frozen, says_published
):
    code = build(database, settings, "w1", typed("Hoa"), TODAY)
    approve(database, settings.home, code, typed("An"), TODAY)
    folder = settings.home / "drafts" / code
    manifest = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    if says_published:
        manifest |= {"approved_by": "An", "approved_on": str(TODAY), "published_on": str(TODAY)}
    finish(folder, manifest | {"province": "Better"})
    with pytest.raises(ChangedFiles):
        publish(database, settings.home, code, TODAY)
    assert published_releases(settings.home) == []


def test_a_file_that_was_added_to_a_draft_is_not_published_with_it(database, settings, frozen):
    code = build(database, settings, "w1", typed("Hoa"), TODAY)
    (settings.home / "drafts" / code / "answers.csv").write_text("one line for each person")
    with pytest.raises(ChangedFiles, match=r"answers\.csv was added"):
        approve(database, settings.home, code, typed("An"), TODAY)


@pytest.mark.parametrize("name", ["Nguyen Thi Hoa", "NGUYỄN THỊ HOA", " nguyễn  thị hoà "])
def test_one_person_does_not_approve_her_own_draft_under_another_spelling(database, settings, frozen, name):
    code = build(database, settings, "w1", typed("Nguyễn Thị Hoa"), TODAY)
    with pytest.raises(SamePerson, match="Nguyễn Thị Hoa built release w1-r1"):
        approve(database, settings.home, code, typed(name), TODAY)


def test_after_a_restore_no_code_is_given_again_and_the_shelf_is_not_overlooked(database, settings, frozen):
    before = backup(settings, database, "before")
    code = published(database, settings)
    shown = (settings.home / "releases" / code / "estimates.json").read_bytes()
    restore(settings, database, before, force=True)
    for deed in (
        lambda: build(database, settings, "w1", typed("Hoa"), LATER),
        lambda: publish(database, settings.home, "w1-r1", LATER),
    ):
        with pytest.raises((Disordered, UnknownCode)):
            deed()
    (said,) = bad(settings, database)
    assert "w1-r1 lies on the shelf" in said
    assert "sipas release adopt w1-r1" in said
    adopt(database, settings.home, code)
    assert bad(settings, database) == []
    with pytest.raises(WaveState, match="knows release w1-r1 as published; only one that was approved"):
        adopt(database, settings.home, code)
    with database.reading() as session:
        (one,) = releases(session)
    assert (one["state"], one["built_by"], one["approved_by"]) == ("published", "Lò Thị Hoa", "Cầm Văn An")
    assert build(database, settings, "w1", typed("Hoa"), LATER) == "w1-r2"
    assert (settings.home / "releases" / code / "estimates.json").read_bytes() == shown


def test_a_code_is_not_given_again_where_only_the_list_beside_the_shelf_remembers_it(database, settings, frozen):
    before = backup(settings, database, "before")
    assert build(database, settings, "w1", typed("Hoa"), TODAY) == "w1-r1"
    restore(settings, database, before, force=True)
    shutil.rmtree(settings.home / "drafts")
    assert build(database, settings, "w1", typed("Hoa"), TODAY) == "w1-r2"


def test_a_draft_that_the_restored_database_knows_is_not_published_over_the_shelf(database, settings, frozen):
    code = build(database, settings, "w1", typed("Hoa"), TODAY)
    approve(database, settings.home, code, typed("An"), TODAY)
    before = backup(settings, database, "before")
    draft = shutil.copytree(settings.home / "drafts" / code, settings.home / "copy")
    publish(database, settings.home, code, TODAY)
    restore(settings, database, before, force=True)
    shutil.move(draft, settings.home / "drafts" / code)
    with pytest.raises(Disordered, match="lies on the shelf"):
        publish(database, settings.home, code, LATER)
    adopt(database, settings.home, code)
    assert published_release(settings.home, code).manifest["published_on"] == str(TODAY)


def test_a_release_whose_folder_is_gone_or_changed_is_told_with_the_way_out(database, settings, frozen):
    code = published(database, settings)
    folder = settings.home / "releases" / code
    page = (folder / "index.html").read_text(encoding="utf-8")
    (folder / "index.html").write_text("better", encoding="utf-8")
    assert bad(settings, database) == [
        "Release w1-r1 was changed after it was published; restore its folder from a backup."
    ]
    with pytest.raises(Disordered):
        build(database, settings, "w1", typed("Hoa"), TODAY)
    (folder / "index.html").write_text(page, encoding="utf-8")
    assert [sign for sign, _ in waves_and_releases(settings, database)] == [GOOD]
    shutil.move(folder, settings.home / "elsewhere")
    (said,) = bad(settings, database)
    assert "its folder is not on the shelf" in said
    with pytest.raises(ChangedFiles, match="restore the folder releases/w1-r1"):
        publish(database, settings.home, code, TODAY)


@pytest.mark.parametrize("dossiers", [(1800, 700), (1000, 600)])
def test_a_second_release_with_other_dossiers_is_refused(database, settings, frozen, tmp_path, dossiers):
    """Also where their sum is the same."""
    published(database, settings)
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, frame_of(*dossiers), "again.csv"), dt.date(2026, 12, 31))
    with pytest.raises(WouldTellMore, match="dossier counts are not those with which release w1-r1 was made"):
        build(database, settings, "w1", typed("Hoa"), LATER)
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, frame_of(900, 700), "first.csv"), dt.date(2026, 12, 31))
    assert build(database, settings, "w1", typed("Hoa"), LATER) == "w1-r2"


def test_moved_dossiers_are_noticed_by_the_figures_where_a_release_of_november_2026_names_their_sum_alone(
    database, settings, frozen, tmp_path
):
    code = published(database, settings)
    folder = settings.home / "releases" / code
    manifest = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    del manifest["frame"]["digest"]
    finish(folder, manifest)
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, frame_of(1000, 600), "again.csv"), dt.date(2026, 12, 31))
        session.execute(delete(Release))
    adopt(database, settings.home, code)
    with pytest.raises(WouldTellMore):
        build(database, settings, "w1", typed("Hoa"), LATER)


def test_another_snapshot_of_the_same_wave_is_not_released_and_the_published_one_is_kept(database, settings, frozen):
    """A restore of database and keys, one answer more, and a freeze anew: all that this person said would follow."""
    keys_before = {path.name: path.read_bytes() for path in (settings.home / "keys").iterdir()}
    published(database, settings)
    with database.writing() as session:  # as an older backup, with its keys, has it
        session.execute(text("delete from release"))
        session.execute(text("delete from snapshot"))
        wave = wave_of(session, "w1")
        wave.state, wave.freezing_on, wave.grace_until, wave.closes_on = "open", None, None, None
    from sipas.keyring import wave_keys

    wave_keys.make(settings.home, "w1")
    for name, content in keys_before.items():
        (settings.home / "keys" / name).write_bytes(content)
    a_response(database, settings, "p-1", answers=dict.fromkeys(ITEMS, "1"))
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    again = freeze(database, settings.home, "w1", LATER)
    assert (again.rows, frozen.rows) == (121, 120)
    kept = settings.home / "snapshots" / f"w1.{frozen.digest[:8]}.parquet"
    assert pq.read_metadata(kept).num_rows == 120
    with pytest.raises(Disordered):
        build(database, settings, "w1", typed("Hoa"), LATER)
    with pytest.raises(WaveState, match="made from another snapshot"):
        adopt(database, settings.home, "w1-r1")


def test_a_power_cut_before_the_rename_that_makes_it_public_is_taken_up_by_the_same_command(
    database, settings, frozen, monkeypatch
):
    code = build(database, settings, "w1", typed("Hoa"), TODAY)
    approve(database, settings.home, code, typed("An"), TODAY)

    monkeypatch.setattr(review, "move", power_cut)
    with pytest.raises(KeyboardInterrupt):
        publish(database, settings.home, code, TODAY)
    monkeypatch.undo()
    assert published_releases(settings.home) == []
    (said,) = bad(settings, database)
    assert f"sipas release publish {code}" in said
    publish(database, settings.home, code, LATER)
    assert published_release(settings.home, code).manifest["published_on"] == str(TODAY)
    assert bad(settings, database) == []
    assert not (settings.home / "drafts" / code).exists()


def test_a_draft_that_was_touched_before_the_interrupted_publication_goes_on_is_refused(
    database, settings, frozen, monkeypatch
):
    code = build(database, settings, "w1", typed("Hoa"), TODAY)
    approve(database, settings.home, code, typed("An"), TODAY)
    monkeypatch.setattr(review, "move", power_cut)
    with pytest.raises(KeyboardInterrupt):
        publish(database, settings.home, code, TODAY)
    monkeypatch.undo()
    (settings.home / "drafts" / code / "estimates.csv").write_text("better")
    made = settings.home / "drafts" / f".{code}"
    aside = shutil.move(made, settings.home / "made")
    with pytest.raises(ChangedFiles):
        publish(database, settings.home, code, TODAY)
    assert published_releases(settings.home) == []
    shutil.rmtree(made, ignore_errors=True)
    shutil.move(aside, made)  # the public folder as it was finished before the cut is what the database knows
    publish(database, settings.home, code, LATER)
    assert published_release(settings.home, code).manifest["published_on"] == str(TODAY)
    assert bad(settings, database) == []


def test_a_draft_that_another_release_overtook_is_built_again(database, settings, frozen):
    first, second = (build(database, settings, "w1", typed("Hoa"), TODAY) for _ in range(2))
    for code in (first, second):
        approve(database, settings.home, code, typed("An"), TODAY)
    publish(database, settings.home, second, TODAY)
    with pytest.raises(WaveState, match=f"Release {second} was published after the draft {first} was built"):
        publish(database, settings.home, first, TODAY)


def test_what_moved_while_a_draft_was_computed_makes_it_void(database, settings, frozen, monkeypatch, tmp_path):
    true = building.release_figures

    def meanwhile(*args):
        with database.writing() as session:  # nobody holds the database while figures are computed
            load_frame(session, a_csv(tmp_path, frame_of(950, 650), "again.csv"), dt.date(2026, 12, 31))
        return true(*args)

    monkeypatch.setattr(building, "release_figures", meanwhile)
    with pytest.raises(WaveState, match="While the draft of wave w1 was built"):
        build(database, settings, "w1", typed("Hoa"), TODAY)
    with database.reading() as session:
        assert releases(session) == []
    monkeypatch.undo()
    build(database, settings, "w1", typed("Hoa"), TODAY)
    assert [path.name for path in (settings.home / "drafts").iterdir()] == ["w1-r1"]


def test_a_snapshot_that_is_swapped_after_its_check_and_swapped_back_makes_the_draft_void(
    database, settings, frozen, monkeypatch
):
    true = building.release_figures
    content, stat = frozen.path.read_bytes(), frozen.path.stat()

    def meanwhile(*args):
        all_satisfied(frozen.path)
        try:
            return true(*args)
        finally:
            frozen.path.write_bytes(content)
            os.utime(frozen.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    monkeypatch.setattr(building, "release_figures", meanwhile)
    with pytest.raises(WaveState, match="While the draft of wave w1 was built"):
        build(database, settings, "w1", typed("Hoa"), TODAY)
    with database.reading() as session:
        assert releases(session) == []


def test_answers_that_come_while_the_snapshot_is_made_are_late_and_nobody_waits(database, settings, monkeypatch):
    from sipas.intake import Outcome
    from sipas.publishing import freeze as freezing

    a_wave(database, settings)
    a_response(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    true, came = freezing.write_snapshot, []

    def meanwhile(*args):
        came.append(a_response(database, settings, wave="w1", submission="ab" * 16))
        return true(*args)

    monkeypatch.setattr(freezing, "write_snapshot", meanwhile)
    monkeypatch.setattr("sipas.clock.today", lambda: TODAY)
    assert freeze(database, settings.home, "w1", TODAY).rows == 1
    assert came == [Outcome.LATE]
    with database.reading() as session:
        assert stored(session, wave_of(session, "w1").id) == 1


def test_the_home_of_november_2026_opens_verifies_and_is_built_from(tmp_path):
    from sipas.config.settings import Settings
    from sipas.migrations import migrate

    settings = Settings(home=november_files.unpacked("home", tmp_path))
    migrate(settings, LATER)
    database = Database.of(settings)
    assert [said for said in bad(settings, database) if "w1" in said] == []
    with database.reading() as session:
        assert [(one["release"], one["state"]) for one in releases(session)] == [
            ("w1-r1", "published"),
            ("w1-r2", "draft"),
        ]
    assert published_release(settings.home, "w1-r1").table.row("overall")["withheld"] is False
    with pytest.raises(WaveState, match=r"earlier policy \(sipas-primary 2\).*build it again"):
        approve(database, settings.home, "w1-r2", typed("An"), LATER)
    assert build(database, settings, "w1", typed("Hoa"), LATER) == "w1-r3"
    database.engine.dispose()


def spoilt(folder, how: str) -> None:
    """A folder that does not belong on the shelf, made of a release's copy."""
    if how == "no JSON":
        (folder / "release.json").write_text("{")
    elif how == "no wave":
        (folder / "release.json").write_text('{"release": "w9-r1"}')
    elif how == "no table":
        (folder / "estimates.json").unlink()
    elif how == "no manifest":
        (folder / "release.json").unlink()


@pytest.mark.parametrize("name", ["w9-r1", "w1-r1 copy", ".w1-r1"])
def test_an_odd_folder_on_the_shelf_is_named_and_hides_no_release(app, database, settings, frozen, name):
    code = published(database, settings)
    client, odd = app.test_client(), settings.home / "releases" / name
    for how in ("a copy", "no JSON", "no wave", "no table", "no manifest"):
        shutil.copytree(settings.home / "releases" / code, odd)
        spoilt(odd, how)
        assert client.get("/results", follow_redirects=True).status_code == 200
        assert client.get(f"/results/{code}/").status_code == 200
        (said,) = bad(settings, database)
        assert f"releases/{name} is no release as it was published here; move it out" in said, how
        with pytest.raises(Disordered, match="move it out of the folder releases"):
            build(database, settings, "w1", typed("Hoa"), LATER)
        shutil.rmtree(odd)
    assert bad(settings, database) == []


def test_a_folder_that_was_repaired_is_shown_as_repaired_and_an_edited_one_is_not_shown(
    app, database, settings, frozen
):
    code = published(database, settings)
    path, client = settings.home / "releases" / code / "release.json", app.test_client()
    true = path.read_text(encoding="utf-8")
    assert client.get(f"/results/{code}/").status_code == 200
    path.write_text(true.replace('"published_on"', '"x": 1, "published_on"'), encoding="utf-8")
    assert client.get(f"/results/{code}/").status_code == 503
    path.write_text(true, encoding="utf-8")
    assert client.get(f"/results/{code}/").status_code == 200


def test_a_published_release_is_listed_without_its_table_being_opened(database, settings, frozen):
    code = published(database, settings)
    with opened() as files:
        assert [one.code for one in published_releases(settings.home)] == [code]
    assert {path.name for path in files if path.parent.name == code} == {"release.json", "SHA256SUMS"}


def test_only_what_two_people_approved_and_what_the_answers_give_is_taken_back(database, settings, frozen):
    draft = build(database, settings, "w1", typed("Hoa"), TODAY)
    shelf = settings.home / "releases"
    shutil.copytree(settings.home / "drafts" / draft, shelf / draft)
    with pytest.raises(Unreadable, match="never published"):
        adopt(database, settings.home, draft)
    manifest = json.loads((shelf / draft / "release.json").read_text(encoding="utf-8"))
    days = {"approved_on": str(TODAY), "published_on": str(TODAY)}
    for name in ("hoa", " ", None):
        finish(shelf / draft, manifest | days | {"approved_by": name})
        with pytest.raises(SamePerson, match="does not name two people"):
            adopt(database, settings.home, draft)
    finish(shelf / draft, manifest | days | {"approved_by": "An"})
    with pytest.raises(WaveState, match="knows release w1-r1 as draft"):
        adopt(database, settings.home, draft)
    with database.writing() as session:
        session.execute(delete(Release))
    table = (shelf / draft / "estimates.json").read_text(encoding="utf-8")
    share = f"{published_release(settings.home, draft).table.row('overall')['estimate']}"
    (shelf / draft / "estimates.json").write_text(table.replace(share, "0.999"), encoding="utf-8")
    finish(shelf / draft, manifest | days | {"approved_by": "An"})
    with pytest.raises(WaveState, match="not those that come out of its answers"):
        adopt(database, settings.home, draft)
    (shelf / draft / "estimates.json").write_text(table, encoding="utf-8")
    finish(shelf / draft, manifest | days | {"approved_by": "An"})
    adopt(database, settings.home, draft)
    assert bad(settings, database) == []


def test_two_drafts_of_different_dossiers_are_not_both_published_however_close_in_time(
    database, settings, frozen, monkeypatch, tmp_path
):
    first = build(database, settings, "w1", typed("Hoa"), TODAY)
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, frame_of(900, 2700), "again.csv"), dt.date(2026, 12, 31))
    second = build(database, settings, "w1", typed("Hoa"), TODAY)
    for code in (first, second):
        approve(database, settings.home, code, typed("An"), TODAY)
    true = review._refuse_overtaken

    def meanwhile(*args):
        true(*args)
        monkeypatch.undo()
        with pytest.raises(NotReady, match="Another command is at work"):
            publish(database, settings.home, second, TODAY)

    monkeypatch.setattr(review, "_refuse_overtaken", meanwhile)
    publish(database, settings.home, first, TODAY)
    with pytest.raises(WaveState, match="build it again"):
        publish(database, settings.home, second, TODAY)
    assert [one.code for one in published_releases(settings.home)] == [first]


def thaw(database) -> None:
    """The database as a backup that was made between closing and freezing has it."""
    with database.writing() as session:
        session.execute(text("delete from snapshot"))
        wave = wave_of(session, "w1")
        wave.state, wave.freezing_on, wave.grace_until = "closed", None, None


def test_a_database_from_before_the_freeze_takes_the_frozen_wave_up_though_its_key_is_gone(database, settings, frozen):
    thaw(database)
    written = dt.datetime(2026, 10, 3, 5, tzinfo=dt.timezone.utc).timestamp()
    os.utime(frozen.path, (written, written))
    again = freeze(database, settings.home, "w1", LATER, grace=3650)
    assert (again.digest, again.rows) == (frozen.digest, 120)
    with database.reading() as session:
        wave = wave_of(session, "w1")
        assert (wave.state, wave.grace_until) == ("frozen", dt.date(2036, 9, 30))  # ten years from when it was written
    assert bad(settings, database) == []
    published(database, settings)


def test_where_the_key_is_gone_and_the_file_holds_other_answers_the_way_out_is_said(database, settings, frozen):
    all_satisfied(frozen.path)
    thaw(database)
    with pytest.raises(WaveState, match="Restore a backup that was made after the freeze"):
        freeze(database, settings.home, "w1", LATER)
    with database.reading() as session:
        assert wave_of(session, "w1").stage == "closed"


@pytest.mark.parametrize("codebook", [b"{", b"\xff", b"[]", b"[" * 100_000, b'{"codebook": 1}', b'{"codebook": 9}'])
def test_a_snapshot_whose_codebook_is_none_is_refused_in_words(database, settings, frozen, codebook):
    table = pq.read_table(frozen.path)
    pq.write_table(table.replace_schema_metadata({b"codebook": codebook, b"digest": b"5"}), frozen.path)
    with pytest.raises(ChangedSnapshot, match="restore it from a backup"):
        build(database, settings, "w1", typed("Hoa"), TODAY)


def test_whatever_else_lies_hidden_in_a_folder_is_left_there(database, settings, frozen):
    for folder in ("drafts", "snapshots"):
        (settings.home / folder / ".mine").mkdir(parents=True)
        (settings.home / folder / ".mine" / "copy").write_text("kept")
    published(database, settings)
    for folder in ("drafts", "snapshots"):
        assert (settings.home / folder / ".mine" / "copy").read_text() == "kept"

"""After an older backup was restored: every difference between home and database is named, and each way out works."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace

import pyarrow as pa
import pytest
from sqlalchemy import delete, select, update

from analysis import NOT_ASKED, write_snapshot
from sipas import clock, logs
from sipas.accounts.decisions import typed
from sipas.backups import backup, restore
from sipas.cli.operator.doctor.survey_findings import BAD, waves_and_releases
from sipas.errors import UnknownCode, WaveState
from sipas.fieldwork.ended import refuse_old_snapshot
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import close_wave, open_wave_at, wave_of
from sipas.importing import import_responses
from sipas.intake import cluster_label, late_by_point, stored
from sipas.intake.models import Response
from sipas.intake.redemption_journal import RedemptionJournal
from sipas.keyring import wave_keys
from sipas.publishing.build import build
from sipas.publishing.bundle import finish
from sipas.publishing.disorder import disorder
from sipas.publishing.freeze import freeze
from sipas.publishing.models import DestructionStop, Release, SnapshotRecord
from sipas.publishing.reconcile import at_a_glance, mismatches
from sipas.publishing.retention import _drop_some
from sipas.publishing.review import adopt, approve, publish
from tests.make import a_csv, a_point, a_response, a_wave
from tests.people import Visitor
from tests.repeated import home_once

TODAY = clock.today()
DAYS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23)]


def told(database, settings):
    """Every sentence about a difference."""
    with database.reading() as session:
        return [str(one.error) for one in mismatches(session, settings.home)]


def doctors(database, settings):
    return [sentence for sign, sentence in waves_and_releases(settings, database) if sign == BAD]


@pytest.fixture
def asked(database, settings):
    """A wave with 120 answers that still asks, and a backup of it."""

    def asking():
        for code, unit in {"p-1": "03646", "p-2": "03664", "p-3": "03670"}.items():
            a_point(database, code, unit, form="short")
        a_wave(database, settings)
        for number in range(120):
            answer(database, settings, number)
        return backup(settings, database, "while-it-asked").relative_to(settings.home)

    return settings.home / home_once(database, settings, asking)


def answer(database, settings, number, **more):
    level = "5" if number % 3 else "2"
    said = dict.fromkeys(("O", "B1.2", "B2.2", "B3.2", "B4.1"), level)
    return a_response(database, settings, f"p-{1 + number % 3}", moment=DAYS[number % 4],
                      submission=f"{number:032x}", answers=said, **more)  # fmt: skip


@pytest.fixture
def frozen(database, settings, asked):
    """Ten answers more, and it was frozen."""

    def freezing():
        for number in range(120, 130):
            answer(database, settings, number)
        with database.writing() as session:
            close_wave(session, "w1", TODAY)
        return freeze(database, settings.home, "w1", TODAY)

    snapshot = home_once(database, settings, freezing)
    return replace(snapshot, path=settings.home / "snapshots" / "w1.parquet")


@pytest.fixture
def older(database, settings, asked, frozen):
    """The backup of the days when it asked lies in the database again."""
    restore(settings, database, asked, force=True)
    return frozen


def test_an_installation_in_order_has_no_difference(database, settings, frozen):
    assert told(database, settings) == []
    assert doctors(database, settings) == []


def test_a_wave_that_is_open_again_is_named_with_both_ways_out_and_no_copy_of_its_key_is_asked_for(
    database, settings, older
):
    assert told(database, settings) == [
        "Wave w1 is open in this database, but it was frozen: snapshots/w1.parquet lies here, and its key was "
        "destroyed on purpose. Its points take no answer. Restore a backup that was made after the freeze; where "
        "there is none, run `sipas wave close w1`, then `sipas freeze w1`."
    ]
    assert doctors(database, settings) == told(database, settings)


def test_its_points_ask_nothing_and_a_page_opened_before_is_told_to_be_late(client, database, settings, older):
    page = client.get("/k/p-1")
    assert (page.status_code, "No questions are asked here at present" in page.text) == (404, True)
    with database.reading() as session, pytest.raises(Exception, match="No survey is open"):
        open_wave_at(session, "p-1", TODAY, settings.home)
    late = Visitor(client, "p-1")
    away, key = settings.home / "away", settings.home / "keys" / "w1.cluster.key"
    key.write_bytes(b"k" * 32)
    shutil.move(settings.home / "snapshots" / "w1.parquet", away)  # the page as it was opened before
    shutil.move(settings.home / "deeds.log", settings.home / "deeds.away")
    client.application.extensions["sipas.kiosk"]._known.clear()
    late.opens_the_questionnaire()
    key.unlink()
    shutil.move(away, settings.home / "snapshots" / "w1.parquet")
    client.application.extensions["sipas.kiosk"]._known.clear()
    late.answers_everything(4)
    reply = late.sends()
    assert reply.status_code == 303
    assert "/late" in reply.headers["Location"]
    page = client.get(reply.headers["Location"])
    assert page.status_code == 200
    assert "đã kết thúc" in page.text
    with database.reading() as session:
        assert stored(session, 1) == 120
        assert sum(late_by_point(session, 1).values()) == 1


def test_where_the_days_of_grace_are_over_too_a_late_answer_is_told_that_the_survey_ended(database, settings, older):
    wave_keys.destroy(settings.home, "w1")
    from sipas.errors import NoOpenWave
    from sipas.fieldwork.asking import asking_in

    with database.reading() as session:
        asking = asking_in(session, "p-1", "w1", TODAY, settings.home)
        with pytest.raises(NoOpenWave, match="ended long ago"):
            asking.still_open(session.connection())


def test_a_file_of_answers_and_a_new_wave_of_that_code_are_refused(database, settings, older, tmp_path):
    file = a_csv(tmp_path, "point,field,date,O\np-1,ho-tich,2026-09-16,5\n")
    with pytest.raises(WaveState, match="was frozen, of which this database does not know"):
        import_responses(database, settings.home, file, "w1", "short", TODAY)
    with pytest.raises(WaveState, match="Choose another code"):
        refuse_old_snapshot(settings.home, "w1")


def test_closed_and_frozen_with_the_digest_that_the_freeze_said_it_is_taken_up(database, settings, older):
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    assert told(database, settings)[0].startswith("Wave w1 is closed in this database, but it was frozen")
    with pytest.raises(WaveState) as refused:
        freeze(database, settings.home, "w1", TODAY)
    digest = older.digest[:16]
    assert "snapshots/w1.parquet holds 130 answers, and this database 120 of them" in str(refused.value)
    assert f"sipas freeze w1 --snapshot {digest}" in str(refused.value)
    for wrong in (digest[:15], "0" * 16):
        with pytest.raises(WaveState, match="holds 130 answers"):
            freeze(database, settings.home, "w1", TODAY, named=wrong)
    assert freeze(database, settings.home, "w1", TODAY, named=digest).digest == older.digest
    assert told(database, settings) == []
    assert [one["event"] for one in logs.deeds(settings.home)] == ["frozen", "snapshot taken up"]


@pytest.mark.parametrize("rows", ["all of them", "fewer"])
def test_a_snapshot_of_november_which_does_not_tell_who_was_not_asked_is_taken_up(
    request, database, settings, frozen, rows
):
    table = frozen.table()
    for place, column in enumerate(table.schema):
        if pa.types.is_integer(column.type):
            values = [None if one == NOT_ASKED else one for one in table.column(place).to_pylist()]
            table = table.set_column(place, column.name, pa.array(values, column.type))
    as_it_was = replace(frozen.codebook, not_asked=None, asked_if=None, questions=None)
    written = write_snapshot(frozen.path, table.replace_schema_metadata(None), as_it_was)
    if rows == "fewer":
        restore(settings, database, request.getfixturevalue("asked"), force=True)
        with database.writing() as session:
            close_wave(session, "w1", TODAY)
    else:
        with database.writing() as session:
            session.execute(delete(SnapshotRecord))
            session.execute(update(Wave).values(state="closed", freezing_on=None))
    named = written.digest[:16] if rows == "fewer" else ""
    assert freeze(database, settings.home, "w1", TODAY, named=named).digest == written.digest


def test_a_file_that_lacks_an_answer_of_the_database_is_never_taken_up(database, settings, older):
    with database.writing() as session:  # an answer that the file does not hold
        key = session.scalars(select(Response.key)).first()
        session.execute(update(Response).where(Response.key == key).values(answers=bytes(44)))
        close_wave(session, "w1", TODAY)
    with pytest.raises(WaveState, match="does not hold the answers"):
        freeze(database, settings.home, "w1", TODAY, named=older.digest)


def test_where_the_snapshot_is_lost_as_well_the_log_of_deeds_tells_that_the_key_went_on_purpose(
    database, settings, older
):
    (settings.home / "snapshots" / "w1.parquet").unlink()
    (said,) = told(database, settings)
    assert said == (
        f"Wave w1 was frozen on {TODAY} or before, as deeds.log says, but this database holds it as open, and "
        "snapshots/w1.parquet is missing. Its key was destroyed on purpose; no copy may bring it back. Restore a "
        "backup that was made after the freeze, and the snapshot from where you keep it."
    )


def test_a_key_that_was_lost_with_a_disk_is_still_asked_for(database, settings, asked):
    (settings.home / "keys" / "w1.cluster.key").unlink()
    assert told(database, settings) == []
    (said,) = doctors(database, settings)
    assert "Copy it back from the old machine" in said


def test_a_release_that_is_public_and_its_wave_come_back_into_the_list_step_by_step(database, settings, asked, frozen):
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    approve(database, settings.home, code, typed("Cầm Văn An"), TODAY)
    publish(database, settings.home, code, TODAY)
    restore(settings, database, asked, force=True)
    wave, release = told(database, settings)
    assert "Wave w1 is open in this database" in wave
    assert release.startswith(f"Release {code} lies on the shelf, and the database does not know")
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    freeze(database, settings.home, "w1", TODAY, named=frozen.digest)
    adopt(database, settings.home, code)
    assert told(database, settings) == []


def test_a_public_release_that_the_restored_database_knows_as_a_draft_comes_back(database, settings, frozen):
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    drafted = backup(settings, database, "drafted")
    approve(database, settings.home, code, typed("Cầm Văn An"), TODAY)
    publish(database, settings.home, code, TODAY)
    restore(settings, database, drafted, force=True)
    (said,) = told(database, settings)
    assert f"run `sipas release adopt {code}`" in said
    folder = settings.home / "releases" / code
    manifest = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    finish(folder, manifest | {"built_by": "Ai Khác"})
    with pytest.raises(WaveState, match="as draft"):
        adopt(database, settings.home, code)
    finish(folder, manifest)
    adopt(database, settings.home, code)
    assert told(database, settings) == []


def test_a_public_release_of_a_wave_that_nobody_knows_is_told_apart(database, settings, frozen):
    empty = backup_without_waves(database, settings)
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    approve(database, settings.home, code, typed("Cầm Văn An"), TODAY)
    publish(database, settings.home, code, TODAY)
    restore(settings, database, empty, force=True)
    with database.reading() as session:
        ((_, error),) = disorder(session, settings.home)
    assert str(error) == (
        f"Release {code} lies on the shelf, and the database does not know its wave, w1. Restore the newest backup; "
        "where there is none, the release stays public as it is, and no other of that wave can be built."
    )
    with pytest.raises(UnknownCode):
        adopt(database, settings.home, code)


def backup_without_waves(database, settings):
    """A backup of a database in which no wave was ever opened."""
    from dataclasses import replace

    from sipas.migrations import create

    other = replace(settings, home=settings.home.parent / "other")
    made = create(other)
    file = backup(other, made, "empty")
    made.engine.dispose()
    return file


def test_a_snapshot_and_keys_of_a_wave_that_nobody_knows_are_named(database, settings, frozen):
    restore(settings, database, backup_without_waves(database, settings), force=True)
    assert told(database, settings) == [
        "snapshots/w1.parquet is of a wave that this database does not know, as after the restore of an older backup. "
        "Restore the newest backup; where there is none, keep the file: it is all there is of that wave.",
        "Keys of wave w1 lie in the folder keys (id, seal), and this database does not know the wave, as after the "
        "restore of an older backup. Restore the newest backup; where there is none, keep them as long as a screen may "
        "hold answers of that wave.",
    ]


def test_the_backup_of_another_installation_shows_by_its_labels(database, settings, asked):
    wave_keys.destroy(settings.home, "w1", ("cluster",))
    wave_keys.make(settings.home, "w1", ("cluster",))
    assert told(database, settings) == [
        "No answer of wave w1 that was looked at (12) was stored under the cluster key that lies here: the backup may "
        "be another installation's, or the key was made anew. See whose keys these are before it is frozen."
    ]


@pytest.mark.parametrize("is_coarse", [False, True])
@pytest.mark.parametrize("is_placed", [True, False])
def test_papers_from_before_the_day_on_which_point_and_wave_were_made_raise_no_alarm(
    database, settings, tmp_path, is_placed, is_coarse
):
    """A wave that was opened today with an earlier first day, at a point that was added today, too; its answers bear
    every kind of label: of a point's week or a week's alone, with detail or without."""
    a_point(database, "p-1", "03646", form="short", opened_on=TODAY)
    first = TODAY - dt.timedelta(days=35)
    a_wave(database, settings, opens_on=first)
    for day in (first + dt.timedelta(days=number) for number in range(0, 35, 3)):
        file = a_csv(tmp_path, f"point,field,date,O\np-1,ho-tich,{day},5\n")
        import_responses(database, settings.home, file, "w1", "short", TODAY)
        label = cluster_label(
            wave_keys.load(settings.home, "w1", "cluster"), int(is_placed), clock.cluster_week(day), is_coarse
        )
        with database.writing() as session:
            session.execute(update(Response).values(cluster=label))
        assert told(database, settings) == []
    wave_keys.destroy(settings.home, "w1", ("cluster",))
    wave_keys.make(settings.home, "w1", ("cluster",))
    (said,) = told(database, settings)
    assert said.startswith("No answer of wave w1 that was looked at")


def test_the_newest_backup_is_named_once_where_a_difference_asks_for_one(database, settings, frozen, asked):
    assert not any("newest backup" in sentence for _, sentence in waves_and_releases(settings, database))
    restore(settings, database, asked, force=True)
    newest = backup(settings, database, "newest")
    said = [sentence for _, sentence in waves_and_releases(settings, database)]
    assert f"The newest backup that lies here: sipas restore {newest}" in said


def test_a_draft_whose_folder_is_gone_or_changed_is_named(database, settings, frozen):
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    page = settings.home / "drafts" / code / "index.html"
    text = page.read_text(encoding="utf-8")
    page.write_text("better", encoding="utf-8")
    for state in ("draft", "approved"):
        (said,) = doctors(database, settings)
        assert said.startswith(f"The {state} {code} is not as it was built (The file index.html of the draft in {code}")
        assert said.endswith("build another: sipas release build w1 --account NAME")
        page.write_text(text, encoding="utf-8")
        assert doctors(database, settings) == []
        if state == "draft":
            approve(database, settings.home, code, typed("Cầm Văn An"), TODAY)
        page.write_text("better", encoding="utf-8")
    shutil.rmtree(settings.home / "drafts" / code)
    assert doctors(database, settings) == [
        f"The approved {code} is in the database, but the folder drafts/{code} is missing. Restore it from a backup, "
        "or build another: sipas release build w1 --account NAME"
    ]


def test_a_draft_that_the_database_does_not_know_is_named(database, settings, frozen):
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    with database.writing() as session:
        session.execute(delete(Release))
    (said,) = told(database, settings)
    assert said.startswith(f"The database knows nothing of the draft in drafts/{code}")


def test_a_dropping_that_was_cut_off_is_named_with_the_command_that_goes_on(database, settings, frozen, monkeypatch):
    monkeypatch.setattr("sipas.publishing.retention.AT_ONCE", 40)
    _drop_some(database, Response, 1)
    assert doctors(database, settings) == [
        "Wave w1: 90 of 130 frozen answers are left in the database; the dropping of its rows was begun and not ended. "
        "Run: sipas wave drop w1"
    ]


def test_answers_that_were_dropped_and_came_back_with_a_backup_are_named(database, settings, frozen):
    logs.keep(settings.home, "answers dropped", TODAY, wave="w1", answers=130)
    assert doctors(database, settings) == [
        f"The answers of wave w1 were dropped on {TODAY}, and this database holds them again, as after the restore of "
        "an older backup. Run: sipas wave drop w1"
    ]


def test_a_stop_that_the_database_forgot_is_named_before_the_night_destroys(database, settings, frozen):
    until = TODAY + dt.timedelta(days=5)
    logs.keep(settings.home, "destruction stopped", TODAY, wave="w1", until=str(until), by=["A", "B"], reason="x")
    (said,) = doctors(database, settings)
    assert said == (
        f"Two people stopped the destruction of wave w1 until {until}, and this database does not know it. Restore a "
        "backup that was made after that; else say it again before the next night: sipas wave stop-destruction w1"
    )
    with database.writing() as session:
        session.add(
            DestructionStop(wave_id=1, made_on=TODAY, until=until, first_person="A", second_person="B", reason="x")
        )
    assert doctors(database, settings) == []


def test_codes_that_were_spent_today_and_are_unknown_are_counted(database, settings, frozen):
    RedemptionJournal(settings.home).spend(b"c" * 16, b"v" * 16)
    (said,) = told(database, settings)
    assert said.startswith("1 invitation codes that were spent since the last night are unknown to this database")


def test_a_glance_writes_nothing_and_reads_no_file_of_figures(database, settings, older):
    before = {path: path.stat().st_mtime_ns for path in settings.home.rglob("*") if path.is_file()}
    with database.reading() as session:
        assert len(list(at_a_glance(session, settings.home))) == 1
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_the_restore_says_the_differences_itself(database, settings, asked, frozen, monkeypatch):
    from click.testing import CliRunner

    from sipas.cli import group

    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    database.engine.dispose()
    done = CliRunner().invoke(group, ["restore", str(asked), "--force"])
    assert done.exit_code == 0
    assert "Home and database differ; nothing of this was changed:" in done.output
    assert "  Wave w1 is open in this database, but it was frozen" in done.output


def test_the_log_of_deeds_is_read_past_torn_lines(settings):
    (settings.home / "deeds.log").write_text('{"day": "2026-09-01", "ev\n[]\nx\n' + json.dumps(
        {"day": "2026-09-02", "event": "frozen", "wave": "w1"}) + "\n", encoding="utf-8")  # fmt: skip
    assert [one["day"] for one in logs.deeds(settings.home)] == ["2026-09-02"]


def test_an_ended_wave_is_no_difference(database, settings, frozen):
    with database.reading() as session:
        wave = wave_of(session, "w1")
        assert isinstance(wave, Wave)
        assert list(at_a_glance(session, settings.home)) == []


def test_the_servers_health_does_not_miss_a_key_that_was_destroyed_on_purpose(client, database, settings, older):
    assert wave_keys.find(settings.home, "w1", "cluster") is None
    report = client.get("/health")
    assert (report.status_code, report.json["status"] == "down") == (200, False)

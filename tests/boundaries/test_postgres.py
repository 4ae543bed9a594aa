"""The same promises on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import inspect, select

from sipas import clock, create_app
from sipas.accounts.decisions import typed
from sipas.cli import group
from sipas.corrections.taking_back import take_back
from sipas.errors import NoOpenWave
from sipas.fieldwork.asking import asking_at
from sipas.fieldwork.waves import close_wave
from sipas.importing import DoubtedFile, import_responses, look_at_responses
from sipas.intake import STORED, Answers, Visit, record, stored
from sipas.intake.maintenance import maintain
from sipas.keyring import wave_keys
from sipas.publishing.freeze import freeze
from sipas.publishing.key_losses import KeysLost, Saying, renew
from sipas.registry.importing import OURS
from sipas.registry.models import Unit
from sipas.storage.database import Base
from sipas.web.installation import of_app
from tests import go_down_and_up, postgres
from tests.make import A_MORNING, a_csv, a_point, a_response, a_row, a_wave
from tests.people import Visitor
from tests.sipas.importing.test_doubts import a_book, a_file, people

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs (initdb) are not installed"),
]


@pytest.fixture(scope="module")
def address():
    with postgres.cluster() as url:
        yield url


@pytest.fixture
def settings(settings, address):
    return replace(settings, database_url=address)


@pytest.fixture
def database(settings):
    made = postgres.installed(settings)
    yield made
    made.engine.dispose()


def count(database):
    with database.reading() as session:
        return stored(session, 1)


def test_a_wave_whose_keys_are_all_lost_goes_on_and_is_frozen_without_them(database, settings, today):
    saying = Saying(("An", "Hoa"), "lost")
    a_wave(database, settings)
    a_response(database, settings)
    wave_keys.destroy(settings.home, "w1")
    assert renew(database, settings.home, "w1", saying, today) == wave_keys.KINDS
    a_response(database, settings)
    wave_keys.destroy(settings.home, "w1")
    with database.writing() as session:
        close_wave(session, "w1", today)
    with pytest.raises(KeysLost, match="cluster, id, seal"):
        freeze(database, settings.home, "w1", today)
    frozen = freeze(database, settings.home, "w1", today, without=saying)
    assert frozen.rows == 2
    assert dict(frozen.codebook.lost_keys) == {"cluster": "renewed", "id": "renewed"}


def test_the_migrations_make_what_the_models_say(database):
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    assert {column["name"] for column in inspect(database.engine).get_columns("response")} == set(STORED)


def test_a_visit_is_stored_once_and_its_comment_apart(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    app = create_app(settings)
    visitor = Visitor(app.test_client(), "to-hieu-1")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    assert visitor.sends().status_code == visitor.sends().status_code == 303
    assert count(database) == 1
    assert a_response(database, settings, comment="Tốt 👍")
    of_app(app).database.engine.dispose()


def test_a_file_saved_again_is_doubted_and_its_import_taken_back_whole(database, settings, tmp_path):
    a_wave(database, settings)
    today = dt.date(2026, 9, 30)
    lines = people(600, 1)
    path = a_file(tmp_path, lines)
    assert import_responses(database, settings.home, path, "w1", None, today) == (600, 0)
    with pytest.raises(DoubtedFile, match="600 of 600 lines"):
        import_responses(database, settings.home, a_book(tmp_path, lines), "w1", None, today)
    maintain(database, settings.home)
    assert look_at_responses(database, settings.home, path, "w1", None, today).known == 600
    assert take_back(database, settings.home, path, "w1", ("An", "Bình"), today) == 600
    assert count(database) == 0
    assert import_responses(database, settings.home, path, "w1", None, today) == (600, 0)


def test_import_and_freeze_give_what_sqlite_gives(database, settings, tmp_path):
    today = clock.today()
    a_wave(database, settings, opens_on=today)
    path = a_csv(tmp_path, "point,field,date,B1.1\n" + f"to-hieu-1,ho-tich,{today},5\n" * 30)
    assert import_responses(database, settings.home, path, "w1", None, today) == (30, 0)
    assert import_responses(database, settings.home, path, "w1", None, today) == (0, 30)
    with database.writing() as session:
        close_wave(session, "w1", today)
    snapshot = freeze(database, settings.home, "w1", today)
    assert snapshot.rows == 30
    assert snapshot.table()["B1.1"].to_pylist() == [5] * 30


def test_a_freeze_waits_for_answers_under_way_so_that_none_is_thanked_and_left_out(database, settings, today):
    """An answer whose transaction had begun before the wave closed is either seen by the freeze or refused."""
    a_wave(database, settings)
    a_response(database, settings)
    with database.reading() as session:
        asking = asking_at(session, "to-hieu-1", today)
    asked, go_on = threading.Event(), threading.Event()

    def slow_answer() -> None:
        with database.writing() as session:
            assert asking.still_open(session.connection())
            asked.set()
            go_on.wait(20)
            visit = Visit("w1", asking.codes("ho-tich"), Answers(bytes(30)), A_MORNING, "vi")
            record(session.connection(), a_row("slow", visit))

    def closing() -> None:
        with database.writing() as session:
            close_wave(session, "w1", today)

    answer, close = threading.Thread(target=slow_answer), threading.Thread(target=closing)
    answer.start()
    assert asked.wait(20)
    close.start()
    close.join(1)
    assert close.is_alive()  # held up by the answer under way
    go_on.set()
    answer.join(20)
    close.join(20)
    with database.reading() as session:
        assert stored(session, 1) == 2
        with pytest.raises(NoOpenWave):
            asking.still_open(session.connection())


def test_screens_and_late_answers_go_down_a_version_and_up_again(database, settings):
    go_down_and_up.screens_and_late_answers(database, settings)


def test_waves_without_a_series_become_the_main_one_except_trials(database, settings):
    go_down_and_up.waves_without_series(database, settings)


def test_rules_without_a_first_day_hold_since_ever(database, settings):
    go_down_and_up.rules_without_a_first_day(database, settings)


def test_dossiers_by_quarter_go_down_and_months_stay(database, settings):
    go_down_and_up.dossiers_by_quarter(database, settings)


def test_who_is_responsible_from_when(database, settings, tmp_path, monkeypatch, today):
    """Loaded, listed, refused backwards, and removed by command, as on SQLite."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_DATABASE_URL", settings.database_url)
    monkeypatch.setattr(clock, "now", lambda: A_MORNING)
    a_wave(database, settings)
    shutil.copytree(OURS, tmp_path / "ours")
    rules, land = tmp_path / "ours" / "competence.csv", "ward,dat-dai,@receiver,,"
    text = rules.read_text(encoding="utf-8")

    def loads(instead):
        rules.write_text(text.replace(land, instead), encoding="utf-8")
        return CliRunner().invoke(group, ["registry", "load", str(tmp_path / "ours")])

    assert "2026-10-01" in str(loads("ward,dat-dai,so-xay-dung,,").exception)
    done = loads(f"{land}\nward,dat-dai,so-xay-dung,2026-10-01,")
    assert done.exit_code == 0, done.exception
    with database.reading() as session:
        units = {one.id: one.code for one in session.scalars(select(Unit))}
        for day, expected in ((today, "03646"), (dt.date(2026, 10, 1), "so-xay-dung")):
            assert units[asking_at(session, "to-hieu-1", day).codes("dat-dai").unit] == expected
    assert "snapshot" not in str(CliRunner().invoke(group, ["registry", "remove", "unit", "03646"]).exception)
    gone = CliRunner().invoke(group, ["registry", "remove", "competence", "ward", "dat-dai", "--from", "2026-10-01"])
    assert gone.exit_code == 0, gone.exception


def test_a_release_on_postgresql_is_checked_published_restored_and_adopted(database, settings, tmp_path, monkeypatch):
    """The same way as on SQLite: an edited snapshot is refused, and a restored database takes its release back."""
    from sipas.backups import backup, restore
    from sipas.publishing.build import build
    from sipas.publishing.disorder import Disordered
    from sipas.publishing.frozen import ChangedSnapshot
    from sipas.publishing.review import adopt, approve, publish, releases

    today = clock.today()
    a_wave(database, settings, opens_on=today - dt.timedelta(days=70))
    days = [today - dt.timedelta(days=7 * week) for week in range(10)]
    lines = "".join(f"to-hieu-1,ho-tich,{day},{level}\n" for day in days for level in (5, 4, 2) * 5)
    path = a_csv(tmp_path, "point,field,date,B1.1\n" + lines)
    import_responses(database, settings.home, path, "w1", None, today)
    with database.writing() as session:
        close_wave(session, "w1", today)
    snapshot = freeze(database, settings.home, "w1", today)
    whole = snapshot.path.read_bytes()
    snapshot.path.write_bytes(whole[:-2000] + bytes(10) + whole[-1990:])
    with pytest.raises(ChangedSnapshot):
        build(database, settings, "w1", typed("Hoa"), today)
    snapshot.path.write_bytes(whole)
    before = backup(settings, database, "before")
    code = build(database, settings, "w1", typed("Hoa"), today)
    approve(database, settings.home, code, typed("An"), today)
    publish(database, settings.home, code, today)
    restore(settings, database, before, force=True)
    with pytest.raises(Disordered):
        build(database, settings, "w1", typed("Hoa"), today)
    adopt(database, settings.home, code)
    with database.reading() as session:
        assert [(one["release"], one["state"]) for one in releases(session)] == [(code, "published")]
    assert build(database, settings, "w1", typed("Hoa"), today) == "w1-r2"

"""The database's shape: one history, forward and back with data, and clear words when program and data differ."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from sipas import create_app
from sipas.config.settings import Settings
from sipas.errors import NotReady, SchemaMismatch
from sipas.fieldwork.waves import waves
from sipas.intake import Outcome
from sipas.migrations import create, downgrade, migrate
from sipas.storage import schema
from sipas.storage.database import HEAD, Base, Database
from sipas.web.installation import of_app
from tests import go_down_and_up
from tests.go_down_and_up import set_version
from tests.make import a_response, a_wave
from tests.november_files import unpacked


def test_the_program_knows_the_newest_migration(database):
    assert ScriptDirectory(str(schema.SCRIPTS)).get_current_head() == HEAD


def test_the_migrations_make_what_the_models_say(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_publics_tables_have_no_rowid(database):
    with database.engine.connect() as connection:
        made = dict(connection.execute(text("select name, sql from sqlite_master where type = 'table'")).all())
    assert "WITHOUT ROWID" in made["response"]
    assert "WITHOUT ROWID" in made["comment"]


def test_down_and_up_again(database, settings):
    a_wave(database, settings)
    a_response(database, settings)
    downgrade(settings, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    create(settings)
    database.check()


def test_an_answer_of_an_older_program_sent_again_by_this_one_still_counts_once(database, settings):
    a_wave(database, settings)
    assert a_response(database, settings, submission="ab" * 16) is Outcome.STORED
    downgrade(settings, "0003")
    with database.engine.begin() as connection:  # as the older program wrote it
        key = connection.execute(text("select key from response")).scalar_one()
        connection.execute(text("update response set key = :key"), {"key": key + b"\x07"})
    create(settings)
    assert a_response(database, settings, submission="ab" * 16) is Outcome.RESENT


def test_an_older_database_is_refused_and_migrated_after_a_backup(database, settings, today):
    a_wave(database, settings)
    a_response(database, settings)
    set_version(database, "0000")
    with pytest.raises(SchemaMismatch, match="sipas migrate"):
        database.check()
    with pytest.raises(Exception, match="0000"):  # this history has no 0000; the backup was made before it was tried
        migrate(settings, today)
    (copy,) = (settings.home / "backups").glob("*.sqlite")
    kept = Database.of(Settings(home=settings.home, database_url=f"sqlite:///{copy}"))
    with kept.reading() as session:
        assert session.execute(text("select count(*) from response")).scalar_one() == 1
    kept.engine.dispose()


def test_a_newer_database_is_refused_and_left_alone(database, settings, today):
    set_version(database, "9999")
    for attempt in (database.check, lambda: migrate(settings, today)):
        with pytest.raises(SchemaMismatch, match="newer"):
            attempt()
    assert database.version() == "9999"


def test_migrating_what_is_new_does_nothing(database, settings, today):
    assert migrate(settings, today) is None
    assert list((settings.home / "backups").iterdir()) == []


def test_no_database_says_how_to_make_one(tmp_path):
    with pytest.raises(NotReady, match="sipas init"):
        Database.of(Settings(home=tmp_path / "nothing")).check()


def test_a_wave_of_the_first_tables_comes_up_with_every_answer_in_full(database, settings):
    a_wave(database, settings)
    a_response(database, settings)
    downgrade(settings, "0001")
    columns = {column["name"] for column in inspect(database.engine).get_columns("wave")}
    assert not columns & {"detail", "grace_until", "dropped_on"}
    create(settings)
    with database.reading() as session:
        assert session.execute(text("select detail, grace_until, dropped_on from wave")).one() == ("all", None, None)
        assert session.execute(text("select count(*) from response")).scalar_one() == 1


def test_screens_and_late_answers_go_down_a_version_and_up_again(database, settings):
    go_down_and_up.screens_and_late_answers(database, settings)


def test_waves_without_a_series_become_the_main_one_except_trials(database, settings):
    go_down_and_up.waves_without_series(database, settings)


def test_rules_without_a_first_day_hold_since_ever(database, settings):
    go_down_and_up.rules_without_a_first_day(database, settings)


def test_dossiers_by_quarter_go_down_and_months_stay(database, settings):
    go_down_and_up.dossiers_by_quarter(database, settings)


def test_a_home_of_november_keeps_its_release_on_the_front_page(tmp_path, today):
    settings = Settings(home=unpacked("home", tmp_path))
    migrate(settings, today)
    app = create_app(settings)
    with of_app(app).database.reading() as session:
        assert [(wave.code, wave.series) for wave in waves(session)] == [("w1", "main"), ("w2", "main")]
    assert "w1-r1" in app.test_client().get("/results").text
    of_app(app).database.engine.dispose()

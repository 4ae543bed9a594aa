"""/health says whether an answer can be stored now; /ready whether a server can begin."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from sipas import create_app
from sipas.config.settings import Settings
from sipas.intake import stored
from sipas.intake.ways import held
from sipas.keyring import wave_keys
from sipas.migrations import create
from sipas.monitoring import answering
from sipas.monitoring.answering import Rehearsals, why_no_answer
from sipas.registry.importing import load_registry
from sipas.storage.database import Database
from sipas.storage.write_ahead_log import log_of
from sipas.web.installation import of_app
from tests import postgres
from tests.boundaries.test_full import small_disk
from tests.make import a_point, a_response, a_wave
from tests.people import Visitor

needs_postgres = pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs are not installed")


@pytest.fixture(autouse=True)
def _every_look_is_new(monkeypatch):
    monkeypatch.setattr(answering, "FRESH", 0)


@pytest.fixture
def wave(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    return a_wave(database, settings)


def told(client) -> tuple[int, str, str]:
    reply = client.get("/health")
    return reply.status_code, reply.json["status"], reply.json["answers"]


def a_visit(app) -> Visitor:
    visitor = Visitor(app.test_client(), "to-hieu-1")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    return visitor


def test_on_a_full_disk_health_says_what_the_visitor_meets_and_is_well_again_with_room(tmp_path):
    with small_disk(tmp_path / "disk", 6000) as disk:
        settings = Settings(home=disk / "home", patience=0.2)
        database = create(settings)
        with database.writing() as session:
            load_registry(session)
        a_point(database, "to-hieu-1", "03646", form="short")
        a_wave(database, settings)
        app = create_app(settings)
        client, visitor = app.test_client(), a_visit(app)
        assert told(client)[0] == 200
        (disk / "other").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        met = []
        for number in range(400):
            visitor.said["id"] = f"{number:032x}"
            met.append((told(client)[2], visitor.sends().status_code))
            if met[-1][1] == 503:
                break
        assert met[-1][1] == 503, "the disk was never full"
        assert told(client) == (503, "down", "full")
        assert client.get("/health").json["disk"] == "full"
        early = [reason for reason, status in met if status == 303 and reason != "ok"]
        assert len(early) <= 10, "told before it is so, by no more than the room of ten answers"
        assert visitor.sends().status_code == 503
        (disk / "other").unlink()
        assert told(client)[::2] == (200, "ok")
        assert visitor.sends().status_code == 303
        held(settings.home).flush()
        of_app(app).database.engine.dispose()
        database.engine.dispose()


@pytest.mark.parametrize("kind", wave_keys.KINDS)
def test_a_missing_key_is_no_health(wave, settings, client, kind):
    assert told(client) == (200, "ok", "ok")
    path = settings.home / "keys" / f"w1.{kind}.key"
    path.rename(path.with_suffix(".away"))
    assert told(client) == (503, "down", "key")
    assert "w1" not in client.get("/health").text
    path.with_suffix(".away").rename(path)
    assert told(client) == (200, "ok", "ok")


def test_while_a_long_write_holds_the_database_health_says_busy(wave, database, settings):
    app = create_app(replace(settings, patience=0.2))
    client, visitor = app.test_client(), a_visit(app)
    with database.queue():
        assert told(client) == (503, "down", "busy")
        assert visitor.sends().status_code == 503
    assert told(client) == (200, "ok", "ok")
    with database.engine.begin() as other:  # a program that does not queue with ours
        other.exec_driver_sql("update wave set title = title")
        assert told(client) == (503, "down", "busy")
    assert told(client) == (200, "ok", "ok")
    of_app(app).database.engine.dispose()


def test_a_database_that_does_not_fit_is_told(wave, settings, client, database):
    with database.writing() as session:
        session.execute(text("update alembic_version set version_num = '0001'"))
    assert told(client) == (503, "down", "version")
    assert client.get("/ready").status_code == 503
    assert client.get("/ready").json == {"status": "down", "database": "down", "words": "ok"}


def test_ready_is_another_question_than_health(wave, settings, client):
    (settings.home / "keys" / "w1.id.key").unlink()
    assert client.get("/health").status_code == 503
    assert (client.get("/ready").status_code, client.get("/ready").json["status"]) == (200, "ok")


def test_looking_a_hundred_times_stores_nothing_and_leaves_no_frame_in_the_log(wave, database, settings):
    a_response(database, settings)
    log = log_of(database.file)
    before = database.file.read_bytes(), log.stat().st_size
    frames = log.read_bytes()
    for _ in range(100):
        assert why_no_answer(database, settings) == ""
    assert database.file.read_bytes() == before[0]
    assert log.read_bytes()[: len(frames)] == frames
    assert log.stat().st_size < before[1] + 2 * answering.ROOM, "each look writes over what the last one wrote"
    with database.reading() as session:
        assert stored(session, 1) == 1
        assert session.execute(text("pragma integrity_check")).scalar_one() == "ok"
        assert session.execute(text("pragma cache_size")).scalar_one() < 0, "the connection is as it was"
    size = log.stat().st_size
    a_response(database, settings, submission="aa" * 16)
    assert log.stat().st_size <= max(size, len(frames) + 10 * 4120), "the next answer takes that room"


def test_a_server_that_shows_results_alone_says_nothing_of_answers(settings):
    app = create_app(replace(settings, parts=("results",)))
    assert app.test_client().get("/health").json["database"] == "ok"
    assert "answers" not in app.test_client().get("/health").json
    (settings.home / "sipas.sqlite").unlink()
    assert app.test_client().get("/health").status_code == 503
    of_app(app).database.engine.dispose()


def test_however_many_ask_one_looks_and_nobody_waits_for_it(database, settings, monkeypatch):
    monkeypatch.setattr(answering, "FRESH", 0.0)
    looks, go_on, begun = [], threading.Event(), threading.Event()

    def slowly(_database, _settings):
        looks.append(1)
        if len(looks) > 1:
            begun.set()
            assert go_on.wait(10)
            return "busy"
        return ""

    monkeypatch.setattr(answering, "why_no_answer", slowly)
    asked = Rehearsals(database, settings)
    assert asked.reason() == ""
    slow = threading.Thread(target=asked.reason)
    slow.start()
    assert begun.wait(10)
    assert [asked.reason() for _ in range(50)] == [""] * 50, "they are given what was found before"
    assert len(looks) == 2
    go_on.set()
    slow.join()


def test_within_a_second_the_same_result_is_given_again(database, settings, monkeypatch):
    monkeypatch.setattr(answering, "FRESH", 60.0)
    looks = []
    monkeypatch.setattr(answering, "why_no_answer", lambda *_: looks.append(1) or "")
    asked = Rehearsals(database, settings)
    assert [asked.reason() for _ in range(1000)] == [""] * 1000
    assert len(looks) == 1


def test_where_answers_come_in_none_is_rehearsed(wave, database, settings, monkeypatch):
    monkeypatch.setattr(answering, "FRESH", 60.0)
    monkeypatch.setattr(answering, "_rehearse", lambda _database: pytest.fail("an answer was stored just now"))
    a_response(database, settings)
    assert why_no_answer(database, settings) == ""


@pytest.fixture(scope="module")
def cluster():
    with postgres.running() as made:
        yield made


@pytest.fixture
def there(settings, cluster):
    there = replace(settings, database_url=cluster.url, patience=0.5)
    database = postgres.installed(there)
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, there)
    yield there
    database.engine.dispose()


@pytest.mark.postgres
@needs_postgres
def test_on_postgresql_health_says_busy_and_away(there, cluster):
    app = create_app(there)
    client, database = app.test_client(), of_app(app).database
    assert told(client)[::2] == (200, "ok")
    with database.engine.begin() as other:
        other.exec_driver_sql("lock table response in access exclusive mode")
        assert told(client) == (503, "down", "busy")
    assert told(client)[::2] == (200, "ok")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from response").scalar_one() == 0
    cluster.kill()
    try:
        assert told(client) == (503, "down", "away")
        assert client.get("/ready").status_code == 503
    finally:
        cluster.start()
    database.engine.dispose()
    assert told(client)[::2] == (200, "ok")
    database.engine.dispose()


@pytest.mark.postgres
@needs_postgres
def test_a_role_of_postgresql_that_may_write_is_healthy_and_one_that_may_only_read_is_not(there, cluster):
    own = Database.of(there)
    with own.engine.begin() as connection:
        for role, right in (("clerk", "all"), ("reader", "select")):
            connection.exec_driver_sql(f"drop role if exists {role}")
            connection.exec_driver_sql(f"create role {role} login")
            connection.exec_driver_sql(f"grant usage on schema public to {role}")
            connection.exec_driver_sql(f"grant {right} on all tables in schema public to {role}")
    for role, reason in (("clerk", ""), ("reader", "away")):
        settings = replace(there, database_url=there.database_url.replace("postgres@", f"{role}@"))
        database = Database.of(settings)
        assert why_no_answer(database, settings) == reason
        database.engine.dispose()
    with own.engine.begin() as connection:
        for role in ("clerk", "reader"):
            connection.exec_driver_sql(f"drop owned by {role}")
            connection.exec_driver_sql(f"drop role {role}")
    own.engine.dispose()

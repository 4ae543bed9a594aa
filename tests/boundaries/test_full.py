"""Full, busy or away: what cannot be stored is a 503 page that keeps the answers, and sending it again counts once."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import event, text

from sipas import create_app
from sipas.intake import stored
from sipas.intake.comment_spool import CommentSpool
from sipas.keyring import wave_keys
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.web import rate_limits
from sipas.web.installation import of_app
from tests import postgres
from tests.make import a_point, a_wave
from tests.people import Visitor, text_of
from tests.serving import Server, a_body, post

needs_postgres = pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs are not installed")


@pytest.fixture
def visit(database, settings):
    """A visitor who has filled in everything, at an application that waits a short while only."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    app = create_app(replace(settings, patience=0.2))
    visitor = Visitor(app.test_client(), "to-hieu-1")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    visitor.answers("comment", 'Sạch sẽ 👍 <b>&</b> "đẹp"')
    yield visitor
    of_app(app).database.engine.dispose()


def count(database):
    """Answers and comments, those that wait for the night among them."""
    waiting = CommentSpool(database.lock.parent).waiting() if database.lock else []
    with database.reading() as session:
        comments = session.execute(text("select count(*) from comment")).scalar_one()
        return stored(session, 1), comments + len(waiting)


def is_kept(reply, visitor):
    """The page says so, and holds everything that was sent."""
    assert reply.status_code == 503
    assert int(reply.headers["Retry-After"]) > 0
    page = visitor.reads(reply)
    assert page.hidden == {name: str(value) for name, value in visitor.said.items()}
    return page


def sends_what_was_kept(reply, visitor):
    visitor.said = dict(visitor.reads(reply).hidden)
    return visitor.sends()


@pytest.mark.parametrize(("language", "words"), [("vi", "Gửi lại"), ("en", "Send again")])
def test_while_another_holds_the_lock_the_answers_stay_on_the_page(visit, database, settings, language, words):
    visit.language = language
    visit.opens_the_questionnaire()
    visit.answers_everything(4)
    with database.queue():  # held until the reply is there
        reply = visit.sends()
    is_kept(reply, visit)
    assert words in text_of(reply.text)
    assert count(database) == (0, 0)
    assert sends_what_was_kept(reply, visit).status_code == 303
    assert count(database) == (1, 0)


def test_a_full_disk_is_told_at_the_commit_and_nothing_half_is_left(visit, database, settings, caplog):
    own = of_app(visit.client.application).database
    with own.engine.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar_one()

    @event.listens_for(own.engine, "checkout")
    def no_room(driver, _record, _pooled):
        driver.execute(f"pragma max_page_count={limit}")

    limit, thanked, sent, reply = pages + 1, 0, [], None
    for _ in range(400):
        visit.said["id"] = os.urandom(16).hex()
        sent.append(visit.said["id"])
        reply = visit.sends()
        if reply.status_code == 503:
            break
        thanked += 1
    is_kept(reply, visit)
    assert "full" in caplog.text or any(getattr(r, "facts", {}).get("why") == "full" for r in caplog.records)
    assert count(database) == (thanked, thanked)
    limit = pages + 1000
    assert sends_what_was_kept(reply, visit).status_code == 303
    assert count(database) == (thanked + 1, thanked + 1)
    with database.reading() as session:
        assert session.execute(text("pragma integrity_check")).scalar_one() == "ok"


def test_a_missing_key_keeps_the_answers_too(visit, database, settings):
    for kind in wave_keys.KINDS:
        path = settings.home / "keys" / f"w1.{kind}.key"
        path.rename(path.with_suffix(".away"))
    reply = visit.sends()
    is_kept(reply, visit)
    assert "keys" not in text_of(reply.text)
    for path in (settings.home / "keys").glob("*.away"):
        path.rename(path.with_suffix(".key"))
    assert sends_what_was_kept(reply, visit).status_code == 303
    assert count(database) == (1, 1)


@contextlib.contextmanager
def small_disk(folder, kilobytes):
    """A file system of that size; where nothing can be mounted the test is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no small file system could be mounted (needs root); the size limit of files is tested apart")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def until_refused(port, most=3000):
    """Sends answers until one is refused; how many were thanked, and the one that was not."""
    for thanked in range(most):
        body = a_body(comment="Sạch sẽ, nhanh, cán bộ giải thích rõ. " * 12)
        status = post(port, body)
        if status != 303:
            assert status == 503
            return thanked, body
    raise AssertionError(f"the disk was never full in {most} visits")


def test_on_a_small_file_system_what_was_thanked_is_stored_and_room_makes_the_rest_so(tmp_path):
    with small_disk(tmp_path / "disk", 6000) as disk:
        from sipas.config.settings import Settings

        settings = Settings(home=disk / "home")
        database = create(settings)
        with database.writing() as session:
            load_registry(session)
        a_point(database, "to-hieu-1", "03646", form="short")
        a_wave(database, settings)
        server = Server(settings.home)
        try:
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            (disk / "other").write_bytes(bytes(max(0, free - 100_000)))
            thanked, refused = until_refused(server.port)
            answers, comments = count(database)
            assert comments == thanked <= answers <= thanked + 1  # the last may lie there, only its comment had no room
            (disk / "other").unlink()
            assert post(server.port, refused) == 303
            assert count(database) == (thanked + 1, thanked + 1)
            with database.reading() as session:
                assert session.execute(text("pragma integrity_check")).scalar_one() == "ok"
        finally:
            server.kill()
            database.engine.dispose()


def test_files_that_may_not_grow_refuse_the_answer_and_keep_what_was_thanked(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    server = Server(settings.home)
    try:
        assert post(server.port, a_body()) == 303
        log = (settings.home / "sipas.sqlite-wal").stat().st_size

        def limit(size):
            for worker in server.workers():
                resource.prlimit(worker, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        limit(log + 200_000)
        thanked, refused = until_refused(server.port)
        answers, comments = count(database)
        assert (comments, thanked + 1) in ((thanked, answers), (thanked, answers - 1))
        limit(resource.RLIM_INFINITY)
        assert post(server.port, refused) == 303
        assert count(database) == (thanked + 2, thanked + 1)
    finally:
        server.kill()


@pytest.fixture(scope="module")
def cluster():
    with postgres.running() as made:
        yield made


@pytest.fixture
def on_postgresql(settings, cluster):
    there = replace(settings, database_url=cluster.url, patience=0.5)
    database = postgres.installed(there)
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, there)
    app = create_app(there)
    visitor = Visitor(app.test_client(), "to-hieu-1")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    yield database, visitor
    of_app(app).database.engine.dispose()
    database.engine.dispose()


@pytest.mark.postgres
@needs_postgres
def test_a_full_table_space_of_postgresql_keeps_the_answers_on_the_page(on_postgresql, cluster):
    database, visitor = on_postgresql
    with small_disk(cluster.folder / "space", 1000) as space:
        if os.geteuid() == 0:
            subprocess.run(["chown", "postgres:", space], check=True)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"create tablespace small location '{space}'")
        with database.engine.begin() as connection:
            connection.exec_driver_sql("alter table response set tablespace small")
            connection.exec_driver_sql("alter index pk_response set tablespace small")
            connection.exec_driver_sql("create table other (filler text) tablespace small")
        with contextlib.suppress(Exception), database.engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            while True:
                alone.exec_driver_sql(
                    "insert into other select repeat(md5(random()::text), 60) from generate_series(1, 4)"
                )
        reply = visitor.sends()
        is_kept(reply, visitor)
        assert count(database) == (0, 0)
        with database.engine.begin() as connection:
            connection.exec_driver_sql("drop table other")
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("checkpoint")
        assert sends_what_was_kept(reply, visitor).status_code == 303
        assert count(database) == (1, 0)
        with database.engine.begin() as connection:
            connection.exec_driver_sql("drop table response")
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("drop tablespace small")


@pytest.mark.postgres
@needs_postgres
def test_while_postgresql_is_locked_the_answers_stay_on_the_page(on_postgresql):
    database, visitor = on_postgresql
    with database.engine.begin() as other:
        other.exec_driver_sql("lock table response in access exclusive mode")
        reply = visitor.sends()
    is_kept(reply, visitor)
    assert sends_what_was_kept(reply, visitor).status_code == 303
    assert count(database) == (1, 0)


@pytest.mark.postgres
@needs_postgres
def test_connections_that_broke_cost_the_visitor_nothing(on_postgresql):
    database, visitor = on_postgresql
    assert visitor.sends().status_code == 303
    with database.engine.connect() as connection:
        connection.exec_driver_sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname <> ''"
        )
    visitor.said["id"] = "f" * 32
    assert visitor.sends().status_code == 303
    assert count(database) == (2, 0)


@pytest.mark.postgres
@needs_postgres
def test_while_postgresql_is_away_the_page_opens_and_keeps_what_is_sent(on_postgresql, cluster):
    database, visitor = on_postgresql
    assert visitor.sends().status_code == 303
    cluster.kill()
    try:
        visitor.opens_the_questionnaire()
        visitor.answers_everything(2)
        reply = visitor.sends()
        is_kept(reply, visitor)
    finally:
        cluster.start()
    database.engine.dispose()
    assert sends_what_was_kept(reply, visitor).status_code == 303
    assert count(database) == (2, 0)


def test_beyond_its_budget_a_point_keeps_the_answers_on_the_page_and_others_go_on(database, settings, monkeypatch):
    now = [1000.0]  # seconds; however long the visits take here, they come at one moment
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(monotonic=lambda: now[0]))
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664", form="short")
    a_wave(database, settings)
    app = create_app(replace(settings, point_rate=1, point_burst=3, point_day=100))
    visitor, other = Visitor(app.test_client(), "to-hieu-1"), Visitor(app.test_client(), "chieng-an-1")
    for one in (visitor, other):
        one.opens_the_questionnaire()
        one.answers_everything(4)
    replies = []
    for number in range(5):
        visitor.said["id"] = f"{number:032x}"
        replies.append(visitor.sends())
    assert [reply.status_code for reply in replies] == [303, 303, 303, 503, 503]
    is_kept(replies[-1], visitor)
    assert other.sends().status_code == 303
    now[0] += 1.1
    assert sends_what_was_kept(replies[-1], visitor).status_code == 303
    assert count(database) == (5, 0)
    of_app(app).database.engine.dispose()

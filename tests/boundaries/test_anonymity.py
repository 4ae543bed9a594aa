"""What the kiosk promises, checked against what is stored, logged and kept."""

from __future__ import annotations

import datetime as dt
import logging
import re

import pytest
from flask import session
from sqlalchemy import inspect, select, text

import surveys
from sipas import i18n
from sipas.intake import STORED
from sipas.intake.models import Response
from sipas.intake.ways import COUNTED
from sipas.storage.database import Base
from tests.interviews import an_interview
from tests.make import a_point, a_response, a_wave
from tests.people import Visitor


@pytest.fixture
def open_kiosk(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)


def rows(database):
    with database.reading() as session:
        return list(session.scalars(select(Response)))


def visit(app, language="vi", **headers):
    visitor = Visitor(app.test_client(), "to-hieu-1", language, headers)
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    return visitor, visitor.sends()


@pytest.mark.parametrize(("table", "promised"), [("response", STORED), ("way_count", COUNTED)])
def test_we_keep_exactly_the_columns_that_the_promise_lists(database, table, promised):
    columns = {column["name"] for column in inspect(database.engine).get_columns(table)}
    assert columns == set(promised)


def test_of_an_interviewer_nothing_is_stored(app, database, settings):
    """An answer at an interview has the columns of any other, and no table or column names who asked."""
    an_interview(database, settings)
    visitor = Visitor(app.test_client(), "to-hieu-1", "vi", {})
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    assert visitor.sends().status_code == 303
    (row,) = rows(database)
    assert {column.name for column in Response.__table__.columns} == {
        *("key", "wave", "point", "unit", "field", "month", "cluster", "channel", "language", "form", "sex", "age"),
        "answers",
    }
    assert len(row.answers) == len(surveys.load("demo", 1).items)
    tables = inspect(database.engine)
    named = [f"{table}.{one['name']}" for table in tables.get_table_names() for one in tables.get_columns(table)]
    assert not [name for name in named if re.search("interview|asker|staff", name)]


def test_that_a_screen_was_handed_over_is_not_sent(app, database, settings):
    an_interview(database, settings)
    page = app.test_client().get("/k/to-hieu-1/vi").text
    boxes = re.findall(r"<input [^>]*data-lock[^>]*>", page)
    assert boxes
    assert not [box for box in boxes if " name=" in box], "a box that has a name is sent"


def test_whatever_table_the_first_door_fills_is_spoken_of():
    """Whoever adds one has to say so: on the privacy page, or in the manual where it holds nothing of an answer."""
    filled = {
        one.class_.__tablename__ for one in Base.registry.mappers if one.class_.__module__.startswith("sipas.intake")
    }
    listed, in_sentences = {"response", "way_count"}, {"comment", "invitation", "invitation_batch", "imported_file"}
    in_the_manual = {"late_count", "late_mark", "unopened"}  # of what came too late or could not be opened
    assert filled == listed | in_sentences | in_the_manual


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_privacy_page_prints_that_list(app, open_kiosk, language):
    page = app.test_client().get(f"/k/to-hieu-1/{language}/privacy").text
    with i18n.speaking(language):
        for words in (*STORED.values(), *COUNTED.values()):
            assert i18n._(words) in page
    if language == "vi":
        both = (*STORED.values(), *COUNTED.values())
        assert not any(words in page for words in both), "the list is not translated"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_privacy_page_begins_with_three_plain_lines_and_opens_the_list_below_them(app, open_kiosk, language):
    page = app.test_client().get(f"/k/to-hieu-1/{language}/privacy").text
    head, _, whole = page.partition('<details class="whole-list">')
    promises = re.search(r'<ul class="promises">(.*?)</ul>', head, re.DOTALL)[1]
    first = {
        "vi": "Không hỏi và không lưu họ tên, số hồ sơ",
        "en": "Nobody asks your name or the number of your dossier",
    }
    assert promises.count("<li>") == 3
    assert first[language] in promises
    assert whole.startswith(
        f"\n<summary>{({'vi': 'Xem đủ danh sách', 'en': 'See the whole list'})[language]}</summary>"
    )
    with i18n.speaking(language):
        assert not any(f"<li>{i18n._(words)}" in head for words in STORED.values())
        assert all(f"<li>{i18n._(words)}" in whole for words in STORED.values())


def test_address_browser_cookie_and_language_header_leave_no_trace(app, database, open_kiosk):
    visit(
        app,
        **{"User-Agent": "Old Phone 1", "X-Forwarded-For": "203.0.113.7", "Accept-Language": "vi", "Cookie": "who=me"},
    )
    visit(app, **{"User-Agent": "Kiosk 9", "X-Forwarded-For": "198.51.100.1", "Accept-Language": "de"})
    one, two = rows(database)
    differing = {c.key for c in Response.__table__.columns if getattr(one, c.key) != getattr(two, c.key)}
    assert differing == {"key"}


@pytest.mark.parametrize("hour", [0, 3, 8, 16, 23])
def test_the_hour_of_a_visit_leaves_no_trace(database, settings, open_kiosk, hour):
    zone = dt.timezone(dt.timedelta(hours=7))
    for at in (12, hour):
        a_response(database, settings, moment=dt.datetime(2026, 9, 16, at, 14, tzinfo=zone))
    one, two = rows(database)
    assert {c.key for c in Response.__table__.columns if getattr(one, c.key) != getattr(two, c.key)} == {"key"}


def test_no_page_of_the_kiosk_sets_a_cookie_but_the_constant_one(app, open_kiosk):
    client = app.test_client()
    seen = []
    for path in ("/k/to-hieu-1", "/k/to-hieu-1/vi", "/k/to-hieu-1/en", "/k/to-hieu-1/vi/privacy", "/k/nowhere"):
        seen += client.get(path).headers.getlist("Set-Cookie")
    assert seen == []
    for _ in range(2):
        visitor, reply = visit(app)
        seen += reply.headers.getlist("Set-Cookie")
        seen += visitor.client.get(reply.headers["Location"]).headers.getlist("Set-Cookie")
    seen = [re.sub(r"Expires=[^;]*; ", "", cookie) for cookie in seen]  # two seconds from now, whenever that is
    assert len(set(seen)) == 1
    assert re.fullmatch(r"done=1;.*Max-Age=2;.*", seen[0] + ";")
    assert "HttpOnly" in seen[0]
    assert "SameSite=Strict" in seen[0]


def test_a_session_can_hold_nothing_outside_the_desk(app, open_kiosk):
    for address in ("/", "/k/to-hieu-1", "/q/", "/results/", "/health"):
        with app.test_request_context(address):
            app.preprocess_request()
            assert "who" not in session
            with pytest.raises(RuntimeError, match="session is unavailable"):
                session["who"] = "a visitor"


def test_a_visit_is_not_logged(app, database, open_kiosk, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        _, reply = visit(app, **{"User-Agent": "Old Phone 1", "X-Forwarded-For": "203.0.113.7"})
    assert reply.status_code == 303
    written = caplog.text + "".join(capfd.readouterr())
    for trace in ("Old Phone", "203.0.113.7", "to-hieu-1", "ho-tich"):
        assert trace not in written


def test_a_failure_is_logged_without_what_was_said(app, open_kiosk, caplog, monkeypatch):
    def breaks(*_args, **_more):
        raise RuntimeError("secret answer 0912345678")

    import sipas.kiosk.views as views

    monkeypatch.setattr(views, "receive", breaks)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.testing = False
    with caplog.at_level(logging.DEBUG):
        _, reply = visit(app, **{"User-Agent": "Old Phone 1"})
    assert reply.status_code == 500
    assert "secret" not in reply.text
    assert "failure" in caplog.text
    logged = "".join(record.getMessage() + str(getattr(record, "facts", "")) for record in caplog.records)
    for trace in ("secret", "0912345678", "Old Phone", "to-hieu-1"):
        assert trace not in logged


def test_the_order_of_arrival_shows_in_no_column(database, settings, open_kiosk):
    arrival = {}
    for number in range(300):
        a_response(database, settings, submission=f"{number:032x}")
        arrival |= {row.key: number for row in rows(database) if row.key not in arrival}
    stored = rows(database)  # as the file gives them
    assert stored == sorted(stored, key=lambda row: row.key)
    order = [arrival[row.key] for row in stored]
    mean = (len(order) - 1) / 2
    rho = sum((a - mean) * (b - mean) for a, b in enumerate(order)) / sum((a - mean) ** 2 for a in range(len(order)))
    assert abs(rho) < 0.2  # 3.5 standard errors of blind order


def test_the_keys_of_a_wave_lie_outside_the_database_and_are_its_owners_alone(database, settings, open_kiosk):
    data = (settings.home / "sipas.sqlite").read_bytes()
    for path in (settings.home / "keys").glob("w1.*.key"):
        assert path.stat().st_mode & 0o077 == 0
        assert path.read_bytes() not in data


def test_a_week_that_straddles_two_months_tells_no_days(database, settings, open_kiosk):
    with database.writing() as session:
        session.execute(text("update wave set opens_on = '2026-03-01'"))
    zone = dt.timezone(dt.timedelta(hours=7))
    for day in (30, 31):
        a_response(database, settings, moment=dt.datetime(2026, 3, day, 9, tzinfo=zone))
    a_response(database, settings, moment=dt.datetime(2026, 4, 1, 9, tzinfo=zone))
    months = {}
    for row in rows(database):
        months.setdefault(row.cluster, set()).add(row.month)
    assert sorted(map(len, months.values())) == [1, 1]  # one label a month: no label shows that it lies in both


def test_whoever_read_the_id_from_the_screen_cannot_take_an_answers_place(app, database, open_kiosk):
    visitor = Visitor(app.test_client(), "to-hieu-1")
    visitor.opens_the_questionnaire()
    for level in (1, 5):
        visitor.answers_everything(level)
        assert visitor.sends().status_code == 303
        assert visitor.sends().status_code == 303  # a resend
    assert len(rows(database)) == 2

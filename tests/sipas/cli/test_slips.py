"""Plain slips at the command line: one sentence that says what to do, in the language that was chosen."""

from __future__ import annotations

import datetime as dt
import gettext
import os

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from sipas import i18n
from sipas.cli import group
from sipas.cli.operator import points
from sipas.fieldwork import models
from sipas.fieldwork.models import Point, WavePoint
from sipas.fieldwork.points import BadPoint, close_point
from sipas.fieldwork.waves import BadWave, close_wave, open_wave
from tests import commands
from tests.make import OPENING, a_point, a_wave


def sipas(home, *words, **environ):
    """Runs the program as a person does; gives status and what was said."""
    known = {"SIPAS_HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = commands.run(*words, environ=known | environ)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "environ", "told"),
    [
        (["wave", "list"], {"SIPAS_DATABASE_URL": "foo"}, "SIPAS_DATABASE_URL is “foo”; give an address such as"),
        (["wave", "list"], {"SIPAS_LANGUAGE": "fr"}, "SIPAS_LANGUAGE: there is no language “fr”; choose from"),
        (["probe", "x", "--at", "http://127.0.0.1:1"], {}, "cannot be reached: Connection refused."),
        (["point", "set", "x", "--form", "full"], {}, "`sipas point list` shows them."),
        (["point", "add", "x", "--unit", "03646", "--form", "long"], {}, "is not one of 'short', 'full'"),
        (["point", "poster", "x", "--out", "poster.txt"], {}, "poster.txt must end in .pdf"),
        (["desk", "password", "--generate"], {}, "sipas user add NAME"),
    ],
)
def test_a_slip_is_answered_by_a_sentence_with_the_next_step(settings, words, environ, told):
    status, said = sipas(settings.home, *words, **environ)
    assert status in (1, 2)
    assert told in said
    assert "unforeseen" not in said
    assert "Warning" not in said


def test_a_password_in_the_databases_address_is_not_repeated(settings):
    _, said = sipas(settings.home, "wave", "list", SIPAS_DATABASE_URL="mysql://u:geheim@host/db")
    assert "geheim" not in said


def test_the_librarys_own_words_are_vietnamese_too(settings):
    _, said = sipas(settings.home, "point", "add", "--help", SIPAS_LANGUAGE="vi")
    for word in ("Usage:", "Options:", "Show this message", "[required]", "default:"):
        assert word not in said
    for words in (["foo"], ["point", "add"], ["point", "add", "x", "--foo"], ["serve", "--port", "x"]):
        status, said = sipas(settings.home, *words, SIPAS_LANGUAGE="vi")
        assert status == 2
        for word in ("Usage", "Error", "Missing", "No such", "Invalid", "Try '"):
            assert word not in said, said


@pytest.mark.parametrize("locale", ["C.UTF-8", "vi_VN.UTF-8", "en_US.UTF-8"])
@pytest.mark.parametrize(
    ("language", "error"), [("vi", "Lỗi: Thiếu tùy chọn '--unit'."), ("en", "Error: Missing option '--unit'.")]
)
def test_the_librarys_words_follow_sipas_language_whatever_the_locale(settings, locale, language, error):
    status, said = sipas(settings.home, "point", "add", "x", LANG=locale, LANGUAGE="fr", SIPAS_LANGUAGE=language)
    assert status == 2
    assert said.splitlines()[-1] == error


def test_the_process_text_domain_holds_the_librarys_words_and_no_page_asks_it(client):
    """gettext has one domain for a process; it must not be that of the pages."""
    assert gettext.textdomain() == "click"
    with i18n.speaking("vi"):
        assert i18n._("Thank you!") == "Cảm ơn Ông/Bà!"
    assert gettext.dgettext("click", "Thank you!") == "Thank you!"


def test_what_the_command_line_offers_is_what_a_point_may_be():
    assert (set(points.CHANNELS), set(points.FORMS)) == (set(models.CHANNELS), set(models.FORMS))
    assert points.INVITATIONS == models.INVITATIONS


def test_a_point_gets_another_name(database, settings, monkeypatch):
    a_point(database, name="Bộ phận Một cửa", name_en="One-stop desk")
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    done = CliRunner().invoke(group, ["point", "set", "to-hieu-1", "--name", "Trung tâm Tô Hiệu"])
    assert done.exit_code == 0, done.exception
    with database.reading() as session:
        place = session.scalar(select(Point))
        assert (place.name, place.name_en) == ("Trung tâm Tô Hiệu", "One-stop desk")


def test_a_closed_point_asks_to_the_end_of_the_day_and_joins_no_new_wave(database, settings, app):
    a_point(database, "to-hieu-1", "03646")
    a_point(database, "chieng-an-1", "03664")
    a_wave(database, settings)
    with database.writing() as session:
        close_point(session, "to-hieu-1", dt.date(2026, 9, 16))
        with pytest.raises(BadPoint, match="closed since"):
            close_point(session, "to-hieu-1", dt.date(2026, 9, 17))
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 30))
        after = open_wave(session, "w2", "service-2024", 1, opens_on=dt.date(2026, 10, 1))
        joined = session.scalars(select(Point.code).join(WavePoint).where(WavePoint.wave_id == after.id)).all()
        assert joined == ["chieng-an-1"]
        with pytest.raises(BadWave, match="closed since"):
            open_wave(session, "w3", "service-2024", 1, opens_on=dt.date(2026, 10, 1), at=["to-hieu-1"])
        assert after.opens_on > OPENING

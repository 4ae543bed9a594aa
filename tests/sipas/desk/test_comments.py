"""What people wrote can be read once a wave is frozen, and shows nothing but the words and where they belong."""

from __future__ import annotations

import csv
import datetime as dt
import json
from html import unescape

import pytest
from click.testing import CliRunner

from sipas.cli import group
from sipas.fieldwork.waves import close_wave
from sipas.intake.comment_spool import flush_comments
from sipas.publishing import comments as reading
from sipas.publishing.freeze import freeze
from tests.make import a_frame, a_point, a_response, a_wave
from tests.officers import signs_in

TODAY = dt.date(2026, 10, 1)
WORD = "mười bảy con chim sẻ"
FEW, MANY = "dat-dai", "ho-tich"
FORMULA = "=HYPERLINK(1) chờ lâu"
MARKUP = "<script>alert(1)</script>\nghế hỏng"


@pytest.fixture
def ended(database, settings, client, monkeypatch):
    """A wave with four comments, two at each office, one of them stored without a place; who reads is in."""
    a_point(database, "to-hieu-1", "03646")
    a_point(database, "chieng-an-1", "03664")
    with database.writing() as session:
        a_frame(session, 50, dat_dai=2, bao_tro_xa_hoi=4)
    a_wave(database, settings)
    a_response(database, settings, "to-hieu-1", MANY, comment=FORMULA)
    a_response(database, settings, "to-hieu-1", FEW, comment="Cần thêm ghế")
    a_response(database, settings, "chieng-an-1", MANY, comment=MARKUP)
    a_response(database, settings, "chieng-an-1", MANY, comment="Nhanh, gọn")
    signs_in(client, settings)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))


def frozen(database, settings):
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 30))
    flush_comments(database, settings.home)
    freeze(database, settings.home, "w1", TODAY)


def run(*words):
    return CliRunner().invoke(group, ["comments", *words])


def test_nobody_reads_while_comments_may_come_or_one_waits_for_the_night(database, settings, client, ended):
    assert client.get("/desk/wave/w1/comments").status_code == 409
    assert "still takes comments" in str(run("list", "w1").exception)
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 30))
    assert "still takes comments" in str(run("list", "w1").exception)
    freeze(database, settings.home, "w1", TODAY)
    assert "wait for the night" in str(run("list", "w1").exception)
    flush_comments(database, settings.home)
    assert "Nhanh, gọn" in run("list", "w1").stdout


def test_a_comment_is_shown_as_it_is_stored_and_by_unit(database, settings, ended):
    frozen(database, settings)
    told = {one["text"]: one for one in json.loads(run("list", "w1", "--json").stdout)}
    assert len(told) == 4
    assert (told[FORMULA]["unit"], told[FORMULA]["field"], told[FORMULA]["month"]) == ("03646", MANY, "2026-09")
    bare = told["Cần thêm ghế"]
    assert {value for name, value in bare.items() if name != "text"} == {""}
    assert {one["text"] for one in json.loads(run("list", "w1", "--unit", "03664", "--json").stdout)} == {
        MARKUP,
        "Nhanh, gọn",
    }
    assert [one["text"] for one in json.loads(run("list", "w1", "--unit", "-", "--json").stdout)] == ["Cần thêm ghế"]
    assert "registry list units" in str(run("list", "w1", "--unit", "3664").exception)


@pytest.mark.parametrize("name", ["comments.csv", "comments.xlsx", "comments.parquet"])
def test_a_file_holds_words_and_places_no_keys_and_no_formula(database, settings, ended, tmp_path, name):
    frozen(database, settings)
    done = run("export", "w1", "--out", str(tmp_path / name))
    assert done.exit_code == 0, done.exception
    assert "do not pass on" in done.stderr
    from sipas.tables import read_table

    table = read_table(tmp_path / name)
    assert table.columns == ("unit", "unit_name", "field", "field_name", "month", "text")
    assert table.rows == 4
    if name.endswith(".csv"):
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
            assert not any(cell[:1] in tuple("=+-@") for row in csv.reader(file) for cell in row if cell)
    if name.endswith(".xlsx"):
        import openpyxl

        cells = [cell for row in openpyxl.load_workbook(tmp_path / name).active for cell in row]
        assert f"'{FORMULA}" in {cell.value for cell in cells if cell.data_type == "s"}
        assert not any(cell.data_type == "f" for cell in cells)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_desks_page_escapes_what_was_written_and_finds_a_units_comments(
    database, settings, client, ended, language
):
    frozen(database, settings)
    assert "/desk/wave/w1/comments" in client.get(f"/desk/wave/w1?lang={language}").text
    page = client.get(f"/desk/wave/w1/comments?lang={language}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>ghế hỏng" in page
    of_one = unescape(client.get(f"/desk/wave/w1/comments?unit=03646&lang={language}").text)
    assert FORMULA in of_one
    assert "ghế hỏng" not in of_one


def test_pages_follow_each_other_and_hold_each_comment_once(database, settings, client, ended, monkeypatch):
    frozen(database, settings)
    monkeypatch.setattr(reading, "PAGE", 3)
    pages = [unescape(client.get(f"/desk/wave/w1/comments?page={number}").text) for number in (1, 2)]
    assert 'rel="next"' in pages[0]
    assert 'rel="prev"' in pages[1]
    for text in (FORMULA, "Cần thêm ghế", "ghế hỏng", "Nhanh, gọn"):
        assert sum(text in page for page in pages) == 1


def test_nobody_reads_without_the_desks_password(app, database, settings, ended):
    frozen(database, settings)
    reply = app.test_client().get("/desk/wave/w1/comments")
    assert reply.status_code == 303
    assert "ghế" not in reply.text

"""Whose province it is: the registry says so, to pages, posters and releases, whatever a shell says."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import event, update

from sipas import clock, create_app
from sipas.cli import group
from sipas.registry.models import Unit
from sipas.registry.province import KnownProvince, NoProvince, ProvinceName, province
from sipas.web.installation import of_app
from tests.make import a_point, a_wave
from tests.officers import signs_in

TODAY = dt.date(2026, 9, 16)


def rename(database, **values):
    with database.writing() as session:
        session.execute(update(Unit).where(Unit.kind == "province").values(**values))


def a_second(database, **values):
    with database.writing() as session:
        session.add(Unit(**{"code": "10", "name": "Tỉnh Lào Cai", "name_en": "Lào Cai province", "kind": "province",
                            **values}))  # fmt: skip


@pytest.fixture
def sipas(settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.delenv("SIPAS_PROVINCE", raising=False)
    return lambda *words: CliRunner().invoke(group, list(words))


def test_it_is_the_one_unit_of_its_kind_that_is_valid_on_the_day(database):
    with database.reading() as session:
        assert province(session, TODAY) == ProvinceName("Tỉnh Sơn La", "Sơn La province")
    a_second(database, valid_to=dt.date(2026, 9, 15))
    with database.reading() as session:
        assert province(session, TODAY).name == "Tỉnh Sơn La"
        with pytest.raises(
            NoProvince, match=r"several provinces on 2026-09-15: Tỉnh Sơn La \(14\), Tỉnh Lào Cai \(10\)"
        ):
            province(session, dt.date(2026, 9, 15))
    rename(database, valid_to=dt.date(2026, 9, 15))
    with database.reading() as session, pytest.raises(NoProvince, match="no province on 2026-09-16"):
        province(session, TODAY)


def test_a_kiosk_says_who_asks_as_the_registry_does_whatever_the_shell_says(database, settings, monkeypatch):
    monkeypatch.setenv("SIPAS_PROVINCE", "Lào Cai")
    a_point(database)
    a_wave(database, settings, opens_on=clock.today())
    client = create_app(settings).test_client()
    page = client.get("/k/to-hieu-1").text
    assert "Tỉnh Sơn La hỏi ý kiến để" in page
    assert "Sơn La province asks, so that" in page
    assert "Lào Cai" not in page
    assert '<span class="brand-place">Sơn La</span>' in client.get("/results").text


@pytest.mark.parametrize(
    ("name", "name_en", "vietnamese", "english", "place", "place_en"),
    [
        ("Tỉnh Lào Cai", "Lao Cai province", "Tỉnh Lào Cai", "Lao Cai province", "Lào Cai", "Lao Cai"),
        ("Tỉnh Lào Cai", "Tỉnh Lào Cai", "Tỉnh Lào Cai", "Lào Cai province", "Lào Cai", "Lào Cai"),
        ("Thành phố Đà Nẵng", "Da Nang City", "Thành phố Đà Nẵng", "Da Nang City", "Thành phố Đà Nẵng", "Da Nang City"),
        ("Thành phố Huế", "Thành phố Huế", "Thành phố Huế", "Huế city", "Thành phố Huế", "Huế city"),
    ],
)
def test_provinces_and_cities_are_called_as_people_call_them(
    database, settings, name, name_en, vietnamese, english, place, place_en
):
    rename(database, name=name, name_en=name_en)
    a_point(database)
    a_wave(database, settings, opens_on=clock.today())
    client = create_app(settings).test_client()
    page = client.get("/k/to-hieu-1").text
    assert f"{vietnamese} hỏi ý kiến để" in page
    assert f"{english} asks, so that" in page
    assert f"dịch vụ hành chính công tại {place}</h1>" in client.get("/results").text
    assert f"public services in {place_en}</h1>" in client.get("/results?lang=en").text
    assert "Tỉnh Thành phố" not in page


def test_without_a_province_pages_go_on_and_nothing_is_printed_or_released_in_a_doubtful_name(
    database, settings, sipas, tmp_path
):
    a_point(database)
    a_wave(database, settings, opens_on=clock.today())
    a_second(database)
    client = create_app(settings).test_client()
    page = client.get("/k/to-hieu-1")
    assert page.status_code == 200
    assert "Tỉnh hỏi ý kiến để" in page.text
    assert "Sơn La" not in client.get("/").text
    assert "public services in the province</h1>" in client.get("/results?lang=en").text
    kiosks_alone = create_app(replace(settings, parts=("kiosk",))).test_client()
    assert "people of the province say" in kiosks_alone.get("/?lang=en").text
    told = sipas("doctor")
    assert told.exit_code == 1
    assert "[ x] The registry holds several provinces on" in told.stdout
    sipas("config", "set", "address", "https://laocai.example.vn")
    for words in (
        ("point", "poster", "to-hieu-1", "--out", str(tmp_path / "poster.pdf")),
        ("release", "build", "w1", "--by", "Lò Thị Hoa", "--emergency", "Thử"),
    ):
        assert "holds several provinces" in str(sipas(*words).exception)
    assert not (tmp_path / "poster.pdf").exists()


def test_the_desk_prints_nothing_in_a_doubtful_name(database, settings):
    a_point(database)
    rename(database, kind="department")
    client = create_app(replace(settings, address="https://laocai.example.vn")).test_client()
    signs_in(client, settings)
    reply = client.get("/desk/poster?point=to-hieu-1", base_url="http://localhost")
    assert (reply.status_code, reply.mimetype) == (503, "text/html")
    assert "danh mục không có tỉnh nào" in reply.text


def test_a_variable_that_still_names_another_province_is_told(database, sipas, monkeypatch):
    assert "[ok] Pages, posters and releases say: Tỉnh Sơn La; Sơn La province." in sipas("doctor").stdout
    for same in ("Sơn La", "Tỉnh Sơn La", "sơn la"):
        monkeypatch.setenv("SIPAS_PROVINCE", same)
        assert "SIPAS_PROVINCE" not in sipas("doctor").stdout
    monkeypatch.setenv("SIPAS_PROVINCE", "Lào Cai")
    told = sipas("doctor").stdout
    assert "[ !] SIPAS_PROVINCE says “Lào Cai”, the registry “Tỉnh Sơn La”. The registry holds" in told


def test_a_server_says_at_its_start_whose_province_it_is_not(database, sipas, monkeypatch):
    monkeypatch.setattr("sipas.cli.operator.serve.run", lambda *_: None)
    assert sipas("serve").stderr == ""
    monkeypatch.setenv("SIPAS_PROVINCE", "Lào Cai")
    assert "the registry “Tỉnh Sơn La”. The registry holds" in sipas("serve").stderr
    a_second(database)
    started = sipas("serve")
    assert (started.exit_code, "holds several provinces" in started.stderr) == (0, True)


def test_a_name_without_the_word_for_its_kind_is_told(database, sipas):
    rename(database, name="Lào Cai", name_en="Lào Cai")
    assert "[ !] The registry calls the province “Lào Cai”. Write its name out" in sipas("doctor").stdout


def test_pages_see_a_registry_that_was_loaded_anew_and_do_not_ask_for_it_each_time(database):
    known, asked = KnownProvince(database, seconds=0.0), []
    assert known.on(TODAY).name == "Tỉnh Sơn La"
    rename(database, name="Tỉnh Lào Cai")
    assert known.on(TODAY).name == "Tỉnh Lào Cai"
    lasting = KnownProvince(database, seconds=60.0)
    event.listen(database.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    for _ in range(100):
        lasting.on(TODAY)
    assert sum("FROM unit" in one for one in asked) == 1


def test_an_answer_asks_for_no_province(database, settings):
    from tests.serving import a_body

    a_point(database, form="short")
    a_wave(database, settings, opens_on=clock.today())
    app, asked = create_app(settings), []
    event.listen(of_app(app).database.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    sent = app.test_client().post("/k/to-hieu-1/vi", data=a_body(), content_type="application/x-www-form-urlencoded")
    assert sent.status_code == 303
    assert [one for one in asked if "unit.kind = " in one] == []

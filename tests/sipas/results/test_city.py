"""A centrally run city stands beside the provinces: none of its pages speaks of a province."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import event

from sipas.registry.models import Unit
from sipas.registry.province import is_city
from sipas.web.installation import of_app
from tests.make_release import UNITS, a_release

CITY = {"province": "Thành phố Đà Nẵng", "province_en": "Đà Nẵng city"}
OFFICES = [unit for unit in UNITS if unit[0] != "tthcc"] + [
    ("tthcc", "Trung tâm Phục vụ hành chính công thành phố", "City Public Administration Service Centre", "centre")
]
KINDS = ["main", "trial", "other"]


def text(html: str) -> str:
    return unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)).casefold()


def a_city(settings, series: str, weighted: bool = True):
    wave = {"code": "2026-1", "title": "Đợt một", "opens_on": "2026-01-01", "closes_on": "2026-06-30",
            "simulated": False, "series": series}  # fmt: skip
    return a_release(settings.home, units=OFFICES, **CITY, wave=wave, weighted=weighted)


@pytest.mark.parametrize("series", KINDS)
@pytest.mark.parametrize("weighted", [True, False])
def test_no_page_of_a_citys_release_speaks_of_a_province(client, database, settings, series, weighted):
    folder = a_city(settings, series, weighted)
    with database.writing() as session:
        session.query(Unit).filter(Unit.kind == "province").update(
            {"name": CITY["province"], "name_en": CITY["province_en"]}
        )
    pages = ["/results", *(f"/results/2026-1-r1/{rest}" for rest in ("", "unit/03646", "service/dat-dai", "method"))]
    for page in pages:
        assert not re.search(r"\btỉnh\b|sơn la", text(client.get(page).text)), page
        english = text(client.get(f"{page}?lang=en").text)
        assert not re.search(r"\bprovinc|sơn la", english), page
    for name in ("index.html", "index.en.html"):
        assert not re.search(r"\btỉnh\b|\bprovinc", text((folder / name).read_text(encoding="utf-8"))), name
    if series == "main":
        assert "tại thành phố đà nẵng" in text(client.get("/results").text)
        assert "public services in đà nẵng city" in text(client.get("/results?lang=en").text)


def test_a_provinces_release_says_what_it_always_said(client, settings):
    a_release(settings.home)
    said = client.get("/results").text
    assert "Chỉ số hài lòng của tỉnh" in said
    assert "tại Sơn La</h1>" in said
    assert "public services in Sơn La</h1>" in client.get("/results?lang=en").text
    assert not is_city("Tỉnh Sơn La")


def test_a_page_of_a_release_is_headed_by_the_releases_own_province_and_asks_no_registry(app, client, settings):
    a_release(settings.home, province="Lào Cai", province_en="Lao Cai")
    asked = []
    event.listen(of_app(app).database.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    page = client.get("/results/2026-1-r1/?lang=en").text
    assert '<span class="brand-place">Lao Cai</span>' in page
    assert "own survey: Lao Cai</title>" in page
    assert [one for one in asked if "unit" in one] == []

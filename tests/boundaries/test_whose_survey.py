"""“SIPAS” is the name of the national index: no visitor and no reader meets it as the name of this survey.

The rule: where people answer or read figures (kiosk, phone, public results, files of a release, posters, strips) the
word stands only in a sentence that says this is the province's (or city's) own survey. The platform may be called so
where officers and operators work: README, manuals, commands, desk, names of files and formats.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess

import pytest

import surveys
from sipas import clock
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.models import Point
from sipas.inviting.printing import Imprint, poster, strips
from sipas.publishing.page import render
from sipas.publishing.published import published_release
from sipas.registry.province import ProvinceName
from tests.make import a_point, a_wave
from tests.make_release import a_release

OURS = re.compile(r"riêng của (tỉnh|thành phố)|(province|city)['’]s own")
SON_LA, DA_NANG = ProvinceName("Tỉnh Sơn La", "Sơn La province"), ProvinceName("Thành phố Đà Nẵng", "Đà Nẵng city")


def told(page: str) -> list[str]:
    """What a page says, text by text: between tags, and in its attributes."""
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    texts = [*re.split(r"<[^>]*>", page), *re.findall(r'(?:content|alt|title|aria-label|placeholder)="([^"]*)"', page)]
    return [html.unescape(text) for text in texts]


def national(texts) -> list[str]:
    """The texts in which the word stands without saying whose survey this is."""
    return [text.strip() for text in texts if "SIPAS" in text and not OURS.search(text)]


def test_the_look_finds_what_it_looks_for():
    assert national(told("<title>Kết quả – SIPAS Sơn La</title><p>Khảo sát</p>")) == ["Kết quả – SIPAS Sơn La"]
    assert national(["Đây là khảo sát riêng của tỉnh, không phải là chỉ số SIPAS."]) == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_page_of_a_kiosk_or_a_telephone_calls_it_so(client, database, settings, language):
    a_point(database)
    a_point(database, "phone-1", channel="phone")
    a_wave(database, settings, opens_on=clock.today())
    for page in ("/k/to-hieu-1", f"/k/to-hieu-1/{language}", f"/k/to-hieu-1/{language}/privacy",
                 f"/k/to-hieu-1/{language}/thanks", "/k/nowhere", f"/k/to-hieu-1/{language}/nothing",
                 "/q/phone-1", f"/q/phone-1/{language}", "/q/nowhere"):  # fmt: skip
        assert national(told(client.get(page, follow_redirects=True).text)) == [], page


@pytest.mark.parametrize("province", ["Sơn La", "Thành phố Đà Nẵng"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_public_page_and_no_file_of_a_release_calls_it_so(client, settings, language, province):
    folder = a_release(settings.home, province=province)
    for page in ("/", "/results", "/results/2026-1-r1/", "/results/2026-1-r1/method", "/results/2026-1-r1/unit/03646",
                 "/results/none"):  # fmt: skip
        said = client.get(page, query_string={"lang": language}, follow_redirects=True).text
        assert national(told(said)) == [], page
        assert OURS.search(" ".join(told(said))), page
    for path in folder.rglob("*"):
        if path.suffix in (".html", ".csv", ".json", ".txt", ".md"):
            assert national(told(path.read_text("utf-8-sig"))) == [], path.name
    issue = published_release(settings.home, "2026-1-r1")
    assert national(told(render(issue.manifest, issue.table, language))) == []


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext: poppler-utils")
@pytest.mark.parametrize("province", [SON_LA, DA_NANG])
def test_no_poster_and_no_strip_calls_it_so(tmp_path, province):
    place = Point(code="p1", name="Trung tâm", name_en="Centre", unit="03646", channel="phone", form="short",
                  invitation="required")  # fmt: skip
    address = "https://sonla.example.vn"
    printed = {
        "poster": poster(place, Imprint(address, province)),
        "strips": strips(place, invitation_codes.fresh(2), 202702, Imprint(address, province)),
    }
    for name, pdf in printed.items():
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(pdf)
        for program in (["pdftotext", str(path), "-"], ["pdfinfo", str(path)]):
            said = subprocess.run(program, check=True, capture_output=True, text=True).stdout
            assert national([said]) == [], (name, program[0])


def test_no_questionnaire_calls_itself_so():
    for code, versions in surveys.catalogue().items():
        for version in versions:
            words = [text for _address, text in surveys.texts(surveys.load(code, version))]
            assert national(words) == [], (code, version)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_questionnaire_of_that_code_says_whose_survey_it_is(client, database, settings, language):
    a_point(database)
    a_wave(database, settings, instrument="sipas-2023", opens_on=clock.today())
    for page in ("/k/to-hieu-1", f"/k/to-hieu-1/{language}"):
        said = told(client.get(page).text)
        assert national(said) == [], page
    assert OURS.search(" ".join(said))

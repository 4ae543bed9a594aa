"""Every public page in every language, and what none of them may say."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape

import pytest

from sipas import i18n
from sipas.publishing.published import open_folder
from sipas.publishing.release_view import WORDS
from tests.make_release import UNITS, a_release, write

RELEASE = "/results/2026-1-r1"
PAGES = [
    "/results",
    f"{RELEASE}/",
    f"{RELEASE}/?sort=share",
    f"{RELEASE}/?sort=answers",
    f"{RELEASE}/unit/03646",
    f"{RELEASE}/unit/04240",
    f"{RELEASE}/service/dat-dai",
    f"{RELEASE}/service/dat-dai?sort=share",
    f"{RELEASE}/method",
]
NUMBER = re.compile(r"\d+[.,]\d%")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    people = {("04240", "dat-dai"): 7, ("03664", "y-te"): 0}
    return a_release(tmp_path_factory.mktemp("made"), people=people, secret=0.12341)


@pytest.fixture
def shelf(settings, made):
    """A province in which seven people stand behind one figure and nobody behind another."""
    return shutil.copytree(made, settings.home / "releases" / made.name)


def test_a_name_that_nobody_verified_is_plain_and_a_note_says_so(client, settings):
    marked = (
        "x",
        "Sở Ngoại vụ (tên chưa kiểm chứng)",
        "Department of Foreign Affairs (name not verified)",
        "department",
    )
    a_release(settings.home, units=(*UNITS, marked))
    for language, name, note in (
        ("vi", "Sở Ngoại vụ", "Tên chưa được đối chiếu với văn bản chính thức: Sở Ngoại vụ."),
        ("en", "Department of Foreign Affairs", "official text: the names Department of Foreign Affairs."),
    ):
        page = client.get(f"/results?lang={language}").text
        assert "verified)" not in page
        assert "kiểm chứng)" not in page
        assert name in page
        assert note in page
        office = client.get(f"{RELEASE}/unit/x?lang={language}").text
        assert f"<h1>{name}</h1>" in office
        assert 'class="quiet">' + ("The name of this" if language == "en" else "Tên cơ quan này") in office
    assert "official text" not in client.get(f"{RELEASE}/unit/03646?lang=en").text


@pytest.fixture
def reads(client, shelf):
    """`reads(address, "en")` gives the page's HTML."""

    def reads(address: str, language: str = "vi") -> str:
        if language != "vi":
            address += ("&" if "?" in address else "?") + f"lang={language}"
        reply = client.get(address)
        assert reply.status_code == 200, address
        return reply.text

    return reads


def of(html: str, tag: str) -> list[str]:
    """The text of every such element."""
    return [
        unescape(re.sub(r"<[^>]+>", "", inner)).strip()
        for inner in re.findall(rf"<{tag}(?:\s[^>]*)?>(.*?)</{tag}>", html, re.DOTALL)
    ]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_one_heading_with_which_its_title_begins(reads, address, language):
    html = reads(address, language)
    (heading,) = of(html, "h1")
    assert heading
    assert of(html, "title")[0].startswith(heading)
    assert f'<html lang="{language}">' in html
    assert "SIMULATED" in html or "MÔ PHỎNG" in html


@pytest.mark.parametrize("address", PAGES)
def test_pages_obey_the_content_policy(reads, address):
    html = reads(address)
    assert not re.search(r"<style|<script|\sstyle=|\son\w+=", html)


@pytest.mark.parametrize("address", PAGES)
def test_every_chart_has_a_title_and_a_description_or_is_hidden_from_screen_readers(reads, address):
    for attributes, inner in re.findall(r'<svg (class="[^"]*"[^>]*)>(.*?)</svg>', reads(address, "en"), re.DOTALL):
        if 'aria-hidden="true"' not in attributes:
            assert 'role="img"' in attributes
            assert all(of(inner, "title")), attributes
            assert all(of(inner, "desc")), attributes


@pytest.mark.parametrize("address", PAGES)
def test_ids_on_a_page_are_unique(reads, address):
    ids = re.findall(r'\sid="([^"]+)"', reads(address))
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("address", PAGES)
def test_no_withheld_number_is_on_any_page(reads, address, language):
    html = reads(address, language)
    assert "12,3%" not in html
    assert "12.3%" not in html
    for row in re.findall(r'<tr role="row" class="is-withheld">(.*?)</tr>', html, re.DOTALL):
        (words,) = re.findall(r'<td class="absent"[^>]*>(.*?)</td>', row, re.DOTALL)
        assert not re.search(r"\d", words)
        assert "chart-point" not in row
        assert not re.search(r'class="(value|interval|n)"', row)


def test_no_withheld_number_is_in_any_file(shelf):
    for path in shelf.iterdir():
        assert "1234" not in path.read_text(encoding="utf-8").replace("1_012_345", "").replace("1012345", ""), path.name


def test_withheld_uncertain_and_unanswered_are_said_with_different_words(reads):
    html = "".join(reads(f"{RELEASE}/service/{code}", "en") for code in ("ho-tich", "dat-dai", "y-te"))
    said = {
        state: re.findall(rf'<tr role="row" class="is-{state}">(.*?)</tr>', html, re.DOTALL)
        for state in ("withheld", "none", "hidden")
    }
    assert all(said.values())
    assert all("not published, to protect those who answered" in row for row in said["withheld"])
    assert all("no answers" in row for row in said["none"])
    for row in said["hidden"]:
        assert "too uncertain to show" in row
        assert re.search(r'class="n"[^>]*>\d+<', row)
        assert not NUMBER.search(re.sub(r"<svg.*</svg>", "", row, flags=re.DOTALL))


def test_a_share_never_stands_alone(reads):
    rows = re.findall(r'<tr role="row" class="is-(?:shown|note|review)">(.*?)</tr>', reads(f"{RELEASE}/"), re.DOTALL)
    assert len(rows) > 15
    for row in rows:
        cells = dict(re.findall(r'<td class="(value|interval|n|trust)"[^>]*>(.*?)</td>', row, re.DOTALL))
        assert NUMBER.fullmatch(cells["value"])
        assert re.fullmatch(r"\d+,\d–\d+,\d%", cells["interval"])
        assert re.match(r"[\d.]+<", cells["n"])
        assert "word" in cells["trust"]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("address", [page for page in PAGES if "?" not in page])
def test_every_page_says_that_kiosk_answers_are_self_selected(reads, address, language):
    with i18n.speaking(language):
        sentence = i18n._(
            "Whoever answers at a kiosk chose to do so: these people are not a random sample of all who came, and "
            "weights cannot fully repair that."
        )
    assert sentence in unescape(reads(address, language))


def test_units_stand_in_the_registrys_order_unless_a_reader_asks_for_another(reads):
    def names(address):
        return re.findall(r'unit/([\w-]+)"', reads(address))

    registry = ["tthcc", "so-tu-phap", "03646", "03664", "03688", "04240", "04246"]
    assert names(f"{RELEASE}/") == registry
    assert names(f"{RELEASE}/?sort=nonsense") == registry
    assert sorted(names(f"{RELEASE}/?sort=share")) == sorted(registry)
    html = reads(f"{RELEASE}/?sort=share", "en")
    assert "This is not a ranking" in html
    assert "This is not a ranking" not in reads(f"{RELEASE}/", "en")
    groups = re.findall(r"<tbody.*?</tbody>", html.split('id="units"')[1], re.DOTALL)[:3]
    for group in groups:
        shares = [float(value) for value in re.findall(r'class="value"[^>]*>([\d.]+)%', group)]
        assert shares == sorted(shares, reverse=True)


def test_the_picture_of_units_keeps_the_registrys_order_however_the_table_is_sorted(reads):
    def picture(address):
        return re.search(r'<svg[^>]*aria-labelledby="units-chart.*?</figure>', reads(address), re.DOTALL)[0]

    assert picture(f"{RELEASE}/") == picture(f"{RELEASE}/?sort=share")


def test_links_keep_the_language(reads):
    html = reads(f"{RELEASE}/", "en")
    inner = re.findall(r'<a href="(/results[^"#]*)[^"]*"', html)
    assert len(inner) > 10
    assert all("lang=en" in link or "/files/" in link for link in inner)
    assert not re.search(r'<a href="/results[^"]*lang=', reads(f"{RELEASE}/"))


@pytest.mark.parametrize(
    "address",
    [
        "/results/2099-9-r1/",
        f"{RELEASE}/unit/99999",
        f"{RELEASE}/service/none",
        f"{RELEASE}/files/none",
        "/results/../x/",
    ],
)
def test_an_unknown_code_gets_a_friendly_page(client, shelf, address):
    reply = client.get(address + "?lang=en")
    assert reply.status_code == 404
    assert of(reply.text, "h1") == ["This page does not exist"]


def test_before_the_first_release_the_page_says_so(client):
    reply = client.get("/results?lang=en")
    assert reply.status_code == 200
    assert "Nothing has been published yet" in reply.text


def test_the_newest_release_comes_first_and_all_are_listed(client, settings):
    a_release(settings.home, "2025-2-r1", published_on="2026-01-20")
    a_release(settings.home, "2026-1-r1", published_on="2026-07-15")
    html = client.get("/results?lang=en").text
    assert "Release 2026-1-r1" in html
    assert "/results/2025-2-r1/?lang=en" in html


def test_drafts_are_out_of_reach(client, settings):
    a_release(settings.home, "2026-1-r2", shelf="drafts")
    for address in (
        "/results/2026-1-r2/",
        "/results/2026-1-r2/files/estimates.csv",
        "/results/..%2Fdrafts%2F2026-1-r2/",
    ):
        assert client.get(address).status_code == 404


def test_without_a_frame_every_page_says_unweighted_and_none_calls_it_the_index(client, settings):
    frame = {"dossiers": 0, "months": [], "sources": []}
    a_release(settings.home, weighted=False, frame=frame)
    for address in PAGES:
        html = client.get(address + ("&" if "?" in address else "?") + "lang=en").text
        assert "Unweighted" in html
        assert "satisfaction index" not in html.replace("national SIPAS index", "")


def test_a_page_asked_for_again_costs_nothing_while_nothing_changes(client, shelf):
    first = client.get(f"{RELEASE}/")
    again = client.get(f"{RELEASE}/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "Set-Cookie" not in first.headers


def test_the_method_page_tells_what_the_weights_did(reads):
    html = unescape(reads(f"{RELEASE}/method", "en"))
    assert re.search(r"Dossiers of offices without any answer</dt><dd>17<", html)
    assert "Kish" not in html


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("address", PAGES)
def test_no_page_shows_a_citizen_the_code_words_of_the_program(reads, address, language):
    """They stand in the files: `release.json` names method, rule, policy, variance and interval as they are."""
    said = unescape(
        re.sub(
            r"<style.*?</style>|<code[^>]*>[0-9a-f]{64}</code>|<[^>]+>", " ", reads(address, language), flags=re.DOTALL
        )
    )
    codes = r"\b[a-z]+_[a-z]+\b|\bsipas-[a-z]\w*|linearised|raking|\bservice-2024\b|\bcoarse\b|\boverall\b"
    assert re.findall(codes, said) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["share of satisfied answers, version 1", "Wilson's interval", "method of this platform, version 2"]),
        (
            "vi",
            ["tỷ lệ câu trả lời hài lòng, phiên bản 1", "khoảng Wilson", "phương pháp của hệ thống này, phiên bản 2"],
        ),
    ],
)
def test_the_method_page_names_rule_interval_and_method_in_words(reads, language, words):
    html = unescape(reads(f"{RELEASE}/method", language))
    for word in words:
        assert word in html


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_words_beside_figures_are_explained_as_they_stand_there(reads, language):
    with i18n.speaking(language):
        words = {state: i18n._(word) for state, word in WORDS.items()}
    explained = unescape(reads(f"{RELEASE}/", language)).partition('id="words"')[2].partition("</dl>")[0]
    assert {words[state] for state in words if state != "shown"} <= set(re.findall("<dt>(.*?)</dt>", explained))
    method = unescape(reads(f"{RELEASE}/method", language))
    assert all(f"“{words[state]}”" in method for state in ("note", "review", "hidden"))


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_long_page_begins_with_links_to_each_of_its_parts_in_order(reads, language):
    html = reads(f"{RELEASE}/", language)
    (contents,) = re.findall(r'<nav class="contents".*?</nav>', html, re.DOTALL)
    links = re.findall(r'href="#([a-z]+)">([^<]+)<', contents)
    assert links == re.findall(r'<h2 id="([a-z]+)">([^<]+)<', html)
    assert len(links) == 8


def in_series(home, code, series, day):
    """A release of a wave of that series."""
    folder = a_release(home, code, published_on=day, shelf="elsewhere")
    manifest = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    manifest["wave"] |= {"series": series, "title": f"Đợt {series}"}
    write(home / "releases" / code, manifest, open_folder(folder).table)


@pytest.mark.parametrize("series", ["trial", "other"])
def test_a_release_of_another_series_does_not_take_over_the_front_page(client, settings, series):
    a_release(settings.home, "2026-1-r1", published_on="2026-07-15")  # as of November 2026: it says no series
    in_series(settings.home, "2026-2-r1", "main", "2026-08-01")
    in_series(settings.home, "thu-r1", series, "2026-09-01")
    for address in ("/", "/results"):
        html = client.get(address, follow_redirects=True).text
        assert re.search(r'<p class="eyebrow">[^<]*2026-2-r1', html)
    html = client.get("/results?lang=en").text
    assert "The province's satisfaction index" in unescape(html)
    (line,) = re.findall(r"<li><a [^>]*>thu-r1.*?</li>", html)
    assert f'<span class="tag">{series}</span>' in line


@pytest.mark.parametrize(("series", "said"), [("trial", "This wave tried out"), ("other", "a purpose of its own")])
def test_a_release_of_another_series_says_so_on_each_page_and_is_never_the_index(client, settings, series, said):
    in_series(settings.home, "thu-r1", series, "2026-09-01")
    pages = [
        client.get(f"/results/thu-r1/{page}?lang=en").text for page in ("", "unit/03646", "service/dat-dai", "method")
    ]
    pages.append((settings.home / "releases" / "thu-r1" / "index.en.html").read_text(encoding="utf-8"))
    for html in pages:
        assert said in html
        assert "The province's satisfaction index" not in unescape(html)


def test_where_only_trials_are_published_the_front_page_says_that_and_lists_them(client, settings):
    in_series(settings.home, "thu-r1", "trial", "2026-09-01")
    html = unescape(client.get("/results?lang=en").text)
    assert "No figures of the province's own series have been published yet" in html
    assert '/results/thu-r1/?lang=en">thu-r1</a>' in html
    assert not NUMBER.search(html)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("vi", ("Một số cơ quan không có ai trả lời", "17 trong 1.012.345 hồ sơ", "1.012.328 trên tổng số 1.012.345")),
        ("en", ("For some offices nobody answered", "17 of the 1,012,345 dossiers", "1,012,328 of 1,012,345")),
    ],
)
def test_dossiers_of_offices_for_which_nobody_answered_are_told_beside_the_headline(reads, language, said):
    front = reads(f"{RELEASE}/", language)
    for part in said:
        assert part in front

"""Every line that a figure is held against, on every page, is the same thing's figure, and the page says whose it is.

The pages are read as a reader sees them: where a line stands between the marks of its scale gives the share it means.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from html import unescape

import pytest

from sipas import i18n
from sipas.publishing.models import Release
from sipas.publishing.published import PublishedRelease, open_folder
from tests.make import a_wave
from tests.make_release import a_release
from tests.november_files import unpacked
from tests.officers import signs_in

WORD = "mười bảy con chim sẻ"
DAY = dt.date(2026, 7, 15)
WIDE = 0.004  # of the scale: lines stand at a tenth of a percent, and shares have three decimals
ALL_FIELDS = {"en": "all service fields together", "vi": "tất cả các lĩnh vực"}
ALL_UNITS = {"en": "all units together", "vi": "tất cả các đơn vị"}
SAME_FIELD = {"en": "the same service field in the whole province", "vi": "cùng lĩnh vực, toàn tỉnh"}
SAME_QUESTIONS = {"en": "the same questions in the whole province", "vi": "cùng câu hỏi, toàn tỉnh"}
SAME_QUESTIONS_ALL_FIELDS = {
    "en": "the same questions, all service fields together",
    "vi": "cùng câu hỏi, tất cả các lĩnh vực",
}


@dataclass(frozen=True)
class Line:
    """A line on a page: the section it stands in, whose row it is beside (none for a line across all), its share."""

    section: str
    row: str | None
    share: float


def test_every_line_on_every_page_is_the_same_things_figure(pages, shelf):
    seen = [held(page, shelf) for page in pages]
    assert len(seen) == 2 * (
        1 + 7 + 3 + 1 + 1
    )  # the province, units, fields, the folder's page, the desk; in two languages
    assert sum(seen) > 300


def test_each_shown_field_of_each_unit_of_a_whole_province_stands_beside_its_own(client, november):
    """Held against all fields together, as the pages of November 2026 did, 91 of 328 are on another side."""
    table, beside = november.table, set()
    for unit in table.domains("unit"):
        page = Page("unit", unit["unit"], "vi", client.get(f"/results/2026-1-r1/unit/{unit['unit']}").text)
        held(page, november)
        beside |= {(unit["unit"], line.row) for line in lines(page.html) if line.section == "services"}
    shown, changed = 0, 0
    for unit, name in beside:
        field = code_of(november, "services", name, "vi")
        figure = table.row("overall", unit=unit, field=field)
        if figure["estimate"] is not None:
            shown += 1
            whole, same = table.row("overall")["estimate"], table.row("overall", field=field)["estimate"]
            changed += side(figure, whole) != side(figure, same)
    assert (shown, changed) == (328, 91)


def test_fields_with_few_dossiers_are_others_at_each_office_and_stand_beside_none(client, settings):
    services = (("ho-tich", "Hộ tịch", "Civil status"), ("coarse", "Lĩnh vực ít hồ sơ", "Few dossiers"))
    a_release(settings.home, services=services)
    page = client.get("/results/2026-1-r1/unit/03646?lang=en").text
    assert {line.row for line in lines(page) if line.section == "services"} == {"Civil status"}
    row = re.search(r'<tr role="row"[^>]*>\s*<th[^>]*>Few dossiers</th>.*?</tr>', page, re.DOTALL)[0]
    assert "not comparable: other fields at each office" in row


def test_where_the_share_of_all_is_withheld_no_unit_is_counted_against_it(client, settings):
    people = {(unit, "y-te"): 0 for unit in ("tthcc", "so-tu-phap", "03646", "03664", "03688", "04240")}
    a_release(settings.home, people=people | {("04246", "y-te"): 4})
    page = client.get("/results/2026-1-r1/service/y-te?lang=en").text
    assert "One standing line for each unit" in page
    assert "units shown, the interval includes" not in page


@dataclass(frozen=True)
class Page:
    """A page: what it is of (province, unit, service), the code, the language, and its HTML."""

    kind: str
    code: str
    language: str
    html: str


@pytest.fixture
def shelf(settings) -> PublishedRelease:
    """A province whose service fields differ much from each other; somebody is signed in at the desk."""
    lift = {"ho-tich": 0.08, "dat-dai": -0.25, "y-te": 0.02}
    return open_folder(a_release(settings.home, lift=lift, people={("04240", "dat-dai"): 7}))


@pytest.fixture
def pages(client, settings, database, shelf) -> list[Page]:
    """Every page that shows figures: public, of the release's folder, and of the desk."""
    a_wave(database, settings, "2026-1")
    with database.writing() as session:
        session.add(Release(code="2026-1-r1", wave_id=1, state="published", built_by="Mai", digest="d" * 64,
                            built_on=DAY, published_on=DAY))  # fmt: skip
    signs_in(client, settings)
    found = []
    for language in i18n.LANGUAGES:
        addresses = [("province", "", "/results"), ("province", "", "/desk/release/2026-1-r1")]
        addresses += [
            ("unit", one["code"], f"/results/2026-1-r1/unit/{one['code']}") for one in shelf.manifest["units"]
        ]
        addresses += [
            ("service", one["code"], f"/results/2026-1-r1/service/{one['code']}") for one in shelf.manifest["services"]
        ]
        found += [Page(kind, code, language, client.get(f"{at}?lang={language}").text) for kind, code, at in addresses]
        name = {"vi": "index.html", "en": "index.en.html"}[language]
        found.append(Page("province", "", language, (shelf.folder / name).read_text(encoding="utf-8")))
    return found


@pytest.fixture
def november(settings) -> PublishedRelease:
    """The demo's release of November 2026, on the shelf."""
    return open_folder(unpacked("2026-1-r1", settings.home / "releases"))


def held(page: Page, issue: PublishedRelease) -> int:
    """Holds every line of a page against the table, and its words against the page's legend; how many there were."""
    table, language = issue.table, page.language
    found = lines(page.html)
    for line in found:
        place = (page.kind, line.section)
        if place in (("province", "services"), ("province", "units"), ("unit", "headline"), ("service", "headline")):
            of, domain = "overall", {}
        elif place == ("service", "units"):
            of, domain = "overall", {"field": page.code}
        elif place == ("unit", "services"):
            of, domain = "overall", {"field": code_of(issue, "services", line.row, language)}
        elif place in (("unit", "factors"), ("service", "factors")):
            of, domain = code_of(issue, "figures", line.row, language), {}
        else:
            raise AssertionError(f"a line that nobody knows on the page of {page.kind} {page.code}: {line}")
        assert line.share == pytest.approx(table.row(of, **domain)["estimate"], abs=WIDE), (page.code, line)
    words = {section: " ".join(re.findall(r'<p class="key">(.*?)</p>', html, re.DOTALL))
             for section, html in sections(page.html).items()}  # fmt: skip
    wanted = {
        "province": {"services": ALL_FIELDS, "units": ALL_UNITS},
        "unit": {"services": SAME_FIELD, "factors": SAME_QUESTIONS},
        "service": {"units": ALL_UNITS, "factors": SAME_QUESTIONS_ALL_FIELDS},
    }[page.kind]
    assert {line.section for line in found} - {"headline"} <= set(wanted)
    for section, legend in wanted.items():
        assert legend[language] in words[section], (page.kind, page.code, section)
    if page.kind == "service":
        label = re.search(r'class="headline-reference">(.*?)<b>', page.html)[1]
        assert label.strip() == {"en": "All service fields together:", "vi": "Tất cả các lĩnh vực:"}[language]
    return len(found)


def side(figure, share) -> int:
    """Whether an interval lies below a share, around it, or above."""
    return -1 if figure["high"] < share else 1 if figure["low"] > share else 0


def code_of(issue: PublishedRelease, kind: str, text: str, language: str) -> str:
    """The code of a service field or of a figure that is called so."""
    if kind == "services":
        name = {"vi": "name", "en": "name_en"}[language]
        return next(one["code"] for one in issue.manifest["services"] if one[name] == text)
    about, name = issue.manifest["instrument"], {"vi": "text", "en": "text_en"}[language]
    named = {one[name]: one["code"] for one in [*about["factors"], *about["items"]]}
    return named.get(text, "overall")


def sections(html: str) -> dict[str, str]:
    """The page's parts by the id of their heading."""
    return {
        re.search(r'aria-labelledby="([a-z]+)"', part)[1]: part
        for part in re.findall(r'<section class="section.*?</section>', html, re.DOTALL)
        if 'aria-labelledby="' in part
    }


def lines(html: str) -> list[Line]:
    """Every reference of a page: lines and strokes of its charts, figures beside others, the one under a headline."""
    found = [
        Line("headline", None, number(share))
        for share in re.findall(r'class="headline-reference">.*?<b>([\d.,]+%)</b>', html, re.DOTALL)
    ]
    for section, part in sections(html).items():
        for chart in re.findall(
            r'<svg class="chart" role="img".*?</svg>\s*(?:<text class="chart-stamp.*?)?</svg>', part, re.DOTALL
        ):
            found += of_overview(section, chart) if "chart-tick-start" in chart else of_forest(section, chart)
        found += of_table(section, part)
    return found


def of_forest(section: str, chart: str) -> list[Line]:
    """Lines of a chart whose rows lie below each other: across all of them, or a stroke beside one."""
    place = scale(re.findall(r'<text class="chart-tick" x="([\d.]+)%"[^>]*>([\d,.]+%)<', chart))
    found, row = [], None
    for name, kind, at in re.findall(
        r'<text class="chart-name"[^>]*>(.*?)</text>|<line class="chart-(reference|other)" x1="([\d.]+)%"', chart
    ):
        row = unescape(name) if name else row
        if kind:
            found.append(Line(section, row if kind == "other" else None, place(float(at))))
    return found


def of_overview(section: str, chart: str) -> list[Line]:
    """The lying line of a chart whose rows stand beside each other."""
    place = scale(re.findall(r'<text class="chart-tick chart-tick-start" x="0" y="([\d.]+)"[^>]*>([\d,.]+%)<', chart))
    return [
        Line(section, None, place(float(at))) for at in re.findall(r'class="chart-reference"[^>]*y1="([\d.]+)"', chart)
    ]


def of_table(section: str, part: str) -> list[Line]:
    """Lines in a table's bars, on the scale above them, and what its last column says."""
    ticks = re.findall(r'<text class="chart-tick" x="([\d.]+)%" y="13">([\d,.]+%)<', part)
    found = []
    for row in re.findall(r"<tr role=\"row\" class=\"is-.*?</tr>", part, re.DOTALL):
        name = unescape(re.sub("<.*?>", "", re.search(r"<th.*?</th>", row, re.DOTALL)[0]))
        found += [
            Line(section, None, scale(ticks)(float(at)))
            for at in re.findall(r'class="chart-reference" x1="([\d.]+)%"', row)
        ]
        other = re.search(r'<td class="other"[^>]*>.*?</span>([\d.,]+%) \(', row, re.DOTALL)
        found += [Line(section, name, number(other[1]))] if other else []
    return found


def scale(ticks):
    """From places to shares, by the first and the last mark of a scale."""
    (first, low), (last, high) = [(float(at), number(text)) for at, text in (ticks[0], ticks[-1])]
    return lambda at: low + (at - first) * (high - low) / (last - first)


def number(text: str) -> float:
    """A share as either language writes it."""
    return float(text.rstrip("%").replace(",", ".")) / 100

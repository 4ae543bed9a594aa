"""The longest sentences that an officer may put in leave all five levels in view, as our own words do."""

from __future__ import annotations

import pytest

import surveys
from sipas import clock
from sipas.wordings.sentences import MOST, sentences
from tests.make import a_point, a_wave
from tests.pages.test_kiosk_levels import LEVELS, levels
from tests.wordings import a_wording

pytestmark = pytest.mark.browser


def test_the_longest_sentences_that_an_officer_may_put_in_leave_all_levels_in_view(opens, database, settings, tmp_path):
    """What `sipas instrument wording import` takes: every question and level as long as it may be."""

    def longest(row):
        kind = next(one.kind for one in known if one.address == row["address"])
        if kind in ("item", "level", "not applicable", "lead"):
            row |= {"sentence": as_long(row["address"], MOST[kind]), "place": "1"}

    known = list(sentences(surveys.load("service-2024", 2)))
    a_wording(settings.home, tmp_path, longest)
    a_point(database, "to-hieu-9", "03646", channel="web")
    a_wave(database, settings, "words", opens_on=clock.today(), at=["to-hieu-9"])
    page = opens("about:blank", size="phone")
    for width, height, look in ((320, 560, ""), (360, 640, "large"), (1080, 1920, "")):
        page.set_viewport_size({"width": width, "height": height})
        found = levels(page, "to-hieu-9", "vi", look)
        assert [one for one in found if one["bottom"] > height or one["count"] != 5] == [], (width, look)
        assert len({one["top"] for one in found}) == 1


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_provinces_survey_asks_its_39_items_with_all_levels_in_view(opens, database, settings, language):
    a_point(database, "to-hieu-9", "03646", channel="web")
    a_wave(database, settings, "w1", "sipas-2023", opens_on=clock.today(), at=["to-hieu-9"])
    page = opens("about:blank", size="phone")
    for width, height, look in ((320, 560, ""), (360, 640, "large"), (1080, 1920, "large")):
        page.set_viewport_size({"width": width, "height": height})
        page.goto("about:blank")
        page.goto(f"/k/to-hieu-9/{language}{look and '?look='}{look}")
        found = page.evaluate(LEVELS)
        assert len(found) == 39
        assert [one for one in found if one["bottom"] > height or one["count"] != 5] == [], (width, look)


def as_long(address: str, most: int) -> str:
    """Words of usual length, with the address first, so that no two read alike."""
    text = (
        address.replace("/", " ")
        + " công chức hướng dẫn đầy đủ, rõ ràng, dễ hiểu về giấy tờ phải nộp đúng theo quy định"
    )
    return (text + " của pháp luật về thủ tục hành chính")[:most].strip()

"""Where nothing is asked at present, and what the thanks say of the results."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sipas import clock, create_app
from tests.make import a_point, a_wave
from tests.make_release import a_release


@pytest.fixture
def point(database):
    return a_point(database, "to-hieu-1", "03646")


def test_without_a_wave_there_is_no_button_that_leads_nowhere(client, point):
    for path in ("/k/to-hieu-1", "/k/to-hieu-1/en", "/q/to-hieu-1"):
        page = client.get(path).text
        main = re.search("<main.*</main>", page, re.DOTALL)[0]
        assert not re.search(r'<a [^>]*href="/[kq]/', main), path
        assert "Kết quả gần nhất" not in main
    assert '<p hidden data-again="/k/to-hieu-1"></p>' in client.get("/k/to-hieu-1").text


def test_without_a_wave_the_last_result_is_said_in_both_languages_and_named_as_simulated(client, point, settings):
    a_release(settings.home)
    page = client.get("/k/to-hieu-1").text
    assert re.search(r"Kết quả gần nhất của .+: \d+,\d% câu trả lời là hài lòng \(tính cả sai số, từ \d+,\d% đến", page)
    assert re.search(r"The last result of .+: \d+\.\d% of answers were satisfied", page)
    assert 'href="/results"' not in re.search("<main.*</main>", page, re.DOTALL)[0]
    assert 'class="button" href="/results"' in client.get("/q/to-hieu-1").text


@pytest.mark.parametrize(("address", "said"), [("https://sonla.example.vn", True), ("", False)])
def test_the_thanks_say_where_results_will_be_seen_and_do_not_laugh(database, settings, point, address, said):
    a_wave(database, settings, "w1", opens_on=clock.today())
    client = create_app(replace(settings, address=address)).test_client()
    for path in ("/k/to-hieu-1/en/thanks", "/q/to-hieu-1/en/thanks"):
        page = client.get(path).text
        assert "The results will be published for everybody" in page
        assert ("at sonla.example.vn/results." in page) == said
        assert "face-" not in re.search("<main.*</main>", page, re.DOTALL)[0]
    assert "face-" not in re.search("<main.*</main>", client.get("/k/to-hieu-1").text, re.DOTALL)[0]

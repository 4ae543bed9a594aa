"""The address `/` speaks the language that is named, else the browser's own; every other page says by its address."""

import re
from dataclasses import replace

import pytest

from sipas import create_app

ENGLISH = {"Accept-Language": "en-GB,en;q=0.9,vi;q=0.5"}


@pytest.mark.parametrize(
    ("path", "headers", "there"),
    [
        ("/", {}, "/results"),
        ("/", ENGLISH, "/results?lang=en"),
        ("/", {"Accept-Language": "fr,vi;q=0.8,en;q=0.3"}, "/results"),
        ("/", {"Accept-Language": "th"}, "/results"),
        ("/?lang=en", {}, "/results?lang=en"),
        ("/?lang=vi", ENGLISH, "/results"),
    ],
)
def test_the_first_address_leads_on_in_the_language_named_or_the_browsers_own(client, path, headers, there):
    reply = client.get(path, headers=headers)
    assert (reply.status_code, reply.headers["Location"]) == (302, there)
    assert "Accept-Language" in reply.headers["Vary"]


def test_where_no_results_are_shown_the_page_itself_speaks_it_and_leads_back_to_vietnamese(settings):
    client = create_app(replace(settings, parts=("kiosk",))).test_client()
    page = client.get("/", headers=ENGLISH).text
    assert '<html lang="en">' in page
    back = re.search(r'hreflang="vi" href="([^"]+)"', page)[1]
    assert '<html lang="vi">' in client.get(back, headers=ENGLISH).text
    assert '<html lang="en">' in client.get("/?lang=en").text


def test_other_pages_do_not_ask_the_browser(client):
    assert '<html lang="vi">' in client.get("/results", headers=ENGLISH).text

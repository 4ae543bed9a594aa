"""Who may post: the page itself, and nobody from another site."""

import re
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import settings as how_often
from hypothesis import strategies as st
from sqlalchemy import select

from sipas.intake import stored
from sipas.intake.models import Response
from sipas.web.installation import of_app
from surveys import NOT_ASKED, load
from tests.make import a_point, a_wave
from tests.officers import an_account
from tests.people import Visitor

ITEMS = load("service-2024").items


@pytest.fixture
def kiosk(app, database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    visitor = Visitor(app.test_client(), "to-hieu-1")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(5)
    return visitor


def count(database):
    with database.reading() as session:
        return stored(session, 1)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 303),
    ],
)
def test_a_post_is_judged_by_where_it_comes_from(kiosk, database, headers, status):
    kiosk.headers = headers
    assert kiosk.sends().status_code == status
    assert count(database) == (status == 303)


def test_a_fast_visitor_is_not_refused(kiosk, database):
    assert kiosk.sends().status_code == 303


def test_pressing_twice_counts_once(kiosk, database):
    assert kiosk.sends().status_code == kiosk.sends().status_code == 303
    assert count(database) == 1


METHODS = ["POST", "POST", "POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "X"]
KINDS = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/json", ""]
NAMES = ["id", "service", "O", "B1.2", "comment", "sex", "age", "name", "password", "code", "next", ""]
WORDS = ["to-hieu-1", "vi", "w1", "03646", "x", "..", "\x00", "😀", "e\u0301", " ", "%2f", "'", "a" * 300]
GAP = re.compile(r"<(?:[^<>:]*(?:\([^)]*\))?:)?(\w+)>")  # where an address has an argument
A_FORM = st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=40) | st.text(max_size=40)), max_size=8).map(
    lambda pairs: urllib.parse.urlencode(pairs, errors="surrogatepass").encode()
)


@given(data=st.data(), body=st.binary(max_size=300) | A_FORM, kind=st.sampled_from(KINDS))
@how_often(max_examples=600)
def test_any_bytes_sent_to_any_public_address_give_a_page_or_a_valid_answer_and_never_a_fault(
    client_for_bytes, data, body, kind
):
    client, database = client_for_bytes
    rule = data.draw(st.sampled_from(sorted(client.application.url_map.iter_rules(), key=str)))
    words = {name: "vi" if name == "language" else data.draw(st.sampled_from(WORDS)) for name in sorted(rule.arguments)}
    path = GAP.sub(lambda part: urllib.parse.quote(words[part.group(1)]), rule.rule)
    before = count(database)
    method = data.draw(st.sampled_from(METHODS))
    reply = client.open(path, method=method, data=body, content_type=kind or None)
    assert reply.status_code < 500, (method, path)
    if count(database) > before:
        assert (method, reply.status_code) == ("POST", 303)
        with database.reading() as session:
            for row in session.scalars(select(Response)):
                pairs = zip(ITEMS, row.answers, strict=True)
                assert all(item.accepts(byte) or byte == NOT_ASKED for item, byte in pairs)


@pytest.fixture(scope="module")
def client_for_bytes(tmp_path_factory):
    from sipas import create_app
    from sipas.config.settings import Settings
    from sipas.migrations import create
    from sipas.registry.importing import load_registry

    settings = Settings(home=tmp_path_factory.mktemp("bytes") / "home")
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    an_account(settings, "hoa")
    app = create_app(settings)
    yield app.test_client(), database
    of_app(app).database.engine.dispose()
    database.engine.dispose()


@pytest.mark.parametrize(
    "query", ["endpoint=x", "_method=POST", "_scheme=x&_external=1", "release=x", "code=x", "sort=n"]
)
def test_no_query_speaks_to_the_address_builder(app, query):
    for path in ("/results", "/results/", "/results/2026-1-r1/", "/desk/login"):
        reply = app.test_client().get(f"{path}?{query}", headers={"Host": "evil.example"})
        assert reply.status_code < 500
        assert "evil.example" not in reply.text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/k",
        "/k/",
        "/k/%00",
        "/k/x/y/z",
        "/results/../keys",
        "/results/x/files/..%2f..%2fkeys",
        "/desk",
        "/static/../sipas.sqlite",
        "/k/to-hieu-1/fr",
        "/k/to-hieu-1/vi/",
        "/results/" + "a" * 300 + "/",
        "/k/" + "a" * 5000,
        "/q",
        "/q/%00",
        "/q/2345CFHM/fr",
        "/q/" + "2" * 3000,
        "/q/%EF%BC%92345CFHM",
        "/q/2345CFHM/vi/late?wave=x",
    ],
)
def test_odd_addresses_give_pages_and_never_a_fault(app, path):
    assert app.test_client().get(path).status_code < 500

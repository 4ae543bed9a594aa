"""No visitor's word speaks to the address builder: every address, with every name that routing knows, stays on this
server and at this point, in every language known."""

import itertools
import re
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as how_often
from hypothesis import strategies as st

import sipas
from sipas.i18n.languages import KNOWN
from sipas.web.installation import of_app
from tests.make import a_point, a_wave, some_codes
from tests.make_release import a_release
from tests.officers import an_account, signs_in

WORD = "mười bảy con chim sẻ"
SPECIAL = ["endpoint", "_method", "_scheme", "_external", "_anchor", "values", "self", "anchor", "query", "keep"]
HOSTILE = [
    "chieng-an-1",
    "en",
    "w1",
    "POST",
    "kiosk.stop",
    "http",
    "1",
    "a\r\nSet-Cookie: stolen=1",
    "\x00",
    "//evil.example/x",
    "\\\\evil.example",
    "/..//evil.example",
    "javascript:alert(1)",
    "\"'><script>",
    "x" * 4000,
    "Ọ́😀\u202e",
    "%0d%0a",
]
POINTS = ["to-hieu-1", "To-Hieu-1", "TO-HIEU-1\r\nX-Evil: 1", "\r\n", "//evil.example", "\\evil.example", "..", "Ẹ\x00"]
NEEDS_AN_ADDRESS = ("/desk/poster", "/desk/strips")  # SIPAS_ADDRESS is not set here, and they say so
METHODS = ["GET", "HEAD", "POST"]
GAP = re.compile(r"<(?:[^<>:]*(?:\([^)]*\))?:)?(\w+)>")
HEADERS = {
    *("Allow", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length"),
    *(
        "Content-Security-Policy",
        "Content-Type",
        "Cross-Origin-Opener-Policy",
        "ETag",
        "Location",
        "Permissions-Policy",
    ),
    *("Referrer-Policy", "Retry-After", "Service-Worker-Allowed", "Set-Cookie", "Vary", "X-Content-Type-Options"),
    *("Date", "Last-Modified", "Accept-Ranges", "Link"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A whole province in small: two offices, codes, a release, a desk; and who is signed in there."""
    from sipas import create_app
    from sipas.config.settings import Settings
    from sipas.migrations import create
    from sipas.registry.importing import load_registry

    settings = Settings(home=tmp_path_factory.mktemp("links") / "home")
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664", form="short")
    a_wave(database, settings)
    (code,) = some_codes(database, settings)
    a_release(settings.home)
    an_account(settings, "hoa")
    app = create_app(settings)
    yield app, code
    of_app(app).database.engine.dispose()
    database.engine.dispose()


@pytest.fixture(scope="module")
def clients(server):
    app, _ = server
    officer = app.test_client()
    signs_in(officer, of_app(app).settings)
    return {"stranger": app.test_client(), "officer": officer}


def rules(app):
    return sorted(app.url_map.iter_rules(), key=str)


def names(app):
    """Everything that routing and its functions give a meaning to."""
    return sorted({*SPECIAL, *itertools.chain.from_iterable(rule.arguments for rule in rules(app))})


def address(rule, words):
    return GAP.sub(lambda part: quote(words[part.group(1)], safe=""), rule.rule)


def judge(reply, asked, words):
    """No fault, nothing but our own headers, and no way to anywhere but this server and this point."""
    assert reply.status_code < 500 or (reply.status_code == 503 and asked.startswith(NEEDS_AN_ADDRESS)), asked
    for name, value in reply.headers:
        assert name in HEADERS, (asked, name)
        assert not re.search(r"[\r\n\x00]", value), (asked, name)
    place = re.match(r"/([kq])/([^/?]+)", asked)
    if there := reply.headers.get("Location"):
        parts = urlsplit(there)
        assert (parts.scheme, parts.netloc) == ("", ""), (asked, there)
        assert re.match(r"/(?![/\\])", there), (asked, there)
        mended = re.sub("/+", "/", unquote(urlsplit(asked).path)).rstrip("/")
        if unquote(parts.path).rstrip("/") != mended:  # where only a slash is amiss the query stays as it was
            assert not {name for name, _ in pairs(parts.query)} & {*SPECIAL, "point", "language"}
        if place and parts.path != "/q/":
            assert unquote(parts.path.split("/")[2]).lower() == words["point"].strip("/").lower(), (asked, there)
    if place and reply.mimetype == "text/html":
        for there in re.findall(r'(?:href|action|data-\w+)="(/[^"]*)"', reply.text):
            where = unescape(there)
            if re.match(r"/[kq]/[^?]", where):
                assert unquote(re.split("[?#]", where)[0].split("/")[2]).lower() == words["point"].strip("/").lower(), (
                    asked,
                    where,
                )


def pairs(query):
    return [part.partition("=")[::2] for part in query.split("&") if part]


def who(clients, rule, chosen="officer"):
    """Signing out, and guessing at the password, are left to the stranger."""
    return clients["stranger" if rule.endpoint in ("desk.sign_out", "desk.let_in") else chosen]


@pytest.mark.parametrize("language", KNOWN)
def test_every_name_that_routing_knows_is_only_a_word(server, clients, language):
    """One name at a time, in the query and in the form, at every address."""
    app, code = server
    values = itertools.cycle(HOSTILE)
    marks = itertools.cycle(["to-hieu-1", code, "To-Hieu-1"])
    for rule in rules(app):
        if "language" not in rule.arguments and language != "vi":
            continue
        known = {"language": language, "release": "2026-1-r1", "code": "03646", "name": "x", "filename": "css/base.css"}
        for name in names(app):
            for method in (*METHODS, *METHODS):
                words, value = {**known, "point": next(marks)}, next(values)
                sent = {"data": {name: value}} if method == "POST" else {}
                asked = f"{address(rule, words)}?{urlencode({name: value})}"
                judge(who(clients, rule).open(asked, method=method, **sent), asked, words)
    assert clients["officer"].get("/desk").status_code == 200


WORDS = st.sampled_from([*HOSTILE, *POINTS])
QUERIES = st.lists(st.tuples(st.integers(0, 60), WORDS), max_size=4)


@given(data=st.data(), query=QUERIES, form=QUERIES)
@how_often(max_examples=200)
def test_no_mixture_of_names_and_values_leads_away_or_is_a_fault(server, clients, data, query, form):
    a_mixture(server, clients, data, query, form)


@pytest.mark.long
@given(data=st.data(), query=QUERIES, form=QUERIES)
@how_often(max_examples=2000)
def test_none_of_many_mixtures_leads_away_or_is_a_fault(server, clients, data, query, form):
    a_mixture(server, clients, data, query, form)


def a_mixture(server, clients, data, query, form):
    app, code = server
    rule = data.draw(st.sampled_from(rules(app)))
    known = [*names(app), "lang", "look", "service", "wave", "shell", "sort", "unit", "page", "size", "code"]
    words = {name: data.draw(WORDS) for name in sorted(rule.arguments)}
    words |= {"language": data.draw(st.sampled_from([*KNOWN, "fr"]))}
    words |= {"point": data.draw(st.sampled_from([*POINTS, "to-hieu-1", code]))} if "point" in rule.arguments else {}
    said, sent = ([(known[place % len(known)], value) for place, value in chosen] for chosen in (query, form))
    method = data.draw(st.sampled_from(METHODS))
    client = who(clients, rule, data.draw(st.sampled_from(sorted(clients))))
    asked = f"{address(rule, words)}?{urlencode(said)}"
    judge(client.open(asked, method=method, **({"data": dict(sent)} if method == "POST" else {})), asked, words)
    assert clients["officer"].get("/desk").status_code == 200


@pytest.mark.parametrize("language", [code for code in KNOWN if code not in ("vi", "en")])
def test_a_page_in_a_language_that_is_not_offered_leads_to_the_same_page_in_vietnamese(server, language):
    client = server[0].test_client()
    for page in ("", "/privacy", "/thanks", "/late"):
        query = "service=ho-tich&look=large&point=chieng-an-1&endpoint=kiosk.stop&_anchor=x&_external=1&_scheme=ftp"
        reply = client.get(f"/k/to-hieu-1/{language}{page}?{query}")
        path, _, kept = reply.headers["Location"].partition("?")
        assert path == f"/k/to-hieu-1/vi{page}"
        assert sorted(kept.split("&")) == ["look=large", "service=ho-tich"]


@pytest.mark.parametrize("written", ["To-Hieu-1", "to-hieu-1/", "TO-HIEU-1//", "To-Hieu-1/vi"])
def test_capitals_and_a_slash_too_many_lead_to_the_page_with_its_look_and_nothing_else(server, written):
    reply = server[0].test_client().get(f"/k/{written}?look=large&x=1&_method=POST", follow_redirects=True)
    assert reply.status_code == 200
    assert reply.request.path in ("/k/to-hieu-1", "/k/to-hieu-1/vi")
    assert reply.request.query_string == b"look=large"


def test_the_language_switch_keeps_what_the_page_was_asked_for(server, clients):
    html = clients["officer"].get("/results/2026-1-r1/?sort=people&release=x&code=y").text
    links = [unescape(one) for one in re.findall(r'hreflang="en" href="([^"]*)"', html)]
    assert links == ["/results/2026-1-r1/?sort=people&lang=en"]


def test_links_are_made_in_one_place():
    """Elsewhere neither code nor template meets what would take a visitor's word for a name."""
    folder = Path(sipas.__file__).parent
    makers = re.compile(r"\burl_for\b|\bredirect\(|import[^\n]*\bredirect\b")
    found = {
        path.relative_to(folder).as_posix()
        for path in (*folder.rglob("*.py"), *folder.rglob("*.html"))
        if makers.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"web/links.py"}

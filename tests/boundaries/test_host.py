"""What a request calls this server is printed and cached nowhere, opens no desk, and vouches for no form."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import sipas
from sipas import create_app
from sipas.desk import screens
from sipas.web.installation import of_app
from sipas.web.origins import Own, WebOrigin
from tests.make import a_point, a_wave, some_codes
from tests.make_release import a_release
from tests.officers import PASSWORD, an_account
from tests.people import Visitor
from tests.repeated import home_once

LEADER = {"name": "hoa", "password": PASSWORD}  # who signs in in one step
PUBLIC = "https://sonla.example.vn"
STRANGE = [
    "evil.example",
    "evil.example:8000",
    "evil.example\\@sonla.example.vn",
    "[::1",
    "",
    "a..b",
    "x" * 300,
    "\xff",
]
PAGES = [
    *("/", "/health", "/nothing", "/static/css/base.css", "/k", "/q", "/q/", "/q/to-hieu-1", "/q/to-hieu-1/vi"),
    *(f"/k/to-hieu-1{page}" for page in ("", "/vi", "/en", "/hmn", "/vi/privacy", "/vi/thanks", "/vi/device", "/stop")),
    *("/k/to-hieu-1?shell", "/k/to-hieu-1/vi?shell", "/k/to-hieu-1/worker.js", "/k/TO-HIEU-1", "//k//to-hieu-1/vi"),
    *("/k/nowhere", "/results", "/results/", "/results/2026-1-r1", "/results/2026-1-r1/", "/results/2026-1-r1/method"),
    *("/results/2026-1-r1/unit/03646", "/results/2026-1-r1?sort=people", "/desk", "/desk/", "/desk/login"),
    *("/desk/screens", "/desk/wave/w1", "/desk/languages"),
]


@pytest.fixture
def province(settings, database):
    def making():
        a_point(database, "to-hieu-1", "03646", form="short")
        a_wave(database, settings)
        some_codes(database, settings)
        a_release(settings.home)
        an_account(settings, "hoa", "leader", "clerk", unit="03646", factor=False)

    home_once(database, settings, making)
    return settings


@pytest.fixture
def serving(province):
    """Makes servers over one province, with addresses of their own."""
    made = []

    def serve(**addresses):
        made.append(create_app(replace(province, **addresses)))
        return made[-1]

    yield serve
    for app in made:
        of_app(app).database.engine.dispose()


def officer(app):
    """Asks as whoever is signed in, by whatever name, over a line that the browser knows to be safe."""
    reply = app.test_client().post("/desk/login", data=LEADER)
    cookie = "; ".join(said.partition(";")[0] for said in reply.headers.getlist("Set-Cookie"))
    client = app.test_client(use_cookies=False)
    return lambda page, host, **more: client.open(
        page, headers={"Host": host, "Cookie": cookie, "Sec-Fetch-Site": "same-origin"}, **more
    )


def everything(reply):
    """All of a reply, but for the time (a cookie's end too), and the id under which an answer counts once."""
    headers = sorted((name, re.sub("Expires=[^;]+", "", value)) for name, value in reply.headers if name != "Date")
    return reply.status, headers, re.sub(rb'value="[0-9a-f]{32}"', b"", reply.data)


@pytest.mark.parametrize("address", ["", PUBLIC])
def test_a_forged_name_changes_no_byte_of_any_reply(serving, address):
    ask = officer(serving(address=address))
    assert ask("/desk", "evil.example").status_code == 200
    for page in PAGES:
        for name in STRANGE:  # first: what is cached then is what everybody gets
            forged = ask(page, name)
            assert forged.status_code < 500, (page, name)
            true = ask(page, "sonla.example.vn")
            assert everything(forged) == everything(true), (page, name)
            assert b"evil" not in forged.data, page


def test_a_forged_name_is_in_no_code_that_is_printed(serving, monkeypatch):
    monkeypatch.setattr(screens, "make_code", lambda *_: "ABCD-2345")
    for address, shown in (("", "<code>/k/to-hieu-1/vi/device"), (PUBLIC, f"<code>{PUBLIC}/k/to-hieu-1/vi/device")):
        ask = officer(serving(address=address))
        pages = [
            ask("/desk/screens/code", name, method="POST", data={"point": "to-hieu-1"}).data
            for name in ("evil.example", "sonla.example.vn")
        ]
        assert pages[0] == pages[1]
        assert shown in pages[0].decode()
        assert (b"data:image/svg+xml" in pages[0]) == bool(address)


def test_no_code_asks_what_a_request_calls_the_server():
    folder = Path(sipas.__file__).parent
    asks = re.compile(r"request\.(host|host_url|url|url_root|root_url|base_url)\b|HTTP_HOST|_external\s*=")
    found = {
        path.relative_to(folder).as_posix()
        for path in (*folder.rglob("*.py"), *folder.rglob("*.html"))
        if asks.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"web/origins.py", "web/request_buffering.py"}


FORMS = [  # Origin, Host, where nothing is configured, where the public address and http://sipas.lan:8000 are
    ("https://sonla.example.vn", "sonla.example.vn", 303, 303),
    ("https://sonla.example.vn", "127.0.0.1:8000", 403, 303),  # a proxy that passes on its own name for us
    ("http://sonla.example.vn", "sonla.example.vn", 303, 403),  # whoever sits on the line could be that page
    ("http://sonla.example.vn:8000", "sonla.example.vn:8000", 303, 303),
    ("http://sipas.lan:8000", "sipas.lan:8000", 303, 303),
    ("http://192.168.1.10:8000", "192.168.1.10:8000", 303, 303),
    ("http://[fd00::1]:8000", "[fd00::1]:8000", 303, 303),
    ("http://localhost:8000", "localhost:8000", 303, 303),
    ("http://evil.example", "evil.example", 303, 403),  # rebinding: the form of a stranger at a name that leads here
    ("http://evil.example", "sonla.example.vn", 403, 403),
    ("http://evil.example:8000", "192.168.1.10:8000", 403, 403),
    ("http://localhost:9000", "localhost:8000", 403, 403),
    ("https://sonla.example.vn.evil.example", "sonla.example.vn", 403, 403),
    ("https://sonla.example.vn@evil.example", "sonla.example.vn", 403, 403),
    ("https://evil.example#sonla.example.vn", "sonla.example.vn", 403, 403),
    ("null", "sonla.example.vn", 403, 403),
    ("", "", 403, 403),
    ("http://[", "[", 403, 403),
]


@pytest.mark.parametrize(("origin", "host", "open_to_all", "configured"), FORMS)
def test_a_form_comes_from_a_page_at_an_address_of_ours(serving, origin, host, open_to_all, configured):
    own = {"address": PUBLIC, "other_addresses": ("http://sipas.lan:8000",)}
    for addresses, status in (({}, open_to_all), (own, configured)):
        visitor = Visitor(serving(**addresses).test_client(), "to-hieu-1")
        visitor.opens_the_questionnaire()
        visitor.answers_everything(5)
        visitor.headers = {"Origin": origin, "Host": host}
        assert visitor.sends().status_code == status
        visitor.headers = {"Origin": origin, "Host": host, "Sec-Fetch-Site": "cross-site"}
        assert visitor.sends().status_code == 403


@pytest.mark.parametrize(
    ("host", "nothing", "configured"),
    [
        ("evil.example", 421, 421),
        ("evil.example:8000", 421, 421),
        ("sonla.example.vn.evil.example", 421, 421),
        ("sonla.example.vn", 421, 200),
        ("SonLa.example.vn.", 421, 200),
        ("sipas.lan:8000", 421, 200),
        ("192.168.1.10:8000", 200, 200),
        ("[::1]:8000", 200, 200),
        ("localhost:8000", 200, 200),
        ("3232235786", 421, 421),
        ("", 421, 421),
    ],
)
def test_a_strangers_name_that_leads_here_opens_no_desk(serving, host, nothing, configured):
    own = {"address": PUBLIC, "other_addresses": ("http://sipas.lan:8000",)}
    for addresses, status in (({}, nothing), (own, configured)):
        client = serving(**addresses).test_client()
        reply = client.get("/desk/login?lang=en", headers={"Host": host})
        assert reply.status_code == status
        assert ("other_addresses" in reply.text) == (status == 421)
        origin = PUBLIC if host.lower().rstrip(".") == "sonla.example.vn" else f"http://{host}"
        guess = client.post("/desk/login", data=LEADER, headers={"Host": host, "Origin": origin})
        assert guess.status_code == (303 if status == 200 else 421), guess.text
        assert ("Set-Cookie" in guess.headers) == (status == 200)


def test_whoever_is_refused_is_told_so_in_her_language(serving):
    client = serving().test_client()
    assert "Trang cán bộ chỉ mở" in client.get("/desk/login", headers={"Host": "evil.example"}).text
    for page, said in (
        ("/desk/login", "Phiếu này được gửi từ một tran"),
        ("/k/to-hieu-1/en", "This form was sent from another site"),
    ):
        assert said in client.post(page, headers={"Sec-Fetch-Site": "cross-site"}).text


def test_under_https_a_name_is_vouched_for_by_its_certificate(serving):
    client = serving().test_client()
    assert client.get("/desk/login", base_url="https://sipas.lan").status_code == 200
    assert client.get("/desk/login", headers={"Host": "sipas.lan", "Sec-Fetch-Site": "none"}).status_code == 200
    assert client.get("/desk/login", headers={"Host": "sipas.lan"}).status_code == 421


SIGNING = [  # the line to us, Origin, SIPAS_ADDRESS, whether the cookie keeps to HTTPS
    ("https://sipas.lan", {}, "", True),
    ("https://sipas.lan", {"Origin": "https://sipas.lan"}, "", True),
    ("http://127.0.0.1:8000", {"Origin": PUBLIC}, PUBLIC, True),
    ("http://127.0.0.1:8000", {}, PUBLIC, True),
    ("http://127.0.0.1:8000", {"Origin": "http://127.0.0.1:8000"}, PUBLIC, False),  # it would never come back
    ("http://127.0.0.1:8000", {}, "", False),
    ("http://127.0.0.1:8000", {"Origin": "http://127.0.0.1:8000"}, "", False),
]


@pytest.mark.parametrize(("line", "headers", "address", "secure"), SIGNING)
def test_the_desks_cookies_keep_to_https_where_the_browser_came_by_it(serving, line, headers, address, secure):
    reply = serving(address=address).test_client().post(
        "/desk/login", data=LEADER, base_url=line, headers=headers
    )  # fmt: skip
    assert reply.status_code == 303
    cookies = [cookie.lower().split("; ") for cookie in reply.headers.getlist("Set-Cookie")]
    assert {cookie[0].partition("=")[0] for cookie in cookies} == {"desk", "desk-browser"}
    for _name, *said in cookies:
        assert {"httponly", "samesite=strict"} <= set(said)
        assert ("secure" in said) == secure


def test_no_reply_binds_the_name_of_the_server_for_months(client):
    assert "Strict-Transport-Security" not in client.get("/", base_url="https://localhost").headers


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("https://Sonla.Example.vn:443", WebOrigin("https", "sonla.example.vn", None)),
        ("http://bücher.example:8000", WebOrigin("http", "xn--bcher-kva.example", 8000)),
        ("//[FD00::1]:8000", WebOrigin("", "fd00::1", 8000)),
        ("https://x:99999", WebOrigin("", "", None)),
    ],
)
def test_an_address_is_read_as_browsers_write_it(text, place):
    assert WebOrigin.of(text) == place


def test_nothing_is_ours_without_a_name():
    assert not Own(()).sent(WebOrigin.of(""), WebOrigin.of("//"))

"""Each server shows its own parts and nothing of the others."""

from itertools import combinations

import pytest

from sipas import create_app
from sipas.config.settings import PARTS, Settings
from sipas.web.installation import of_app

ADDRESS = {"kiosk": "/k/to-hieu-1", "desk": "/desk/", "results": "/results"}
CHOICES = [chosen for size in (1, 2, 3) for chosen in combinations(PARTS, size)]


@pytest.mark.parametrize("parts", CHOICES, ids="+".join)
def test_only_the_chosen_parts_answer(settings, parts):
    app = create_app(Settings(home=settings.home, parts=parts))
    prefixes = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    client = app.test_client()
    for part, address in ADDRESS.items():
        assert (address.split("/")[1] in prefixes) == (part in parts)
        if part not in parts:
            assert client.get(address).status_code == 404
    assert client.get("/").status_code in (200, 302)
    assert client.get("/health").status_code == 200
    of_app(app).database.engine.dispose()


def test_a_server_without_the_desk_has_no_session_at_all(settings):
    app = create_app(Settings(home=settings.home, parts=("kiosk",)))
    assert app.secret_key is None
    of_app(app).database.engine.dispose()


def test_every_reply_carries_the_strict_headers(app):
    for address in ("/", "/results", "/k/nowhere", "/static/css/tokens.css", "/nothing"):
        headers = app.test_client().get(address).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"

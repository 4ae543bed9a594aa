"""Files are named by their content, packed, and kept; a page names each file as it is now."""

import base64
import gzip
import hashlib
import posixpath
import re

import pytest

from sipas import clock
from sipas.kiosk.skip_sheet import skip_sheet
from sipas.web import assets
from tests.make import a_point, a_wave

NAMED = re.compile(r"(?:href|src)=\"(/static/[^\"]+)\"")


@pytest.fixture(autouse=True)
def kiosk(database, settings):
    a_point(database, "to-hieu-1", "03646")
    a_wave(database, settings, "w1", "service-2024", opens_on=clock.today())


def of(client, path, **headers):
    return client.get(path, headers=headers)


@pytest.mark.parametrize("page", ["/k/to-hieu-1", "/k/to-hieu-1/vi", "/results", "/desk/sign-in", "/k/nowhere"])
def test_every_file_that_a_page_names_is_kept_for_a_year(client, page):
    names = NAMED.findall(client.get(page, follow_redirects=True).text)
    assert names
    for name in names:
        reply = of(client, name)
        assert reply.status_code == 200
        assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert hashlib.sha256(reply.data).hexdigest()[:10] == name.split(".")[-2]


@pytest.mark.parametrize("asset", assets.assets().values(), ids=lambda asset: asset.name)
def test_every_file_comes_whole_packed_or_not_and_once(client, asset):
    path = f"/static/{asset.path}"
    plain = of(client, path)
    assert plain.data == asset.body
    packed = of(client, path, **{"Accept-Encoding": "gzip"})
    if asset.name.endswith((".css", ".js")):
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        assert packed.headers["ETag"] != plain.headers["ETag"]
        assert gzip.decompress(packed.data) == asset.body
    again = of(client, path, **{"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("asset", assets.assets().values(), ids=lambda asset: asset.name)
def test_every_name_inside_a_file_is_the_name_of_a_file(client, asset):
    kind = asset.name.rpartition(".")[2]
    found = {"css": r"url\(\"?([^\")]+)\"?\)", "js": r"(?:from|import)\s*\(?\s*\"(\.[^\"]+)\""}.get(kind)
    for name in re.findall(found, asset.body.decode()) if found else ():
        folder = asset.path.rpartition("/")[0]
        reply = client.get(posixpath.normpath(f"/static/{folder}/{name}"))
        assert reply.status_code == 200, name
        assert "immutable" in reply.headers["Cache-Control"], name


def test_a_changed_script_changes_the_names_of_all_that_bring_it_in(monkeypatch, tmp_path):
    folder = tmp_path / "static"  # beside the installation's own folder, which holds .json files too
    (folder / "deep").mkdir(parents=True)
    (folder / "top.js").write_text('import below from "./deep/below.js";\n')
    (folder / "deep/below.js").write_text('export { one } from "./one.js";\n')
    (folder / "deep/one.js").write_text("export const one = 1;\n")
    monkeypatch.setattr(assets, "HERE", folder)
    monkeypatch.setattr(assets, "SHEETS", {})
    before = assets.assets.__wrapped__()
    (folder / "deep/one.js").write_text("export const one = 2;\n")
    after = assets.assets.__wrapped__()
    assert before.keys() == after.keys() == {"top.js", "deep/below.js", "deep/one.js"}
    assert all(before[name].path != after[name].path for name in after)
    assert after["top.js"].needs == ("deep/below.js", "deep/one.js")
    assert after["deep/one.js"].path.rpartition("/")[2] in after["deep/below.js"].body.decode()


def test_a_plain_name_is_asked_for_anew_and_an_unknown_one_is_not_found(client):
    assert of(client, "/static/js/seal.js").headers["Cache-Control"] == "no-cache"
    for name in ("js/seal.0000000000.js", "fonts/subset.py", "../settings.py", "nothing.css", ""):
        assert of(client, f"/static/{name}").status_code == 404


def test_pages_for_everybody_are_packed_and_what_somebody_sent_is_not(client):
    for path in ("/k/to-hieu-1", "/k/to-hieu-1/vi", "/k/to-hieu-1/vi/privacy", "/k/to-hieu-1/vi/thanks", "/results"):
        reply = of(client, path, **{"Accept-Encoding": "gzip"})
        assert reply.headers["Content-Encoding"] == "gzip", path
        assert "Accept-Encoding" in reply.headers["Vary"]
        assert b"</html>" in gzip.decompress(reply.data)
    wrong = client.post("/k/to-hieu-1/vi", data={"q": "1"}, headers={"Accept-Encoding": "gzip"})
    assert wrong.status_code == 422
    assert "Content-Encoding" not in wrong.headers


@pytest.mark.parametrize("page", ["/k/to-hieu-1", "/k/to-hieu-1/vi", "/k/to-hieu-1/vi/thanks", "/q/"])
def test_a_page_holds_its_style_and_the_policy_names_that_one_alone(client, page):
    """The questionnaire has skip logic, whose rules are a second style."""
    reply = client.get(page)
    styles = re.findall(r"<style>(.*?)</style>", reply.text, re.DOTALL)
    rules = [skip_sheet("service-2024", 2, "full")] if page.endswith("/vi") else []
    assert styles[1:] == rules
    digests = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
    named = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert f"; style-src 'self' {named};" in reply.headers["Content-Security-Policy"]
    assert 'rel="stylesheet"' not in reply.text
    for name in re.findall(r"url\(\"?([^\")]+)\"?\)", styles[0]):
        assert "immutable" in client.get(name).headers["Cache-Control"], name


def test_a_style_sheet_without_comments_and_indents_says_the_same():
    sheet = """/* why */
a,
b > c {
  margin: calc(1px + 2px) auto;
  content: attr(x) / "";
}

@media (a) and (b) {
  d:not(.e) f {
    x: y;
  }
}
"""
    first = 'a,b > c{margin: calc(1px + 2px) auto;content: attr(x) / ""}'
    assert assets._tight(sheet) == first + "@media (a) and (b){d:not(.e) f{x: y}}"

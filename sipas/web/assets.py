"""Style sheets, scripts and fonts: read once at the start, named by their content, packed once, kept by browsers.

A name never means two contents, so a browser keeps a file for a year without asking again.

`static_url("js/seal.js")` is `/static/js/seal.5d41402abc.js`. Where a file names another one, that name carries the
content of the other as well, so one changed letter changes every name above it and a browser never mixes two versions.
A plain name is served too, and asked for anew each time.

The visitor's pages hold their style sheet themselves (`style`), for a slow line costs a whole way there and back for a
second file; `style_hash` is what the reply's policy says of it. The page stays the same for everybody.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from sipas.web.links import address

HERE = Path(__file__).resolve().parents[1] / "static"
KINDS = (".css", ".js", ".woff2", ".svg", ".mp3", ".json")
# What lies in many files by subject is sent as one: each more would cost a phone another way there and back.
SHEETS = {
    "site.css": ("css/tokens.css", "css/fonts.css", "css/base.css", "css/pages.css"),
    "kiosk.css": (
        "css/tokens.css",
        "css/fonts.css",
        *(
            f"css/kiosk/{name}.css"
            for name in ("frame", "ways", "start", "asking", "options", "faces", "writing", "code")
        ),
        *(f"css/kiosk/{name}.css" for name in ("missing", "waiting", "ends", "looks")),
    ),
}
FOR_EVER, EACH_TIME = "public, max-age=31536000, immutable", "no-cache"
# `url(name)` of a style sheet, `from "name"` and `import("name")` of a script.
_NAMES = {
    ".css": re.compile(r"""(?P<before>url\(["']?)(?P<name>\.{0,2}[\w./-]+\.\w+)(?P<after>["']?\))"""),
    ".js": re.compile(r"""(?P<before>\b(?:from|import)\s*\(?\s*["'])(?P<name>\.{1,2}/[\w./-]+)(?P<after>["'])"""),
}
# Comments and indents are for those who read the sources.
_SPARE = re.compile(r"/\*.*?\*/|(?<=[{};,])\s+|\s+(?=[{}])|;\s*(?=\})", re.DOTALL)
_WORTH_PACKING = (".css", ".js", ".svg", ".json")
_PACKED_REPLIES = ("text/html", "application/json", "text/css")


@dataclass(frozen=True)
class Asset:
    """A file as it is sent: under which name, and packed where that makes it shorter."""

    name: str
    body: bytes
    digest: str
    needs: tuple[str, ...]  # scripts that it brings in at once, and theirs

    @property
    def path(self) -> str:
        """The name with the content in it: `js/kiosk.5d41402abc.js`."""
        stem, dot, kind = self.name.rpartition(".")
        return f"{stem}.{self.digest}{dot}{kind}"

    @property
    def packed(self) -> bytes | None:
        """The file as gzip; fonts are packed already."""
        return _packed(self.body) if self.name.endswith(_WORTH_PACKING) else None


@lru_cache(maxsize=256)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, 9, mtime=0)


@lru_cache(maxsize=1)  # the program's own files, for the life of the process, as all that is remembered here
def assets() -> dict[str, Asset]:
    """Every file by its plain name."""
    made: dict[str, Asset] = {}
    names = [path.relative_to(HERE).as_posix() for path in sorted(HERE.rglob("*")) if path.suffix in KINDS]
    for name in (*names, *SHEETS):
        _make(name, made)
    return made


def _make(name: str, made: dict[str, Asset]) -> Asset:
    if name in made:
        return made[name]
    kind = posixpath.splitext(name)[1]
    needs: list[str] = []
    if name in SHEETS:
        body = _tight("\n".join(_renamed(part, name, made, needs) for part in SHEETS[name])).encode()
    elif kind in _NAMES:
        body = _renamed(name, name, made, needs).encode()
    else:
        body = (HERE / name).read_bytes()
    scripts = tuple(dict.fromkeys(one for one in needs if one.endswith(".js")))
    made[name] = Asset(name, body, hashlib.sha256(body).hexdigest()[:10], scripts)
    return made[name]


def _tight(sheet: str) -> str:
    """A style sheet without what only its readers need."""
    return _SPARE.sub("", _SPARE.sub("", sheet)).strip()


def _renamed(part: str, sent_as: str, made: dict[str, Asset], needs: list[str]) -> str:
    """The text of a file with the names in it replaced by those that carry the content."""

    def renamed(found: re.Match[str]) -> str:
        other = _make(posixpath.normpath(posixpath.join(posixpath.dirname(part), found["name"])), made)
        if "(" not in found["before"]:  # what is fetched later, if ever, is not asked for at once
            needs.extend((other.name, *other.needs))
        there = posixpath.relpath(other.path, posixpath.dirname(sent_as) or ".")
        return found["before"] + (there if there.startswith(".") else f"./{there}") + found["after"]

    return _NAMES[posixpath.splitext(part)[1]].sub(renamed, (HERE / part).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def by_path() -> dict[str, Asset]:
    """Every file by the name that carries its content."""
    return {asset.path: asset for asset in assets().values()}


def static_url(name: str) -> str:
    """The address of a file, for templates: it changes when, and only when, the content does."""
    return address("static", filename=assets()[name].path)


def modules(name: str) -> Iterator[str]:
    """The addresses of all scripts that a script brings in, so that a page can ask for them at once."""
    return (static_url(one) for one in assets()[name].needs)


@lru_cache(maxsize=8)
def _within(name: str, root: str) -> str:
    return re.sub(r'url\("\./', f'url("{root}', assets()[name].body.decode())


def style(name: str) -> Markup:
    """A style sheet to stand in the page itself."""
    return Markup(_within(name, address("static", filename="")))  # noqa: S704  (our own file)


def style_hash(name: str) -> str:
    """What a policy says of that sheet, so that it may stand in the page and nothing else may."""
    return text_hash(style(name))


@lru_cache(maxsize=64)
def text_hash(text: str) -> str:
    """The same of any sheet that stands in a page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def install(app: Flask) -> None:
    """Templates get `static_url`, `modules` and `style`; `/static/` answers."""
    assets()
    app.jinja_env.globals.update(static_url=static_url, modules=modules, style=style)
    app.add_url_rule("/static/<path:filename>", "static", serve)


def serve(filename: str) -> AnyResponse:
    """A file by either name."""
    asset = by_path().get(filename)
    kept = FOR_EVER if asset else EACH_TIME
    asset = asset or assets().get(filename) or abort(404)
    packed = asset.packed if "gzip" in request.accept_encodings else None
    response = Response(packed or asset.body, mimetype=_mimetype(asset.name))
    response.headers["Cache-Control"] = kept
    response.set_etag(asset.digest + ("-gzip" if packed else ""))
    if asset.packed:
        response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response.make_conditional(request)


def _mimetype(name: str) -> str:
    if name.endswith(".woff2"):
        return "font/woff2"
    return "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"


def pack(response: Response) -> Response:
    """Packs a page that is the same for everybody, and keeps it packed. Nothing that somebody sent comes by here: it
    would stay in memory, and beside a secret the length of what is packed could tell of it."""
    if (
        request.method == "GET"
        and response.status_code == 200
        and response.mimetype in _PACKED_REPLIES
        and not response.direct_passthrough
        and "Content-Encoding" not in response.headers
        and "gzip" in request.accept_encodings
        and len(response.get_data()) > 860  # below that one packet carries it anyway
    ):
        response.set_data(_packed(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
    return response

"""Downloads of a release: what its list of digests names, and nothing else; the digest is the file's ETag."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import request, send_file
from werkzeug.wrappers import Response as AnyResponse

from sipas.errors import N_, NotReady, UnknownCode
from sipas.publishing import published
from sipas.results.blueprint import results
from sipas.web.installation import installation

LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\\\s][^/\\]*)")


@dataclass(frozen=True)
class Offered:
    """A file of a release that anyone may have."""

    name: str
    size: int
    digest: str

    @property
    def kind(self) -> str:
        return self.name.rpartition(".")[2].upper() if "." in self.name else ""


def release_files(home: Path, release: str) -> tuple[Offered, ...]:
    """The files of a published release in the order of its list, the list itself last; raises UnknownCode."""
    folder = published.published_release(home, release).folder
    return _offered(folder, published.stamp(folder))


@results.get("/<release>/files/<name>")
def file(release: str, name: str) -> AnyResponse:
    """One file as it was published. It is saved, never shown, so that a page among them runs nothing here."""
    ours = installation()
    for one in release_files(ours.home, release):
        if one.name == name:
            path = ours.paths.release(release) / name
            _check(path, one.digest, path.stat().st_mtime_ns)
            response = send_file(path, as_attachment=True, download_name=name, etag=one.digest, max_age=60)
            return response.make_conditional(request)
    raise UnknownCode(N_("Release {release} has no file “{name}”."), release=release, name=name)


@lru_cache(
    maxsize=32
)  # `_stamp` changes when list, table or manifest are written; each file is checked when it is given
def _offered(folder: Path, _stamp: object) -> tuple[Offered, ...]:
    text = (folder / published.SUMS).read_text(encoding="utf-8")
    named = [match.groups() for line in text.splitlines() if (match := LINE.fullmatch(line))]
    named.append((hashlib.sha256(text.encode()).hexdigest(), published.SUMS))
    return tuple(Offered(name, (folder / name).stat().st_size, digest) for digest, name in named)


@lru_cache(maxsize=256)  # looked at again once the file's time changes; a refusal is not remembered
def _check(path: Path, digest: str, _changed: int) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise NotReady(N_("The file “{name}” is not the one that was published, and is not given out."), name=path.name)

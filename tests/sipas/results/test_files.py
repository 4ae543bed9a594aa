"""Downloads: what the list of digests names, unchanged, and nothing else."""

from __future__ import annotations

import hashlib

import pytest

from tests.make_release import a_release


@pytest.fixture
def folder(settings):
    """A published release."""
    return a_release(settings.home)


@pytest.mark.parametrize("name", ["estimates.csv", "estimates.json", "release.json", "index.html", "SHA256SUMS"])
def test_a_file_is_given_out_as_published_and_its_etag_is_its_digest(client, folder, name):
    reply = client.get(f"/results/2026-1-r1/files/{name}")
    content = (folder / name).read_bytes()
    assert reply.data == content
    assert reply.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert reply.headers["Content-Disposition"] == f"attachment; filename={name}"
    again = client.get(f"/results/2026-1-r1/files/{name}", headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status_code == 304


def test_only_listed_files_are_given_out(client, folder, settings):
    (folder / "notes.txt").write_text("not listed")
    for name in ("notes.txt", "..%2F..%2Fsipas.sqlite", "%2Fetc%2Fpasswd", "SHA256SUMS%00", "."):
        assert client.get(f"/results/2026-1-r1/files/{name}").status_code == 404


def test_a_line_that_leads_out_of_the_folder_is_not_a_file(client, folder, settings):
    outside = settings.home / "sipas.sqlite"
    digest = hashlib.sha256(outside.read_bytes()).hexdigest()
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{digest}  ../../sipas.sqlite\n")
    assert client.get("/results/2026-1-r1/files/..%2F..%2Fsipas.sqlite").status_code == 404
    assert "sipas.sqlite" not in client.get("/results/2026-1-r1/method").text


@pytest.mark.parametrize(
    ("name", "told"),
    [("release.json", "is not as published"), ("estimates.csv", "is not the one that was published")],
)
def test_a_file_that_was_altered_on_the_disk_is_not_given_out(client, folder, name, told):
    (folder / name).write_text((folder / name).read_text(encoding="utf-8") + " ", encoding="utf-8")
    reply = client.get(f"/results/2026-1-r1/files/{name}?lang=en")
    assert reply.status_code == 503
    assert told in reply.text


def test_every_digest_is_printed_beside_its_file(client, folder):
    html = client.get("/results/2026-1-r1/method").text
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert digest in html
        assert f"/files/{name}" in html

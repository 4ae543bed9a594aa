"""What lies on the shelf: releases as they were published, in their order, and strangers by name."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from sipas.errors import UnknownCode, WaveState
from sipas.publishing import review
from sipas.publishing.bundle import ChangedFiles, bundle_digest, check_files, finish, move, sync
from sipas.publishing.published import (
    Unreadable,
    newest,
    open_folder,
    published_release,
    published_releases,
    series_of,
    stamp,
    strangers,
)
from tests.make_release import a_release


def test_the_newest_comes_first_by_its_day_and_then_by_its_number(tmp_path):
    for code, day in (("w-r9", "2026-07-01"), ("w-r10", "2026-07-01"), ("w-r2", "2026-07-02"), ("v-r1", "2026-01-01")):
        a_release(tmp_path, code, published_on=day)
    assert [one.code for one in published_releases(tmp_path)] == ["w-r2", "w-r10", "w-r9", "v-r1"]
    assert strangers(tmp_path) == []
    assert published_releases(tmp_path / "nowhere") == []


def test_a_trial_never_stands_for_the_province(tmp_path):
    wave = {"code": "t", "title": "T", "opens_on": "2026-01-01", "closes_on": "2026-01-31", "simulated": False}
    a_release(tmp_path, "t-r1", published_on="2026-09-01", wave={**wave, "series": "trial"})
    a_release(tmp_path, "m-r1", published_on="2026-08-01", wave={**wave, "code": "m"})
    found = published_releases(tmp_path)
    assert [(one.code, one.series, one.simulated) for one in found] == [
        ("t-r1", "trial", False),
        ("m-r1", "main", False),
    ]
    assert newest(tmp_path).code == "m-r1"
    shutil.rmtree(tmp_path / "releases" / "m-r1")
    assert newest(tmp_path) is None
    assert series_of({"wave": {}}) == "main"


def test_what_is_no_release_as_it_was_published_is_a_stranger_with_its_reason(tmp_path):
    a_release(tmp_path, "w-r1")
    shelf = tmp_path / "releases"
    shutil.copytree(shelf / "w-r1", shelf / "w-r2")
    (shelf / "empty").mkdir()
    (shelf / "a file").write_text("x")
    for name, change in (
        ("w-r3", lambda one: one.update(release="w-r3", published_on="gestern")),
        ("w-r4", lambda one: one.update(release="w-r4")),
        ("w-r5", lambda one: one.pop("wave")),
    ):
        shutil.copytree(shelf / "w-r1", shelf / name)
        manifest = json.loads((shelf / name / "release.json").read_text(encoding="utf-8"))
        change(manifest)
        (shelf / name / "release.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert [one.code for one in published_releases(tmp_path)] == ["w-r1"]
    said = dict(strangers(tmp_path))
    assert set(said) == {"w-r2", "w-r3", "w-r4", "w-r5", "empty"}
    assert isinstance(said["empty"], UnknownCode)
    assert all(isinstance(said[name], Unreadable) for name in said if name != "empty")
    words = {name: problem.args[0] for name, problem in said.items()}
    assert "is a copy of release" in words["w-r2"]
    assert "was never published" in words["w-r3"]
    assert "is not as published" in words["w-r4"]
    assert "cannot be read" in words["w-r5"]


@pytest.mark.parametrize("code", ["../w-r1", "w-r1/", "", "w r1", ".", "x" * 101, "w-r9"])
def test_an_address_that_is_no_code_of_a_release_leads_nowhere(tmp_path, code):
    a_release(tmp_path, "w-r1")
    with pytest.raises(UnknownCode):
        published_release(tmp_path, code)
    assert published_release(tmp_path, "w-r1").code == "w-r1"


def test_a_file_that_is_written_again_is_read_again(tmp_path):
    folder = a_release(tmp_path, "w-r1")
    before = stamp(folder)
    assert published_release(tmp_path, "w-r1") is published_release(tmp_path, "w-r1")
    table = folder / "estimates.json"
    table.write_text(table.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert stamp(folder) != before
    with pytest.raises(Unreadable):
        published_release(tmp_path, "w-r1")
    table.unlink()
    assert stamp(folder)[1] is None
    with pytest.raises(Unreadable):
        open_folder(folder)


@pytest.fixture
def draft(tmp_path):
    """A folder with a table, its pages and sums."""
    made = a_release(tmp_path, "w-r1", shelf="drafts")
    manifest = json.loads((made / "release.json").read_text(encoding="utf-8"))
    finish(made, manifest)
    return made


def test_a_finished_draft_has_both_pages_and_the_sums_of_all_its_files(draft):
    names = {path.name for path in draft.iterdir()}
    assert {"release.json", "estimates.json", "index.html", "index.en.html", "SHA256SUMS"} <= names
    sums = dict(line.split("  ")[::-1] for line in (draft / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    assert set(sums) == names - {"SHA256SUMS"}
    check_files(draft, bundle_digest(draft))
    assert '<html lang="vi"' in (draft / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en"' in (draft / "index.en.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["release.json", "estimates.json", "index.html", "index.en.html"])
def test_a_changed_missing_or_added_file_of_a_draft_is_named(draft, name):
    digest = bundle_digest(draft)
    whole = (draft / name).read_bytes()
    (draft / name).write_bytes(whole + b" ")
    with pytest.raises(ChangedFiles, match="was changed"):
        check_files(draft, digest)
    (draft / name).unlink()
    with pytest.raises(ChangedFiles, match="was changed"):
        check_files(draft, digest)
    (draft / name).write_bytes(whole)
    check_files(draft, digest)
    (draft / "more.txt").write_text("x")
    with pytest.raises(ChangedFiles, match="was added"):
        check_files(draft, digest)
    (draft / "more.txt").unlink()
    with pytest.raises(ChangedFiles, match="was changed"):
        check_files(draft, "0" * 64)
    (draft / "SHA256SUMS").unlink()
    with pytest.raises(ChangedFiles, match="was changed"):
        check_files(draft, digest)


def test_a_folder_that_was_copied_without_its_list_of_digests_was_never_published(tmp_path):
    folder = tmp_path / "releases" / "w-r1"
    folder.mkdir(parents=True)
    about = {"release": "w-r1", "published_on": "2026-07-01", "wave": {"code": "w", "title": "W", "simulated": False}}
    (folder / "release.json").write_text(json.dumps(about), encoding="utf-8")
    ((name, problem),) = strangers(tmp_path)
    assert (name, str(problem)) == ("w-r1", "The release in w-r1 was never published.")


def test_only_a_release_of_the_same_wave_overtakes_a_draft(tmp_path):
    for wave in ("v", "w"):
        a_release(tmp_path, f"{wave}-r1", wave={"code": wave, "title": wave.upper(), "simulated": False})
    review._refuse_overtaken(tmp_path, "w", "w-r2", {"earlier": ["w-r1"]})
    with pytest.raises(WaveState, match="Release w-r1 was published after the draft w-r2 was built"):
        review._refuse_overtaken(tmp_path, "w", "w-r2", {})


def test_the_disk_is_asked_for_every_file_of_a_draft_before_its_folder(draft, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: asked.append(os.fstat(number).st_ino))
    sync(draft)
    *files, folder = asked
    assert sorted(files) == sorted(path.stat().st_ino for path in draft.iterdir())
    assert folder == draft.stat().st_ino


def test_a_draft_gets_its_name_once_and_never_that_of_another(draft, tmp_path):
    sync(draft)
    target = tmp_path / "shelf" / "w-r1"
    move(draft, target)
    assert (target / "SHA256SUMS").is_file()
    assert not draft.exists()
    other = a_release(tmp_path, "w-r2", shelf="drafts")
    with pytest.raises(OSError, match=r"not empty|exists"):
        move(other, target)

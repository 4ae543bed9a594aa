"""A snapshot's digest is computed from what lies in the file, and an altered one does not pass."""

import hashlib
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import Codebook, read_snapshot, write_snapshot
from analysis.data.snapshot import content_digest, holds_all_of, verified
from analysis.errors import AlteredSnapshot, NotASnapshot
from tests import november_files

CODEBOOK = Codebook.plain(["q01", "q02"], title="Wave of May")


def answers(**changed) -> pa.Table:
    columns = {"unit": ["a", "a", "b", None], "q01": [5, 4, 1, None], "q02": [3, -1, 2, 5]} | changed
    return pa.table(columns)


@pytest.fixture
def snapshot(tmp_path):
    return write_snapshot(tmp_path / "may.parquet", answers(), CODEBOOK)


def rewritten(snapshot, table: pa.Table | None = None, codebook: bytes | None = None, **how):
    """The file with other rows or another codebook, and all that it says of itself as before."""
    metadata = dict(pq.read_metadata(snapshot.path).metadata)
    metadata = {name: metadata[name] for name in (b"codebook", b"digest", b"digest-version") if name in metadata}
    if codebook is not None:
        metadata[b"codebook"] = codebook
    table = snapshot.table() if table is None else table
    pq.write_table(table.replace_schema_metadata(metadata), snapshot.path, **how)
    return read_snapshot(snapshot.path)


def test_a_snapshot_as_it_was_written_is_verified(snapshot):
    assert content_digest(snapshot.path) == snapshot.digest
    assert verified(snapshot) is snapshot


def test_the_rows_are_on_the_disk_before_the_file_has_its_name(tmp_path, monkeypatch):
    calls, rename = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda _file: calls.append("rows"))
    monkeypatch.setattr(os, "replace", lambda one, other: (calls.append("name"), rename(one, other)))
    write_snapshot(tmp_path / "may.parquet", answers(), CODEBOOK)
    assert calls == ["rows", "name"]


def test_rows_are_found_among_those_of_the_file_as_often_as_they_are_there(snapshot):
    whole = answers()
    assert holds_all_of(snapshot, whole)
    assert holds_all_of(snapshot, whole.take([3, 0]))
    assert holds_all_of(snapshot, whole.slice(0, 0))
    assert not holds_all_of(snapshot, whole.take([0, 0]))
    assert not holds_all_of(snapshot, answers(q01=[5, 4, 2, None]))
    assert not holds_all_of(snapshot, answers(q01=[5, 4, None, None]))
    assert not holds_all_of(snapshot, answers(unit=["a", "a", "c", None]))
    assert holds_all_of(snapshot, answers(unit=["x", "x", "x", "x"]), but=("unit",))
    assert not holds_all_of(snapshot, whole.drop_columns("q02"))


def test_a_changed_answer_under_the_old_digest_is_refused_with_both_digests(snapshot):
    table = snapshot.table()
    forged = rewritten(snapshot, table.set_column(1, "q01", pa.array([5, 5, 5, None], pa.int8())))
    assert forged.digest == snapshot.digest
    with pytest.raises(AlteredSnapshot, match=rf"may\.parquet was changed: .* should have {snapshot.digest[:16]}"):
        verified(forged)


@pytest.mark.parametrize(
    "change",
    [
        {"unit": ["a", "b", "a", None]},
        {"unit": ["a", "a", "b", ""]},
        {"unit": ["a", "a", "b", "None"]},
        {"q01": [5, 4, None, 1]},
        {"q02": [-1, 3, 2, 5]},
        {"other": [1, 1, 1, 1]},
    ],
)
def test_any_other_content_has_another_digest(snapshot, tmp_path, change):
    other = write_snapshot(tmp_path / "other.parquet", answers(**change), CODEBOOK)
    assert content_digest(other.path) != content_digest(snapshot.path)


def test_a_changed_codebook_under_the_old_digest_is_refused(snapshot):
    forged = rewritten(snapshot, codebook=Codebook.plain(["q01", "q02"], satisfied=(5,)).to_json().encode())
    with pytest.raises(AlteredSnapshot):
        verified(forged)


def test_compression_and_row_groups_do_not_matter(snapshot):
    packed = rewritten(snapshot, compression="gzip", row_group_size=1, use_dictionary=False)
    assert verified(packed)


def test_the_digest_is_over_the_codebook_as_it_is_stored_whatever_would_be_written_today(snapshot, monkeypatch):
    monkeypatch.setattr(Codebook, "to_json", lambda codebook: "{}")
    assert verified(read_snapshot(snapshot.path))


def test_a_digest_of_a_version_to_come_is_named(snapshot):
    metadata = {b"codebook": CODEBOOK.to_json().encode(), b"digest": b"5", b"digest-version": b"9"}
    pq.write_table(snapshot.table().replace_schema_metadata(metadata), snapshot.path)
    with pytest.raises(NotASnapshot, match="digest of version 9, which this program does not know"):
        content_digest(snapshot.path)


def test_a_file_that_is_cut_short_is_refused_in_words(tmp_path):
    whole = (november_files.FOLDER / "2026-1.parquet").read_bytes()
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(whole[:1000] + bytes(2000) + whole[3000:])  # its end, with all that it says of itself, is whole
    with pytest.raises(NotASnapshot, match=r"torn\.parquet cannot be read as a Parquet file"):
        content_digest(torn)


def test_snapshots_of_november_2026_verify(tmp_path):
    home = november_files.unpacked("home", tmp_path)
    for path, digest in (
        (november_files.FOLDER / "2026-1.parquet", "929aa68656c21bdadd9ece7a2ab9fcb8d688e0198a89b078e3aee6b6b615fe7a"),
        (home / "snapshots" / "w1.parquet", "18bd72d221e03b59df5072925c29e62ff469c5d3f75d93769dfdfa10879b9b5f"),
    ):
        assert content_digest(path) == digest
        assert verified(read_snapshot(path), digest)


def test_cells_of_november_2026_are_read_and_written_the_same(tmp_path):
    from analysis.tabulation.cells_io import cells_of, table_of

    stored = pq.read_table(november_files.FOLDER / "cells.parquet")
    cells = cells_of(stored, "cells.parquet")
    assert cells.size == 400
    assert table_of(cells).equals(stored)
    assert stored.schema.metadata[b"codebook"] == cells.codebook.to_json().encode()


def test_a_release_of_november_2026_is_the_one_that_was_published(tmp_path):
    folder = november_files.unpacked("2026-1-r1", tmp_path)
    sums = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert len(sums) == 5
    for line in sums:
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest

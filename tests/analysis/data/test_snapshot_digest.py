"""The digest of a data set, computed once more by its definition and kept literally: it must never change."""

import hashlib
from itertools import pairwise

import pyarrow as pa
import pytest

from analysis import Codebook, write_snapshot
from analysis.data.snapshot_digest import digest_of_rows
from analysis.errors import BadData

TABLE = pa.table({"unit": ["b", "a", None, "b"], "q": pa.array([5, None, 1, 5], pa.int8())})
BOOK = b"the codebook"


def digest(table, version, cuts=(0, 4)):
    parts = [table.slice(start, end - start) for start, end in pairwise(cuts)]
    return digest_of_rows(lambda: [batch for part in parts for batch in part.to_batches()], table.schema, BOOK, version)


def framed(part):
    return len(part).to_bytes(8, "big") + part


def numbers(*places):
    return b"".join(place.to_bytes(4, "little", signed=True) for place in places)


def test_version_2_numbers_the_values_of_each_column_as_they_first_appear():
    whole = framed(b"sipas-snapshot 2") + framed(BOOK) + (4).to_bytes(8, "big")
    for name, kind, places, labels in (
        (b"q", b"int8", numbers(0, -1, 1, 0), (b"5", b"1")),
        (b"unit", b"string", numbers(0, 1, -1, 0), (b"b", b"a")),
    ):
        column = hashlib.sha256(places + b"".join(map(framed, labels))).digest()
        whole += framed(name) + framed(kind) + column
    assert digest(TABLE, "2") == hashlib.sha256(whole).hexdigest()
    assert digest(TABLE, "2") == "1535b3a28419084f62c1d9194c4916f5a40696f38bb0518733c5eb59c4dff3db"


def test_version_1_sorts_the_digests_of_the_rows():
    whole = hashlib.sha256(BOOK)
    whole.update(repr(("q", ["1", "5"])).encode())
    whole.update(repr(("unit", ["a", "b"])).encode())
    rows = [numbers(1, 1), numbers(-1, 0), numbers(0, -1), numbers(1, 1)]
    for one in sorted(hashlib.sha256(row).digest() for row in rows):
        whole.update(one)
    assert digest(TABLE, "1") == whole.hexdigest()
    assert digest(TABLE, "1") == "b97a02ae924a88c7698f70b7f10b598b6eb8a9f6f120c9505609ce59768d071a"


@pytest.mark.parametrize("version", ["1", "2"])
def test_batches_do_not_matter_and_in_version_1_neither_does_the_order_of_rows(version):
    assert digest(TABLE, version, (0, 1, 3, 4)) == digest(TABLE, version)
    turned = TABLE.take([3, 2, 1, 0])
    assert (digest(turned, version) == digest(TABLE, version)) is (version == "1")


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_text_is_the_same_whether_the_file_keeps_a_dictionary_or_not(version):
    coded = TABLE.set_column(0, "unit", TABLE["unit"].dictionary_encode())
    assert digest(coded, version) == digest(TABLE, version)


def test_without_rows_the_columns_still_count():
    empty, other = TABLE.slice(0, 0), TABLE.slice(0, 0).rename_columns(["office", "q"])
    for version in ("1", "2"):
        assert digest(empty, version, (0, 0)) != digest(other, version, (0, 0))


CODEBOOK = Codebook.plain(["q"])


@pytest.mark.parametrize("values", [[1, 5, -1, None], [None, None], [3]])
def test_levels_not_applicable_and_empty_are_written(tmp_path, values):
    snapshot = write_snapshot(tmp_path / "x.parquet", pa.table({"q": pa.array(values, pa.int64())}), CODEBOOK)
    assert snapshot.table()["q"].to_pylist() == values
    assert snapshot.table()["q"].type == pa.int8()
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize("values", [[1, 0], [1, 6], [-2, 5]])
def test_other_numbers_are_refused_and_nothing_is_written(tmp_path, values):
    with pytest.raises(BadData, match="column q holds values from"):
        write_snapshot(tmp_path / "x.parquet", pa.table({"q": values}), CODEBOOK)
    assert not list(tmp_path.iterdir())


def test_texts_fractions_and_a_missing_column_are_refused_by_name(tmp_path):
    for wrong, said in (
        ({"q": ["1"]}, "column q must hold whole numbers, and holds string"),
        ({"q": [1.0]}, "and holds double"),
        ({"r": [1]}, "column q is missing"),
    ):
        with pytest.raises(BadData, match=said):
            write_snapshot(tmp_path / "x.parquet", pa.table(wrong), CODEBOOK)

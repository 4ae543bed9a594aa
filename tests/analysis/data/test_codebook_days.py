"""A codebook as text and back: the days of the wave, and older codebooks that do not name them."""

import datetime as dt
import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import Codebook, read_snapshot, write_snapshot
from analysis.errors import BadCodebook, NotASnapshot
from tests import november_files

PLAIN = Codebook.plain(["q01"], title="Wave of May")
DATED = replace(PLAIN, opens_on=dt.date(2026, 5, 4), closes_on=dt.date(2026, 6, 30))


def test_the_days_of_the_wave_are_dates_in_the_file_and_come_back_as_dates(tmp_path):
    stored = json.loads(DATED.to_json())
    assert (stored["opens_on"], stored["closes_on"]) == ("2026-05-04", "2026-06-30")
    write_snapshot(tmp_path / "may.parquet", pa.table({"q01": [5, 4]}), DATED)
    assert read_snapshot(tmp_path / "may.parquet").codebook == DATED


def test_a_codebook_that_names_no_days_is_written_as_before():
    assert not {"opens_on", "closes_on"} & set(json.loads(PLAIN.to_json()))
    old = json.loads(PLAIN.to_json())
    assert Codebook.from_json(json.dumps(old)) == PLAIN


def test_a_wave_cannot_close_before_it_opens():
    with pytest.raises(BadCodebook, match="2026-05-03"):
        replace(DATED, closes_on=dt.date(2026, 5, 3))
    assert replace(DATED, closes_on=dt.date(2026, 5, 4)).closes_on == dt.date(2026, 5, 4)


def test_a_day_that_is_none_makes_the_codebook_unreadable_and_is_said(tmp_path):
    made = write_snapshot(tmp_path / "may.parquet", pa.table({"q01": [5, 4]}), DATED)
    metadata = {b"codebook": DATED.to_json().replace("2026-05-04", "2026-05-32").encode()}
    pq.write_table(made.table().replace_schema_metadata(metadata), made.path)
    with pytest.raises(NotASnapshot, match=r"the codebook in .*may\.parquet cannot be read"):
        read_snapshot(made.path)


def test_a_snapshot_of_november_2026_names_its_days_to_people_alone_and_is_written_the_same():
    path = november_files.FOLDER / "2026-1.parquet"
    codebook = read_snapshot(path).codebook
    assert (codebook.opens_on, codebook.closes_on) == (None, None)
    assert codebook.notes == "2026-01-01 – 2026-06-30"
    assert codebook.to_json().encode() == pq.read_metadata(path).metadata[b"codebook"]

"""The months of a frame that count are those in which the wave asked, as the codebook's dates say."""

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from analysis import Codebook, tabulate
from analysis.data.codebook import CodebookItem
from sipas.estimating.frame import dossiers_of
from tests import november_files
from tests.make import a_csv
from tests.sipas.estimating.calls import rows_of

BOOK = Codebook(items=(CodebookItem("q"),), columns={"psu": ("psu",)})
ROWS = {"psu": ["a", "b"], "unit": ["03646"] * 2, "field": ["dat-dai"] * 2, "month": ["2026-04"] * 2, "q": [5, 4]}
FRAME = "unit,field,month,dossiers\n" + "".join(f"03646,dat-dai,2026-0{month},{month}00\n" for month in (2, 3, 4, 5))


@pytest.mark.parametrize(
    ("changed", "months"),
    [
        ({"opens_on": dt.date(2026, 3, 30), "closes_on": dt.date(2026, 5, 2)}, {"2026-03", "2026-04", "2026-05"}),
        ({"notes": "2026-03-30 – 2026-04-20"}, {"2026-03", "2026-04"}),  # as it was frozen in November 2026
        ({"notes": "2026-03-30 – 2026-04-20; 3 unfinished forms left out"}, {"2026-04"}),  # then: those of the answers
        (
            {"opens_on": dt.date(2026, 5, 1), "closes_on": dt.date(2026, 5, 2), "notes": "2026-03-30 – 2026-04-20"},
            {"2026-05"},
        ),
    ],
)
def test_months_are_those_of_the_dates_and_only_without_them_those_of_the_note(tmp_path, changed, months):
    cells = tabulate(pa.table(ROWS), ["unit"], codebook=replace(BOOK, **changed), keep=["field", "month"])
    assert {key[2] for key in dossiers_of(cells, a_csv(tmp_path, FRAME))[0]} == months


def test_a_snapshot_of_november_2026_gives_the_digits_that_it_gave(tmp_path):
    """Also beside a frame that goes on after the wave: its last month counts for nothing."""
    dossiers = pq.read_table(november_files.FOLDER / "dossiers.parquet")
    later = dossiers.filter(pc.equal(dossiers["month"], "2026-06"))
    later = later.set_column(2, "month", pa.array(["2026-07"] * later.num_rows))
    frame = tmp_path / "dossiers.csv"
    csv.write_csv(pa.concat_tables([dossiers, later]), frame)
    snapshot = november_files.FOLDER / "2026-1.parquet"
    rows = rows_of("estimate", snapshot, "--frame", frame, "--interval", "wilson_shared")
    (row,) = (row for row in rows if (row["of"], row["domain"]) == ("overall", {}))
    assert (row["n"], row["df"]) == (59928, 2235)
    digits = [row[name] for name in ("estimate", "se", "low", "high")]
    made_in_november = [0.8502507102580792, 0.00223330089598468, 0.8458184780878526, 0.8545774359540841]
    assert digits == pytest.approx(made_in_november, rel=1e-12)

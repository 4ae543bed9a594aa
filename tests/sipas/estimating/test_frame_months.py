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
from sipas.errors import SipasError
from sipas.estimating.frame import by_family, dossiers_of, dossiers_of_waves, weights_to_frame
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


QUARTERS = "unit,field,month,dossiers\n03646,dat-dai,2026-Q2,700\n03646,ho-tich,2026-04,30\n"


def test_beside_a_quarter_no_month_is_a_margin_and_a_note_says_so(tmp_path):
    rows = {"psu": list("abcd"), "unit": ["03646"] * 4, "field": ["dat-dai", "dat-dai", "ho-tich", "dat-dai"],
            "month": ["2026-04", "2026-06", "2026-04", "2026-05"], "q": [5, 4, 3, 1]}  # fmt: skip
    book = replace(BOOK, opens_on=dt.date(2026, 4, 1), closes_on=dt.date(2026, 6, 30))
    cells = tabulate(pa.table(rows), ["unit"], codebook=book, keep=["field", "month"])
    path = a_csv(tmp_path, QUARTERS)
    weights, told = weights_to_frame(cells, path)
    assert (weights.diagnostics["method"], weights.diagnostics["margins"]) == ("poststratify", [])
    assert float((weights.final * cells.rows).sum()) == pytest.approx(730)
    assert any("months are no margin" in str(note) for note in told)
    dossiers = dossiers_of(cells, path)[0]
    assert by_family(book, dossiers, ["field"]) == {"dat-dai": 700, "ho-tich": 30}
    assert by_family(book, dossiers, ["month"]) is None


def test_a_quarter_that_reaches_beyond_the_answers_is_refused(tmp_path):
    book = replace(BOOK, opens_on=dt.date(2026, 5, 1), closes_on=dt.date(2026, 6, 30))
    cells = tabulate(pa.table(ROWS), ["unit"], codebook=book, keep=["field", "month"])
    with pytest.raises(SipasError, match="quarters \\(2026-Q2\\) that reach beyond"):
        dossiers_of(cells, a_csv(tmp_path, QUARTERS))


def test_quarters_are_the_dossiers_of_the_waves_of_a_period(tmp_path):
    """Each wave takes its own quarter; one that lies outside all waves is told, and no month seems to be missing."""
    rows = {**ROWS, "month": ["2026-01", "2026-03"]}
    first, second = (
        tabulate(
            pa.table(rows if begins == 1 else ROWS),
            ["unit"],
            codebook=replace(BOOK, opens_on=dt.date(2026, begins, 1), closes_on=dt.date(2026, begins + 2, 28)),
            keep=["field", "month"],
        )
        for begins in (1, 4)
    )
    counts = {("03646", "dat-dai", f"2026-Q{number}"): 100 * number for number in (1, 2, 3)}
    found, told = dossiers_of_waves("f.csv", counts, {"a": first, "b": second})
    assert found == {
        "a": {("03646", "dat-dai", "2026-Q1"): 100.0},
        "b": {("03646", "dat-dai", "2026-Q2"): 200.0},
    }
    assert [str(note) for note in told] == [
        "f.csv: rows of months in which no wave of this period asked are left out: 1 (2026-Q3)"
    ]


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

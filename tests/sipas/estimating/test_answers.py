"""Answers are checked against their design before anything is counted: each bad cell is named, nothing is guessed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sipas.estimating.answers import answers_of, check_answers, may_stream
from sipas.estimating.columns import MissingColumns, require_columns
from sipas.estimating.design_file import read_design
from sipas.tables import BadTable, read_table

DESIGN = "weights: w\nstrata: s\npsu: p\nitems: [q]\nnot_applicable: 9\nmissing: [99, KTL]\n"


def test_levels_missing_and_not_applicable_are_told_apart(case):
    table, design = case("s,p,w,q\na,1,1,5\na,1,1,9\na,2,1,\na,2,1,99\na,2,1,KTL\na,3,1, 4.0 \na,3,1,03\n")
    assert answers_of(table, design, [])["q"].to_pylist() == [5, -1, None, None, None, 4, 3]


def test_named_levels_become_their_place(case):
    table, design = case(
        "q\nHài lòng\nBình thường\nKhông hài lòng\n-\n",
        "items: q\nlevels: [Không hài lòng, Bình thường, Hài lòng]\nsatisfied: Hài lòng\nmissing: '-'\n",
    )
    assert answers_of(table, design, [])["q"].to_pylist() == [3, 2, 1, None]


@pytest.mark.parametrize("value", ["6", "0", "-1", "4.5", "4,5", "năm", "5 5"])
def test_value_outside_the_scale_is_never_guessed(case, value):
    table, design = case(f's;p;w;q\na;1;1;"{value}"\na;2;1;4\n')
    with pytest.raises(BadTable) as refused:
        answers_of(table, design, [])
    assert f"answers.csv, line 2, column q: “{value}” is no level of the scale 1–5; correct it" in str(refused.value)


@pytest.mark.parametrize(
    ("weight", "complaint"),
    [
        ("-2.5", "column w: the weight -2.5 is below 0"),
        ("", "column w: the weight is empty"),
        ("NaN", "column w: “NaN” is not a number"),
        ("inf", "column w: “inf” is not a number"),
        ("x", "column w: “x” is not a number"),
    ],
)
def test_weight_that_is_none_is_refused(case, weight, complaint):
    table, design = case(f"s,p,w,q\na,1,1,5\na,2,{weight},4\n")
    with pytest.raises(BadTable) as refused:
        answers_of(table, design, [])
    assert f"answers.csv, line 3, {complaint}" in str(refused.value)


def test_empty_stratum_and_psu_are_refused_together(case):
    table, design = case("s,p,w,q\n,1,1,5\na,,1,7\n")
    with pytest.raises(BadTable) as refused:
        answers_of(table, design, [])
    told = str(refused.value)
    assert "line 2, column s: this cell is empty, and the design needs `strata` in every row" in told
    assert "line 3, column p: this cell is empty, and the design needs `psu`" in told
    assert "line 3, column q: “7” is no level" in told


def test_population_count_below_one_is_a_fraction(case):
    table, design = case("N,q\n0.2,5\n10,4\n", "items: q\nfpc: N\n")
    with pytest.raises(BadTable, match=r"line 2, column N: the population count 0\.2 is below 1"):
        answers_of(table, design, [])


def test_row_outside_the_known_totals_is_refused(case):
    table, design = case(
        "sex,age,q\nF,o,5\nM,y,4\n,o,3\n",
        "items: q\npoststratify:\n  by: [sex, age]\n  cells: [{sex: F, age: o, N: 5}, {sex: M, age: o, N: 6}]\n",
    )
    with pytest.raises(BadTable) as refused:
        answers_of(table, design, [])
    assert "line 3, column sex+age: “M + y” has no total in design.yaml, line 3" in str(refused.value)
    assert "line 4, column sex+age: “ + o” has no total" in str(refused.value)


def test_absent_columns_are_all_named_with_who_wants_them(case):
    table, design = case("S,p,q\na,1,5\n")
    with pytest.raises(MissingColumns) as refused:
        require_columns(table, design, [("unit", "p")])
    told = str(refused.value)
    assert "s (named under strata); did you mean S?" in told
    assert "w (named under weights)" in told
    assert "unit (named under --by)" in told
    assert "its columns are: S, p, q" in told


def test_parquet_of_whole_numbers_stays_on_disk(case, tmp_path):
    _, design = case("q\n1\n", "items: q\nnot_applicable: -1\nmissing: 99\n")
    pq.write_table(pa.table({"q": pa.array([5, -1, 99, None], pa.int8())}), tmp_path / "t.parquet")
    assert may_stream(read_table(tmp_path / "t.parquet"), design)
    _, worded = case("q\n1\n", "items: q\nmissing: KTL\n")
    assert not may_stream(read_table(tmp_path / "t.parquet"), worded)


def test_bad_level_in_a_streamed_file_is_named_by_row(case, tmp_path):
    _, design = case("q\n1\n", "items: q\n")
    pq.write_table(pa.table({"q": pa.array([5, 7], pa.int16())}), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    with pytest.raises(BadTable, match=r"t\.parquet, row 2, column q: “7” is no level"):
        check_answers(table, design)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([5.0, float("nan"), 4.0, None]),
        pa.array(["5", "", "4", None]),
        pa.array(["5", None, "4", None]).dictionary_encode(),
    ],
    ids=["floats with gaps", "text", "categories"],
)
def test_parquet_of_other_programs_is_understood(case, tmp_path, column):
    _, design = case("q\n1\n", "items: q\n")
    pq.write_table(pa.table({"q": column}), tmp_path / "t.parquet")
    answers = answers_of(read_table(tmp_path / "t.parquet"), design, [])
    assert answers["q"].to_pylist() == [5, None, 4, None]


def test_weights_and_counts_are_numbers_whatever_the_decimal_mark(case):
    table, design = case("s;p;w;N;q\na;1;12,5;100;5\na;2;0,25;100;4\n", DESIGN + "fpc: N\n")
    ready = answers_of(table, design, [("s",)])
    assert (ready["w"].to_pylist(), ready["N"].to_pylist()) == ([12.5, 0.25], [100.0, 100.0])
    assert ready["q"].type == pa.int8()
    assert not np.isnan(ready["w"].to_numpy()).any()


@pytest.fixture
def case(tmp_path):
    def make(answers, design=DESIGN):
        (tmp_path / "answers.csv").write_text(answers, "utf-8")
        (tmp_path / "design.yaml").write_text(design, "utf-8")
        return read_table(tmp_path / "answers.csv"), read_design(tmp_path / "design.yaml")

    return make

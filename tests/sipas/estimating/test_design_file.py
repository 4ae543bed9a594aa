"""DESIGN.yaml: every form it may take, and every mistake with its line."""

import pytest

from sipas.errors import BadFile
from sipas.estimating.design_file import read_design
from sipas.estimating.yaml_values import BadDesignFile

SMALLEST = "weights: w\nstrata: stratum\npsu: psu\nitems: [q01, q02]\nsatisfied: 4\n"


def test_smallest_design_says_what_the_issue_says(written):
    design = read_design(written(SMALLEST))
    assert (design.weights, design.strata, design.psu, design.items) == ("w", ("stratum",), ("psu",), ("q01", "q02"))
    assert (design.scale.span, design.scale.satisfied) == ("1–5", (4, 5))
    assert (design.factors, design.fpc, design.lonely) == ({}, (), "fail")


def test_everything_but_items_may_be_left_out(written):
    design = read_design(written("items: q01\nweights:\nstrata: null\n"))
    assert (design.items, design.weights, design.strata, design.psu) == (("q01",), None, (), ())
    assert design.scale.satisfied == (4, 5)


def test_items_may_map_factors_and_an_item_may_serve_two(written):
    design = read_design(written("items:\n  A: [q01, q02]\n  B: [q02, q03]\n"))
    assert design.items == ("q01", "q02", "q03")
    assert design.factors == {"A": ("q01", "q02"), "B": ("q02", "q03")}


@pytest.mark.parametrize(
    ("lines", "levels", "satisfied"),
    [
        ("satisfied: [4, 5]", 5, (4, 5)),
        ("satisfied: 3\nlevels: 3", 3, (3,)),
        ("levels: 3\nscoring: top1", 3, (3,)),
        ("levels: 7\nscoring: sipas-top2", 7, (6, 7)),
        ("scoring: top1", 5, (5,)),
        ("levels: [Không hài lòng, Bình thường, Hài lòng]\nsatisfied: Bình thường", 3, (2, 3)),
        ("levels: [Không hài lòng, Bình thường, Hài lòng]\nsatisfied: [Hài lòng]", 3, (3,)),
        ("levels: ['0', '1']\nsatisfied: 1", 2, (2,)),
        ("levels: [no, yes]\nsatisfied: yes", 2, (2,)),
    ],
)
def test_scale_may_be_counted_or_named(written, lines, levels, satisfied):
    scale = read_design(written("items: [q01]\n" + lines)).scale
    assert (len(scale.levels), scale.satisfied) == (levels, satisfied)


def test_codes_keep_their_zeros_and_text_is_composed(written):
    design = read_design(
        written("items: [q01]\nmissing: [09, '', KTL]\nrake: {unit: {03646: 10, Đo\u0323\u0302i: 5}}\n")
    )
    assert design.missing == ("09", "", "KTL")
    assert design.rake[0].cells == {("03646",): 10, ("Đội",): 5}


def test_two_stages_and_nested_ids(written):
    design = read_design(written("items: [q]\nstrata: [s, wave]\npsu: [psu, wave]\nfpc: [M_h, 82]\nlonely: center\n"))
    assert (design.strata, design.psu, design.fpc) == (("s", "wave"), ("psu", "wave"), ("M_h", 82.0))
    assert design.lonely == "centre"


CELLS = {("F", "18-34"): 1800.0, ("M", "18-34"): 1750.0}


@pytest.mark.parametrize(
    "totals",
    [
        "{by: [sex, age], cells: [{sex: F, age: 18-34, total: 1800}, {sex: M, age: 18-34, Freq: 1750}]}",
        "\n  by: [sex, age]\n  cells:\n    - {sex: F, age: 18-34, N: 1800}\n    - {sex: M, age: 18-34, N: 1750}",
        "{by: [sex, age], file: totals.csv}",
    ],
)
def test_poststrata_may_be_written_here_or_in_a_file(written, totals):
    (written.folder / "totals.csv").write_text("sex;age;Freq\nF;18-34;1800\nM;18-34;1750,0\n", "utf-8")
    design = read_design(written(f"items: [q]\npoststratify: {totals}\n"))
    assert design.poststratify.by == ("sex", "age")
    assert design.poststratify.cells == CELLS
    assert design.calibration_columns == ("sex", "age")


def test_one_column_needs_no_by(written):
    assert read_design(written("items: [q]\npoststratify: {unit: {a: 10, b: 20}}")).poststratify.cells == {
        ("a",): 10,
        ("b",): 20,
    }
    assert read_design(written("items: [q]\npoststratify: {by: unit, cells: {a: 10, b: 20}}")).poststratify.by == (
        "unit",
    )


def test_rake_takes_margins_of_one_or_several_columns(written):
    text = "items: [q]\nrake:\n  - sex: {F: 1800, M: 1750}\n  - {by: [sex, age], file: totals.csv}\n"
    (written.folder / "totals.csv").write_text("sex,age,N\nF,18-34,1800\nM,18-34,1750\n", "utf-8")
    design = read_design(written(text))
    assert [margin.by for margin in design.rake] == [("sex",), ("sex", "age")]
    assert design.rake[1].cells == CELLS


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("weights: w\n\titems: [q]\n", 2, "indented with a tab"),
        ("weights:\tw\nitems: [q]\n", 1, "tab"),
        ("items: [q\nlonely: fail\n", 2, "not YAML"),
        ("weight: w\nitems: [q]\n", 1, "no key weight; did you mean weights"),
        ("stratum: s\nitems: [q]\n", 1, "did you mean strata"),
        ("items: [q]\nxyz: 1\n", 2, "no key xyz; known are: weights"),
        ("items: [q]\nitems: [p]\n", 2, "items stands twice"),
        ("items: [q, q]\n", 1, "listed twice among the items: q"),
        ("items: {A: [q], B: }\n", 1, "factor B has no items"),
        ("items: {q: [q, p]}\n", 1, "names both a factor and an item"),
        ("items: {overall: [q]}\n", 1, "`overall` is the name of all items together"),
        ("items: []\n", 1, "no items are listed"),
        ("items: [q]\nsatisfied: 6\n", 2, "`satisfied` names 6, and the levels are 1–5"),
        ("items: [q]\nlevels: 2.5\n", 2, "whole number from 2 to 250"),
        ("items: [q]\nlevels: five\n", 2, "“five” is not a number"),
        ("items: [q]\nlevels: [a, a]\n", 2, "at least two levels, each once"),
        ("items: [q]\nmissing: 5\n", 2, "5 is a level of the scale"),
        ("items: [q]\nmissing: 9\nnot_applicable: [8, 9]\n", 3, "both missing and not applicable"),
        ("items: [q]\nfpc: 0.25\n", 2, "0.25 is below 1"),
        ("items: [q]\nfpc: [a, b, c]\n", 2, "at most two are handled"),
        ("items: [q]\nfpc: [a, b]\n", 2, "need `psu`"),
        ("items: [q]\nlonely: skip\n", 2, "one of fail, remove, centre, average, not “skip”"),
        ("items: [q]\nweights: [a, b]\n", 2, "`weights` names one column"),
        ("items: [w]\nweights: w\n", 2, "w is named as `weights` and as an item"),
        ("items: [q]\nrake: {sex: {F: x}}\n", 2, "“x” is not a number"),
        ("items: [q]\nrake: {sex: {F: -1}}\n", 2, "the total of F is -1.0"),
        ("items: [q]\nrake: sex\n", 2, "write totals as"),
        ("items: [q]\nrake:\n  sex: {F: 10}\n  age: {o: 12}\n", 3, "disagree in their sums: sex 10, age 12"),
        ("items: [q]\npoststratify: {sex: {F: 1}, age: {o: 1}}\n", 2, "use `rake`"),
        ("items: [q]\npoststratify: {by: [sex], cells: [{sex: F}]}\n", 2, "a cell here has the keys sex, total"),
        ("items: [q]\npoststratify:\n  by: [sex]\n", 3, "either `cells:` here, or `file:`"),
        ("items: [q]\npoststratify: {sex: {F: 1}}\nrake: {sex: {F: 1}}\n", 3, "not both"),
        ("- a\n- b\n", 1, "expected keys with values"),
    ],
)
def test_each_mistake_is_told_with_its_line(written, text, line, complaint):
    with pytest.raises(BadDesignFile) as refused:
        read_design(written(text))
    told = [text for text in str(refused.value).splitlines() if complaint in text]
    assert told, str(refused.value)
    assert f"design.yaml, line {line}: " in told[0]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(written):
    with pytest.raises(BadDesignFile) as refused:
        read_design(written("weight: w\nlonely: skip\nfpc: 0.5\n"))
    told = str(refused.value).splitlines()
    assert told[0] == "design.yaml has 4 mistakes:"
    assert "the key `items` is missing" in told[1]
    assert [line.split("line ")[1][0] for line in told[2:]] == ["1", "2", "3"]


def test_design_that_is_absent_empty_or_not_utf8_is_refused(written):
    with pytest.raises(BadFile, match="does not exist"):
        read_design(written.folder / "none.yaml")
    with pytest.raises(BadFile, match="expected keys with values"):
        read_design(written(""))
    path = written("")
    path.write_bytes("items: [q]\nmissing: không\n".encode("utf-16"))
    with pytest.raises(BadFile, match="UTF-16"):
        read_design(path)


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "design.yaml"
        path.write_text(text, "utf-8")
        return path

    write.folder = tmp_path
    return write


@pytest.mark.parametrize("levels", ["3", "4", "[Không hài lòng, Bình thường, Hài lòng]", "2"])
def test_satisfied_levels_are_guessed_for_five_levels_only(written, levels):
    with pytest.raises(BadDesignFile, match=r"`satisfied` is missing: of [234] levels .* nobody can guess"):
        read_design(written(f"items: [q01]\nlevels: {levels}\n"))


def test_items_may_have_scales_of_their_own(written):
    design = read_design(
        written("items: [q01, q11, q12]\nscales:\n  - {items: [q11, q12], levels: [no, maybe, yes], scoring: top1}\n")
    )
    assert (design.scale_of("q01").span, design.scale_of("q01").satisfied) == ("1–5", (4, 5))
    assert (design.scale_of("q12").span, design.scale_of("q12").satisfied) == ("no, maybe, yes", (3,))


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("scales: [{items: [q09], levels: 3, satisfied: 3}]", "q09 is not listed under `items`"),
        ("scales: [{items: [q01], levels: 3}]", "`satisfied` is missing: of 3 levels"),
        ("scales: [{items: [q01], satisfied: 3}]", "a scale names its `items` and its `levels`"),
        ("scales: {items: [q01]}", "`scales` is a list"),
        ("scoring: best", "`scoring` is one of top2, sipas-top2, top1, not “best”"),
        ("levels: 2\nscoring: top2", "counts every level as satisfied; there are only 2"),
        ("satisfied: 4\nscoring: top2", "give `satisfied` or `scoring`, not both"),
        ("decimal: dot", "`decimal` is one of point, comma, not “dot”"),
        ("poststratify: {sex: {F: 5.100, M: 4.900}}", "“5.100” may mean 5100 or 5.1"),
        ("fpc: 1.200", "“1.200” may mean 1200 or 1.2"),
    ],
)
def test_doubtful_scales_and_numbers_are_refused(written, lines, complaint):
    with pytest.raises(BadDesignFile) as refused:
        read_design(written("items: [q01]\n" + lines + "\n"))
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("totals", "decimal", "read"),
    [
        ("{F: 5.100, M: 4.900}", "comma", (5100.0, 4900.0)),
        ("{F: 5.100, M: 4.900}", "point", (5.1, 4.9)),
        ("{F: 5100, M: 4900}", None, (5100.0, 4900.0)),
        ("{F: '51,5', M: '49,25'}", None, (51.5, 49.25)),
        ("{F: 5.100, M: 12.5}", None, (5.1, 12.5)),
    ],
)
def test_totals_are_read_by_what_all_of_them_show(written, totals, decimal, read):
    said = f"decimal: {decimal}\n" if decimal else ""
    design = read_design(written(f"items: [q01]\n{said}poststratify: {{sex: {totals}}}\n"))
    assert design.poststratify.cells == {("F",): read[0], ("M",): read[1]}

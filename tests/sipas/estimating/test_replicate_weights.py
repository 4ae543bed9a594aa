"""Replicate weights in the design file: what may be said of them, every fault in one sentence, every command that uses
or refuses them. R's digits by this road stand in test_reference_digits.py."""

import csv

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sipas.estimating.design_file import read_design
from sipas.estimating.yaml_values import BadDesignFile
from sipas.i18n import speaking
from tests.sipas.estimating.calls import call, rows_of

PLAIN = "weights: w\nitems: {A: [q01, q02], B: [q03]}\nsatisfied: 4\n"
JACKKNIFE = "replicates: {columns: r*, type: JK1, weights: multipliers}\n"


def answers(seed=1, clusters=8, size=15):
    """Clusters of answers with weights, a domain, and multipliers that leave one cluster out each."""
    rng = np.random.default_rng(seed)
    rows = []
    for cluster in range(clusters):
        lean = rng.normal(0, 0.5)
        for person in range(size):
            row = {"cluster": cluster + 1, "unit": "AB"[person % 2], "mode": "xyz"[person % 3], "w": 2 + person % 3}
            for item in ("q01", "q02", "q03", "q04"):
                row[item] = int(np.clip(round(3.7 + lean + rng.normal()), 1, 5))
            for k in range(1, clusters + 1):
                row[f"r{k}"] = 0 if k == cluster + 1 else repr(clusters / (clusters - 1))
            rows.append(row)
    return rows


class Folder:
    """A folder with a file of answers and a design, and commands called on them."""

    def __init__(self, path):
        self.path = path
        self.rows = answers()
        self.write("answers.csv", self.rows)
        self.design(PLAIN + JACKKNIFE)

    def write(self, name, rows):
        with (self.path / name).open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, rows[0])
            out.writeheader()
            out.writerows(rows)
        return self.path / name

    def design(self, text):
        (self.path / "design.yaml").write_text(text, "utf-8")

    def arguments(self, command, *more, files=("answers.csv",)):
        return [command, *(self.path / name for name in files), "--design", self.path / "design.yaml", *more]

    def rows_of(self, command, *more, files=("answers.csv",)):
        return rows_of(*self.arguments(command, *more, files=files))

    def told(self, command="estimate", *more, files=("answers.csv",)):
        """What a command says where it refuses."""
        result = call(*self.arguments(command, *more, files=files))
        assert result.exit_code != 0, result.output
        return result.stderr + (str(result.exception) if result.exit_code == 1 else "")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def figure(rows, of="overall", **domain):
    return next(row for row in rows if row["of"] == of and row["domain"] == domain)


def test_multipliers_of_a_jackknife_give_the_figures_of_its_clusters(folder):
    supplied = folder.rows_of("estimate", "--by", "unit")
    folder.design(PLAIN + "psu: cluster\n")
    jackknife = folder.rows_of("estimate", "--by", "unit", "--variance", "jackknife")
    folder.design(PLAIN + JACKKNIFE.replace("}", ", mse: true}"))
    around = folder.rows_of("estimate", "--by", "unit")
    for one, other, mean in zip(around, jackknife, supplied, strict=True):
        assert one["se"] == pytest.approx(other["se"], rel=1e-9)
        assert one["deff"] == pytest.approx(other["deff"], rel=1e-9)
        assert one["df"] == other["df"] == 7
        assert one["low"] == pytest.approx(other["low"], abs=0.01)
        assert 0.9 * one["se"] < mean["se"] <= one["se"] * (1 + 1e-12)


def test_columns_may_be_listed_or_meant_by_a_pattern_in_the_order_of_their_numbers(folder):
    rows = answers(clusters=12)
    folder.write("answers.csv", [dict(sorted(row.items())) for row in rows])  # r1, r10, r11, r12, r2, ...
    rscales = [0.05 * k for k in range(1, 13)]
    listed = f"replicates: {{columns: {[f'r{k}' for k in range(1, 13)]}, type: JKn, rscales: {rscales}, "
    folder.design(PLAIN + listed + "weights: multipliers}\n")
    by_list = folder.rows_of("estimate")
    folder.design(
        PLAIN + f"replicates: {{columns: r*, count: 12, type: jkn, rscales: {rscales}, weights: multipliers}}\n"
    )
    assert folder.rows_of("estimate") == by_list


def test_csv_workbook_and_parquet_say_the_same(folder):
    rows = [
        {key: round(float(value), 4) if key[0] == "r" else value for key, value in row.items()} for row in answers()
    ]
    folder.write("answers.csv", rows)
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(folder.path / "answers.xlsx")
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    items = {key: pa.array(columns[key], pa.int8()) for key in columns if key[0] == "q"}
    pq.write_table(pa.table({**columns, **items}), folder.path / "answers.parquet")
    first = folder.rows_of("estimate", "--by", "unit")
    for name in ("answers.xlsx", "answers.parquet"):
        assert folder.rows_of("estimate", "--by", "unit", files=[name]) == first


def test_every_table_says_where_its_standard_errors_come_from(folder):
    said = "standard errors: from 8 replicate weights (JK1), held against their mean; degrees of freedom: the rank of "
    for command, *more in (["estimate"], ["compare", "--by", "unit"], ["rank", "--by", "unit"], ["quality"]):
        assert said in call(*folder.arguments(command, *more)).output
    with speaking("vi"):
        from click.testing import CliRunner

        from sipas.cli import group

        output = CliRunner().invoke(group, list(map(str, folder.arguments("estimate")))).output
    assert "sai số chuẩn: từ 8 bộ quyền số lặp (JK1)" in output


def test_differences_ranks_and_panels_count_the_covariance_of_the_replicates(folder):
    """By hand: the difference of A and the whole, estimated again with each replicate."""

    def share(inside, k):
        y = x = 0.0
        for row in folder.rows:
            if inside(row):
                w = row["w"] * (1 if k is None else float(row[f"r{k}"]))
                y += w * (row["q01"] >= 4)
                x += w
        return y / x

    gaps = np.array([share(lambda row: row["unit"] == "A", k) - share(lambda row: True, k) for k in range(1, 9)])
    se = np.sqrt(7 / 8 * ((gaps - gaps.mean()) ** 2).sum())
    found = figure(folder.rows_of("compare", "--by", "unit", "--of", "q01", "--df", "design"), "q01", unit="A")
    assert found["se"] == pytest.approx(se, rel=1e-9)
    assert found["df"] == 7
    ranks = folder.rows_of("rank", "--by", "unit")
    assert {row["ranked"] for row in ranks} == {2}
    later = [{**row, "q01": min(row["q01"] + 1, 5)} for row in folder.rows]
    folder.write("later.csv", later)
    two = ("answers.csv", "later.csv")
    panel, apart = (
        [
            row
            for row in folder.rows_of("trend", "--of", "q01", "--reading", reading, files=two)
            if row["what"] == "change"
        ]
        for reading in ("panel", "independent")
    )
    assert panel[0]["estimate"] == pytest.approx(apart[0]["estimate"])
    assert panel[0]["se"] < apart[0]["se"]


def test_small_offices_and_self_selection_rest_on_them_too(folder):
    areas = folder.rows_of("small-areas", "--by", "cluster")
    assert len(areas) == 8
    assert folder.rows_of("selection", "--by", "unit")


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        ("improve", ["--outcome", "q04"], "cannot be computed from replicate weights"),
        ("selection", ["--modes", "mode", "--within", "unit"], "cannot be computed from replicate weights"),
        ("estimate", ["--variance", "jackknife"], "ask for no other (jackknife)"),
        ("estimate", ["--variance", "linearised"], "ask for no other (linearised)"),
        ("estimate", ["--lonely", "remove"], "leave out --lonely"),
        ("rank", ["--by", "unit", "--lonely", "remove"], "leave out --lonely"),
    ],
)
def test_what_cannot_use_them_refuses_in_one_sentence(folder, command, more, said):
    folder.design(PLAIN.replace("B: [q03]", "B: [q03], O: [q04]") + JACKKNIFE)
    assert said in folder.told(command, *more)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("replicates: {columns: x*, type: JK1}", "line 4: no column of answers.csv is named like x*; its columns are"),
        ("replicates: {columns: [r1, r9], type: JK1}", "r9 (named under replicates)"),
        ("replicates: {columns: r*, type: JK1, count: 9}", "`count` says 9 replicate weights, and `columns` names 8"),
        ("replicates: {columns: '*', type: JK1}", "line 4: q01 is a replicate weight and stands under `items` too"),
        ("replicates: {columns: [w, r1], type: JK1}", "line 4: w is a replicate weight and stands under `weights` too"),
        ("replicates: {columns: r1*, type: JK1}", "line 4: replicate weights need two columns at least; 1 is named"),
        ("replicates: {columns: [r1, r*], type: JK1}", "line 4: replicate weights name a column twice: r1"),
        ("replicates: {columns: r*, type: JKn, rscales: [1, 1]}", "rscales has 2 numbers, and there are 8 replicate"),
    ],
)
def test_faults_that_only_the_table_shows_are_told_with_the_line_of_the_design(folder, lines, complaint):
    folder.design(PLAIN + lines + "\n")
    assert complaint in folder.told()


@pytest.mark.parametrize(
    ("lines", "line", "complaint"),
    [
        ("replicates: r*", 4, "write replicate weights as `replicates: {columns: brr*, type: BRR}`"),
        ("replicates: {type: BRR}", 4, "`replicates` needs the key `columns`"),
        ("replicates: {columns: r*}", 4, "`replicates` needs the key `type`"),
        ("replicates: {columns: r*, type: Brr, weight: full}", 4, "no key weight; did you mean weights"),
        ("replicates: {columns: r*, type: half}", 4, "`type` is one of BRR, Fay, JK1, JKn, bootstrap, not “half”"),
        ("replicates: {columns: r*, type: BRR, mse: 1}", 4, "`mse` is one of true, yes, false, no, not “1”"),
        ("replicates: {columns: r*, type: BRR, weights: some}", 4, "`weights` is one of full, multipliers, not “some”"),
        ("replicates: {columns: r*, type: BRR, count: 2.5}", 4, "`count` is a whole number of columns, 2 or more"),
        ("replicates: {columns: r*, type: Fay}", 4, "rho is given with Fay, and only there"),
        ("replicates: {columns: r*, type: Fay, rho: 1}", 4, "rho lies between 0 and 1"),
        ("replicates: {columns: r*, type: Fay, rho: x}", 4, "“x” is not a number"),
        ("replicates: {columns: r*, type: JKn}", 4, "JKn needs rscales"),
        ("replicates: {columns: r*, type: JKn, rscales: [1, -1]}", 4, "rscales are numbers of 0 or more"),
        ("replicates: {columns: [a, b], type: JKn, rscales: [1, 1, 1]}", 4, "rscales has 3 numbers, and there are 2"),
        ("replicates: {columns: r*, type: BRR, scale: 0.5}", 4, "BRR has its own scale"),
        ("replicates: {columns: r*, type: BRR}\npsu: cluster", 5, "carry the sampling design already; leave out `psu`"),
        ("replicates: {columns: r*, type: BRR}\nlonely: centre", 5, "already; leave out `lonely`, or `replicates`"),
        ("lonely_in_domain: often", 4, "`lonely_in_domain` is one of true, false, yes, no, not “often”"),
    ],
)
def test_faults_of_the_key_are_told_with_their_line(folder, lines, line, complaint):
    folder.design(PLAIN + lines + "\n")
    with pytest.raises(BadDesignFile) as refused:
        read_design(folder.path / "design.yaml")
    told = [text for text in str(refused.value).splitlines() if complaint in text]
    assert told, str(refused.value)
    assert f"design.yaml, line {line}: " in told[0]


def test_they_need_the_weights_of_the_full_sample(folder):
    folder.design("items: [q01]\nreplicates: {columns: r*, type: JK1}\n")
    assert "`replicates` need `weights`" in folder.told()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("", "column r2: the replicate weight is empty"),
        (-1.5, "column r2: the weight -1.5 is below 0"),
        (float("inf"), "column r2: "),
    ],
)
def test_a_cell_that_is_no_weight_is_named_by_line_and_column(folder, kind, value, complaint):
    rows = [{**row, "r2": value} if place == 4 else row for place, row in enumerate(folder.rows)]
    name = f"answers.{kind}"
    if kind == "csv":
        folder.write(name, rows)
    else:
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        for key in columns:
            if key[0] == "r":
                columns[key] = pa.array([None if each == "" else float(each) for each in columns[key]], pa.float64())
            if key[0] == "q":
                columns[key] = pa.array(columns[key], pa.int8())
        pq.write_table(pa.table(columns), folder.path / name)
    told = folder.told(files=[name])
    assert complaint in told
    assert ("line 6" if kind == "csv" else "row 5") in told


def test_a_replicate_in_which_nobody_is_left_is_named(folder):
    folder.write("answers.csv", [{**row, "r3": 0} for row in folder.rows])
    assert "column r3: all weights of this replicate are zero" in folder.told()


def test_multipliers_called_full_weights_are_doubted_and_the_other_way_round(folder):
    heavy = [{**row, "w": 40 * row["w"]} for row in folder.rows]
    folder.write("answers.csv", heavy)
    folder.design(PLAIN + "replicates: {columns: r*, type: JK1}\n")
    assert "are they multipliers? Then say `weights: multipliers`" in call(*folder.arguments("estimate")).stderr
    full = [{key: float(value) * row["w"] if key[0] == "r" else value for key, value in row.items()} for row in heavy]
    folder.write("answers.csv", full)
    assert "multipliers" not in call(*folder.arguments("estimate")).stderr
    folder.design(PLAIN + JACKKNIFE)
    assert "are they full weights? Then leave out" in call(*folder.arguments("estimate")).stderr


def test_single_psus_within_domains_count_where_the_design_says_so(folder):
    """Two strata; in domain B the second has a single cluster. R's digits: test_reference_digits.py."""
    rows = [{**row, "stratum": "one" if row["cluster"] <= 4 else "two"} for row in folder.rows]
    rows = [{**row, "unit": "A"} if row["stratum"] == "two" and row["cluster"] > 5 else row for row in rows]
    folder.write("answers.csv", rows)
    strata = PLAIN + "strata: stratum\npsu: cluster\nlonely: "
    found = {}
    for rule in ("centre", "average", "remove"):
        for said in ("no", "yes"):
            folder.design(strata + f"{rule}\nlonely_in_domain: {said}\n")
            every = folder.rows_of("estimate", "--by", "unit")
            found[rule, said] = figure(every, unit="B")["se"]
            whole = figure(every)["se"]
    assert whole > 0
    assert found["centre", "yes"] != pytest.approx(found["centre", "no"], rel=1e-3)
    assert found["average", "yes"] != pytest.approx(found["average", "no"], rel=1e-3)
    assert found["remove", "yes"] == found["remove", "no"] == found["centre", "no"]
    folder.design(PLAIN + "strata: stratum\npsu: cluster\nlonely_in_domain: yes\n")
    by_option = figure(folder.rows_of("estimate", "--by", "unit", "--lonely", "centre"), unit="B")["se"]
    assert by_option == found["centre", "yes"]

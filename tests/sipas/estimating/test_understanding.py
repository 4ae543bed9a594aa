"""What a command says of the answers it read: satisfied levels, rows in no domain, names that look alike."""

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.sipas.estimating.calls import call, rows_of, write_waves

HEADER = "unit;sex;w;q01"
UNITS = ("03646", "03664")


@pytest.fixture
def answers(tmp_path):
    """Writes 40 answers with some cells changed, and a design; gives the arguments of a command on them."""

    def written(design="", change=lambda rows: None, kind="csv"):
        draw = random.Random(1)
        rows = [[UNITS[n % 2], draw.choice("FM"), "1.5", str(draw.randint(1, 5))] for n in range(40)]
        change(rows)
        if kind == "csv":
            (tmp_path / "a.csv").write_text("\n".join([HEADER, *map(";".join, rows)]) + "\n", "utf-8")
        else:
            columns = dict(zip(HEADER.split(";"), map(list, zip(*rows, strict=True)), strict=True))
            columns["q01"] = pa.array(map(int, columns["q01"]), pa.int8())
            columns["unit"] = [unit or None for unit in columns["unit"]]
            pq.write_table(pa.table(columns | {"w": [float(w) for w in columns["w"]]}), tmp_path / "a.parquet")
        (tmp_path / "d.yaml").write_text("weights: w\nitems: [q01]\n" + design, "utf-8")
        return ["estimate", tmp_path / f"a.{kind}", "--design", tmp_path / "d.yaml"]

    return written


def no_unit(rows):
    for row in rows[:7]:
        row[0] = ""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_without_a_domain_are_counted_and_families_with_the_rest_make_up_all(answers, kind):
    arguments = answers(change=no_unit, kind=kind)
    result = call(*arguments, "--by", "unit", "--by", "sex")
    said = "7 of 40 rows have nothing in unit: they count in the whole and in no domain of unit"
    assert result.stderr.splitlines().count(said) == 1
    assert "in sex" not in result.stderr
    counts = {tuple(row["domain"].items()): row["n"] for row in rows_of(*arguments, "--by", "unit")}
    assert sum(n for domain, n in counts.items() if domain) + 7 == counts[()] == 40


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_mark_of_missing_is_no_domain(answers, kind):
    def marked(rows):
        for row in rows[:3]:
            row[1] = "KTL"

    arguments = answers("missing: [KTL]\n", marked, kind)
    result = call(*arguments, "--by", "sex")
    assert "3 of 40 rows have nothing in sex, or a mark of `missing` (KTL)" in result.stderr
    assert {row["domain"].get("sex") for row in rows_of(*arguments, "--by", "sex")} == {None, "F", "M"}
    refused = call(*answers("missing: [KTL]\nstrata: sex\n", marked, kind))
    assert refused.exit_code == 1
    assert "“KTL” is listed under `missing`, and the design needs `strata` in every row" in str(refused.exception)


def test_every_table_says_which_levels_count_and_which_nobody_chose(answers):
    def without(*levels):
        return lambda rows: [row.__setitem__(3, "4") for row in rows if row[3] in levels]

    assert "satisfied: 4, 5; levels: 1–5\n" in call(*answers()).stdout
    result = call(*answers(change=without("2")))
    assert "satisfied: 4, 5; levels: 1–5; never given: 2\n" in result.stdout
    assert "is the scale" not in result.stderr
    result = call(*answers(change=without("5")))
    assert "no answer has the level 5: is the scale 1–4? 4, 5 count as satisfied" in result.stderr
    assert "is the scale" not in call(*answers("levels: 5\n", without("5"))).stderr
    worded = "levels: ['1', '2', '3', '4', '5']\nscoring: top1\n"
    assert "satisfied: 5; levels: 1–5\n" in call(*answers(worded)).stdout


def test_scales_of_their_own_are_told_item_by_item(tmp_path):
    rows = ["q01;q11", *(f"{1 + n % 5};{'có' if n % 3 else 'không'}" for n in range(30))]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n", "utf-8")
    design = "items: [q01, q11]\nscales:\n  - {items: [q11], levels: [không, có], satisfied: có}\n"
    (tmp_path / "d.yaml").write_text(design, "utf-8")
    printed = call("estimate", tmp_path / "a.csv", "--design", tmp_path / "d.yaml").stdout
    assert "satisfied: 4, 5; levels: 1–5 (q01)\nsatisfied: có; levels: không, có (q11)\n" in printed
    found = {
        row["of"]: row["estimate"] for row in rows_of("estimate", tmp_path / "a.csv", "--design", tmp_path / "d.yaml")
    }
    assert (found["q01"], found["q11"], found["overall"]) == pytest.approx((12 / 30, 20 / 30, 32 / 60))


def test_levels_match_through_blanks_marks_and_tones_that_cannot_be_seen(tmp_path):
    given = ["Hài\u00a0lòng", "Ha\u0300i  lo\u0300ng", "Hài lòng\u200b", "Bình thường", "Không hài lòng"]
    (tmp_path / "a.csv").write_text("\n".join(["q01", *given, ""]), "utf-8")
    design = "items: [q01]\nlevels: [Không hài lòng, Bình thường, Hài lòng]\nsatisfied: Hài lòng\n"
    (tmp_path / "d.yaml").write_text(design, "utf-8")
    (row, _) = rows_of("estimate", tmp_path / "a.csv", "--design", tmp_path / "d.yaml")
    assert (row["n"], row["estimate"]) == (5, pytest.approx(0.6))


def test_names_that_look_alike_are_told(answers):
    def spelt(rows):
        for row, name in zip(rows, ["Xã Hoà", "Xã Hòa", "Xã  Hòa", "Ðông", "Đông"], strict=False):
            row[0] = name

    told = call(*answers(change=spelt), "--by", "unit").stderr
    assert "column unit: 5 names look alike and are not the same (“Xã  Hòa” / “Xã Hoà” / “Xã Hòa”)" in told
    assert "look alike" not in call(*answers(), "--by", "unit").stderr


def test_a_name_with_commas_is_one_column_and_others_are_crossed(tmp_path):
    name = "Cơ quan, đơn vị, nơi đến"
    rows = [f"{name};sex;q01", *(f"{'AB'[n % 2]};{'FM'[n % 3 % 2]};{1 + n % 5}" for n in range(30))]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (tmp_path / "d.yaml").write_text("items: [q01]\n", "utf-8")
    arguments = ["estimate", tmp_path / "a.csv", "--design", tmp_path / "d.yaml"]
    assert {tuple(row["domain"]) for row in rows_of(*arguments, "--by", name)} == {(), (name,)}
    crossed = rows_of(*arguments, "--by", f"sex, {name}")
    assert {tuple(row["domain"]) for row in crossed} == {(), ("sex", name)}


def test_the_whole_account_is_told_with_explain_and_in_json_beside_the_rows(answers, tmp_path):
    arguments = answers(change=lambda rows: [row.__setitem__(2, "1,5") for row in rows])
    assert "read as" not in call(*arguments).stderr
    told = call(*arguments, "--explain").stderr
    assert "a.csv: read as CSV, 40 rows; the header stands in line 1\n" in told
    assert "a.csv: written in UTF-8, cells parted by “;”\na.csv: numbers with a decimal comma: w\n" in told
    content = json.loads(call(*arguments, "--json", "--explain").stdout)
    assert [account["decimals"] for account in content["reading"]] == [{"w": "comma"}]
    assert content["rows"] == rows_of(*arguments)
    call(*arguments, "--out", tmp_path / "e.parquet")
    notes = json.loads(pq.read_schema(tmp_path / "e.parquet").metadata[b"notes"])
    assert "satisfied: 4, 5; levels: 1–5" in notes
    assert "a.csv: numbers with a decimal comma: w" in notes


def test_contradicting_margins_are_named_with_their_lines(tmp_path):
    rows = ["sex,age,q01", *["M,18-34,5"] * 6, *["F,18-34,4"] * 6, *["F,55+,3"] * 6]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n", "utf-8")

    def refused(sex, age):
        (tmp_path / "d.yaml").write_text(f"items: [q01]\nrake:\n  sex: {sex}\n  age: {age}\n", "utf-8")
        result = call("estimate", tmp_path / "a.csv", "--design", tmp_path / "d.yaml")
        assert result.exit_code == 1
        return str(result.exception)

    told = refused("{F: 5000, M: 5000}", "{18-34: 3000, 55+: 7000}")
    assert (
        "d.yaml, line 3: all 6 rows of a.csv with M (sex) have 18-34 (age, line 4), yet M has a total of 5000" in told
    )
    assert "and 18-34 only 3000" in told
    told = refused("{F: 60, M: 40}", "{18-34: 40, 55+: 60}")
    assert "both have a total of 40: nothing is left for the other rows with 18-34" in told


def test_a_psu_label_in_two_strata_is_two_psus_and_told(tmp_path):
    rows = [("a", "1"), ("a", "2"), ("b", "2"), ("b", "3"), ("c", "4"), ("c", "2")]
    (tmp_path / "a.csv").write_text("s,p,q01\n" + "".join(f"{s},{p},4\n{s},{p},2\n" for s, p in rows), "utf-8")
    for strata, told in (("strata: s\n", True), ("", False)):
        (tmp_path / "d.yaml").write_text(f"{strata}psu: p\nitems: [q01]\n", "utf-8")
        stderr = call("estimate", tmp_path / "a.csv", "--design", tmp_path / "d.yaml").stderr
        assert ("column p: 1 PSU labels stand in more than one stratum (“2”: “a”, “b”)" in stderr) == told


def test_margins_that_differ_by_less_than_a_thousandth_are_scaled_and_told(tmp_path):
    rows = ["sex,age,q01", *["M,18-34,5"] * 6, *["F,18-34,4"] * 6, *["F,55+,3"] * 6, *["M,55+,1"] * 6]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n", "utf-8")
    for total, code in ((5004, 0), (5006, 1)):
        margins = f"rake:\n  sex: {{F: 2500, M: 2500}}\n  age: {{18-34: 3000, 55+: {total - 3000}}}\n"
        (tmp_path / "d.yaml").write_text(f"items: [q01]\n{margins}", "utf-8")
        result = call("estimate", tmp_path / "a.csv", "--design", tmp_path / "d.yaml")
        assert result.exit_code == code
        told = result.stderr if code == 0 else str(result.exception)
        assert (
            "sex adds up to 5000, age to 5004" if code == 0 else "disagree in their sums: sex 5000, age 5006"
        ) in told


def test_scaled_weights_are_told_and_have_the_design_effect_of_draws_with_replacement(tmp_path):
    draw = random.Random(2)
    rows = [(f"P{n // 10:02}", draw.choice((0.5, 1.5)), draw.randint(1, 5)) for n in range(200)]
    mean = sum(w for _, w, _ in rows) / len(rows)
    found = {}
    scales = {"mean-1": 1 / mean, "mean-1.02": 1.02 / mean, "a-third": 3 / mean, "population": 1e6 / mean}
    for name, scale in scales.items():
        lines = ["psu,w,q01", *(f"{psu},{w * scale:.10f},{q}" for psu, w, q in rows)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
        (tmp_path / "d.yaml").write_text("weights: w\npsu: psu\nitems: [q01]\n", "utf-8")
        arguments = ["estimate", tmp_path / f"{name}.csv", "--design", tmp_path / "d.yaml"]
        assert call(*arguments).stderr.count("those of draws with replacement") == name.startswith("mean")
        found[name] = rows_of(*arguments)[0]
        more = ["--design", tmp_path / "d.yaml"]
        (item,) = [row for row in rows_of("quality", tmp_path / f"{name}.csv", *more) if row["what"] == "item"]
        found[name] |= {"quality": item["deff"], "icc": item["icc"]}
        offices = rows_of("small-areas", tmp_path / f"{name}.csv", *more, "--by", "psu")
        found[name]["office"] = max(row["sampling_se"] for row in offices)
    assert found["a-third"]["icc"] == pytest.approx(found["population"]["icc"], rel=2e-4)
    assert found["a-third"]["office"] == pytest.approx(found["population"]["office"], rel=2e-4)
    for name in ("mean-1", "mean-1.02"):
        for key in ("deff", "quality", "icc", "office"):
            assert found[name][key] == pytest.approx(found["population"][key], rel=2e-4), key
        for key in ("estimate", "se", "low", "high"):
            assert found[name][key] == pytest.approx(found["population"][key], rel=1e-8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [*lines, lines[1]], "The same unit, field and month stand in line 2 already."),
        (lambda lines: [line.replace("2025-10", "2025-1O") for line in lines], "is no month; write it as 2026-03"),
        (
            lambda lines: [lines[0], f'{lines[1].rsplit(",", 1)[0]},"1.250"', *lines[2:]],
            "“1.250” is no count; write a whole",
        ),
        (
            lambda lines: [lines[0], f"{lines[1].rsplit(',', 1)[0]},", *lines[2:]],
            "Rows without a number of dossiers: 1",
        ),
    ],
)
def test_the_dossiers_of_frame_and_of_frame_load_are_read_with_one_strictness(tmp_path, change, said):
    from sipas.fieldwork.population_counts import read_population_rows as of_the_registry
    from sipas.tables.population_rows import read_population_rows

    assert of_the_registry is read_population_rows
    write_waves(tmp_path)
    lines = (tmp_path / "dossiers.csv").read_text("utf-8").splitlines()
    (tmp_path / "changed.csv").write_text("\n".join(change(lines)) + "\n", "utf-8")
    for command in ("estimate", "quality"):
        result = call(command, tmp_path / "first.parquet", "--frame", tmp_path / "changed.csv")
        assert result.exit_code == 1
        assert said in str(result.exception)


def test_months_of_excel_dates_are_understood_and_other_months_are_counted(tmp_path):
    write_waves(tmp_path)
    text = (tmp_path / "dossiers.csv").read_text("utf-8")
    rows = sum("2026-0" in line for line in text.splitlines())
    (tmp_path / "dates.csv").write_text(text.replace("2025-10", "2025-10-01"), "utf-8")
    plain = rows_of("estimate", tmp_path / "first.parquet", "--frame", tmp_path / "dossiers.csv")
    assert rows_of("estimate", tmp_path / "first.parquet", "--frame", tmp_path / "dates.csv") == plain
    told = call("estimate", tmp_path / "first.parquet", "--frame", tmp_path / "dossiers.csv").stderr
    assert f"rows of other months than 2025-10 to 2025-12 are left out: {rows} (2026-01, 2026-02, 2026-03)" in told


def test_decimal_commas_are_understood_on_the_command_line():
    assert (
        call("sample", "size", "--margin", "0,03", "--share", "0,85").stdout
        == call("sample", "size", "--margin", "0.03", "--share", "0.85").stdout
    )
    refused = call("sample", "size", "--margin", "0.03", "--population", "1.250")
    assert (refused.exit_code, "“1.250” may mean 1250 or 1.25" in refused.stderr) == (2, True)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_error_of_excel_is_no_domain(answers, kind):
    result = call(*answers(change=lambda rows: rows[3].__setitem__(0, "#N/A"), kind=kind), "--by", "unit")
    assert result.exit_code == 1
    assert "#N/A is an error of Excel" in str(result.exception)

"""Reading an instrument: what comes out of a good file, and how a bad one is refused."""

from pathlib import Path

import pytest

import surveys
from surveys import BadInstrument, UnknownInstrument
from surveys.load import INSTRUMENTS
from surveys.yaml_lines import tree_of

SOUND = (INSTRUMENTS / "demo.v1.yaml").read_text(encoding="utf-8")


def complaints_of(folder: Path, text: str | bytes, name: str = "demo.v1.yaml") -> list[str]:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(BadInstrument) as caught:
        surveys.read(path)
    return [str(complaint) for complaint in caught.value.errors]


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def test_the_first_service_2024_has_five_factors_of_three_four_six_four_four_items():
    instrument = surveys.load("service-2024", 1)
    full = set(instrument.forms["full"])
    assert {code: len([i for i in f.items if i.code in full]) for code, f in instrument.factors.items()} == {
        "B1": 3,
        "B2": 4,
        "B3": 6,
        "B4": 4,
        "B5": 4,
    }
    assert len(instrument.forms["full"]) == 22
    assert instrument.forms["short"] == ("O", "B1.0", "B2.0", "B3.0", "B4.0", "B5.0")
    assert instrument.factor_of("O") is None
    assert instrument.factor_of("B3.0") == "B3"
    assert all(item.allows_not_applicable for item in instrument.factors["B5"].items)


def test_the_second_service_2024_asks_the_sixteen_subjects_of_the_present_form():
    instrument = surveys.load("service-2024", 2)
    ratings = {code: [i for i in f.items if i.kind == "rating"] for code, f in instrument.factors.items()}
    assert {code: len(items) for code, items in ratings.items()} == {"B1": 3, "B2": 4, "B3": 3, "B4": 3, "B5": 3}
    assert {item.provenance for items in ratings.values() for item in items} == {"copy"}
    assert {item.wording for item in instrument.items} == {"ours"}
    assert [option.code for option in instrument.profile[1].options] == ["18-24", "25-34", "35-49", "50-60", "over-60"]
    assert all("từ chối" in item.text and item.not_applicable for item in ratings["B4"])


def test_its_feedback_items_are_asked_of_those_who_gave_feedback_and_of_nobody_else():
    instrument = surveys.load("service-2024", 2)
    gated = {item.code for item in instrument.items if item.asked_if}
    assert gated == {"B5.1", "B5.2", "B5.3"}
    places = {item.code: place for place, item in enumerate(instrument.items)}
    for answer, asked in ((0, False), (1, False), (2, True)):  # passed over, no, yes
        row = bytearray(b"\4" * len(places))
        row[places["F"]] = answer
        routed = instrument.routed(bytes(row))
        assert {code for code in places if routed[places[code]] == surveys.NOT_ASKED} == (set() if asked else gated)


def test_its_short_form_gives_each_factor_a_figure_by_an_item_of_the_full_form():
    instrument = surveys.load("service-2024", 2)
    assert instrument.forms["short"] == ("O", "B1.2", "B2.2", "B3.2", "B4.1", "F", "B5.2")
    assert set(instrument.forms["short"]) <= set(instrument.forms["full"])
    asked = [instrument.item(code) for code in instrument.forms["short"]]
    rated = [instrument.factor_of(item.code) for item in asked if item.kind == "rating"]
    assert rated == [None, "B1", "B2", "B3", "B4", "B5"]


def test_the_second_version_takes_a_fifth_fewer_screens_and_the_first_stays():
    first, second = (surveys.load("service-2024", version) for version in (1, 2))
    around = 2  # what was come for; the last one, about the person
    before = len(first.forms["full"]) + around
    everybody = [code for code in second.forms["full"] if not second.item(code).asked_if]
    assert (before, len(everybody) + around, len(second.forms["full"]) + around) == (24, 17, 20)
    assert 0.8 * before >= 17
    assert first.digest == "3c7c96814629115974421e7d0f837b7a0cfea27e13deb63241194bc121ddce98"


def test_onestop_2018_asks_facts_and_no_satisfaction_with_indicators():
    instrument = surveys.load("onestop-2018")
    assert instrument.forms["full"] == instrument.forms["short"] == ("S", "I1", "I3", "I4", "I7")
    assert [item.code for item in instrument.items if item.satisfied] == ["S"]
    assert {len(instrument.item(code).scale.levels) for code in ("I1", "I3", "I4")} == {3}
    assert surveys.retired("onestop-2018", 1) == 2
    assert len(surveys.load("onestop-2018", 1).items) == 9, "waves that asked with it are still read"


def test_an_item_accepts_its_levels_and_not_applicable_only_where_allowed():
    instrument = surveys.load("demo")
    assert [instrument.item("A1").accepts(byte) for byte in (0, 1, 5, 6, 254, 255)] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert instrument.item("R1").accepts(surveys.NOT_APPLICABLE)
    assert instrument.item("better").levels == 16
    assert instrument.item("trips").levels == 10


def test_an_unknown_code_or_version_names_those_there_are():
    with pytest.raises(UnknownInstrument, match="service-2024"):
        surveys.load("service-2042")
    with pytest.raises(UnknownInstrument, match="no version 9; it has: 1"):
        surveys.load("demo", 9)


def test_all_errors_are_reported_at_once_each_with_its_line(tmp_path):
    text = (
        SOUND.replace("version: 1\n", "version: one\n")
        .replace("code: A2", "code: A1")
        .replace("text: Chỗ ngồi chờ, scale: satisfaction", "text: Chỗ ngồi chờ, scale: agreement")
        .replace("    most: 9\n", "")
        .replace("text: Giới tính", "txt: Giới tính")
    )
    found = complaints_of(tmp_path, text)
    wanted = [
        (line_of(text, "version: one"), "`version` does not hold what it should"),
        (line_of(text, "scale: agreement"), "item A1 uses scale `agreement`, which this file does not define"),
        (line_of(text, "Thái độ của công chức"), "the code `A1` is used twice"),
        (line_of(text, "code: trips"), "item trips counts, but has no upper end"),
        (line_of(text, "txt:"), "`txt` is not known here. Known here: text"),
        (line_of(text, "txt:"), "`text` is missing"),
    ]
    for line, words in wanted:
        assert any(c.startswith(f"demo.v1.yaml, line {line}:") and words in c for c in found), (line, words, found)


def test_a_tab_is_named_with_its_line(tmp_path):
    text = SOUND.replace("  - code: S\n", "\t- code: S\n")
    [complaint] = complaints_of(tmp_path, text)
    assert complaint.startswith(f"demo.v1.yaml, line {line_of(text, chr(9))}: there is a tab")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("satisfied: [4, 5]", "satisfied: [4, 6]", "counts levels as satisfied that it does not have (6)"),
        ("satisfied: [4, 5]", "satisfied: []", "A1 stands in a factor, and its scale `satisfaction` counts no level"),
        ("    not_applicable: Không áp dụng với tôi\n", "", "its scale has no words for it"),
        ("valid: {from: 2024-01-01}", "valid: {from: 2024-01-01, to: 2023-01-01}", "before it begins"),
        ("kind: choice", "kind: choice\n    audio: {vi: A.wav}", "the recording `A.wav` of item"),
        ("kind: choice", "kind: choise", "`choise` is not one of the words allowed"),
        ("instrument: demo", "instrument: other", "the file is called demo.v1.yaml, its content is other.v1.yaml"),
        ("title: Phiếu hỏi thử", "title: 2024", "`title` does not hold what it should. Write text here"),
        ("title: Phiếu hỏi thử", "title: ' '", "`title` is empty"),
        ("title: Phiếu hỏi thử", "title: a\ntitle: b", "the key `title` stands twice"),
        ("options: {f: Nữ, m: Nam}", "options: {nữ: Nữ, m: Nam}", "`nữ` cannot be a code"),
        ("kind: several", "kind: count", "has options, but is no choice"),
        ("    kind: several\n", "    kind: several\n    scale: satisfaction\n", "Only a rating has one"),
        ("title: Phiếu hỏi thử", 'title: "Phiếu', "this is not YAML"),
        ("title: Phiếu hỏi thử", "title: !other a", "this is not YAML: could not determine a constructor"),
        ("title: Phiếu hỏi thử", "title: a\x01", "this is not YAML: unacceptable character #x0001"),
        ("title: Phiếu hỏi thử", "title: a\n? [b]\n: c", "this is not YAML: found unhashable key"),
        ("opening:", "opening: []\nopenin:", "`openin` is not known here. Known here: opening"),
    ],
)
def test_a_mistake_is_named_in_plain_words(tmp_path, old, new, words):
    assert old in SOUND
    assert any(words in c for c in complaints_of(tmp_path, SOUND.replace(old, new)))


def test_a_value_of_a_merged_mapping_knows_its_line_and_a_merged_key_that_of_its_mapping():
    text = "a: &a\n  k: 1\n  m:\n    d: 2\nb:\n  <<: *a\n  k: 3\n"
    tree, lines = tree_of(text)
    assert tree["b"] == {"m": {"d": 2}, "k": 3}
    assert {path: line for path, line in lines.items() if path[:1] == ("b",)} == {
        ("b",): 5, ("b", "k"): 7, ("b", "m"): 5, ("b", "m", "d"): 4,
    }  # fmt: skip


def test_what_is_named_again_is_a_copy_so_that_a_change_of_one_place_is_of_that_one():
    tree, _ = tree_of("a: &a [1]\nb: *a\n")
    tree["a"].append(2)
    assert tree == {"a": [1, 2], "b": [1]}


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path):
    text = SOUND.encode().replace("Đón tiếp".encode(), "Đón".encode("utf-16"))
    assert "is not UTF-8" in complaints_of(tmp_path, text)[0]


@pytest.mark.parametrize("content", ["", "[]", "a", "42", "aspects: [1, {factors: 3}]\nscales: [x]\n"])
def test_what_is_no_instrument_at_all_is_refused_calmly(tmp_path, content):
    assert complaints_of(tmp_path, content)


def test_text_comes_out_composed(tmp_path):
    import unicodedata

    path = tmp_path / "demo.v1.yaml"
    path.write_text(unicodedata.normalize("NFD", SOUND), encoding="utf-8")
    assert surveys.read(path).title == "Phiếu hỏi thử"


def test_complaints_keep_template_and_values_apart_for_translation(tmp_path):
    (tmp_path / "demo.v1.yaml").write_text(SOUND.replace("scale: satisfaction,", "scale: x,", 1), encoding="utf-8")
    with pytest.raises(BadInstrument) as caught:
        surveys.read(tmp_path / "demo.v1.yaml")
    problem = caught.value.errors[0].values["problem"]
    assert "{scale}" in problem.template
    assert problem.values["scale"] == "x"


GATE = "  - {code: told, text: Đã góp ý chưa?, kind: choice, options: {no: Chưa, yes: Rồi}, forms: [full, short]}\n"
ASKED = SOUND.replace("aspects:\n", GATE + "\naspects:\n", 1).replace(
    "{code: A2,", "{code: A2, asked_if: {told: [yes]},"
)


def packed(instrument, **given):
    return bytes(given.get(item.code, 0) for item in instrument.items)


def test_skip_logic_leaves_out_what_the_gate_does_not_open(tmp_path):
    (tmp_path / "demo.v1.yaml").write_text(ASKED, encoding="utf-8")
    instrument = surveys.read(tmp_path / "demo.v1.yaml")
    assert instrument.item("A2").asked_if == (surveys.Condition("told", ("yes",)),)
    codes = [item.code for item in instrument.items]
    for told, a2 in ((2, 5), (1, 255), (0, 255)):  # yes; no; passed over
        row = dict(zip(codes, instrument.routed(packed(instrument, told=told, A1=3, A2=5)), strict=True))
        assert (row["A1"], row["A2"]) == (3, a2), told


def test_a_factor_says_it_for_all_its_items_and_what_hangs_on_one_not_asked_is_not_asked(tmp_path):
    text = SOUND.replace("aspects:\n", GATE + "\naspects:\n", 1)
    text = text.replace("text: Kết quả\n", "text: Kết quả\n        asked_if: {told: [yes]}\n", 1)
    text = text.replace("    kind: count\n", "    kind: count\n    asked_if: {R1: [1, 2]}\n").replace(
        "- code: trips", "- code: trips\n    forms: [full, short]"
    )
    (tmp_path / "demo.v1.yaml").write_text(text, encoding="utf-8")
    instrument = surveys.read(tmp_path / "demo.v1.yaml")
    for told, r1, wanted in ((2, 2, (2, 7)), (2, 3, (3, 255)), (1, 2, (255, 255))):
        row = instrument.routed(packed(instrument, told=told, R1=r1, trips=7))
        assert tuple(row[[i.code for i in instrument.items].index(code)] for code in ("R1", "trips")) == wanted


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{told: [yes]}", "{given: [yes]}", "A2 is asked only after `given`, which is no item of this file"),
        ("{told: [yes]}", "{told: [maybe]}", "told has no answer maybe, on which A2 depends. Its answers are: no, yes"),
        ("{told: [yes]}", "{told: []}", "told has no answer -"),
        ("{told: [yes]}", "{A1: [6]}", "A1 has no answer 6"),
        ("{told: [yes]}", "{how: [post]}", "A2 is asked before `how`, on whose answer it depends. Move `how` above"),
        ("{told: [yes]}", "{A2: [5]}", "A2 and `A2` wait for each other"),
        ("options: {no: Chưa", "asked_if: {A2: [1]}, options: {no: Chưa", "told and `A2` wait for each other"),
        (
            "yes: Rồi}, forms: [full, short]",
            "yes: Rồi}, forms: [full]",
            "A2 stands on a form (short) on which told is not",
        ),
        ("kind: choice, options: {no: Chưa, yes: Rồi}", "kind: count, most: 3", "A2 depends on told, which is a count"),
        ("{told: [yes]}", "[told]", "`asked_if` does not hold what it should"),
    ],
)
def test_skip_logic_that_cannot_be_followed_is_refused(tmp_path, old, new, words):
    assert old in ASKED
    found = complaints_of(tmp_path, ASKED.replace(old, new, 1))
    assert any(words in c for c in found), found


def test_a_scale_may_count_no_level_as_satisfied_outside_the_factors(tmp_path):
    text = SOUND.replace("scales:\n", "scales:\n  interest: {levels: [Không, Có], satisfied: []}\n", 1)
    text = text.replace("opening:\n", "opening:\n  - {code: Q1, text: Đường sá, scale: interest}\n", 1)
    (tmp_path / "demo.v1.yaml").write_text(text, encoding="utf-8")
    assert surveys.read(tmp_path / "demo.v1.yaml").item("Q1").satisfied == ()

"""A codebook comes back from text as it was, and one that contradicts itself is refused."""

import json

import pytest

from analysis import Codebook, CodebookItem
from analysis.errors import BadCodebook

WHOLE = Codebook(
    instrument="service-2024",
    version=3,
    wave="2026-1",
    title="Sơn La",
    simulated=True,
    items=(CodebookItem("a", "Đủ ghế", "F", 3, (3, 2)), CodebookItem("b", factor="G")),
    factors=(("F", "Ghế"), ("G", "")),
    columns={"psu": ("week",), "strata": ("unit",)},
    psus=(("u", "1"), ("u", "2")),
    missing=(0,),
    detailed=(("u", "x"),),
    several=(("u", "y"),),
    ways=(("u", "mixed"),),
    lost_keys=(("seal", "4"),),
)


def test_a_codebook_comes_back_from_text_as_it_was():
    again = Codebook.from_json(WHOLE.to_json())
    assert again == WHOLE
    assert again.version == "3"
    assert again.items[0] == CodebookItem("a", "Đủ ghế", "F", 3, (2, 3))
    assert again.factor_items == {"F": ("a",), "G": ("b",)}
    assert again.not_applicable == (-1,)
    grouped = Codebook.plain({"F": ["a", "b"], "G": ["b"]})
    assert Codebook.from_json(grouped.to_json()) == grouped


def test_what_older_programs_did_not_know_is_left_out_where_it_says_nothing():
    assert {"detailed", "several", "ways", "lost_keys"} & json.loads(Codebook.plain(["a"]).to_json()).keys() == set()
    assert {"detailed", "several", "ways", "lost_keys"} <= json.loads(WHOLE.to_json()).keys()


def test_another_format_is_refused():
    content = json.loads(WHOLE.to_json())
    for changed in ({**content, "codebook": 99}, {name: content[name] for name in content if name != "codebook"}):
        with pytest.raises(BadCodebook, match="in a format that this version does not read"):
            Codebook.from_json(json.dumps(changed))


def test_items_of_no_factor_do_not_count_in_the_whole_unless_there_are_no_factors():
    book = Codebook(items=(CodebookItem("a", factor="F"), CodebookItem("b")), factors=(("F", ""),))
    assert book.overall_items == ("a",)
    assert Codebook.plain(["a", "b"]).overall_items == ("a", "b")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"items": ()}, "has no items"),
        ({"items": (CodebookItem("a"), CodebookItem("a"))}, "used twice .*: a"),
        ({"items": (CodebookItem("a"),), "factors": (("a", ""),)}, "used twice .*: a"),
        ({"items": (CodebookItem("overall"),)}, "used twice .*: overall"),
        ({"items": (CodebookItem("a"),), "columns": {"cluster": ("x",)}}, "unknown role of a column: cluster"),
        ({"items": (CodebookItem("a"),), "factors": (("F", ""),)}, "factor F names items that do not exist, or none"),
        ({"items": (CodebookItem("a"),), "groups": (("F", ("a", "z")),)}, "or none: z"),
    ],
)
def test_a_codebook_that_contradicts_itself_is_refused(wrong, said):
    with pytest.raises(BadCodebook, match=said):
        Codebook(**wrong)


@pytest.mark.parametrize(("levels", "satisfied"), [(1, (1,)), (251, (4,)), (5, ()), (5, (0,)), (5, (6,))])
def test_a_scale_has_from_2_to_250_levels_and_some_of_them_satisfied(levels, satisfied):
    with pytest.raises(BadCodebook):
        CodebookItem("a", levels=levels, satisfied=satisfied)
    assert CodebookItem("a", levels=250, satisfied=(250,)).levels == 250
    assert CodebookItem("a", levels=2, satisfied=(1,)).satisfied == (1,)

"""A design that contradicts itself is refused when it is written down."""

import pytest

from analysis import Design
from analysis.errors import AnalysisError


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"psus": "p", "lonely": "ignore"}, "ignore"),
        ({"sampled": (("a", "1"),)}, "a list of sampled PSUs needs a PSU column"),
        ({"psus": "p", "fpc": ("A", "B", "C")}, "counts for 3 stages are given"),
        ({"fpc": ("A", "B")}, "two population counts need a PSU column"),
        ({"strata": "s", "psus": "p", "sampled": (("a", "1"), ("a",))}, "listed with 2 labels"),
        ({"psus": "p", "fpc": 0.5}, "at least 1, and 0.5 is not"),
    ],
)
def test_what_does_not_fit_together_is_refused(wrong, said):
    with pytest.raises(AnalysisError, match=said):
        Design(**wrong)


def test_a_rule_for_single_psus_may_be_changed_alone():
    design = Design("s", "p", weights="w")
    assert (design.lonely, design.lonely_in_domain) == ("fail", False)
    changed = design.with_lonely("centre")
    assert (changed.lonely, changed.lonely_in_domain, changed.strata, changed.weights) == ("centre", False, ("s",), "w")
    assert design.with_lonely("centre", True).lonely_in_domain is True
    assert Design("s", "p", lonely_in_domain=True).with_lonely("remove").lonely_in_domain is True
    assert Design("s", "p", lonely_in_domain=True).with_lonely("remove", False).lonely_in_domain is False

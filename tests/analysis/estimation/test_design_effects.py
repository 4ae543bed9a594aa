"""Which design effects are shared, lent and shrunken, on figures that fit on one line."""

from types import SimpleNamespace

import numpy as np
import pytest

from analysis.estimation.design_effects import averaged_deff, of_parent, parent_domains, shrunken_deff

NAN = np.nan


class Family(SimpleNamespace):
    def __len__(self):
        return len(self.labels)


def test_siblings_of_one_kind_share_their_mean_and_the_whole_has_none():
    own = np.array([[1.0, 2.0, 6.0, 1.5, 9.0]])
    mean, number = averaged_deff(
        own, np.full((1, 5), 0.8), np.full((1, 5), 9), ("item", "item", "item", "factor", "overall")
    )
    assert mean[0, :4].tolist() == [3.0, 3.0, 3.0, 1.5]
    assert np.isnan(mean[0, 4])
    assert number.tolist() == [[3, 3, 3, 1, 0]]


def test_edges_single_clusters_and_what_is_unknown_do_not_count_among_siblings():
    own = np.array([[1.0, 2.0, 40.0, 50.0, 60.0, NAN]])
    value = np.array([[0.8, 0.9, 0.0, 1.0, 0.7, 0.6]])
    df = np.array([[1, 5, 5, 5, 0, 5]])
    mean, number = averaged_deff(own, value, df, ("item",) * 6)
    assert mean.tolist() == [[1.5] * 6]
    assert number.tolist() == [[2] * 6]


def test_without_any_sibling_the_mean_is_nought_of_none():
    mean, number = averaged_deff(np.array([[NAN, NAN]]), np.array([[1.0, 1.0]]), np.array([[5, 5]]), ("item", "item"))
    assert (mean.tolist(), number.tolist()) == ([[0.0, 0.0]], [[0, 0]])


def family(columns: tuple, labels: tuple, domain: list[int]) -> Family:
    """A family over two cells, unit a without a field and unit b with field x: each one's domain, -1 outside all."""
    order = np.flatnonzero(np.array(domain) >= 0)
    starts = np.unique(np.array(domain)[order], return_index=True)[1]
    return Family(columns=columns, labels=labels, domain=np.array(domain), order=order, domain_cells=starts)


WHOLE = family((), ((),), [0, 0])
UNIT = family(("unit",), (("a",), ("b",)), [0, 1])
FIELD = family(("field",), (("x",),), [-1, 0])
CROSSED = family(("unit", "field"), (("b", "x"),), [-1, 0])
FAMILIES = [WHOLE, UNIT, FIELD, CROSSED]


def lent(own=(1.1, 1.2, 1.3, 1.4, 1.5), value=(0.8,) * 5, df=(60, 20, 20, 30, 5), n=(900, 300, 200, 400, 40)):
    found = SimpleNamespace(df=np.array(df)[:, None], n=np.array(n)[:, None], value=np.array(value)[:, None])
    own = np.array(own)[:, None]
    lend = of_parent(own, parent_domains(own, found, FAMILIES))
    return [None if np.isnan(x) else float(x) for x in lend[:, 0]]


def test_the_smallest_enclosing_domain_lends_its_design_effect():
    assert lent() == [None, 1.1, 1.1, 1.1, 1.3]
    assert lent(n=(900, 300, 500, 400, 40)) == [None, 1.1, 1.1, 1.1, 1.4]


def test_only_a_domain_with_eight_degrees_of_freedom_and_a_share_inside_lends():
    assert lent(df=(60, 20, 8, 30, 5))[4] == 1.3
    assert lent(df=(60, 20, 7, 30, 5))[4] == 1.4
    assert lent(df=(60, 20, 7, 7, 5))[4] == 1.1
    assert lent(df=(7, 7, 7, 7, 5)) == [None] * 5
    assert lent(value=(0.8, 0.8, 1.0, 0.8, 0.8))[4] == 1.4
    assert lent(value=(0.8, 0.8, 0.0, 0.8, 0.8))[4] == 1.4
    assert lent(own=(1.1, 1.2, NAN, 1.4, 1.5))[4] == 1.4


def shrunken(own=1.5, value=0.9, people=20, answers=60, parent=2.0, siblings=1, kind="factor"):
    found = SimpleNamespace(people=np.array([[people]]), answers=np.array([[answers]]), value=np.array([[value]]))
    two = shrunken_deff(np.array([[own]]), found, np.array([[parent]]), np.array([[siblings]]), (kind,))
    return tuple(float(x[0, 0]) for x in two)


def test_a_pooled_figure_of_few_people_leans_on_its_parent_as_half_a_person():
    """20 people of whom a tenth is not satisfied count as two: D = (2 x 1.5 + 2/2)/2.5."""
    assert shrunken() == pytest.approx((1.6, 2.0))
    assert shrunken(value=0.1) == pytest.approx((1.6, 2.0))
    assert shrunken(parent=NAN) == pytest.approx(((3 + 3 / 2) / 2.5, 3.0))  # answers per person
    assert shrunken(value=1.0) == shrunken(value=0.0) == shrunken(own=0.0) == (2.0, 2.0)


def test_items_figures_with_siblings_and_single_answers_keep_their_own():
    assert shrunken(kind="item") == (1.5, 2.0)
    assert shrunken(siblings=5) == (1.5, 2.0)
    assert shrunken(siblings=4) == pytest.approx((1.6, 2.0))
    assert shrunken(answers=20) == (1.5, 2.0)
    assert shrunken(answers=21) == pytest.approx((1.6, 2.0))

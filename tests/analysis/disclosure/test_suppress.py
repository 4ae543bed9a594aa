"""The second door, and an attacker on the other side of it."""

import itertools
import json

import numpy as np
import pytest

from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import NotASafeTable, NotInTable, SafeTable
from analysis.disclosure.suppress import CannotBeProtected, suppress
from analysis.errors import AnalysisError


def a_row(of="O", n=40, estimate=0.8, **domain):
    flags = [] if n else ["no answers"]
    values = {"estimate": estimate, "se": 0.01, "low": 0.7, "high": 0.9} if n else {}
    empty = {"estimate": None, "se": None, "low": None, "high": None}
    return {"domain": domain, "of": of, "n": n, **empty, **values, "method": "wilson_shared", "flags": flags}


def a_table(counts, of="O"):
    """Whole, units, fields and unit x field of a table of counts, each total the sum of its parts."""
    counts = np.asarray(counts)
    rows = [a_row(of, int(counts.sum()))]
    rows += [a_row(of, int(n), unit=f"u{i}") for i, n in enumerate(counts.sum(axis=1))]
    rows += [a_row(of, int(n), field=f"f{j}") for j, n in enumerate(counts.sum(axis=0))]
    rows += [a_row(of, int(n), unit=f"u{i}", field=f"f{j}") for (i, j), n in np.ndenumerate(counts)]
    return rows


def withheld(table):
    return {(row["of"], tuple(sorted(row["domain"].items()))) for row in table.records() if row["withheld"]}


def attack(safe):
    """Every withheld count that subtraction finds: fill in sums with one unknown until nothing more follows."""
    counts = {tuple(sorted(row["domain"].items())): row["n"] for row in safe.records()}
    found = {}
    progress = True
    while progress:
        progress = False
        for total, family in itertools.product(counts, [("unit",), ("field",), ("field", "unit")]):
            names = {name for name, _ in total}
            if not names < set(family):
                continue
            parts = [key for key in counts if tuple(name for name, _ in key) == family and set(total) <= set(key)]
            unknown = [key for key in (total, *parts) if counts[key] is None]
            if len(unknown) == 1:
                (key,) = unknown
                known = sum(counts[part] for part in parts if part != key)
                counts[key] = known if key == total else counts[total] - known
                found[key] = counts[key]
                progress = True
    return found


def test_a_figure_on_fewer_people_than_the_policy_asks_is_withheld():
    safe = suppress([a_row(n=9, unit="a"), a_row(n=10, unit="b")])
    assert safe.row("O", unit="a") == {**dict.fromkeys(a_row(), None), "domain": {"unit": "a"}, "of": "O",
                                       "flags": [], "withheld": True}  # fmt: skip
    assert safe.row("O", unit="b") == {**a_row(n=10, unit="b"), "withheld": False}


@pytest.mark.parametrize("estimate", [0.0, 1.0])
def test_what_a_small_group_says_with_one_voice_is_withheld(estimate):
    safe = suppress([a_row(n=19, estimate=estimate, unit="a"), a_row(n=20, estimate=estimate, unit="b")])
    assert withheld(safe) == {("O", (("unit", "a"),))}


def test_no_answers_is_said_and_is_not_the_same_as_withheld():
    row = suppress([a_row(n=0, unit="a")]).row("O", unit="a")
    assert (row["n"], row["withheld"], row["flags"]) == (0, False, ["no answers"])


def test_a_small_cell_takes_the_next_smallest_with_it():
    safe = suppress([a_row(n=100)] + [a_row(n=n, unit=u) for u, n in zip("abcd", [5, 40, 25, 30], strict=True)])
    assert withheld(safe) == {("O", (("unit", "a"),)), ("O", (("unit", "c"),))}


def test_two_small_cells_whose_sum_is_small_take_a_third():
    safe = suppress([a_row(n=60)] + [a_row(n=n, unit=u) for u, n in zip("abc", [3, 4, 53], strict=True)])
    assert len(withheld(safe)) == 3 or ("O", ()) in withheld(safe)


def test_a_cell_without_answers_hides_nothing():
    safe = suppress([a_row(n=70)] + [a_row(n=n, unit=u) for u, n in zip("abc", [5, 0, 65], strict=True)])
    assert not safe.row("O", unit="b")["withheld"]
    assert safe.row("O", unit="c")["withheld"]


def test_a_factor_minus_its_other_items_tells_nothing():
    rows = [a_row("B5", 60), a_row("B5.1", 8), a_row("B5.2", 50), a_row("B5.3", 45)]
    assert {of for of, _ in withheld(suppress(rows, parts={"B5": ["B5.1", "B5.2", "B5.3"]}))} == {"B5.1", "B5.3"}


def test_a_factor_of_one_item_does_not_show_what_the_item_hides():
    rows = [a_row("B1", 25, unit="a"), a_row("B1.1", 25, unit="a")]
    earlier = suppress([a_row("B1.1", 60), *(a_row("B1.1", n, unit=u) for u, n in [("a", 25), ("b", 5), ("c", 30)])])
    assert {of for of, _ in withheld(suppress(rows, earlier=[earlier], parts={"B1": ["B1.1"]}))} == {"B1", "B1.1"}


def test_the_whole_minus_its_other_factors_tells_nothing():
    rows = [a_row("overall", 60), a_row("B1", 60), a_row("B4", 55), a_row("B5", 9), a_row("B1.1", 60), a_row("B5.1", 9)]
    safe = suppress(rows, parts={"B1": ["B1.1"], "B4": ["B4.1"], "B5": ["B5.1"]})
    assert {of for of, _ in withheld(safe)} == {"B5", "B5.1", "B4"}


@pytest.mark.parametrize("seed", range(12))
def test_sparse_tables_withstand_subtraction_too(seed):
    rng = np.random.default_rng(seed)
    assert not attack(suppress(a_table(rng.poisson(rng.gamma(0.7, 60, size=(9, 1)) * rng.dirichlet(np.ones(6))))))


@pytest.mark.parametrize("seed", range(12))
def test_an_attacker_who_subtracts_learns_nothing(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(10, 90, size=(9, 6))
    counts[rng.integers(9, size=7), rng.integers(6, size=7)] = rng.integers(0, 10, size=7)
    counts[0, 0] = 5
    raw = a_table(counts)
    safe = suppress(raw)
    naive = SafeTable.from_json(json.dumps(_primary_only(safe, raw)))
    assert attack(naive), "the attack must work where only small cells are withheld"
    assert not attack(safe)


def _primary_only(safe, raw):
    """The same table with small cells alone withheld: what a careless publisher would print."""
    table = json.loads(safe.to_json())
    policy = Policy()
    rows = [suppress([row]).row(row["of"], **row["domain"]) for row in raw]
    assert all(row["withheld"] == policy.hides(before) for row, before in zip(rows, raw, strict=True))
    return {**table, "rows": [[row[name] for name in table["columns"]] for row in rows]}


def test_an_attacker_who_solves_all_sums_at_once_learns_nothing():
    """Two blocks of hidden cells joined by one more: each line hides two or three, yet the joint cell is determined."""
    counts = np.full((5, 5), 50)
    for cell in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 2), (3, 3), (2, 4), (3, 4)]:
        counts[cell] = 6
    safe = suppress(a_table(counts))
    hidden = np.array([[safe.row("O", unit=f"u{i}", field=f"f{j}")["withheld"] for j in range(5)] for i in range(5)])
    cells = list(zip(*np.nonzero(hidden), strict=True))
    sums = np.zeros((10, len(cells)))
    for column, (i, j) in enumerate(cells):
        sums[i, column] = sums[5 + j, column] = 1
    free = np.linalg.svd(sums)[2][np.linalg.matrix_rank(sums) :]
    assert (np.abs(free).max(axis=0) > 1e-9).all(), "every hidden cell can still take more than one value"


def test_what_was_withheld_once_stays_withheld_for_the_same_answers():
    first = suppress([a_row(n=60), *(a_row(n=n, unit=u) for u, n in zip("abc", [5, 25, 30], strict=True))], source="x")
    rows = [a_row(n=25, unit="b"), a_row(n=30, unit="c")]
    assert [row["withheld"] for row in suppress(rows, earlier=[first], source="x").records()] == [True, False]
    assert [row["withheld"] for row in suppress(rows, earlier=[first], source="y").records()] == [False, False]


def test_a_new_table_is_not_undone_by_what_was_shown_before():
    first = suppress([a_row(n=60), a_row(n=30, unit="a"), a_row(n=30, unit="b")], source="x")
    rows = [a_row(n=n, unit="a", field=f) for f, n in zip("xyz", [4, 12, 14], strict=True)]
    second = suppress(rows, earlier=[first], source="x")
    assert [row["withheld"] for row in second.records()] == [True, True, False]


def test_a_figure_that_cannot_be_protected_any_more_is_refused_by_name():
    first = suppress([a_row(n=30, unit="a")], Policy(minimum=5), source="x")
    rows = [a_row(n=9, unit="a", field="x"), a_row(n=21, unit="a", field="y")]
    shown = suppress([rows[1]], Policy(minimum=5), source="x")
    with pytest.raises(CannotBeProtected, match="'field': 'x'"):
        suppress(rows, Policy(minimum=10), earlier=[first, shown], source="x")


def test_nobody_makes_a_safe_table_but_the_door():
    with pytest.raises(TypeError, match="suppress"):
        SafeTable([a_row()], Policy(), "", {})


def test_a_table_comes_back_from_text_as_it_was():
    safe = suppress(a_table([[5, 50], [60, 0]]), source="abc", about={"wave": "2026-1", "place": "Sơn La"})
    again = SafeTable.from_json(safe.to_json())
    assert again == safe
    assert list(again.records()) == list(safe.records())
    assert (again.source, again.about["place"], again.policy) == ("abc", "Sơn La", Policy())
    assert again.domains("field", "unit") == safe.domains("unit", "field")
    assert again.measures == ("O",)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.update(format="something"),
        lambda table: table.update(version=2),
        lambda table: table.pop("policy"),
        lambda table: table["rows"][0].append(1),
        lambda table: table.update(rows=[[{"unit": "a"}, "O", 3, 0.5, None, None, None, "", [], False]]),
        lambda table: table.update(rows=[[{"unit": "a"}, "O", 3, 0.5, None, None, None, "", [], True]]),
    ],
)
def test_a_text_that_the_door_did_not_write_is_refused(change):
    table = json.loads(suppress([a_row(unit="a")]).to_json())
    change(table)
    with pytest.raises(NotASafeTable):
        SafeTable.from_json(json.dumps(table))
    with pytest.raises(NotASafeTable):
        SafeTable.from_json("not json")


def test_changing_a_record_does_not_change_the_table():
    safe = suppress([a_row(unit="a")])
    row = safe.row("O", unit="a")
    row["domain"]["unit"] = "b"
    row["flags"].append("?")
    assert safe.row("O", unit="a")["flags"] == []


def test_a_row_that_is_not_there_is_named():
    with pytest.raises(NotInTable, match="no row for B9"):
        suppress([a_row()]).row("B9")


def test_a_policy_that_protects_nobody_is_refused():
    with pytest.raises(AnalysisError, match="below 3"):
        Policy(minimum=2)


def test_no_more_digits_leave_than_a_reader_needs():
    row = {"domain": {}, "of": "O", "n": 400, "answers": 400, "estimate": 0.8512345678, "se": 0.0123456, "df": 30,
           "deff": 1.73456, "low": 0.8212345, "high": 0.8798765, "method": "wilson_shared deff=1.73 items=22",
           "level": 0.95, "reliability": "shown", "flags": []}  # fmt: skip
    out = suppress([row]).row("O")
    assert (out["estimate"], out["low"], out["high"], out["se"], out["deff"]) == (0.851, 0.821, 0.88, 0.012, 1.7)
    assert (out["method"], out["df"]) == ("wilson_shared", 30)
    uncertain = suppress([{**row, "reliability": "hidden"}]).row("O")
    assert (uncertain["estimate"], uncertain["low"], uncertain["n"], uncertain["withheld"]) == (None, None, 400, False)
    text = suppress([row]).to_json()
    with pytest.raises(NotASafeTable, match="withholds"):
        SafeTable.from_json(text.replace("0.851", "0.8512345678"))


def test_hidden_parts_that_all_answered_alike_get_company():
    shares = {"a": (8, 1.0), "b": (9, 1.0), "c": (15, 0.8), "d": (60, 0.9)}
    rows = [{"domain": {}, "of": "O", "n": 92, "estimate": 0.9}]
    rows += [{"domain": {"field": field}, "of": "O", "n": n, "estimate": share} for field, (n, share) in shares.items()]
    table = suppress(rows, Policy(minimum=10, unanimous=20))
    withheld = {row["domain"]["field"] for row in table.records() if row["withheld"]}
    assert withheld == {"a", "b", "c"}  # 17 people who all said the same would have been left over


SAID = {"domain": {}, "of": "O", "n": 412, "answers": 412, "estimate": 0.85, "se": 0.012, "df": 38, "deff": 1.7,
        "low": 0.82, "high": 0.88, "method": "wilson_shared deff=1.73 items=22", "level": 0.95,
        "reliability": "shown", "flags": []}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({}, ("wilson_shared", 40, [])),
        ({"df": 7, "flags": ["review"]}, ("wilson_shared", 5, ["review"])),
        ({"df": 2, "flags": ["review", "unweighted"]}, ("wilson_shared", 1, ["review", "unweighted"])),
        ({"df": 8}, ("wilson_shared", 10, [])),
        ({"estimate": 1.0, "se": 0.0, "flags": ["edge"]}, ("wilson_shared", 40, ["edge"])),
        ({"estimate": 0.9997}, ("wilson_shared", 40, ["edge"])),  # read as 1.000, so nothing tells it from 1
        ({"se": 0.0, "flags": ["zero variance"]}, ("wilson_shared", 40, ["zero variance"])),
        ({"estimate": 1.0, "se": 0.0, "df": 0, "flags": ["one cluster only", "edge", "review"]},
         ("wilson_shared", 0, ["one cluster only", "edge", "review"])),
        ({"method": "census", "flags": ["census"]}, ("census", 40, ["census"])),
        ({"reliability": "hidden", "estimate": 1.0, "se": 0.0, "df": 3, "flags": ["edge", "review", "unweighted"]},
         ("wilson_shared", None, ["unweighted"])),
    ],
)  # fmt: skip
def test_what_is_said_of_a_figure_follows_from_what_is_shown_of_it(found, told):
    row = suppress([{**SAID, **found}]).row("O")
    assert (row["method"], row["df"], row["flags"]) == told
    table = suppress([{**SAID, **found}])
    assert SafeTable.from_json(table.to_json()) == table


@pytest.mark.parametrize("version", ["1", "2"])
def test_tables_of_the_first_versions_keep_what_they_say(version):
    policy = {"1": {"rounding": 1, "spread": 1}, "2": {}}[version]
    rows = [{**SAID, "df": 7, "flags": ["review"]}]
    text = json.loads(suppress(rows, Policy(**policy, own_words=False, version=version)).to_json())
    for name in ("own_words", "least_people", "least_df", *policy):
        del text["policy"][name]
    again = SafeTable.from_json(json.dumps(text))
    assert again.row("O")["method"] == "wilson_shared items=22"
    assert (again.row("O")["df"], again.row("O")["flags"]) == (7, ["review"])


def test_the_weighting_effect_of_a_figure_never_leaves():
    row = {"domain": {}, "of": "overall", "n": 212, "answers": 212, "estimate": 0.8, "kish": 14.62}
    (safe,) = suppress([row], Policy()).records()
    assert "kish" not in safe

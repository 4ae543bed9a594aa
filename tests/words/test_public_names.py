"""One meaning for one name: whoever meets a public class or function knows which, and where one is used.

A function that is always called by its module (`guesses.check`) may have a common name; a class, and a function that is
imported by its bare name, may not share it. Commands, pages and what prepares them are named as their words and
addresses are.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("analysis", "sipas", "surveys")
INTERFACE = re.compile(
    r"^click\.(command|group)\b|\.(command|group|get|post|route|record|(before|after)_\w+|context_processor)\b"
)
SAME_MEANING = {
    "N_": "marks a template for the catalogs; each package stands alone and has its own",
    "Wave": "a period of asking: what it measured, and its row in the database",
}
# what a name of the field took the place of: module or public name -> what it is called now
FORMER = {
    "roads": "linearization",
    "variance_of": "linearized_variance",
    "Moments": "RatioEstimates",
    "Layout": "DesignCounts",
    "steadied": "shrunken_deff",
    "judging": "differences",
    "Figures": "JointEstimates",
    "Compared": "AdjustedComparison",
    "withholding": "secondary_suppression",
    "withhold": "suppress_secondary",
    "poles": "unanimity",
    "narrowed": "propagate_bounds",
    "Measures": "Estimands",
    "rollup": "composites",
    "FrameCell": "PopulationCount",
    "Marks": "RedemptionJournal",
    "inbox": "comment_spool",
    "Edition": "ReleaseView",
    "Issue": "PublishedRelease",
    "uncounted": "missing_population",
    "Budgets": "RateLimits",
    "token_buckets": "rate_limits",
    "Kept": "PinnedConnection",
    "settle": "flush",
}


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Dotted name -> what stands in it, migrations apart."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text("utf-8")
        )
        for path in paths
        if "versions" not in path.parts
    }


def public() -> dict[str, dict[str, type]]:
    """Public name -> module -> ClassDef or FunctionDef; without commands, pages and what prepares them."""
    found: dict[str, dict[str, type]] = defaultdict(dict)
    for module, tree in modules().items():
        for node in tree.body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name[0] == "_":
                continue
            if not any(INTERFACE.search(ast.unparse(each)) for each in node.decorator_list):
                found[node.name][module] = type(node)
    return found


def imported_bare() -> set[tuple[str, str]]:
    """(module, name) of whatever somebody imports by its name alone."""
    return {
        (node.module, each.name)
        for tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for each in node.names
    }


def clashes(names: dict[str, dict[str, type]], bare: set[tuple[str, str]]) -> dict[str, list[str]]:
    """Name -> the modules in which it means something, where a reader could take one for another."""
    return {
        name: sorted(places)
        for name, places in names.items()
        if len(places) > 1 and (ast.ClassDef in places.values() or sum((place, name) in bare for place in places) > 1)
    }


def test_no_public_name_has_a_second_meaning():
    """Give one of them another name, or say in SAME_MEANING what both mean."""
    found = clashes(public(), imported_bare())
    assert {name: places for name, places in found.items() if name not in SAME_MEANING} == {}
    assert [name for name in SAME_MEANING if name not in found] == [], "no longer in two places"


def test_a_class_and_a_function_imported_bare_may_not_share_their_names():
    function, class_ = ast.FunctionDef, ast.ClassDef
    names = {"check": {"a": function, "b": function}, "Row": {"a": class_, "b": class_}, "one": {"a": class_}}
    assert clashes(names, {("a", "check")}) == {"Row": ["a", "b"]}
    assert clashes(names, {("a", "check"), ("b", "check")}) == {"Row": ["a", "b"], "check": ["a", "b"]}


def test_a_name_that_the_fields_word_replaced_does_not_come_back():
    names = {*public(), *(module.rpartition(".")[2] for module in modules())}
    assert {name: now for name, now in FORMER.items() if name in names} == {}


# what the program does not need and an analyst may: estimators, each held to R in tests/reference, and how surely a
# sample of a given size tells the response ratio
FOR_ANALYSTS = {
    "answered_all",
    "combined",
    "complete_cases",
    "jackknife_variance",
    "ratio_margin",
}
TOOLS = {"stand_in"}  # of whoever makes the fonts anew; sipas/static/css/fonts.css names it


def called(trees: dict[str, ast.Module]) -> set[str]:
    """Every name that is read, as a name, as an attribute or by an import under another name."""
    found: set[str] = set()
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.ImportFrom):  # as another name, under which it is then called
                found |= {each.name for each in node.names if each.asname}
    return found


def named_outside() -> set[str]:
    """Words of templates, migrations' frame, manuals and set-up, which name what Python does not."""
    pages = [*(ROOT / "sipas").rglob("*.html"), *(ROOT / "sipas/docs").rglob("*.md"), ROOT / "setup.cfg"]
    pages += [ROOT / "translations/instruments.cfg"]
    return {word for page in pages for word in re.findall(r"\w+", page.read_text("utf-8"))}


def test_every_public_function_is_used_by_the_program():
    """What only tests call goes, with its tests."""
    faces = {name for package in ("analysis", "surveys") for name in importlib.import_module(package).__all__}
    unused = set(public()) - called(modules()) - named_outside() - faces
    assert unused == FOR_ANALYSTS | TOOLS

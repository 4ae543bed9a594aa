"""The table of the journey in sipas/README.md and the sections of tests/test_journey.py are one list."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "sipas/README.md").read_text("utf-8").splitlines()
    if re.match(r"\| *\d+ \|", line)
]
SECTIONS = re.findall(r"^ {4}# (\d+)\. (.+)$", (ROOT / "tests/test_journey.py").read_text("utf-8"), re.MULTILINE)


def test_every_step_of_the_table_is_a_section_of_the_journey_and_the_other_way_round():
    assert [(number, step) for number, step, *_ in ROWS] == SECTIONS
    assert [int(number) for number, _ in SECTIONS] == list(range(1, 13))


def test_each_section_of_the_journey_checks_something():
    story = (ROOT / "tests/test_journey.py").read_text("utf-8")
    for number, section in enumerate(re.split(r"^ {4}# \d+\. .+$", story, flags=re.MULTILINE)[1:], 1):
        assert re.search(r"^ +(assert |with pytest\.raises)", section, re.MULTILINE), f"step {number} checks nothing"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_the_place_that_a_step_names_is_in_the_code(row):
    module, name = re.fullmatch(r"`([\w/.]+)` `(\w+)`", row[2]).groups()
    assert re.search(rf"^(def|class) {name}\b", (ROOT / module).read_text("utf-8"), re.MULTILINE)
    assert (ROOT / row[5].strip("`")).exists(), row[5]


def test_the_readme_leads_to_the_table():
    assert "](sipas/README.md)" in (ROOT / "README.md").read_text("utf-8")

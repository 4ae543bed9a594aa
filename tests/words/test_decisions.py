"""Decisions are dated headings in the README of the folder that they bind, and all of them stand in one index."""

import datetime as dt
import re

import pytest

from tests.decisions import ROOT, decisions, readmes

EACH = pytest.mark.parametrize("readme", readmes(), ids=lambda one: str(one.relative_to(ROOT)))
INDEXED = re.findall(
    r"^- (\d{4}-\d\d-\d\d) \[(.+)\]\((\S+README\.md)#(\S+)\)$", (ROOT / "DECISIONS.md").read_text("utf-8"), re.MULTILINE
)


def test_every_decision_is_in_the_index_and_every_entry_has_its_heading():
    there = [(one.date, one.title, one.readme, one.anchor) for one in decisions()]
    assert there == INDEXED, "run `make decisions`"
    assert len(INDEXED) > 80
    assert ("2026-11-24", "A released file is never edited", "surveys/README.md") in [one[:3] for one in INDEXED]


def test_no_two_decisions_have_one_heading():
    titles = [title for _, title, *_ in INDEXED]
    assert sorted(titles) == sorted(set(titles))


def test_every_date_is_a_day():
    assert all(dt.date(2026, 11, 1) <= dt.date.fromisoformat(date) for date, *_ in INDEXED)


@EACH
def test_no_dated_record_stands_in_another_form(readme):
    """Bold or italic beginnings with a date, dates before the words, months without a day, other levels of heading."""
    date = r"\(?20\d\d-\d\d(-\d\d)?\)?"
    other = re.compile(rf"^(#{{1,2}} |#{{5,}} |(- )?\*{{1,2}}(?! )).*{date}|^#+ {date}|^#+ .*\(20\d\d-\d\d\)")
    beginnings = [line for line in readme.read_text("utf-8").splitlines() if other.match(line[:120])]
    assert not beginnings


@EACH
def test_below_decisions_every_record_has_a_heading_of_its_own(readme):
    for section in re.findall(r"^## Decisions\n(.*?)(?=^## |\Z)", readme.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        records = re.split(r"^#{3,4} .+ \(\d{4}-\d\d-\d\d\)$", section, flags=re.MULTILINE)
        assert len(records) > 1
        leads = re.findall(r"^\*\*.+?\*\*", section, re.MULTILINE)
        assert not leads, leads
        assert not re.search(r"^- ", records[0], re.MULTILINE)


def test_the_readme_leads_to_the_index():
    assert "](DECISIONS.md)" in (ROOT / "README.md").read_text("utf-8")

"""Identity is not the bytes: what was brought in before is doubted under other bytes, and honest files are not."""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner

from sipas import clock
from sipas.cli import group
from sipas.importing import DoubtedFile, import_responses, look_at_responses
from sipas.importing.doubts import Likeness
from sipas.intake import stored
from sipas.intake.models import row_type
from tests.make import a_csv, a_point, a_response, a_wave

HEAD = ("point", "field", "date", "O", "B1.1", "B1.2", "B1.3")
TODAY = dt.date(2026, 9, 30)
WEEK = 7


def people(count, seed, monday=WEEK, point="to-hieu-1"):
    """Lines of people who answer as they like; days of one week of September."""
    drawn = random.Random(seed)
    fields = ["ho-tich", "chung-thuc", "dat-dai"]
    return [
        (point, drawn.choice(fields), f"2026-09-{monday + drawn.randrange(5):02}", *(drawn.choices("12345", k=4)))
        for _ in range(count)
    ]


def a_file(folder, lines, name="week.csv", head=HEAD):
    return a_csv(folder, "\n".join(",".join(line) for line in [head, *lines]) + "\n", name)


def a_book(folder, lines, name="week.xlsx"):
    """As Excel saves it: numbers are numbers, days are days."""
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    for point, field, day, *levels in lines:
        book.active.append([point, field, dt.datetime.fromisoformat(day), *map(int, levels)])
    book.save(folder / name)
    return folder / name


@pytest.fixture
def bring(database, settings):
    a_wave(database, settings)
    return lambda path, **more: import_responses(database, settings.home, path, "w1", None, TODAY, **more)


@pytest.fixture
def count(database):
    def now():
        with database.reading() as session:
            return stored(session, 1)

    return now


def test_a_file_saved_again_by_excel_counts_once_and_point_week_and_numbers_are_said(bring, count, tmp_path):
    lines = people(40, 1)
    bring(a_file(tmp_path, lines))
    with pytest.raises(DoubtedFile) as doubted:
        bring(a_book(tmp_path, lines))
    told = str(doubted.value)
    assert "week.xlsx: in the points and weeks below, 40 of 40 lines" in told
    assert "to-hieu-1, 2026-09-07 to 2026-09-13: 40 of 40 lines" in told
    assert "--other-people" in told
    assert count() == 40


def test_so_does_one_in_another_order_and_with_some_cells_corrected(bring, count, tmp_path):
    lines = people(40, 2)
    bring(a_file(tmp_path, lines))
    mixed = random.Random(3).sample(lines, 40)
    mixed[:8] = people(8, 99)
    with pytest.raises(DoubtedFile, match="32 of 40 lines"):
        bring(a_file(tmp_path, mixed, "again.csv"))
    assert count() == 40


def test_a_cumulative_file_is_doubted_for_the_week_that_it_holds_again(bring, count, tmp_path):
    first = people(40, 4)
    bring(a_file(tmp_path, first))
    with pytest.raises(DoubtedFile) as doubted:
        bring(a_file(tmp_path, first + people(40, 5, monday=14), "both.csv"))
    assert "2026-09-07 to 2026-09-13" in str(doubted.value)
    assert "2026-09-14" not in str(doubted.value)
    assert count() == 40
    assert bring(a_file(tmp_path, people(40, 5, monday=14), "second.csv")) == (40, 0)


def test_the_same_bytes_still_add_nothing_and_are_not_doubted(bring, count, tmp_path):
    path = a_file(tmp_path, people(40, 6))
    assert (bring(path), bring(path), count()) == ((40, 0), (0, 40), 40)


def test_whoever_says_that_they_are_other_people_goes_on(bring, count, tmp_path):
    lines = people(40, 7)
    bring(a_file(tmp_path, lines))
    assert bring(a_book(tmp_path, lines), other_people=True) == (40, 0)
    assert count() == 80


def test_each_stored_row_matches_one_line(bring, tmp_path):
    same = [("to-hieu-1", "ho-tich", "2026-09-07", "5", "5", "5", "5")]
    bring(a_file(tmp_path, same * 3))
    assert bring(a_file(tmp_path, same * 6, "six.csv")) == (6, 0)  # 3 of 6 are matched


@pytest.mark.parametrize(("lines", "is_doubted"), [(4, False), (5, True)])
def test_of_fewer_than_five_lines_nobody_can_tell(bring, tmp_path, lines, is_doubted):
    some = people(lines, 8)
    bring(a_file(tmp_path, some))
    if is_doubted:
        with pytest.raises(DoubtedFile):
            bring(a_book(tmp_path, some))
    else:
        bring(a_book(tmp_path, some))


def test_lines_with_an_id_count_by_it_and_are_not_judged(bring, tmp_path):
    lines = people(20, 9)
    bring(a_file(tmp_path, lines))
    numbered = [(f"P-{number}", *line) for number, line in enumerate(lines)]
    assert bring(a_file(tmp_path, numbered, "numbered.csv", ("id", *HEAD))) == (20, 0)


def test_rows_of_another_channel_point_and_week_do_not_match(bring, database, settings, tmp_path):
    a_point(database, "to-hieu-2", "03646")
    lines = people(20, 10)
    bring(a_file(tmp_path, lines))
    bring(a_file(tmp_path, [("to-hieu-1", line[1], "2026-09-21", *line[3:]) for line in lines], "week-later.csv"))
    for number in range(20):
        a_response(database, settings, answers={"O": "5"}, submission=f"{number:032x}")
    by_kiosk = [("to-hieu-1", "ho-tich", "2026-09-16", "5", "", "", "")] * 20
    assert bring(a_file(tmp_path, by_kiosk, "paper.csv")) == (20, 0)


def test_a_dry_run_says_what_would_happen_and_changes_nothing(bring, count, database, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    lines = people(40, 11)
    first = a_file(tmp_path, lines)

    def said(path, *more):
        run = CliRunner().invoke(group, ["responses", "import", str(path), "--wave", "w1", "--dry-run", *more])
        assert run.exit_code == 0, run.exception
        return run.output

    assert "40 lines: 40 answers would be new, 0 are stored already." in said(first)
    assert count() == 0
    bring(first)
    assert "40 lines: 0 answers would be new, 40 are stored already." in said(first)
    told = said(a_book(tmp_path, lines))
    assert "week.xlsx: in the points and weeks below, 40 of 40 lines" in told
    assert "Nothing was changed" in told
    assert count() == 40
    seen = look_at_responses(database, settings.home, first, "w1", None, TODAY)
    assert (seen.lines, seen.known, seen.doubts) == (40, 40, ())


# How often honest files are doubted


def rows_of(drawn, people_, items, fields, profile, straight):
    """What people of one point and week leave: a mood each, some the same level for every item."""
    rows = np.zeros(people_, row_type(items))
    rows["key"] = np.frombuffer(drawn.bytes(15 * people_), "V15")
    rows["cluster"] = np.frombuffer(bytes(8), "V8")[0]
    rows["field"] = drawn.choice(len(fields), people_, p=fields)
    if profile:
        rows["sex"], rows["age"] = drawn.integers(0, 3, people_), drawn.integers(0, 6, people_)
    mood = drawn.normal(0, 0.8, (people_, 1))
    levels = np.clip(np.rint(4.1 + mood + drawn.normal(0, 0.6, (people_, items))), 1, 5).astype(np.uint8)
    alike = drawn.random(people_) < straight
    levels[alike] = drawn.choice([3, 4, 5], (alike.sum(), 1), p=[0.1, 0.4, 0.5])
    rows["answers"] = np.ascontiguousarray(levels).view(f"V{items}")[:, 0]
    return rows


def doubted(lines, there):
    likeness, count = Likeness(lines.dtype["answers"].itemsize), len(lines)
    likeness.add(lines, np.zeros(count, np.int64), np.full(count, 20_000), np.zeros(count, bool))
    return bool(likeness.compare_with([there], ["p"])[1])


FIELDS = (0.4, 0.3, 0.2, 0.1)
CASES = {  # lines of the file, rows of its point and week already there, items, fields, profile, same level throughout
    "latecomers of the week before, full form": (8, 40, 22, FIELDS, True, 0.3),
    "two clerks share a week, full form": (20, 20, 22, FIELDS, True, 0.3),
    "two clerks share a week, short form": (20, 20, 6, FIELDS, True, 0.3),
    "the same without sex and age": (20, 20, 6, FIELDS, False, 0.3),
    "a few lines late, short form, without sex and age": (8, 40, 6, FIELDS, False, 0.3),
}
FILES = 1000


@pytest.mark.parametrize("case", CASES)
def test_fewer_than_one_honest_file_in_a_hundred_is_doubted_and_every_copy_is(case):
    lines, there, *shape = CASES[case]
    drawn = np.random.default_rng(20261201)
    honest = copies = 0
    for _ in range(FILES):
        stored_, new = rows_of(drawn, there, *shape), rows_of(drawn, lines, *shape)
        honest += doubted(new, stored_)
        again = drawn.permutation(stored_)[:lines].copy()
        again["key"] = np.frombuffer(drawn.bytes(15 * lines), "V15")
        copies += doubted(again, stored_)
    print(case, honest / FILES)
    assert honest < FILES / 100, f"{honest} of {FILES}"
    assert copies == FILES

"""When the tables are written anew: where something came since the last time, and not else."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from sipas.files.state_files import Damaged
from sipas.intake.invitations import Invitation, code_hash
from sipas.intake.long_numbers import put_back, set_aside
from sipas.intake.maintenance import maintain, rows_at_last
from sipas.intake.redemption_journal import RedemptionJournal
from sipas.intake.ways import Books, File
from tests.make import a_response, a_wave, all_comments


def test_it_is_due_once_after_each_answer_comment_or_spent_code(database, settings):
    home = settings.home
    assert maintain(database, home) is False
    assert rows_at_last(home) == 0
    a_wave(database, settings)
    a_response(database, settings)
    assert [maintain(database, home) for _ in range(2)] == [True, False]
    assert rows_at_last(home) == 1
    a_response(database, settings, comment="Chờ lâu")
    assert [maintain(database, home) for _ in range(2)] == [True, False]
    assert rows_at_last(home) == 3
    assert [one.text for one in all_comments(database, settings)] == ["Chờ lâu"]
    with database.writing() as session:
        session.execute(insert(Invitation).values(key=code_hash(b"k", "x"), batch=1, spent=False))
    assert [maintain(database, home) for _ in range(2)] == [True, False]
    RedemptionJournal(home).spend(code_hash(b"k", "x"), bytes(16))
    assert [maintain(database, home) for _ in range(2)] == [True, False]
    assert rows_at_last(home) == 4


def test_where_it_is_not_known_when_it_was_last_done_it_is_due(database, settings):
    (settings.home / "maintained").write_bytes(b"?")
    with pytest.raises(Damaged):
        rows_at_last(settings.home)
    assert [maintain(database, settings.home) for _ in range(2)] == [True, False]


def test_ways_are_forgotten_together_and_nothing_is_made_of_nothing(tmp_path):
    file, path = File(tmp_path), tmp_path / "ways.counts"
    file.clear()
    assert file.books() == Books({}, {})
    assert not path.exists()
    file.add({(1, 2, 3, 1): 4})
    file.add({(1, 2, 3, 1): 2, (1, 2, 3, 3): 1})
    assert file.books() == Books({(1, 2, 3, 1): 6, (1, 2, 3, 3): 1}, {})
    assert path.stat().st_size == 4096
    leaving = file.leave(lambda waiting: {(1, 2, 3, 1): 106})
    assert leaving == {(1, 2, 3, 1): 106}
    assert file.books() == Books({(1, 2, 3, 3): 1}, {(1, 2, 3, 1): 106})
    assert file.leave(lambda waiting: {(1, 2, 3, 3): 1}) == leaving  # a night that was cut off is ended first
    file.left({(9, 9, 9, 9): 1})
    assert file.books().leaving == leaving
    file.left(leaving)
    assert file.books() == Books({(1, 2, 3, 3): 1}, {})
    file.clear()
    assert file.books() == Books({}, {})
    assert path.stat().st_size == 4096  # overwritten, not cut off


def test_ten_finished_answers_of_a_place_are_counted_by_their_way_and_unfinished_forms_are_not(database, settings):
    a_wave(database, settings)
    for _ in range(9):
        a_response(database, settings)
        a_response(database, settings, unfinished=True)
    assert not (settings.home / "ways.counts").exists()
    a_response(database, settings)
    (counted,) = File(settings.home).books().waiting.values()
    assert counted == 10


def test_counts_beyond_one_block_take_the_next(tmp_path):
    file = File(tmp_path)
    file.add({(1, point, 3, 1): 1 for point in range(500)})
    size = (tmp_path / "ways.counts").stat().st_size
    assert (size % 4096, size > 4096) == (0, True)
    file.clear()
    assert (tmp_path / "ways.counts").stat().st_size == size


def test_after_6400_numbers_of_one_text_the_rest_is_taken_as_it_is():
    text, kept = set_aside("1.200.000 đồng; " * 6402)
    assert len(kept) == 6400
    assert text.endswith("1.200.000 đồng; 1.200.000 đồng; ")
    assert put_back(text[:10], kept, "*").startswith("1.200.000 đồng; 1.200.000 đồng; ")

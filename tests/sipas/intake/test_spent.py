"""The file of today's spent codes: reserved, spent, settled; without order, and shared by processes."""

from __future__ import annotations

import hashlib
import os
import random
import threading

import pytest

from sipas.files.state_files import Damaged
from sipas.intake import redemption_journal as module
from sipas.intake.redemption_journal import OURS, PAGE, PAGES, ROOM, SPENT, TAKEN, PageFull, RedemptionJournal


def of(word):
    return hashlib.sha256(str(word).encode()).digest()[:16]


@pytest.fixture
def marks(tmp_path):
    return RedemptionJournal(tmp_path)


def test_a_code_is_reserved_to_one_visit_until_it_is_spent(marks):
    assert marks.reserve(of("code"), of("a"), 100) == OURS
    assert marks.reserve(of("code"), of("a"), 101) == OURS
    assert marks.reserve(of("code"), of("b"), 101) == TAKEN
    marks.spend(of("code"), of("a"))
    assert marks.reserve(of("code"), of("b"), 10_000) == SPENT


def test_the_visit_that_spent_a_code_is_known_again_so_that_a_resend_goes_through(marks):
    marks.reserve(of("code"), of("a"), 100)
    marks.spend(of("code"), of("a"))
    assert marks.reserve(of("code"), of("a"), 500) == OURS
    assert marks.reserve(of("code"), of("b"), 500) == SPENT


def test_a_reservation_that_comes_to_nothing_runs_out(marks):
    marks.reserve(of("code"), of("a"), 100)
    assert marks.reserve(of("code"), of("b"), 109) == TAKEN  # ten minutes
    assert marks.reserve(of("code"), of("b"), 110) == OURS
    assert marks.reserve(of("code"), of("a"), 110) == TAKEN


def test_a_file_that_is_not_what_was_written_is_damaged(marks, tmp_path):
    marks.check()  # not there yet
    marks.spend(of("code"), of("a"))
    marks.spend(of("other"), of("b"))
    marks.check()
    path = tmp_path / "invitations.marks"
    whole = path.read_bytes()
    assert len(whole) == 256 * 4096
    path.write_bytes(b"")  # as a process makes it, before its first use
    marks.check()
    first = next(place for place, byte in enumerate(whole) if byte)
    for damaged in (whole[:-1], whole + bytes(4096), whole[:4096], whole[: first + 36] + b"\1" + whole[first + 37 :],
                    whole[:4095] + b"x" + whole[4096:]):  # fmt: skip
        path.write_bytes(damaged)
        with pytest.raises(Damaged, match=r"invitations\.marks in SIPAS_HOME is damaged"):
            marks.check()


def test_a_clock_put_back_holds_no_code_for_ever(marks):
    marks.reserve(of("code"), of("a"), 1000)
    assert marks.reserve(of("code"), of("b"), 10) == OURS


def test_what_is_released_is_free_at_once_but_only_by_its_own_visit(marks):
    marks.reserve(of("code"), of("a"), 100)
    marks.release(of("code"), of("b"))
    assert marks.reserve(of("code"), of("b"), 100) == TAKEN
    marks.release(of("code"), of("a"))
    assert marks.reserve(of("code"), of("b"), 100) == OURS
    marks.spend(of("code"), of("b"))
    marks.release(of("code"), of("b"))
    assert marks.reserve(of("code"), of("c"), 100) == SPENT


def test_the_file_is_the_same_in_whatever_order_codes_were_spent(tmp_path):
    words, files = list(range(400)), []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        random.Random(seed).shuffle(words)
        for word in words:
            RedemptionJournal(folder).reserve(of(word), of(("visit", word)), 100 + seed)
            RedemptionJournal(folder).spend(of(word), of(("visit", word)))
        files.append((folder / "invitations.marks").read_bytes())
    assert files[0] == files[1]
    assert len(files[0]) == PAGE * PAGES


def test_settling_hands_over_what_was_spent_and_keeps_what_is_under_way(marks, tmp_path):
    marks.reserve(of("over"), of("x"), 50)
    for word in "abc":
        marks.reserve(of(word), of(("visit", word)), 100)
        marks.spend(of(word), of(("visit", word)))
    marks.reserve(of("open"), of("y"), 100)
    handed = []
    assert marks.settle(handed.extend, 101) == 3
    assert handed == sorted(of(word) for word in "abc")
    left = (tmp_path / "invitations.marks").read_bytes()
    assert of("open") in left
    assert of("over") not in left
    assert marks.settle(handed.extend, 200) == 0
    assert not any((tmp_path / "invitations.marks").read_bytes())


def test_a_file_that_a_full_disk_cut_short_loses_no_mark(marks, tmp_path):
    early, late = b"\0" + of("a")[1:], b"\xff" + of("b")[1:]
    marks.reserve(early, of("x"), 100)
    marks.spend(early, of("x"))
    os.truncate(tmp_path / "invitations.marks", 3 * PAGE)
    assert marks.reserve(late, of("y"), 100) == OURS
    assert marks.reserve(early, of("z"), 100) == SPENT


def test_where_settling_fails_nothing_is_forgotten(marks):
    marks.reserve(of("a"), of("x"))
    marks.spend(of("a"), of("x"))

    def breaks(_spent):
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        marks.settle(breaks)
    assert marks.reserve(of("a"), of("other")) == SPENT


def test_while_codes_are_handed_over_nobody_waits_at_the_file(marks):
    for word in "ab":
        marks.reserve(of(word), of(("visit", word)), 100)
    marks.spend(of("a"), of(("visit", "a")))

    def meanwhile(_spent):
        marks.spend(of("b"), of(("visit", "b")))
        assert marks.reserve(of("a"), of("other"), 101) == SPENT
        assert marks.reserve(of("c"), of("y"), 101) == OURS

    hand_over = threading.Thread(target=marks.settle, args=(meanwhile, 101), daemon=True)
    hand_over.start()
    hand_over.join(10)
    assert not hand_over.is_alive()
    assert marks.spent() == [of("b")]  # for the next night
    assert marks.reserve(of("c"), of("other"), 101) == TAKEN


def test_a_full_page_is_said_and_spoils_no_neighbour(marks):
    first = bytes(1)
    codes = [first + of(number)[1:] for number in range(ROOM)]
    for code in codes:
        marks.reserve(code, of("x"), 100)
        marks.spend(code, of("x"))
    neighbour = b"\1" + of("n")[1:]
    marks.reserve(neighbour, of("n"), 100)
    marks.spend(neighbour, of("n"))
    with pytest.raises(PageFull):
        marks.reserve(first + of("more")[1:], of("y"), 100)
    assert marks.reserve(codes[7], of("y"), 100) == SPENT
    assert marks.reserve(neighbour, of("y"), 100) == SPENT
    assert marks.settle(lambda _: None) == ROOM + 1
    assert marks.reserve(first + of("more")[1:], of("y"), 100) == OURS


def test_of_many_who_bring_the_same_code_at_once_one_gets_it(tmp_path):
    for word in range(20):
        won = []

        def brings(visit, word=word, won=won):
            won.append(RedemptionJournal(tmp_path).reserve(of(word), of(visit), 100))

        threads = [threading.Thread(target=brings, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == sorted([OURS] + 7 * [TAKEN])


def test_only_its_owner_can_read_the_file_and_a_spent_code_is_written_through(marks, tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(module.os, "fdatasync", synced.append)
    marks.reserve(of("a"), of("x"))
    assert synced == []
    marks.spend(of("a"), of("x"))
    assert len(synced) == 1
    assert (tmp_path / "invitations.marks").stat().st_mode & 0o077 == 0

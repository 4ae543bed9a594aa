"""Comments wait in a file that does not tell in which order they came, each in a place that follows from its key."""

from __future__ import annotations

import pytest

from sipas.intake import comment_spool as module
from sipas.intake.comment_spool import CommentSpool, NoRoom, flush_comments, spool_comment
from sipas.intake.models import StoredComment
from tests.make import all_comments


def comment(number, text="Chờ lâu 😊", start=None):
    first = number if start is None else start
    key = first.to_bytes(8, "big") + number.to_bytes(8, "big")
    return StoredComment(key=key, wave=1, unit=2, field=3, month=202609, text=text)


def texts(inbox):
    return [(int.from_bytes(one.key[8:], "big"), one.text, one.unit, one.field, one.month) for one in inbox.waiting()]


def test_a_comment_waits_once_and_comes_out_as_it_went_in(tmp_path):
    inbox = CommentSpool(tmp_path)
    assert inbox.waiting() == []
    assert inbox.put(comment(5)) is True
    assert inbox.put(comment(5)) is False
    assert inbox.put(comment(3, "Nhanh")) is True
    assert texts(inbox) == [(3, "Nhanh", 2, 3, 202609), (5, "Chờ lâu 😊", 2, 3, 202609)]
    assert (tmp_path / "comments.inbox").stat().st_size == 2048 * 4096
    assert (tmp_path / "comments.inbox").stat().st_mode & 0o777 == 0o600


def test_the_same_comments_in_another_order_are_the_same_bytes(tmp_path):
    written = []
    for name, order in (("a", range(50)), ("b", reversed(range(50)))):
        (tmp_path / name).mkdir()
        for number in order:
            CommentSpool(tmp_path / name).put(comment(number, f"Lời thứ {number}"))
        written.append((tmp_path / name / "comments.inbox").read_bytes())
    assert written[0] == written[1]
    assert written[0][7 * 4096 + 32 : 7 * 4096 + 36] != bytes(4)  # the place is the key's


def test_where_a_place_is_taken_the_next_is_used_also_beyond_the_end_and_after_64_it_is_full(tmp_path):
    inbox = CommentSpool(tmp_path)
    for number in range(64):
        assert inbox.put(comment(number, start=2047))
    assert (tmp_path / "comments.inbox").read_bytes()[:4096] != bytes(4096)  # 2047, then 0, 1, 2 …
    with pytest.raises(NoRoom):
        inbox.put(comment(64, start=2047))
    assert inbox.put(comment(63, start=2047)) is False  # it waits there already
    assert len(inbox.waiting()) == 64
    assert inbox.put(comment(64, start=700))


def test_a_place_that_a_crash_left_half_written_is_free_and_is_overwritten(tmp_path):
    inbox, path = CommentSpool(tmp_path), tmp_path / "comments.inbox"
    inbox.put(comment(5))
    inbox.put(comment(6))
    whole = path.read_bytes()
    path.write_bytes(whole[: 5 * 4096 + 40] + b"\1" + whole[5 * 4096 + 41 :])
    assert [number for number, *_ in texts(inbox)] == [6]
    inbox.remove([])
    assert path.read_bytes()[5 * 4096 : 6 * 4096] == bytes(4096)
    inbox.remove([comment(6)])
    assert path.read_bytes() == bytes(2048 * 4096)


def test_a_comment_fits_a_place_up_to_its_last_byte(tmp_path):
    inbox = CommentSpool(tmp_path)
    rest = len(module._packed(comment(1, "")).rstrip(b"\0")) - 1
    longest = 4096 - rest - 1
    assert inbox.put(comment(1, "x" * longest))
    assert texts(inbox)[0][1] == "x" * longest
    with pytest.raises(NoRoom):
        inbox.put(comment(2, "x" * (longest + 1)))


def test_what_has_no_room_goes_into_the_table_at_once_and_the_rest_at_night(database, settings):
    assert spool_comment(database, settings.home, comment(1, "kurz"))
    assert spool_comment(database, settings.home, comment(2, "x" * 4090))
    assert not spool_comment(database, settings.home, comment(2, "x" * 4090))
    assert flush_comments(database, settings.home) == 1
    assert flush_comments(database, settings.home) == 0
    assert CommentSpool(settings.home).waiting() == []
    assert sorted(one.text[:4] for one in all_comments(database, settings)) == ["kurz", "xxxx"]

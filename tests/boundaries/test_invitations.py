"""Whose answer was it? What an attacker finds who holds the database files, every key, and the list of all codes.

He knows each code's hash and each answer's row, and looks for pairs: by SQLite's log, commit by commit; by
PostgreSQL's transaction marks and log; by place in the files; by equal values. First the attack is shown to work on
the plain scheme (a code marked in a transaction of its own just before the answer's); then it is run on ours, before
and after the night.

Blind guessing makes one right pair on average, whatever the number of people, and seven or more in 1 of 12,000 tries; a
rank correlation of 0.15 would be seen with 600 (3.6 standard errors of blind order).
"""

from __future__ import annotations

import random
import re
import secrets
import struct
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from sipas.config.settings import Settings
from sipas.intake import Answers, record
from sipas.intake.invitations import CodeInUse, CodeSpent, Invitation, code_hash, redeeming
from sipas.intake.maintenance import maintain
from sipas.intake.models import Response
from sipas.intake.redemption_journal import PATIENCE, RedemptionJournal
from sipas.keyring import wave_keys
from sipas.migrations import create
from sipas.registry.importing import load_registry
from surveys import load
from tests import postgres
from tests.boundaries.test_order_of_arrival import correlation, log_of
from tests.make import a_point, a_row, a_visit, a_wave, some_codes
from tests.needles import Needles

PEOPLE = 600
POWER, BLIND = 0.15, 6
PACKED = Answers.of(load("service-2024"), "short", {"O": "4"})


def an_answer(database, submission):
    """Stores one answer in a transaction of its own; gives its key."""
    row = a_row(submission, a_visit(channel=2))
    with database.writing() as session:
        record(session.connection(), row)
    return bytes(row.key)


def invited_people(database, settings, count):
    """Codes in the order in which their holders come, which is that of nothing else; and the key of their hashes."""
    a_point(database, "to-hieu-phone", form="short", channel="phone")
    a_wave(database, settings)
    codes = some_codes(database, settings, count=count)
    random.Random(5).shuffle(codes)
    return codes, wave_keys.load(settings.home, "w1", "invitation")


def as_we_do(database, settings, codes, key):
    """Everybody answers; gives hash of the code -> key of the answer, in order of arrival."""
    pairs = {}
    for number, code in enumerate(codes):
        submission = f"{number:032x}"
        with redeeming(database, settings.home, key, code, submission):
            pairs[code_hash(key, code)] = an_answer(database, submission)
    return pairs


def as_others_do(database, codes, key):
    """The plain scheme: the code in a transaction of its own, then the answer in the next."""
    pairs = {}
    for number, code in enumerate(codes):
        with database.writing() as session:
            session.execute(update(Invitation).where(Invitation.key == code_hash(key, code)).values(spent=True))
        pairs[code_hash(key, code)] = an_answer(database, f"{number:032x}")
    return pairs


def commits(log):
    """SQLite's log as the pages of each commit, in order."""
    if len(log) < 32:
        return
    size, place, pages = struct.unpack(">I", log[8:12])[0], 32, []
    salt = log[16:24]
    while place + 24 + size <= len(log) and log[place + 8 : place + 16] == salt:
        number, end = struct.unpack(">II", log[place : place + 8])
        pages.append((number, log[place + 24 : place + 24 + size]))
        place += 24 + size
        if end:
            yield pages
            pages = []


def pairs_by_log(data, log, codes, answers):
    """Hash -> answer: each answer that appears is laid to the code that changed last before it or with it."""
    size = int.from_bytes(data[16:18], "big")
    before = {number + 1: data[number * size : (number + 1) * size] for number in range(len(data) // size)}
    seen_codes, seen_answers, found, last = {}, set(), {}, None
    of_codes, of_answers = Needles(codes), Needles(answers)

    def look(page):
        changed, there = [], of_answers.places(page)
        for code, at in sorted(of_codes.places(page).items(), key=lambda one: number[one[0]]):
            around = page[at - 4 : at + 17]  # a row's `spent` stands in the head before its key
            if seen_codes.get(code, around) != around:
                changed.append(code)
            seen_codes[code] = around
        fresh = [answer for answer in answers if answer in there and answer not in seen_answers]
        seen_answers.update(fresh)
        return changed, fresh

    number = {code: place for place, code in enumerate(codes)}

    for page in before.values():
        look(page)
    for pages in commits(log):
        for _number, page in pages:
            changed, fresh = look(page)
            last = changed[-1] if changed else last
            for answer in fresh:
                if last:
                    found[last] = answer
    return found


def right(found, truth):
    return sum(truth[code] == answer for code, answer in found.items())


def by_rank(codes, answers, truth):
    """Pairs the first with the first, and so on; gives how many are right."""
    return right(dict(zip(codes, answers, strict=True)), truth)


def order_of(items, hashes):
    """The items that stand in some bytes, in the order of their first places."""
    return list(Needles(hashes).places(items))


@pytest.fixture
def quiet(database, settings):
    """No checkpoint by itself: the log holds everything, as it does after a morning."""
    with database.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_autocheckpoint=0")
        yield connection


def empty_log(connection):
    connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_the_attack_finds_every_pair_where_a_code_is_spent_beside_its_answer(database, settings, quiet, capsys):
    codes, key = invited_people(database, settings, 150)
    empty_log(quiet)
    data = (settings.home / "sipas.sqlite").read_bytes()
    truth = as_others_do(database, codes, key)
    found = pairs_by_log(data, log_of(settings), list(truth), list(truth.values()))
    with capsys.disabled():
        print(f"\nSQLite's log, a code spent just before its answer: {right(found, truth)} of {len(truth)} pairs found")
    assert right(found, truth) >= 0.95 * len(truth)


def test_on_sqlite_no_pair_is_found_before_the_night_nor_after(database, settings, quiet, capsys):
    codes, key = invited_people(database, settings, PEOPLE)
    empty_log(quiet)
    data = (settings.home / "sipas.sqlite").read_bytes()
    truth = as_we_do(database, settings, codes, key)
    arrival = {code: number for number, code in enumerate(truth)}
    log, marks = log_of(settings), (settings.home / "invitations.marks").read_bytes()

    found = pairs_by_log(data, log, list(truth), list(truth.values()))
    assert Needles(truth).places(log) == {}  # the log of the day knows of no code
    in_log, in_marks = order_of(log, truth.values()), order_of(marks, truth)
    assert len(in_log) == len(in_marks) == PEOPLE  # the attacker does see both, and the answers in their order
    assert in_log == list(truth.values())
    assert right(found, truth) == 0
    before, rho = by_rank(in_marks, in_log, truth), correlation(arrival, in_marks)
    assert before <= BLIND
    assert abs(rho) < POWER
    _no_equal_values(database, truth, marks)

    quiet.close()
    assert maintain(database, settings.home)
    assert log_of(settings) == b""
    assert not any((settings.home / "invitations.marks").read_bytes())
    data = (settings.home / "sipas.sqlite").read_bytes()
    code_places, answer_places = order_of(data, truth), order_of(data, truth.values())
    assert len(code_places) == len(answer_places) == PEOPLE
    after = by_rank(code_places, answer_places, truth)
    assert after <= BLIND
    assert abs(correlation(arrival, code_places)) < POWER
    with database.reading() as session:
        assert session.scalars(select(Invitation.spent)).all() == [True] * PEOPLE
    with capsys.disabled():
        print(f"SQLite, ours: {right(found, truth)} of {PEOPLE} by the log before the night, {before} by place (order"
              f" {rho:.2f}); after it {after} by place; blind guessing 1")  # fmt: skip


def _no_equal_values(database, truth, marks):
    """No eight bytes of an answer's row stand in what is kept of codes."""
    with database.reading() as session:
        rows = session.scalars(select(Response)).all()
    kept = b"".join(truth) + marks
    for row in rows:
        for value in (row.key, row.cluster):
            for start in range(len(value) - 7):
                assert value[start : start + 8] not in kept


@pytest.mark.postgres
@pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs (initdb) are not installed")
def test_on_postgresql_no_pair_is_found_before_the_night_nor_after(tmp_path, capsys):
    with postgres.cluster() as url:
        settings = replace(Settings(home=tmp_path / "home"), database_url=url)
        database = create(settings)
        with database.writing() as session:
            load_registry(session)
        codes, key = invited_people(database, settings, PEOPLE + 100)
        folder = Path(url.split("host=")[1], "data", "pg_wal")

        def rows(table):
            order = "xmin::text::bigint"
            with database.engine.connect() as connection:
                found = connection.execute(text(f"select key, xmin::text, ctid from {table} order by {order}")).all()
            return [(bytes(row[0]), int(row[1])) for row in found]

        def segments():
            return b"".join(path.read_bytes() for path in sorted(folder.glob("0*")))

        plain = as_others_do(database, codes[:100], key)  # the attack's power: neighbours by transaction mark
        answered = {mark: answer for answer, mark in rows("response")}
        neighbours = {code: answered.get(mark + 1) for code, mark in rows("invitation") if code in plain}
        shown = right(neighbours, plain)
        assert shown >= 95
        with database.writing() as session:
            session.execute(text("delete from response"))

        truth = as_we_do(database, settings, codes[100:], key)
        answered = {mark: answer for answer, mark in rows("response")}
        marks_of_codes = {mark for code, mark in rows("invitation") if code in truth}
        assert len(answered) == PEOPLE  # answers do show their order until the night ...
        assert len(marks_of_codes) == 1  # ... and codes only that they were issued
        log = segments()
        written = Needles(truth.values()).places(log)
        assert len(written) == PEOPLE
        assert Needles(truth).places(log[min(written.values()) :]) == {}
        order = [answered[mark] for mark in sorted(answered)]
        in_marks = order_of((settings.home / "invitations.marks").read_bytes(), truth)
        assert order == list(truth.values())
        before = by_rank(in_marks, order, truth)
        assert before <= BLIND

        assert maintain(database, settings.home)
        assert len({mark for _, mark in rows("invitation")}) == len({mark for _, mark in rows("response")}) == 1
        with database.engine.connect() as connection:
            places = {
                table: [bytes(row[0]) for row in connection.execute(text(f"select key from {table} order by ctid"))]
                for table in ("invitation", "response")
            }
        code_places = [code for code in places["invitation"] if code in truth]
        assert len(code_places) == PEOPLE
        after = by_rank(code_places, places["response"], truth)
        assert after <= BLIND
        arrival = {code: number for number, code in enumerate(truth)}
        assert abs(correlation(arrival, code_places)) < POWER
        left = segments()
        assert Needles([*truth, *truth.values()]).places(left) == {}
        with database.reading() as session:
            assert session.scalars(select(Invitation.spent)).all() == [True] * (PEOPLE + 100)
        with capsys.disabled():
            print(f"\nPostgreSQL, a code spent just before its answer: {shown} of 100 by transaction mark; ours:"
                  f" {before} of {PEOPLE} before the night, {after} after; blind guessing 1")  # fmt: skip
        database.engine.dispose()


def test_neither_code_nor_submission_is_written_anywhere(app, database, settings):
    """Every file of the installation is searched after a visit by `/q/`: database, log, marks, counts, keys."""
    codes, key = invited_people(database, settings, 3)
    client, said = app.test_client(), []
    for code in codes:
        page = client.get(f"/q/{code}/vi").text
        submission = re.search(r'name="id" value="([0-9a-f]{32})"', page)[1]
        reply = client.post(f"/q/{code}/vi", data={"id": submission, "service": "ho-tich", "O": "5", "comment": "Tốt"})
        assert reply.status_code == 303
        said += [code.encode(), code.lower().encode(), submission.encode(), bytes.fromhex(submission)]
    assert code_hash(key, codes[0]) in (settings.home / "invitations.marks").read_bytes()  # the search would find it
    for path in (path for path in settings.home.rglob("*") if path.is_file()):
        data = path.read_bytes()
        assert not [one for one in said if one in data], path


def test_of_many_pages_with_one_code_sent_at_once_one_is_stored(app, database, settings):
    codes, _key = invited_people(database, settings, 5)
    outcomes = []

    def sends(code, number):
        data = {"id": secrets.token_hex(16), "service": "ho-tich", "O": str(1 + number % 5)}
        outcomes.append(app.test_client().post(f"/q/{code}/vi", data=data).status_code)

    for code in codes:
        threads = [threading.Thread(target=sends, args=(code, number)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outcomes.count(303) == 5
    assert set(outcomes) <= {303, 409, 503}
    with database.reading() as session:
        assert len(session.scalars(select(Response)).all()) == 5


@pytest.fixture
def one(database, settings):
    (code,), key = invited_people(database, settings, 1)
    return code, key


def test_a_crash_before_the_answer_leaves_the_code_to_the_same_page_and_soon_to_any(database, settings, one):
    code, key = one
    with pytest.raises(SystemExit), redeeming(database, settings.home, key, code, "first"):
        raise SystemExit  # the process ends here
    with pytest.raises(CodeInUse), redeeming(database, settings.home, key, code, "second"):
        pytest.fail("two answers with one code")
    with redeeming(database, settings.home, key, code, "first"):
        an_answer(database, "1" * 32)
    with pytest.raises(CodeSpent), redeeming(database, settings.home, key, code, "second"):
        pytest.fail("two answers with one code")


def test_a_browser_that_is_gone_costs_nobody_her_vote_for_long(database, settings, one, monkeypatch):
    code, key = one
    with pytest.raises(SystemExit), redeeming(database, settings.home, key, code, "first"):
        raise SystemExit
    import time

    later = time.time() + 60 * PATIENCE
    monkeypatch.setattr("sipas.intake.redemption_journal.time.time", lambda: later)
    with redeeming(database, settings.home, key, code, "second"):
        an_answer(database, "2" * 32)


def test_a_crash_after_the_answer_is_settled_by_the_same_page(database, settings, one):
    code, key = one

    def answers_and_ends():
        an_answer(database, "1" * 32)
        raise SystemExit

    with pytest.raises(SystemExit), redeeming(database, settings.home, key, code, "first"):
        answers_and_ends()
    with redeeming(database, settings.home, key, code, "first"):
        an_answer(database, "1" * 32)  # recognised by its key
    with database.reading() as session:
        assert len(session.scalars(select(Response)).all()) == 1
    with pytest.raises(CodeSpent), redeeming(database, settings.home, key, code, "second"):
        pytest.fail("two answers with one code")


def test_no_moment_of_the_night_lets_a_code_through_twice(database, settings, one, monkeypatch):
    """Between the look into the file and the look into the database the night passes: it is spent all the same."""
    from sipas.intake.invitations import flush_redemptions

    code, key = one
    with redeeming(database, settings.home, key, code, "first"):
        pass
    flush_redemptions(database, settings.home)
    reserve = RedemptionJournal.reserve

    def slow(self, *words):
        answer = reserve(self, *words)
        flush_redemptions(database, settings.home)
        return answer

    monkeypatch.setattr(RedemptionJournal, "reserve", slow)
    with pytest.raises(CodeSpent), redeeming(database, settings.home, key, code, "second"):
        pytest.fail("two answers with one code")


def test_the_file_of_marks_takes_more_than_a_days_codes(database, settings, monkeypatch):
    """Where a page is full the night comes early, in the middle of the day."""
    codes, key = invited_people(database, settings, 40)
    monkeypatch.setattr("sipas.intake.redemption_journal.ROOM", 2)
    monkeypatch.setattr("sipas.intake.invitations.code_hash", lambda k, c: b"\0" + code_hash(k, c)[1:])
    with database.writing() as session:
        for code in codes:
            session.execute(
                update(Invitation)
                .where(Invitation.key == code_hash(key, code))
                .values(key=b"\0" + code_hash(key, code)[1:])
            )
    for code in codes:
        with redeeming(database, settings.home, key, code, code):
            pass
    for code in codes:
        with pytest.raises(CodeSpent), redeeming(database, settings.home, key, code, "again"):
            pytest.fail("two answers with one code")

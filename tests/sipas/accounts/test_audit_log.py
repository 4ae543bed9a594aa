"""The log of deeds: whole under many writers, and telling where it is not."""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy.exc import IntegrityError

from sipas.accounts import audit_log
from sipas.accounts.store import DamagedStore, Store, store_of
from sipas.errors import NotReady


@pytest.fixture
def home(settings):
    """A home with a log of five entries."""
    for number in range(5):
        audit_log.note(settings.home, "hoa", "sign in", f"t{number}")
    return settings.home


def rewritten(home, *statements):
    """What somebody does who holds the file: the triggers go first."""
    with sqlite3.connect(home / "desk.sqlite") as file:
        for one in ("drop trigger log_refuses_update", "drop trigger log_refuses_delete", *statements):
            file.execute(one)
    file.close()


def told(home):
    return [str(one.error) for one in audit_log.faults(home)]


def test_a_log_as_it_was_written_is_whole(home):
    assert told(home) == []
    with store_of(home).reading() as session:
        assert [one.number for one in audit_log.entries(session)] == [5, 4, 3, 2, 1]
        assert audit_log.head(session) == audit_log.kept_head(home)


@pytest.mark.parametrize("statement", ["update log_entry set account = 'an'", "delete from log_entry"])
def test_the_program_itself_can_change_no_entry(home, statement):
    with pytest.raises(IntegrityError, match="append-only"), store_of(home).writing() as session:
        session.connection().exec_driver_sql(statement)
    assert told(home) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("account", "'an'"),
        ("moment", "'2026-01-01T00:00:00+00:00'"),
        ("deed", "'sign out'"),
        ("target", "'t9'"),
        ("outcome", "'refused'"),
        ("facts", "'{\"a\": 1}'"),
        ("digest", "'" + "0" * 64 + "'"),
    ],
)
def test_a_changed_entry_is_found_by_its_number(home, column, value):
    rewritten(home, f"update log_entry set {column} = {value} where number = 3")
    (fault,) = told(home)
    assert "entry 3" in fault


def test_a_removed_entry_is_found(home):
    rewritten(home, "delete from log_entry where number = 2")
    (fault,) = told(home)
    assert "entry 2" in fault


def test_entries_that_close_the_gap_are_found(home):
    rewritten(
        home,
        "delete from log_entry where number = 3",
        "update log_entry set number = 3 where number = 4",
        "update log_entry set number = 4 where number = 5",
    )
    assert "entry 3" in told(home)[0]


def test_a_cut_tail_is_found_and_a_restore_that_is_noted_is_told_from_it(home):
    copy = home / "copy.sqlite"
    shutil.copy(home / "desk.sqlite", copy)
    for _ in range(3):
        audit_log.note(home, "an", "sign in")
    shutil.copy(copy, home / "desk.sqlite")
    (fault,) = told(home)
    assert "knows entry 8" in fault
    assert "3 entries are missing" in fault
    assert audit_log.note_restore(home) == 3
    assert told(home) == []
    with store_of(home).reading() as session:
        (entry,) = audit_log.entries(session, count=1)
    assert (entry.deed, '"lost": 3' in entry.facts) == ("log restored", True)


def test_another_log_of_the_same_length_is_found(home):
    with sqlite3.connect(home / "desk.sqlite") as file:
        file.execute("drop trigger log_refuses_delete")
        file.execute("delete from log_entry")
    file.close()
    head = (home / "keys" / "log.head").read_bytes()
    for number in range(5):
        audit_log.note(home, "an", "sign in", f"t{number}")
    (home / "keys" / "log.head").write_bytes(head)
    (fault,) = told(home)
    assert "entry 5 is not the one" in fault


def test_a_file_that_is_gone_is_found(home):
    (home / "desk.sqlite").unlink()
    (fault,) = [str(one.error) for one in audit_log.faults(home)]
    assert "missing from SIPAS_HOME" in fault


def test_a_head_that_lags_behind_after_a_power_cut_is_no_fault(home):
    head = (home / "keys" / "log.head").read_bytes()
    audit_log.note(home, "hoa", "sign out")
    (home / "keys" / "log.head").write_bytes(head)
    assert told(home) == []


def test_two_processes_that_write_at_once_make_one_chain(home):
    code = (
        "import sys, pathlib\nfrom sipas.accounts import audit_log\n"
        "for n in range(60): audit_log.note(pathlib.Path(sys.argv[1]), sys.argv[2], 'sign in', str(n))"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(home), name]) for name in ("hoa", "an")]
    assert [one.wait(120) for one in both] == [0, 0]
    assert told(home) == []
    with Store(home).reading() as session:
        assert len(audit_log.entries(session, count=1000)) == 125
        assert len(audit_log.entries(session, account="an", count=1000)) == 60


def test_a_deed_stands_in_the_log_before_it_is_done_and_after(home):
    class Refused(NotReady):
        pass

    def outcomes():
        with store_of(home).reading() as session:
            return [one.outcome for one in reversed(audit_log.entries(session, deed="release build"))]

    with audit_log.deed(home, "hoa", "release build", "w1"):
        assert outcomes() == ["begun"]
    with pytest.raises(Refused), audit_log.deed(home, "hoa", "release build", "w1"):
        raise Refused("no")
    with pytest.raises(OSError, match="power"), audit_log.deed(home, "hoa", "release build", "w1"):
        raise OSError("power")
    assert outcomes() == ["begun", "done", "begun", "refused", "begun", "failed"]


def test_the_file_of_the_log_can_be_checked_elsewhere_with_sha_256_alone(home):
    import hashlib
    import json

    with store_of(home).reading() as session:
        rows = list(csv.DictReader(io.StringIO(audit_log.as_csv(session).decode("utf-8-sig"))))
    before = "0" * 64
    for row in rows:
        said = [
            int(row["number"]),
            *(row[name] for name in ("moment", "account", "deed", "target", "outcome", "facts")),
        ]
        before = hashlib.sha256(f"{before}\n{json.dumps(said, ensure_ascii=False)}".encode()).hexdigest()
        assert row["digest"] == before
    assert len(rows) == 5


def test_a_store_that_is_no_database_is_refused_in_a_sentence(settings):
    (settings.home / "desk.sqlite").write_bytes(b"not a database, and longer than a page header " * 20)
    with pytest.raises(DamagedStore, match=r"desk\.sqlite"):
        audit_log.note(settings.home, "hoa", "sign in")


def test_a_cut_log_does_not_heal_by_growing_again(home):
    copy = home / "copy.sqlite"
    shutil.copy(home / "desk.sqlite", copy)
    for _ in range(3):
        audit_log.note(home, "an", "sign in")
    shutil.copy(copy, home / "desk.sqlite")
    for number in range(6):
        audit_log.note(home, "an", "sign in", f"again {number}")
    (fault,) = told(home)
    assert "entry 8 is not the one" in fault

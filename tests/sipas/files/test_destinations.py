"""Writers never destroy: not what they read, and nothing that is there, unless somebody says so."""

from __future__ import annotations

import os
import shutil

import pytest
from click.testing import CliRunner

from sipas import cli
from sipas.cli import destinations
from sipas.cli.destinations import Destination
from sipas.files.destinations import AlreadyThere, OverInput, refuse_input, whole_file, write_file
from tests.make import a_frame, a_point
from tests.sipas.cli.test_cli import every_command

ONLY_NEW = {  # these refuse whatever is there, always: codes, keys and answers that nobody has twice
    "invitations issue": "out",
    "wave key-copy": "out",
    "responses export": "file",
}


@pytest.fixture
def there(tmp_path, monkeypatch, settings):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.csv").write_text("unit,O\na,5\n", encoding="utf-8")
    (tmp_path / "list.csv").write_text("village,people\n" + "".join(f"v{n},{n + 1}\n" for n in range(20)), "utf-8")
    return tmp_path


def sipas(*words, said=None):
    return CliRunner().invoke(cli.group, list(words), input=said)


DRAW = ("sample", "draw", "list.csv", "-n", "2", "--seed", "1", "--out")


def test_every_option_that_names_a_file_to_be_written_is_guarded():
    found = {}
    for name, command in every_command():
        for param in command.params:
            if {"--out", "--sheet"} & set(param.opts) and name != "responses import":
                found[name, param.name] = isinstance(param.type, Destination)
    unguarded = {name: param for (name, param), is_guarded in found.items() if not is_guarded and param != "sheet"}
    assert unguarded == ONLY_NEW
    assert sum(found.values()) >= 12
    save = dict(every_command())["frame save"]
    assert any(isinstance(param.type, Destination) for param in save.params)


def test_an_input_is_never_written_over_not_even_when_somebody_says_replace(there):
    before = (there / "list.csv").read_bytes()
    for more in ([], ["--replace"]):
        run = sipas(*DRAW, "list.csv", *more)
        assert isinstance(run.exception, OverInput), run.output
        assert "list.csv is a file that this command reads" in str(run.exception)
    assert (there / "list.csv").read_bytes() == before


@pytest.mark.parametrize(
    "make", [os.symlink, os.link, lambda old, new: shutil.copy(old, new)], ids=["link", "hard", "copy"]
)
def test_by_another_name_it_is_the_same_file_and_a_copy_is_not(there, make):
    make(there / "list.csv", there / "other.csv")
    run = sipas(*DRAW, "./other.csv", "--replace")
    is_copy = not (there / "other.csv").samefile(there / "list.csv")
    assert (run.exit_code == 0) == is_copy
    assert "v19" in (there / "list.csv").read_text("utf-8")


def test_a_file_that_a_design_names_is_an_input(there):
    (there / "totals.csv").write_text("unit,people\nu0,5\n", encoding="utf-8")
    (there / "design.yaml").write_text("poststratify: {file: totals.csv}\n", encoding="utf-8")
    with pytest.raises(OverInput, match=r"named in design\.yaml"):
        refuse_input(there / "totals.csv", [there / "answers.csv", there / "design.yaml"])
    (there / "als.csv").touch()
    refuse_input(there / "als.csv", [there / "design.yaml"])
    refuse_input(there / "new.csv", [there / "design.yaml"])


def test_without_a_terminal_an_existing_file_stays_and_the_next_step_is_said(there):
    (there / "drawn.csv").write_bytes(b"mine")
    run = sipas(*DRAW, "drawn.csv")
    assert run.exit_code == 1
    assert isinstance(run.exception, AlreadyThere)
    assert "--replace" in str(run.exception)
    assert (there / "drawn.csv").read_bytes() == b"mine"
    assert sipas(*DRAW, "drawn.csv", "--replace").exit_code == 0
    assert "v" in (there / "drawn.csv").read_text("utf-8")


@pytest.mark.parametrize(("said", "is_replaced"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_at_a_terminal_it_is_asked(there, monkeypatch, said, is_replaced):
    monkeypatch.setattr(destinations, "_at_a_terminal", lambda: True)
    (there / "drawn.csv").write_bytes(b"mine")
    run = sipas(*DRAW, "drawn.csv", said=said)
    assert "drawn.csv is there already. Replace it?" in run.output
    assert ((there / "drawn.csv").read_bytes() != b"mine") == is_replaced
    assert (run.exit_code == 0) == is_replaced


def test_a_new_file_needs_no_word(there):
    assert sipas(*DRAW, "new.csv").exit_code == 0


def test_an_operators_files_stay_too(there, database):
    a_point(database)
    with database.writing() as session:
        a_frame(session)
    for words in (
        ("frame", "save", "mine.csv"),
        ("frame", "template", "--out", "mine.xlsx"),
        ("responses", "template", "--instrument", "demo", "--out", "mine.xlsx"),
        ("point", "poster", "to-hieu-1", "--out", "mine.pdf"),
    ):
        (there / words[-1]).write_bytes(b"mine")
        run = sipas(*words)
        assert isinstance(run.exception, AlreadyThere), (words, run.output, run.exception)
        assert (there / words[-1]).read_bytes() == b"mine"
    assert sipas("frame", "save", "mine.csv", "--replace").exit_code == 0
    assert "03646" in (there / "mine.csv").read_text("utf-8")


def test_a_file_appears_whole_or_not_at_all_and_for_its_owner_alone(tmp_path):
    target = tmp_path / "a.pdf"
    target.write_bytes(b"old")

    def half():
        with whole_file(target) as partial:
            partial.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]
    assert target.read_bytes() == b"old"
    write_file(target, b"new")
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", 0o600)

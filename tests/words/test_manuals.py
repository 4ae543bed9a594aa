"""The manuals of both languages: commands and settings are those of the program, neither says more than the other."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from sipas.cli import COMMANDS, Commands, group
from sipas.config.sources import IN_HOME
from sipas.docs import FOLDER, NAMES
from sipas.i18n import speaking
from tests.manuals import LANGUAGES, Block, not_brought_over, path_of, read, sections, spans, unlike
from tests.words.test_catalogs import EVERY, forms

CONTEXT = click.Context(group)
BOTH = pytest.mark.parametrize("language", LANGUAGES)
EACH = pytest.mark.parametrize("name", NAMES)


def test_every_manual_there_is_is_held_by_these_tests():
    for folder in (FOLDER, FOLDER / "vi"):
        assert {page.stem for page in folder.glob("*.md")} - {"licences", "README"} == set(NAMES)


@EACH
def test_the_vietnamese_manual_says_what_the_english_one_says_today(name):
    """When a section was brought over: `make manuals`."""
    told = not_brought_over(name)
    assert not told, "\n".join(told)


@EACH
def test_both_languages_have_the_same_sections_commands_and_rows(name):
    told = unlike(name)
    assert not told, "\n".join(told)


def blocks_of(name, language):
    for section in read(name, language):
        yield from section.blocks


def commands_in(blocks):
    """Every call of sipas in code and in backquotes, as words."""
    for block in blocks:
        lines = block.code.replace("\\\n", " ").splitlines() if block.kind.startswith("code") else spans(block.text)
        for line in lines:
            if call := re.search(r"(?:^|\s|\$ |/)sipas( [a-z].*)", line):
                yield shlex.split(call[1].replace("'", ""))


def command_of(words):
    """The command that these words call, and what of them is left."""
    command = Commands.get_command(group, CONTEXT, words[0])
    assert command, f"there is no command {words[0]}"
    left = words[1:]
    while isinstance(command, click.Group) and left:
        assert left[0] in command.commands, f"there is no command {' '.join(words)}"
        command, left = command.commands[left[0]], left[1:]
    return command, left


@EACH
@BOTH
def test_every_command_and_option_in_a_manual_exists(name, language):
    calls = list(commands_in(blocks_of(name, language)))
    for words in calls:
        command, left = command_of(words)
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in left if re.match("-+[a-z]", word)} <= known, " ".join(words)


@BOTH
def test_every_command_stands_in_a_manual(language):
    named = {words[0] for name in NAMES for words in commands_in(blocks_of(name, language))}
    assert set(COMMANDS) - named == {"demo", "words"}  # the README's, and the translators'


@BOTH
def test_the_operators_manual_explains_every_setting(language):
    blocks = list(blocks_of("operator", language))
    rows = [row for block in blocks if block.kind == "table" for row in block.rows]
    explained = {row[0].strip("`"): row[1] for row in rows if row[0].strip("`") in IN_HOME}
    assert set(explained) == set(IN_HOME)
    assert all(explained.values())
    variables = {name for block in blocks for name in re.findall(r"`(SIPAS_[A-Z]+)` \(", block.text)}
    assert {"SIPAS_HOME", "SIPAS_LANGUAGE", "SIPAS_DEBUG"} <= variables


PRINTED = [re.sub(r"\{\w+\}|%\(\w+\)\w", "…", text) for message in EVERY for text in forms(message.string)]


@EACH
def test_what_stands_in_italics_is_printed_by_the_program_word_for_word(name):
    """Buttons, headings and sentences of doctor: she will search for them. What is filled in stands as “…”."""
    for block in blocks_of(name, "vi"):
        if not block.kind.startswith("code"):
            text = re.sub(r"`[^`]*`|\*\*", "", block.text)
            for words in re.findall(r"\*([^*]+)\*", text):
                assert any(words in printed for printed in PRINTED), words


@BOTH
def test_the_program_leads_to_manuals_and_sections_that_exist(language):
    led = set()
    for message in EVERY:
        for text in forms(message.string if language == "vi" else message.id):
            for name, section in re.findall(r"`sipas manual ([a-z-]+)`(?:, (?:mục )?“([^”]+)”)?", text):
                led.add((name, section))
                titles = {found.title for found in read(name, language)}
                leads = set(re.findall(r"^\*\*(.+?)\.?\*\*", path_of(name, language).read_text("utf-8"), re.MULTILINE))
                assert not section or section in titles | leads, text
    assert len({section for _, section in led}) >= 5
    assert {name for name, _ in led} == {"operator", "kiosk-install", "invitations", "estimate", "analyst"}


def test_no_message_sends_anybody_to_a_file_of_the_sources():
    """Whoever installed a wheel has none; `sipas manual NAME` prints it in the language of the command line."""
    said = [text for message in EVERY for each in (message.id, message.string) for text in forms(each)]
    assert not [text for text in said if re.search(r"docs/[\w/-]+\.md", text)]


@BOTH
def test_the_program_shows_the_manuals_in_the_language_of_the_command_line(language):
    with speaking(language):
        listed = CliRunner().invoke(group, ["manual"]).stdout
        for name in NAMES:
            assert str(path_of(name, language)) in listed
            assert CliRunner().invoke(group, ["manual", name]).stdout == path_of(name, language).read_text("utf-8")
        assert "sipas manual" in CliRunner().invoke(group, ["--help"]).stdout


@BOTH
def test_one_manual_leads_to_sections_of_another_that_exist(language):
    for name in NAMES:
        text = " ".join(path_of(name, language).read_text("utf-8").split())
        for other, title in re.findall(r"\]\(([\w-]+)\.md\), (?:mục )?[“\"](.+?)[”\"]\)", text):
            assert title in {section.title for section in read(other, language)}, title


def test_a_section_that_was_added_or_changed_is_named(tmp_path, monkeypatch):
    for language, text in (("en", "# Keys\nOne.\n\n## Copies\n`a`\n"), ("vi", "# Khóa\nMột.\n\n## Bản sao\n`a`\n")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "m.md").write_text(text, "utf-8")
    monkeypatch.setattr("tests.manuals.path_of", lambda name, language: tmp_path / language / f"{name}.md")
    english = sections((tmp_path / "en/m.md").read_text("utf-8"))
    first = {one.title: (one.digest, there) for one, there in zip(english, ("Khóa", "Bản sao"), strict=True)}
    monkeypatch.setattr("tests.manuals.noted", lambda: {"m": first})
    assert (not_brought_over("m"), unlike("m")) == ([], [])
    (tmp_path / "en/m.md").write_text("# Keys\nOne.\n\n**Loss.** Two.\n\n## Copies\n`a` and `b`\n", "utf-8")
    assert not_brought_over("m") == [
        "“Loss” is not in docs/vi/m.md: write it there",
        "“Copies” was changed in docs/m.md: bring the change over to docs/vi/m.md",
    ]
    assert unlike("m") == ["“Copies” / “Bản sao”: `b` is missing from “`a`”"]
    (tmp_path / "vi/m.md").write_text("# Khóa\nMột.\n", "utf-8")
    assert unlike("m") == ["“Bản sao” (“Copies”) is missing from docs/vi/m.md"]
    (tmp_path / "vi/m.md").write_text("# Khóa\nMột.\n\n## Bản sao\n`a` `b`\n\n**Mất.** Hai.\n", "utf-8")
    assert unlike("m") == ["“Mất” in docs/vi/m.md is noted for no English section"]


def test_code_is_held_without_its_comments():
    one = Block("code sh", ["sipas init   # the folder", "# whole lines too"])
    assert one.code == "sipas init"

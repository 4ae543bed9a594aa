"""The manual page is true in both languages: its example is run as it stands, every key of the design is explained."""

import re
import shlex

import pytest
from click.testing import CliRunner

from sipas.cli import group
from sipas.docs import manual
from sipas.estimating.design_file import KEYS, read_design
from sipas.i18n import speaking
from tests.manuals import LANGUAGES

pytestmark = pytest.mark.parametrize("language", LANGUAGES)


def _text(language):
    return manual("estimate", language).read_text("utf-8")


def _blocks(kind, language):
    return re.findall(rf"^```{kind}(?: (\S+))?\n(.*?)^```$", _text(language), re.MULTILINE | re.DOTALL)


def test_example_prints_what_the_manual_shows(language, tmp_path, monkeypatch):
    for kind in ("csv", "yaml"):
        for name, text in _blocks(kind, language):
            if name:
                (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    ((_, session),) = _blocks("console", language)
    command, _, expected = session.partition("\n")
    with speaking(language):
        result = CliRunner().invoke(group, shlex.split(command.removeprefix("$ sipas ")))
    assert result.exit_code == 0, result.exception
    assert result.stdout == expected


def test_every_key_of_the_design_file_is_explained(language):
    explained = re.findall(r"^\| `(\w+)` \|", _text(language), re.MULTILINE)
    assert set(KEYS) <= set(explained)


def test_every_way_to_write_totals_is_read(language, tmp_path):
    (tmp_path / "totals.csv").write_text("unit,field,total\n03646,land,5\n", "utf-8")
    (text,) = [text for name, text in _blocks("yaml", language) if not name]
    ways = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert len(ways) == 4
    for way in ways:
        (tmp_path / "design.yaml").write_text("items: [q]\n" + way, "utf-8")
        design = read_design(tmp_path / "design.yaml")
        assert design.poststratify or design.rake


@pytest.mark.parametrize("word", ["shown", "note", "review", "hidden"])
def test_every_word_on_reliability_is_named(language, word):
    assert f"`{word}`" in _text(language)

"""Every word of ours is in the catalogs, in both languages, and can be filled in like the English one.

The English wording of the questionnaires is walked in tests/surveys.
"""

import gettext
import re
import shutil
import string
import subprocess
import sys

import click
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import sipas
from sipas import i18n
from sipas.errors import WaveState
from sipas.fieldwork.waves import close_wave
from tests.make import a_wave
from translations import FOLDER

ROOT = FOLDER.parent
TEMPLATE = FOLDER / "messages.pot"
VIETNAMESE = FOLDER / "vi/LC_MESSAGES/messages.po"
CLICK = FOLDER / "vi/LC_MESSAGES/click.po"
COLLECT = (
    "extract -F translations/babel.cfg -k plural:1,2 --sort-by-file --add-location=file --no-wrap --omit-header"
    " -o {} sipas analysis surveys"
)
COLLECT_CLICK = (
    "extract -F translations/click.cfg --sort-output --no-location --no-wrap --omit-header -o {} "
    "$$($(BIN)/python -c 'import click; print(*click.__path__)')"
)
LETTERS = re.compile("[ăâđêôơưàáạảãằắặẳẵầấậẩẫèéẹẻẽềếệểễìíịỉĩòóọỏõồốộổỗờớợởỡùúụủũừứựửữỳýỵỷỹ]", re.IGNORECASE)
NAMES = ("Sơn La",)  # proper names, the same in every language


def messages(path):
    """The messages of a catalog but its head."""
    with path.open("rb") as file:
        return [message for message in read_po(file, locale="vi") if message.id]


def forms(text):
    """All forms of a message: one, or singular and plural."""
    return text if isinstance(text, tuple) else (text,)


def placeholders(text):
    """What is filled in: {names}, with their formats, %(names)s, and doubled braces.

    >>> sorted(placeholders("{b}, {a:.2f} %(c)s {{x: 1}}"))
    ['%(c)s', '{', '{a:.2f}', '{b}', '}']
    """
    parts = list(string.Formatter().parse(text))
    named = {f"{{{name}{':' if spec else ''}{spec}}}" for _, name, spec, _ in parts if name is not None}
    return named | set(re.findall(r"%\(\w+\)\w", text)) | {brace for brace in "{}" if brace * 2 in text}


OWN = messages(VIETNAMESE) if VIETNAMESE.exists() else []
OF_CLICK = messages(CLICK) if CLICK.exists() else []
EVERY = OWN + OF_CLICK


def test_the_recipe_is_the_one_of_make_words():
    recipe = (ROOT / "Makefile").read_text("utf-8")
    assert f"pybabel -q {COLLECT.format('translations/messages.pot')}" in recipe
    assert f"pybabel -q {COLLECT_CLICK.format('translations/click.pot')}" in recipe


def collected(target, *arguments):
    """The messages that a collection of words finds now."""
    run = "import sys; sys.path.insert(0, '.'); from babel.messages.frontend import main; main()"
    subprocess.run([sys.executable, "-c", run, "-q", *arguments], cwd=ROOT, check=True)
    return {message.id for message in messages(target)}


def test_collecting_again_finds_the_same_words(tmp_path):
    """After a change of words, `make words` brings both catalogs up to date."""
    fresh = tmp_path / "fresh.pot"
    found = collected(fresh, *COLLECT.format(fresh).split())
    kept = {message.id for message in messages(TEMPLATE)}
    assert found - kept == set(), "new words: run `make words`, then translate them"
    assert kept - found == set(), "words that nobody says any more: run `make words`"


def test_every_sentence_of_the_command_lines_library_is_in_its_catalog(tmp_path):
    """Another version of Click says other words: `make words` collects them."""
    fresh = tmp_path / "fresh.pot"
    found = collected(fresh, *COLLECT_CLICK.split(" $$")[0].format(fresh).split(), *click.__path__)
    assert found == {message.id for message in OF_CLICK}
    assert found == {message.id for message in messages(FOLDER / "click.pot")}


def test_the_compiled_catalog_of_click_is_its_source(tmp_path):
    """It is kept in Git, for gettext reads no other: `make catalogs`."""
    with CLICK.open("rb") as file, (tmp_path / "click.mo").open("wb") as compiled:
        write_mo(compiled, read_po(file, locale="vi"))
    with (tmp_path / "click.mo").open("rb") as fresh, CLICK.with_suffix(".mo").open("rb") as kept:
        assert gettext.GNUTranslations(kept)._catalog == gettext.GNUTranslations(fresh)._catalog


def test_the_vietnamese_catalog_has_exactly_the_words_of_the_template():
    assert {message.id for message in OWN} == {message.id for message in messages(TEMPLATE)}


def test_everything_is_said_in_vietnamese():
    assert [message.id for message in EVERY if not all(forms(message.string))] == []
    assert [message.id for message in EVERY if message.fuzzy] == []


def test_translations_are_filled_in_with_the_same_values():
    differ = [
        (message.id, said)
        for message in EVERY
        for said in forms(message.string)
        if placeholders(said) != placeholders(forms(message.id)[-1])
    ]
    assert differ == []


def test_commands_keys_and_codes_are_not_translated():
    def quoted(text):
        return set(re.findall(r"`[^`]*`|--[a-z]+(?:-[a-z]+)*|SIPAS_[A-Z]+", text))

    differ = [(m.id, s) for m in EVERY for s in forms(m.string) if quoted(s) != quoted(forms(m.id)[-1])]
    assert differ == []


def test_templates_can_fill_in_every_translation():
    """Jinja formats each text with %, so that a lone percent sign would end the page."""

    class Anything(dict):
        def __missing__(self, key):
            return "1"

    for message in EVERY:
        if any(file.endswith(".html") for file, _ in message.locations):
            for text in (*forms(message.id), *forms(message.string)):
                assert text % Anything()


def test_sentences_end_alike():
    """A translation that lost its last words mostly loses its full stop or colon too."""
    differ = [
        (message.id, said)
        for message in EVERY
        for said in forms(message.string)
        if forms(message.id)[-1][-1] in ".:?!" and said[-1] != forms(message.id)[-1][-1]
    ]
    assert differ == []


def test_compiling_finds_nothing_to_complain_of():
    for source in (VIETNAMESE, CLICK):
        with source.open("rb") as file:
            catalog = read_po(file, locale="vi")
        assert [(message.id, str(error)) for message, errors in catalog.check() for error in errors] == []


def test_the_words_of_the_sources_are_english():
    def foreign(text):
        for name in NAMES:
            text = text.replace(name, "")
        return LETTERS.search(text)

    assert [message.id for message in messages(TEMPLATE) if any(foreign(text) for text in forms(message.id))] == []


def test_words_are_found_where_nobody_compiled_them(tmp_path, monkeypatch):
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    shutil.copy(VIETNAMESE, folder)
    monkeypatch.setattr(i18n.catalogs, "FOLDER", tmp_path)
    found = i18n.catalog.__wrapped__("vi", "messages")
    assert found.gettext("Thank you!") == "Cảm ơn Ông/Bà!"
    for message in OWN:
        one, *more = forms(message.id)
        said = found.ngettext(one, more[0], 3) if more else found.gettext(one)
        assert said == forms(message.string)[-1]


def test_the_state_of_a_wave_is_a_word_of_the_language(database, settings, today):
    a_wave(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", today)
    with database.writing() as session, pytest.raises(WaveState) as refused:
        close_wave(session, "w1", today)
    assert "closed" in str(refused.value)
    with i18n.speaking("vi"):
        said = i18n.say(refused.value)
    assert "đã đóng" in said
    assert "closed" not in said


def test_only_languages_with_a_catalog_are_offered():
    assert sipas.i18n.LANGUAGES.keys() == {"vi", "en"}
    for code in sipas.i18n.LANGUAGES:
        assert any((FOLDER / code / "LC_MESSAGES").glob("*.po")), code

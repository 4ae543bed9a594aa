"""What must be true of every instrument, whichever is added."""

import hashlib
from collections import Counter

import pytest
from babel.messages.pofile import read_po

import surveys
from surveys.load import INSTRUMENTS
from translations import FOLDER

EVERY = [(code, version) for code, versions in surveys.catalogue().items() for version in versions]
RELEASED = dict(reversed(line.split()) for line in (INSTRUMENTS / "DIGESTS").read_text().splitlines())


@pytest.mark.parametrize(("code", "version"), EVERY)
def test_every_instrument_loads_and_agrees_with_itself(code, version):
    instrument = surveys.load(code, version)
    assert (instrument.code, instrument.version) == (code, version)
    assert max(Counter(item.code for item in instrument.items).values()) == 1
    assert set(instrument.forms["full"]) | set(instrument.forms["short"]) == {i.code for i in instrument.items}
    for factor in instrument.factors.values():
        assert all(instrument.factor_of(item.code) == factor.code for item in factor.items)


@pytest.mark.parametrize(("code", "version"), EVERY)
def test_every_wording_is_in_the_english_catalog(code, version):
    with (FOLDER / "en/LC_MESSAGES/instruments.po").open("rb") as file:
        english = read_po(file, locale="en")
    for address, text in surveys.texts(surveys.load(code, version)):
        message = english.get(text, context=address)
        assert message is not None, address
        assert message.string, address
        assert not message.fuzzy, address


def test_every_instrument_but_the_demo_is_released_with_its_digest():
    files = {path.name for path in INSTRUMENTS.glob("*.yaml")}
    assert files - {"demo.v1.yaml"} == set(RELEASED), "append a line of `sha256sum FILE` to DIGESTS"


@pytest.mark.parametrize("file", RELEASED)
def test_a_released_instrument_never_changes(file):
    assert hashlib.sha256((INSTRUMENTS / file).read_bytes()).hexdigest() == RELEASED[file], (
        f"{file} is released: write the change into a new version"
    )


def test_no_instrument_calls_itself_the_national_survey():
    """The name stands in one code alone, whose title says whose survey it is, and in words only beside that."""
    for code, version in EVERY:
        instrument = surveys.load(code, version)
        if "sipas" in code.lower():
            assert code == "sipas-2023"
            assert "riêng của tỉnh" in instrument.title
        for words in (instrument.basis, *(text for _address, text in surveys.texts(instrument))):
            assert "sipas" not in words.lower() or "riêng của tỉnh" in words, (code, version)


def test_translating_changes_words_and_nothing_else():
    plain = surveys.load("demo")
    loud = surveys.translated(plain, lambda address, text: text.upper())
    assert loud.title == plain.title.upper()
    assert loud.forms == plain.forms
    assert [i.levels for i in loud.items] == [i.levels for i in plain.items]
    assert surveys.translated(plain, lambda address, text: text) == plain

"""The wording reaches translators with its address and the line where it stands."""

import io
import subprocess
import sys

import pytest

import surveys
from surveys.extract import instrument
from surveys.load import INSTRUMENTS
from translations import FOLDER

ROOT = INSTRUMENTS.parent.parent


@pytest.mark.parametrize("path", sorted(INSTRUMENTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_text_stands_where_the_extractor_says(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    with path.open("rb") as file:
        found = list(instrument(file, (), (), {}))
    assert {address: text for _, _, (address, text), _ in found} == dict(surveys.texts(surveys.read(path)))
    for line, function, (address, text), _ in found:
        assert function == "pgettext"
        assert text in lines[line - 1], address


def test_a_bad_file_gives_no_half_catalog():
    with pytest.raises(surveys.BadInstrument):
        list(instrument(io.BytesIO(b"instrument: demo\n"), (), (), {}))


def test_the_template_is_fresh(tmp_path):
    """The committed template is what extraction gives now; the command is the one in `translations/instruments.cfg`."""
    fresh = tmp_path / "instruments.pot"
    command = (
        "extract -F translations/instruments.cfg --no-default-keywords -k pgettext:1c,2 --sort-by-file"
        f" --no-wrap --omit-header -o {fresh} surveys/instruments"
    )
    run = "import sys; sys.path.insert(0, '.'); from babel.messages.frontend import main; main()"
    arguments = ["-q", *command.split()]
    subprocess.run([sys.executable, "-c", run, *arguments], cwd=ROOT, check=True)
    assert fresh.read_text(encoding="utf-8") == (FOLDER / "instruments.pot").read_text(encoding="utf-8")

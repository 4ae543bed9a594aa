"""The drawings of the rooms in the READMEs are the ones that the imports give."""

import re
from pathlib import Path

import pytest

from tests.rooms import drawing

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("package", ["analysis", "sipas"])
def test_the_readme_holds_the_drawing_that_the_imports_give(package):
    drawn = drawing(package)
    told = (ROOT / package / "README.md").read_text(encoding="utf-8")
    assert drawn in told, f"python -m tests.rooms {package} prints:\n{drawn}"


@pytest.mark.parametrize("package", ["analysis", "sipas"])
def test_the_readme_says_of_each_room_what_is_in_it(package):
    rooms = {path.name for path in (ROOT / package).iterdir() if (path / "__init__.py").exists()}
    told = re.findall(r"^\| `(\w+)/` \| \S", (ROOT / package / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(rooms)


def test_nothing_lies_loose_but_what_every_room_may_know_and_what_puts_them_together():
    loose = {path.name for path in (ROOT / "sipas").glob("*.py")}
    assert loose == {"__init__.py", "clock.py", "errors.py", "logs.py", "wsgi.py"}

"""The drawing of the rooms in the README is the one that the imports give."""

import re
from pathlib import Path

from tests.analysis.rooms import drawing

README = Path(__file__).parents[2] / "analysis" / "README.md"


def test_the_readme_holds_the_drawing_that_the_imports_give():
    drawn = drawing()
    assert drawn in README.read_text(encoding="utf-8"), f"python -m tests.analysis.rooms prints:\n{drawn}"


def test_the_readme_says_of_each_room_what_is_in_it():
    rooms = {path.name for path in README.parent.iterdir() if (path / "__init__.py").exists()}
    told = re.findall(r"^\| `(\w+)/` \| \S", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(rooms)

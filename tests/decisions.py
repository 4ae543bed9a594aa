"""`make decisions`: the index of all decisions, from the dated headings in the README of each folder.

A decision is a heading of the third or fourth level that ends in its date:
`### A released file is never edited (2026-11-24)`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
INDEX = ROOT / "DECISIONS.md"
RECORD = re.compile(r"^#{3,4} (.+) \((\d{4}-\d{2}-\d{2})\)$", re.MULTILINE)
HEAD = """# Decisions

What binds for years, each with its reasons in the README of the folder that it binds: a heading of the form
`### What was decided (YYYY-MM-DD)`. A later decision names the one that it replaces. This page is written by
`make decisions`, and a test holds it to the headings.
"""


class Decision(NamedTuple):
    """One dated heading: the README it stands in, relative to the root, its words, its date as written."""

    readme: str
    title: str
    date: str

    @property
    def anchor(self) -> str:
        """The heading's address within its page, as GitHub makes it.

        >>> Decision("README.md", "No `required` in HTML", "2026-11-24").anchor
        'no-required-in-html-2026-11-24'
        """
        words = f"{self.title} ({self.date})".lower()
        return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def readmes() -> list[Path]:
    """Every README.md of the project, in the order of their folders."""
    return sorted(
        page
        for page in ROOT.rglob("README.md")
        if not any(part.startswith(".") or part == "build" for part in page.relative_to(ROOT).parts)
    )


def decisions() -> list[Decision]:
    """Return the decisions of all READMEs, in the order in which they stand there."""
    return [
        Decision(str(page.relative_to(ROOT)), title, date)
        for page in readmes()
        for title, date in RECORD.findall(page.read_text("utf-8"))
    ]


def index() -> str:
    """Return the text of the index: the decisions of each folder, with links to their headings."""
    lines, last = [HEAD], ""
    for one in decisions():
        if one.readme != last:
            folder = str(Path(one.readme).parent)
            lines.append(f"\n## [`{folder}/`]({one.readme})\n")
            last = one.readme
        lines.append(f"- {one.date} [{one.title}]({one.readme}#{one.anchor})")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


if __name__ == "__main__":
    INDEX.write_text(index(), encoding="utf-8")

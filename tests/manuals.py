"""The manuals of both languages, read section by section, so that tests can hold one against the other.

`python -m tests.manuals` notes, once the Vietnamese manuals were brought up to date, from which English text they were
translated; from then on a change of that text is told until its translation was looked at.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sipas.docs import FOLDER, NAMES

LANGUAGES = ("en", "vi")
NOTED = Path(__file__).parent / "words/manual_sections.csv"
LEAD = 7  # the level of a paragraph that begins with its subject in bold
ITEM = re.compile(r"\s*([-*]|\d+\.)\s+")


@dataclass
class Block:
    """One paragraph, item of a list, table or piece of code."""

    kind: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its words in one line."""
        return " ".join(" ".join(self.lines).split())

    @property
    def code(self) -> str:
        """Code without comments; of a terminal only what is typed."""
        lines = [line.strip() for line in self.lines]
        if self.kind == "code console":
            lines = [line for line in lines if line.startswith("$ ")]
        elif self.kind != "code csv":
            lines = [re.sub(r"(^|\s+)#\s.*$", "", line) for line in lines]
        return "\n".join(filter(None, lines))

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a table, its head included."""
        rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in self.lines]
        return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set("-: ")]


@dataclass
class Section:
    """A heading, or the bold beginning of a paragraph, and what stands below it up to the next."""

    level: int
    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Of its words, wherever its lines end."""
        words = " ".join([self.title, *(f"{block.kind} {block.text}" for block in self.blocks)])
        return hashlib.sha256(words.encode()).hexdigest()[:8]


def path_of(name: str, language: str) -> Path:
    """Where a manual lies."""
    return FOLDER / ("" if language == "en" else language) / f"{name}.md"


def read(name: str, language: str) -> list[Section]:
    """The sections of a manual, in order."""
    return sections(path_of(name, language).read_text("utf-8"))


def sections(text: str) -> list[Section]:
    r"""Sections with their blocks.

    >>> [found] = sections("# Keys\nOne\nword.\n\n- `a`\n  b\n- c\n\n| x | y |\n|---|---|\n| 1 | 2 |\n")
    >>> found.title, [(block.kind, block.text) for block in found.blocks[:3]], found.blocks[3].rows
    ('Keys', [('text', 'One word.'), ('item', '- `a` b'), ('item', '- c')], [['x', 'y'], ['1', '2']])
    """
    found: list[Section] = []
    block: Block | None = None
    for line in text.splitlines():
        bare = line.strip()
        if block and block.kind.startswith("code"):
            if bare == "```":
                block = None
            else:
                block.lines.append(line)
            continue
        if heading := re.match(r"(#+) (.*)", line):
            found.append(Section(len(heading[1]), heading[2]))
            block = None
            continue
        if block is None and (lead := re.match(r"\*\*(.+?)\.?\*\*", line)):
            found.append(Section(LEAD, lead[1]))
        kind = _kind(bare, block)
        if kind is None:
            block = None
        elif block is None or kind != block.kind or ITEM.match(line):
            block = Block(kind)
            found[-1].blocks.append(block)
        if block and not block.kind.startswith("code"):
            block.lines.append(line)
    return found


def _kind(bare: str, block: Block | None) -> str | None:
    if not bare:
        return None
    if bare.startswith("```"):
        return f"code {bare.removeprefix('```').partition(' ')[0]}"
    if bare.startswith("|"):
        return "table"
    if ITEM.match(bare):
        return "item"
    return block.kind if block and block.kind == "item" else "text"


def spans(text: str) -> set[str]:
    """What stands in backquotes."""
    return {" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)}


def noted() -> dict[str, dict[str, tuple[str, str]]]:
    """Of each manual the English sections that were translated, in order, each with its digest and Vietnamese title."""
    rows: dict[str, dict[str, tuple[str, str]]] = {}
    with NOTED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["manual"], {})[row["section"]] = row["digest"], row["vietnamese"]
    return rows


def not_brought_over(name: str) -> list[str]:
    """Sections in which the English manual is ahead of the Vietnamese one, each with what to do."""
    known, english = noted().get(name, {}), {section.title: section for section in read(name, "en")}
    told = [f"“{title}” is not in docs/vi/{name}.md: write it there" for title in english if title not in known]
    told += [
        f"“{title}” is in docs/{name}.md no more: take it out of docs/vi/{name}.md"
        for title in known
        if title not in english
    ]
    return told + [
        f"“{title}” was changed in docs/{name}.md: bring the change over to docs/vi/{name}.md"
        for title, section in english.items()
        if title in known and known[title][0] != section.digest
    ]


def unlike(name: str) -> list[str]:
    """Where the Vietnamese manual is built otherwise than the English sections from which it was translated."""
    english, titles = {section.title: section for section in read(name, "en")}, noted()[name]
    vietnamese = {section.title: section for section in read(name, "vi")}
    told = [
        f"“{there}” (“{title}”) is missing from docs/vi/{name}.md"
        for title, (_, there) in titles.items()
        if there not in vietnamese
    ]
    known = [there for _, there in titles.values()]
    told += [
        f"“{there}” in docs/vi/{name}.md is noted for no English section" for there in vietnamese if there not in known
    ]
    if not told and known != list(vietnamese):
        told = [f"the sections of docs/vi/{name}.md stand in another order than {known}"]
    for title, (_, there) in titles.items():
        if title in english and there in vietnamese:
            told += [f"“{title}” / “{there}”: {fault}" for fault in _faults(english[title], vietnamese[there])]
    return told


def _faults(here: Section, there: Section) -> list[str]:
    if here.level != there.level:
        return [f"a heading of level {here.level} is one of level {there.level}"]
    kinds = [[block.kind for block in section.blocks] for section in (here, there)]
    if kinds[0] != kinds[1]:
        return [f"made of {kinds[0]} in English, of {kinds[1]} in Vietnamese"]
    told = []
    for one, other in zip(here.blocks, there.blocks, strict=True):
        if one.kind.startswith("code"):
            if one.code != other.code:
                told.append(f"other commands: {one.code!r}, {other.code!r}")
        elif one.kind == "table":
            told += _table_faults(one.rows, other.rows)
        else:
            told += _span_faults(one.text, other.text)
    return told


def _table_faults(here: list[list[str]], there: list[list[str]]) -> list[str]:
    if [len(row) for row in here] != [len(row) for row in there]:
        return [
            f"a table of {len(here)} rows, {len(there)} in Vietnamese; the English ones: {[row[0] for row in here]}"
        ]
    return [
        fault
        for one, other in zip(here, there, strict=True)
        for fault in _span_faults(" | ".join(one), " | ".join(other))
    ]


def _span_faults(here: str, there: str) -> list[str]:
    told = [f"`{span}` is missing from “{there[:60]}”" for span in sorted(spans(here) - spans(there))]
    return told + [f"`{span}` is not in the English of “{there[:60]}”" for span in sorted(spans(there) - spans(here))]


def note() -> None:
    """Writes down that both languages say the same now; ends with the reasons where they are not even built alike."""
    told, rows = [], [("manual", "section", "digest", "vietnamese")]
    for name in NAMES:
        here, there = read(name, "en"), read(name, "vi")
        if len(here) != len(there):
            told += not_brought_over(name) + unlike(name)
        for one, other in zip(here, there, strict=False):
            told += [f"“{one.title}” / “{other.title}”: {fault}" for fault in _faults(one, other)]
            rows.append((name, one.title, one.digest, other.title))
    if told:
        sys.exit("\n".join(told))
    with NOTED.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    note()

"""A YAML file as a plain tree that remembers the line of every key and every list entry."""

import unicodedata
from dataclasses import dataclass, field
from typing import Any

from surveys.errors import N_, Complaint, SurveyError
from surveys.yaml_lines import DuplicateKey, NotYaml, Path, tree_of

Finding = tuple[Path, str, str, dict[str, Any]]
"""What a rule found: where in the tree, what is wrong, what to do, and the values in both sentences."""


def finding(path: Path, template: str, remedy: str, **values: Any) -> Finding:
    """What is wrong at a place, and what to do about it."""
    return path, template, remedy, values


@dataclass(frozen=True)
class Source:
    """What stood in the file, or why it could not be read."""

    file: str
    tree: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    complaints: tuple[Complaint, ...] = ()

    def line(self, path: Path) -> int:
        """The line of that place, or of the nearest place around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def complaint(self, path: Path, template: str, remedy: str, values: dict[str, Any]) -> Complaint:
        return _complaint(self.file, self.line(path), template, remedy, values)


def parse(file: str, content: bytes) -> Source:
    """Read YAML 1.2 (so `no` stays a word); the text comes out NFC."""
    try:
        text = unicodedata.normalize("NFC", content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return _refused(
            file, [line], N_("this line is not UTF-8."), N_("Save the file with the encoding UTF-8 and try again.")
        )
    tabs = [number for number, line in enumerate(text.splitlines(), 1) if "\t" in line]
    if tabs:
        return _refused(file, tabs, N_("there is a tab, which YAML does not allow."), N_("Put spaces in its place."))
    try:
        tree, lines = tree_of(text)
    except DuplicateKey as error:
        return _refused(
            file, [error.line], N_("the key `{key}` stands twice."), N_("Keep one of the two."), key=error.key
        )
    except NotYaml as error:
        return _refused(
            file,
            [error.line or 1],
            N_("this is not YAML: {problem}."),
            N_("Look at quotes, brackets and indentation in and above this line."),
            problem=error.problem,
        )
    return Source(file, tree, lines)


def _refused(file: str, lines: list[int], template: str, remedy: str, **values: Any) -> Source:
    return Source(file, complaints=tuple(_complaint(file, line, template, remedy, values) for line in lines))


def _complaint(file: str, line: int, template: str, remedy: str, values: dict[str, Any]) -> Complaint:
    return Complaint(file, line, SurveyError(template, **values), SurveyError(remedy, **values))

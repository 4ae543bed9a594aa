"""A YAML file as a plain tree that remembers the line of every key and every list entry."""

import unicodedata
from dataclasses import dataclass, field
from typing import Any

from surveys.errors import N_, Complaint, SurveyError

Path = tuple[str | int, ...]
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
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

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
        node = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = (error.problem or error.context or "").splitlines()
        if problem and "duplicate key" in problem[0]:
            key = problem[0].split('"')[1] if '"' in problem[0] else "?"
            return _refused(file, [line], N_("the key `{key}` stands twice."), N_("Keep one of the two."), key=key)
        return _refused(
            file,
            [line],
            N_("this is not YAML: {problem}."),
            N_("Look at quotes, brackets and indentation in and above this line."),
            problem=problem[0] if problem else "?",
        )
    lines: dict[Path, int] = {(): 1}
    return Source(file, _plain(node, (), lines), lines)


def _refused(file: str, lines: list[int], template: str, remedy: str, **values: Any) -> Source:
    return Source(file, complaints=tuple(_complaint(file, line, template, remedy, values) for line in lines))


def _complaint(file: str, line: int, template: str, remedy: str, values: dict[str, Any]) -> Complaint:
    return Complaint(file, line, SurveyError(template, **values), SurveyError(remedy, **values))


def _plain(node: Any, path: Path, lines: dict[Path, int]) -> Any:
    """The tree without ruamel's own classes; on the way, note where each part stands."""
    place: Any = getattr(node, "lc", None)
    if isinstance(node, dict):
        for key in node:
            lines[(*path, key)] = _line(place.key, key, lines[path])
        return {key: _plain(value, (*path, key), lines) for key, value in node.items()}
    if isinstance(node, list):
        for index in range(len(node)):
            lines[(*path, index)] = _line(place.item, index, lines[path])
        return [_plain(value, (*path, index), lines) for index, value in enumerate(node)]
    if isinstance(node, str):
        return str(node)
    return node


def _line(lookup: Any, key: str | int, around: int) -> int:
    try:
        return int(lookup(key)[0]) + 1
    except (KeyError, TypeError, IndexError):  # a key that came in by a merge (`<<`) has no line of its own
        return around

"""The values of a YAML file, each with its line, each scalar the text that was written (`03646`); `surveys.yaml_lines`
reads it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sipas.errors import N_, BadFile, ManyErrors, SipasError
from sipas.tables.decimal_marks import DOUBTFUL, NOT_A_NUMBER, both_ways, is_two_ways, mark_of, number_of
from sipas.tables.encoding import body_of_utf8
from surveys.yaml_lines import NotYaml, compose

ABSENT = ("", "~", "null")


class BadDesignFile(ManyErrors, BadFile):
    """A design file with all that is wrong in it, each with its line."""


class DesignComplaints:
    """What is wrong in one YAML file, gathered until `refuse`."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[tuple[int, SipasError]] = []

    def add(self, node: Node | None, template: str, **values: object) -> None:
        """Note a complaint at a node; without one it is about the file."""
        self.at(node.start_mark.line + 1 if node is not None else 0, template, **values)

    def at(self, line: int, template: str, /, **values: object) -> None:
        """Note a complaint at a line; line 0 is the file as a whole."""
        reason = SipasError(template, **values)
        place = N_("{file}, line {line}: {reason}") if line else N_("{file}: {reason}")
        self.found.append((line, SipasError(place, file=self.file, line=line, reason=reason)))

    def refuse(self) -> None:
        """Raise `BadDesignFile` if anything was noted."""
        errors = [error for _, error in sorted(self.found, key=lambda pair: pair[0])]
        if len(errors) == 1:
            raise BadDesignFile(errors[0], [])
        if errors:
            heading = SipasError(N_("{file} has {count} mistakes:"), file=self.file, count=len(errors))
            raise BadDesignFile(heading, errors)


def read_yaml(path: Path, complaints: DesignComplaints) -> MappingNode:
    """The top of a YAML file, which must be a mapping of keys to values."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadFile(N_("{file} does not exist"), file=str(path)) from None
    except OSError as error:
        raise BadFile(N_("{file} cannot be opened: {reason}"), file=str(path), reason=error.strerror) from error
    text = body_of_utf8(data, path.name).decode()
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r" *\t", line) and line.strip():
            complaints.at(number, N_("the line is indented with a tab, which YAML forbids; use spaces"))
    complaints.refuse()
    try:
        top: Any = compose(text)
    except NotYaml as error:
        if "\\t" in error.problem:
            complaints.at(error.line, N_("a tab stands where YAML forbids it; use spaces"))
        elif error.line:
            template = N_("this is not YAML ({problem}); check colons, quotation marks and indentation here and above")
            complaints.at(error.line, template, problem=error.problem)
        else:
            complaints.at(0, N_("this is not YAML ({problem})"), problem=error.problem)
    complaints.refuse()
    if not isinstance(top, MappingNode):
        complaints.add(top, N_("expected keys with values, such as `items: [q01, q02]`"))
        complaints.refuse()
    return top


def is_absent(node: Node | None) -> bool:
    """Whether nothing was written behind a key."""
    return node is None or (isinstance(node, ScalarNode) and node.style is None and node.value in ABSENT)


def entries(node: MappingNode, complaints: DesignComplaints) -> dict[str, Node]:
    """Key -> value of a mapping; a key that stands twice is a mistake."""
    found: dict[str, Node] = {}
    for key, value in node.value:
        name = text_value(key, complaints)
        if name is None:
            continue
        if name in found:
            complaints.add(key, N_("{key} stands twice here; keep one of the two"), key=name)
        found[name] = value
    return found


def refuse_unknown(node: MappingNode, known: Iterable[str], complaints: DesignComplaints) -> None:
    """Complain about each key that nobody would read, naming the nearest one that is read."""
    known = list(known)
    for key, _ in node.value:
        name = str(key.value)
        if name in known:
            continue
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        if near:
            template = N_("there is no key {key}; did you mean {near}? Known are: {known}")
            complaints.add(key, template, key=name, near=near[0], known=", ".join(known))
        else:
            complaints.add(key, N_("there is no key {key}; known are: {known}"), key=name, known=", ".join(known))


def text_value(node: Node, complaints: DesignComplaints) -> str | None:
    """One value as the text that was written, NFC."""
    if isinstance(node, ScalarNode):
        return unicodedata.normalize("NFC", node.value).strip()
    complaints.add(node, N_("expected one value here, not a list or a mapping"))
    return None


def words(node: Node, complaints: DesignComplaints) -> tuple[str, ...]:
    """One value or a list of values, as texts."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    found = [text_value(each, complaints) for each in nodes]
    return tuple(each for each in found if each is not None)


def finite_number(node: Node, complaints: DesignComplaints) -> float | None:
    """One value as a finite number."""
    return numbers([node], complaints)[0]


def numbers(nodes: Sequence[Node], complaints: DesignComplaints, decimal: str = "") -> list[float | None]:
    """Values that stand together as finite numbers, None where one is none; all of them tell what a mark means.

    `decimal` is "point" or "comma" where that was said.
    """
    texts = [text_value(node, complaints) for node in nodes]
    plain = [text.replace("_", "") if text is not None else "" for text in texts]
    mark, thousands = mark_of(plain, decimal)
    if not mark:
        place = next(place for place, text in enumerate(plain) if is_two_ways(text))
        complaints.add(nodes[place], DOUBTFUL, **both_ways(plain[place]))
        return [None] * len(nodes)
    found: list[float | None] = []
    for node, text, said in zip(nodes, plain, texts, strict=True):
        value = number_of(text, mark, thousands) if said is not None else None
        if isinstance(value, str):
            template = N_("“{value}” is not a number; write it with digits and one decimal mark")
            complaints.add(node, template if value == NOT_A_NUMBER else value, value=said)
            value = None
        found.append(value)
    return found

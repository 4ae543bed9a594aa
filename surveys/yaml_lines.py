"""The one way in for YAML written by people: nodes that know their lines, or where and why the text is not YAML.

It is YAML 1.2, so that `no` stays a word. What the values mean, and how a mistake is told, is left to who reads it:
questionnaires become a tree (`surveys.source`), design files keep their nodes (`sipas.estimating.yaml_values`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node

Path = tuple[str | int, ...]
MERGE = "tag:yaml.org,2002:merge"


class NotYaml(ValueError):
    """The text is not YAML: at which line (0 where nobody can say), and what the parser makes of it."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


class DuplicateKey(NotYaml):
    """A key stands twice in one mapping; the line is that of the second."""

    def __init__(self, line: int, key: str) -> None:
        super().__init__(line, key)
        self.key = key


def compose(text: str) -> Node | None:
    """The top node of a text, None where it is empty; raises NotYaml.

    >>> compose("a: 1\\nb: [2, 3]").value[1][0].start_mark.line
    1
    """
    from ruamel.yaml import YAML

    with _refusing():
        return YAML(typ="safe", pure=True).compose(text)


def tree_of(text: str) -> tuple[Any, dict[Path, int]]:
    """The plain tree of a text, and the line of every key and list entry by its path; raises NotYaml.

    >>> tree_of("a: 1\\nb: [no, {c: 3}]")
    ({'a': 1, 'b': ['no', {'c': 3}]}, {(): 1, ('a',): 1, ('b',): 2, ('b', 0): 2, ('b', 1): 2, ('b', 1, 'c'): 2})
    """
    from ruamel.yaml import YAML

    lines: dict[Path, int] = {(): 1}
    if (node := compose(text)) is None:
        return None, lines
    constructor = YAML(typ="safe", pure=True).constructor
    with _refusing():
        _note(node, (), lines, constructor)
        return _unshared(constructor.construct_document(node)), lines


@contextmanager
def _refusing() -> Iterator[None]:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        yield
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = (error.problem or error.context or "?").splitlines()
        raise NotYaml(mark.line + 1 if mark else 0, problem[0]) from None
    except YAMLError as error:
        raise NotYaml(0, str(error).splitlines()[0]) from None


def _unshared(tree: Any) -> Any:
    """What was written once and named again (`*levels`) is copied, so that a change of one place is of that one."""
    if isinstance(tree, dict):
        return {key: _unshared(value) for key, value in tree.items()}
    return [_unshared(value) for value in tree] if isinstance(tree, list) else tree


def _note(node: Node, path: Path, lines: dict[Path, int], constructor: Any) -> None:
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    if isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            lines[*path, index] = value.start_mark.line + 1
            _note(value, (*path, index), lines, constructor)
    elif isinstance(node, MappingNode):
        own = set()
        for key, value in node.value:
            if key.tag == MERGE:
                continue
            if not isinstance(key, ScalarNode):
                raise NotYaml(key.start_mark.line + 1, "found unhashable key")
            name = constructor.construct_object(key, deep=True)
            if name in own:
                raise DuplicateKey(key.start_mark.line + 1, str(name))
            own.add(name)
            lines[*path, name] = key.start_mark.line + 1
            _note(value, (*path, name), lines, constructor)
        _note_merged(node, path, lines, constructor, own)


def _note_merged(node: MappingNode, path: Path, lines: dict[Path, int], constructor: Any, own: set[str]) -> None:
    """A key that came in by a merge (`<<`) has no line of its own: it stands where its mapping does."""
    from ruamel.yaml.nodes import SequenceNode

    for merged in (value for key, value in node.value if key.tag == MERGE):
        for mapping in merged.value if isinstance(merged, SequenceNode) else [merged]:
            inner: dict[Path, int] = {path: lines[path]}
            _note(mapping, path, inner, constructor)
            for place, line in inner.items():
                if len(place) > len(path) and place[len(path)] not in own:
                    lines.setdefault(place, line if len(place) > len(path) + 1 else lines[path])

"""Hands the wording of an instrument to Babel, each text with its address as context and the line where it stands.

`translations/babel.cfg` maps the instrument files to `instrument` below.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from surveys.errors import BadInstrument
from surveys.shape import built, misshapen
from surveys.source import Path, Source, parse
from surveys.wording import texts


def instrument(
    fileobj: BinaryIO, keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, str, tuple[str, str], list[str]]]:
    """The texts of one file, as Babel wants them: line, function, (context, text), notes to translators."""
    content = fileobj.read()
    source = parse(getattr(fileobj, "name", "instrument"), content)
    complaints = source.complaints or tuple(source.complaint(*found) for found in misshapen(source.tree))
    if complaints:
        raise BadInstrument(source.file, complaints)
    wanted = dict(texts(built(source.tree, digest="")))
    lines = _lines(source)
    for address, text in wanted.items():
        yield lines.get(address, 1), "pgettext", (address, text), []


def _lines(source: Source) -> dict[str, int]:
    """Where each address stands in the file."""
    code = source.tree["instrument"]
    found = {f"{code}/{key}": source.line((key,)) for key in ("title", "population")}
    for name, scale in source.tree["scales"].items():
        found |= {f"{code}/{name}/{key}": source.line(("scales", name, key)) for key in ("lead", "not_applicable")}
        levels = range(len(scale["levels"]))
        found |= {f"{code}/{name}/{n + 1}": source.line(("scales", name, "levels", n)) for n in levels}
    for path, node in _nodes(source.tree, ()):
        name = node.get("code", "comment")
        found |= {f"{code}/{name}": source.line((*path, "text")), f"{code}/{name}/hint": source.line((*path, "hint"))}
        for option in node.get("options", ()):
            found[f"{code}/{name}/{option}"] = source.line((*path, "options", option))
    return found


def _nodes(tree: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every map that holds a `text`, at any depth."""
    if isinstance(tree, dict):
        if "text" in tree:
            yield path, tree
        for key, value in tree.items():
            yield from _nodes(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _nodes(value, (*path, index))

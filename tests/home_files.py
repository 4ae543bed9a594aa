"""The table of the operator's manual that lists every file of SIPAS_HOME, held against homes and against the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from sipas.docs import FOLDER

ROOT = Path(__file__).parents[1]


def listed() -> list[str]:
    """Return the names of the table's first column: `…` stands for anything, capitals for one name."""
    manual = (FOLDER / "operator.md").read_text("utf-8")
    section = manual.partition("## The files of SIPAS_HOME")[2].partition("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for cell in first for name in re.findall("`([^`]+)`", cell)]


def strangers(home: Path) -> list[str]:
    """Return the files of a home that the table does not list, names of the moment (with a dot in front) left out."""
    patterns = [re.compile(_pattern(name)) for name in listed()]
    found = (str(path.relative_to(home)) for path in sorted(home.rglob("*")) if path.is_file())
    return [
        name
        for name in found
        if not re.search(r"(^|/)\.", name) and not any(pattern.fullmatch(name) for pattern in patterns)
    ]


def _pattern(name: str) -> str:
    return re.sub(r"[A-Z]{2,}", r"[\\w.-]+", re.escape(name).replace("…", ".+"))


def in_code() -> dict[str, str]:
    """Return the names right below a home that the code of `sipas` writes out, each with one module that does.

    They stand in expressions as `home / "keys"` or `where.home / nights.FILE`; names made of values are left to homes.
    """
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "sipas").rglob("*.py"))}
    constants = {path: dict(_constants(tree)) for path, tree in trees.items()}
    by_module = {path.stem: known for path, known in constants.items()}
    found: dict[str, str] = {}
    for path, tree in trees.items():
        imported = {
            alias.asname or alias.name: by_module.get(node.module.rpartition(".")[2], {}).get(alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_home(node.left):
                name = _named(node.right, {**imported, **constants[path]}, by_module)
                if name:
                    found.setdefault(name, str(path.relative_to(ROOT)))
    return found


def _is_home(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in ("home", "_home")


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
            for target, value in pairs:
                if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield target.id, value.value


def _named(node: ast.expr, here: dict[str, str | None], by_module: dict[str, dict[str, str]]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return here.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return by_module.get(node.value.id, {}).get(node.attr)
    return None

"""The table of the operator's manual that lists every file of SIPAS_HOME, held against homes and `HomePaths`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from sipas.docs import FOLDER
from sipas.files.home_paths import Entry, HomePaths

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


def in_code() -> list[str]:
    """Return every name that `HomePaths` gives to a file or folder of a home, capitals for what differs."""
    home = Path("/home")
    made = HomePaths(home)
    found = [entry.name for entry in vars(HomePaths).values() if isinstance(entry, Entry)]
    named = [made.wave_key("WAVE", "KIND"), made.secret("NAME"), made.snapshot("WAVE"), made.draft("CODE")]
    return found + [str(path.relative_to(home)) for path in (*named, made.release("CODE"), made.server(1))]


def written_out() -> list[str]:
    """Return the places of `sipas` that name a file of a home themselves: a path joined with one of the names of
    `in_code` (`folder / "keys"`), and whatever is joined with the home itself but a name that an operator gave."""
    names = {part for name in in_code() for part in (name, *name.split("/"))} - {"WAVE.KIND.key", "CODE", "server-1"}
    found = []
    for path in sorted((ROOT / "sipas").rglob("*.py")):
        if path.name == "home_paths.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                right, is_home = node.right, _is_home(node.left)
                literal = right.value if isinstance(right, ast.Constant) else None
                is_ours = literal in names or (is_home and (literal is not None or isinstance(right, ast.JoinedStr)))
                is_constant = is_home and ast.unparse(right).rpartition(".")[2].isupper()
                if is_ours or is_constant:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
    return found


def _is_home(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in ("home", "_home")

"""Writes `licences.md`: every library of the lock file with its version and licence, as its own metadata state them."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGET = Path(__file__).with_name("licences.md")
HEAD = """# Licences of others

Libraries that SIPAS runs on (from `requirements.lock`; written by `make licences`), and what lies in the tree.

| library | version | licence |
|---|---|---|
"""
TAIL = """
| files in the tree | licence |
|---|---|
| Noto Sans (subset), `sipas/static/fonts/` | OFL-1.1 |
| axe-core 4.14.1, `tests/pages/axe-core/` (tests only, not in the wheel) | MPL-2.0 |
"""


def locked(text: str) -> dict[str, str]:
    """Name -> version of every library in a lock file.

    >>> locked("flask==3.1.3 \\\\\\n    --hash=sha256:00\\n")
    {'flask': '3.1.3'}
    """
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ \\\n]+)", text, flags=re.MULTILINE))


def licence_of(name: str) -> str:
    """The licence that a library states: its expression, else its classifiers, else the first line of its text."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return "(not installed here)"
    if "License-Expression" in told:
        return str(told["License-Expression"])
    classes = [line.split(" :: ")[-1] for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    stated = next(filter(None, told.get_all("License") or []), "not stated")
    return ", ".join(classes) or stated.splitlines()[0]


def main() -> None:
    """Writes the page."""
    libraries = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    rows = [f"| {name} | {version} | {licence_of(name)} |\n" for name, version in sorted(libraries.items())]
    TARGET.write_text(HEAD + "".join(rows) + TAIL, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Names of units as pages print them: without the mark that a name was not verified, which the page says in a note.

The files of a release keep the names as they were published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MARK = re.compile(r"\s*\((?:tên chưa kiểm chứng|name not verified)\)\s*$")


def plain_names(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with plain names of units, and under `unverified` the codes of those that were marked.

    >>> marked = {"code": "x", "name": "Sở X (tên chưa kiểm chứng)", "name_en": "X (name not verified)"}
    >>> plain_names({"units": [marked]})
    {'units': [{'code': 'x', 'name': 'Sở X', 'name_en': 'X'}], 'unverified': ('x',)}
    """
    units = [
        {key: _MARK.sub("", said) if key in ("name", "name_en") else said for key, said in unit.items()}
        for unit in manifest["units"]
    ]
    marked = tuple(unit["code"] for unit in manifest["units"] if _MARK.search(unit["name"]))
    return {**manifest, "units": units, "unverified": marked}

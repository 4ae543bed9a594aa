"""Where the merged heads of the form stand, and which column is which: told by words, not by places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sipas.errors import N_, BadFile
from sipas.tables.cells import letter
from sipas.tables.grid import Grid
from sipas.tables.heads import folded

DEPTH = 4  # rows that heads take at most
GROUPS = {"received": ("tiep nhan", "nhan giai quyet"), "resolved": ("da giai quyet",), "open": ("dang giai quyet",)}
LEAVES = {
    "received": {
        "total": ("tong so",),
        "online": ("truc tuyen",),
        "in person": ("truc tiep", "buu chinh"),
        "carried over": ("ky truoc",),
    },
    "resolved": {
        "total": ("tong so",),
        "early": ("truoc han", "truoc thoi han"),
        "on time": ("dung han", "dung thoi han"),
        "late": ("qua han", "qua thoi han"),
    },
    "open": {
        "total": ("tong so",),
        "in time": ("trong han", "trong thoi han", "chua den han"),
        "late": ("qua han", "qua thoi han"),
    },
}
ROLES = tuple(f"{group} {leaf}" for group, leaves in LEAVES.items() for leaf in leaves)
POPULATION = "resolved total"
NAME, NUMBER = "name", "number"
SHARES = ("ty le", "ti le")  # columns of percentages are no counts
HEADS = "“Tiếp nhận”, “Số lượng hồ sơ đã giải quyết”, “Số lượng hồ sơ đang giải quyết”"
MARK = re.compile(r"(bieu|mau)( so)? (ii )?0?6 ?a? vpcp kstt")

NO_HEADS = N_(
    "{file}: no heads of form II.06a were found for dossiers received, resolved and in process ({heads}); is it "
    "another table?"
)
TWO_TABLES = N_(
    "{place}: heads of the form stand in rows {first} and {second}; give each office a sheet or a file of its own"
)
LACKS = N_(
    "{place}: the heads in rows {first} to {last} lack: {lacking}. Columns that were not understood: {others}. Where "
    "one of them is meant, say so once: --head “ITS WORDS={role}”; it is kept"
)
TWICE = N_("{place}: columns {one} and {other} both seem to be “{role}”; correct the heads")
NO_NAMES = N_("{place}: no column is headed “{head}”, so the fields are not known; correct the heads")


@dataclass(frozen=True)
class FormHeads:
    """The rows of the heads, and the column (from 0) of each role, of the names, and of the rows' numbers."""

    first: int
    last: int
    columns: Mapping[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """The columns of numbers by their role."""
        return {role: self.columns[role] for role in ROLES}


def place_of(grid: Grid) -> str:
    """The file, and of a workbook the sheet, as a sentence names them."""
    return f"{grid.file} [{grid.title}]" if grid.title else grid.file


def is_form(grid: Grid) -> bool:
    """Whether a sheet is the form, whole or damaged: by its heads, or by its number."""
    texts = (text for row in grid.rows.values() for text in row.values())
    return any(_tops(grid)) or any(MARK.search(folded(text)) for text in texts)


def find_heads(grid: Grid, kept: Mapping[str, str]) -> FormHeads:
    """The heads of the form; `kept` are words above columns that mean a role by somebody's word.

    Raises BadFile where they are absent, stand twice, or lack a column.
    """
    tops = list(_tops(grid))
    if not tops:
        raise BadFile(NO_HEADS, file=place_of(grid), heads=HEADS)
    if len(tops) > 1:
        raise BadFile(TWO_TABLES, place=place_of(grid), first=tops[0], second=tops[1])
    top, last = tops[0], _last(grid, tops[0])
    found: dict[str, int] = {}
    others: list[str] = []
    for column, group, leaf in _columns(grid, top, last):
        role = kept.get(folded(f"{group} {leaf}"), "") or kept.get(folded(leaf), "") or _role(group, leaf)
        if role in found:
            said = {"one": letter(found[role]), "other": letter(column), "role": role}
            raise BadFile(TWICE, place=place_of(grid), **said)
        if role:
            found[role] = column
        elif leaf:
            others.append(f"{letter(column)} “{leaf}”")
    lacking = [role for role in ROLES if role not in found]
    if lacking:
        said = {"lacking": ", ".join(lacking), "others": ", ".join(others) or "–", "role": lacking[0]}
        raise BadFile(LACKS, place=place_of(grid), first=top, last=last, **said)
    if NAME not in found:
        raise BadFile(NO_NAMES, place=place_of(grid), head="Lĩnh vực")
    return FormHeads(top, last, found)


def _tops(grid: Grid) -> Iterator[int]:
    """The rows in which the three groups of columns are named."""
    for row, cells in grid.rows.items():
        if {_group(text) for text in cells.values()} >= set(GROUPS):
            yield row


@lru_cache(4096)
def _group(text: str) -> str:
    if text[:1].isdigit():
        return ""
    said = folded(text)
    if len(said) > 60:  # a title
        return ""
    return next((group for group, words in reversed(GROUPS.items()) if any(word in said for word in words)), "")


def _last(grid: Grid, top: int) -> int:
    """The last row of the heads: the one before the first that holds numbers."""
    last = top
    for row in range(top + 1, top + DEPTH):
        cells = grid.rows.get(row, {})
        if any(re.fullmatch(r"\(?\d[\d.]*\)?", text.strip()) for text in cells.values()):
            break
        if cells:
            last = row
    return last


def _columns(grid: Grid, top: int, last: int) -> Iterator[tuple[int, str, str]]:
    """Each headed column: the words above its group, and its own, which stand lowest."""
    rows = [grid.rows.get(row, {}) for row in range(top, last + 1)]
    group = ""
    for column in range(max(max(row, default=0) for row in rows) + 1):
        group = rows[0].get(column, group)
        own = [row[column] for row in rows if column in row]
        if own:
            yield column, group, " ".join(own[-1].split())


def _role(group: str, leaf: str) -> str:
    said = folded(re.sub(r"\(.*", "", leaf, flags=re.DOTALL))
    if said in ("tt", "stt", "so tt", "so thu tu"):
        return NUMBER
    if said.startswith("linh vuc"):
        return NAME
    if said.startswith(SHARES):
        return ""
    of = _group(group)
    for name, words in LEAVES.get(of, {}).items():
        if any(said.startswith(word) if name == "total" else word in said for word in words):
            return f"{of} {name}"
    return ""

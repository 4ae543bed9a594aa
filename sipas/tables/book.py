"""What a workbook says beside its cells: which sheet comes first, and how numbers are to be shown."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sipas.errors import N_, BadFile
from sipas.tables.package import TOO_DEEP, DamagedWorkbook, Package, local, parse_xml

NO_SHEET = N_("{file} has no sheet “{sheet}”; its sheets are: {sheets}")
ALL_HIDDEN = N_("{file}: all its sheets are hidden ({sheets}); show the one to be read in Excel, or name it by --sheet")
ZEROS = re.compile(r"0{2,}")


@dataclass(frozen=True)
class Formats:
    """How the number in a cell is to be shown, by the number of the cell's style."""

    zeros: dict[int, int]  # so many digits: the format `00000` shows the code 3646 as 03646
    dates: frozenset[int]
    durations: frozenset[int]


@dataclass(frozen=True)
class Book:
    """The sheet to read, the names of all visible ones, and the other parts that its cells need ("" where absent)."""

    sheet: str
    title: str
    visible: tuple[str, ...]
    from_1904: bool
    styles: str
    texts: str


def find_book(package: Package, asked: str, file: str) -> Book | None:
    """What the workbook holds: the sheet of that name, or the first that is not hidden; None where none has cells.

    Raises BadFile where no sheet is called so, or all are hidden.
    """
    main = _of_kind(_targets(package, "_rels/.rels", ""), "officeDocument") or "xl/workbook.xml"
    folder, name = posixpath.split(main)
    targets = _targets(package, f"{folder}/_rels/{name}.rels", folder)
    sheets: list[tuple[str, str, bool]] = []
    from_1904 = False

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal from_1904
        if name == "sheet":
            kind, target = targets.get(given.get("id", ""), ("", ""))
            if kind == "worksheet":  # a sheet that is all chart has no cells
                sheets.append((target, given.get("name", ""), given.get("state", "visible") == "visible"))
        elif name == "workbookPr":
            from_1904 = given.get("date1904", "") in ("1", "true", "on")

    _walk(package, main, start)
    if not sheets:
        return None
    beside = (_of_kind(targets, kind) for kind in ("styles", "sharedStrings"))
    styles, texts = (part if package.has(part) else "" for part in beside)
    visible = tuple(title for _, title, is_visible in sheets if is_visible)
    title = chosen_sheet([title for _, title, _ in sheets], visible, asked, file)
    part = next(part for part, name, _ in sheets if name == title)
    return Book(part, title, visible, from_1904, styles, texts)


def chosen_sheet(titles: Sequence[str], visible: Sequence[str], asked: str, file: str) -> str:
    """The sheet that was asked for, or the first visible one. Raises BadFile where there is none."""
    names = ", ".join(f"“{title}”" for title in titles)
    if asked:
        wanted = unicodedata.normalize("NFC", asked).strip().casefold()
        for title in titles:
            if unicodedata.normalize("NFC", title).strip().casefold() == wanted:
                return title
        raise BadFile(NO_SHEET, file=file, sheet=asked, sheets=names)
    if not visible:
        raise BadFile(ALL_HIDDEN, file=file, sheets=names)
    return visible[0]


def find_formats(package: Package, part: str) -> Formats:
    """How numbers are shown, from the part of styles."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

    patterns: dict[int, str] = dict(BUILTIN_FORMATS)
    used: list[int] = []
    of_cells = False

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal of_cells
        if name == "numFmt" and not used:
            patterns[int(given.get("numFmtId", 0))] = given.get("formatCode", "")
        elif name == "cellXfs":
            of_cells = True
        elif name == "xf" and of_cells:
            used.append(int(given.get("numFmtId", 0)))

    def end(name: str) -> None:
        nonlocal of_cells
        of_cells = of_cells and name != "cellXfs"

    if part:
        _walk(package, part, start, end)
    shown = {style: patterns.get(number, "") for style, number in enumerate(used)}
    dates = {pattern: (is_date_format(pattern), is_timedelta_format(pattern)) for pattern in set(shown.values())}
    return Formats(
        zeros={style: len(pattern) for style, pattern in shown.items() if ZEROS.fullmatch(pattern)},
        dates=frozenset(style for style, pattern in shown.items() if dates[pattern][0]),
        durations=frozenset(style for style, pattern in shown.items() if dates[pattern][1]),
    )


def _of_kind(targets: dict[str, tuple[str, str]], kind: str) -> str:
    return next((target for one, target in targets.values() if one == kind), "")


def _targets(package: Package, part: str, folder: str) -> dict[str, tuple[str, str]]:
    """The kind and the path of each part that a list of relations names, by its id."""
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, given: dict[str, str]) -> None:
        if name == "Relationship" and given.get("TargetMode") != "External":
            target = given.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[given.get("Id", "")] = posixpath.basename(given.get("Type", "")), path

    if package.has(part):
        _walk(package, part, start)
    return found


def _walk(
    package: Package,
    part: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] = lambda _name: None,
) -> None:
    """Walk a small part by the plain names of elements and attributes (`r:id` is `id`; it comes after `sheetId`)."""
    depth = 0

    def opens(name: str, values: list[str]) -> None:
        nonlocal depth
        depth += 1
        if depth > package.limits.depth:
            raise DamagedWorkbook(TOO_DEEP)
        start(local(name), {local(key): value for key, value in zip(values[::2], values[1::2], strict=True)})

    def closes(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(local(name))

    parse_xml(package, part, opens, closes, lambda _text: None, package.limits.side_part)

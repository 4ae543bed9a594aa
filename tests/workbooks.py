"""Workbooks as a program that means harm writes them: parts of XML in a ZIP archive, with nothing that checks them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'


def relations(*named: tuple[str, str]) -> str:
    """A list of relations: kind and target of each."""
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(named, 1)
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{items}</Relationships>'
    )


def a_workbook(
    path: Path,
    rows: Iterable[str] = (),
    texts: Iterable[str] = (),
    formats: str = "",
    *,
    head: str = "",
    header: str = HEADER,
    packing: int = zipfile.ZIP_DEFLATED,
    **parts: str | bytes,
) -> Path:
    """A workbook of one sheet with the columns a and b; `rows` is the XML of further rows, `parts` replaces whole parts
    (by their name without folder and `.xml`)."""
    named = (("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml"))
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
    book, sheet = "vnd.openxmlformats-officedocument.spreadsheetml", "worksheets/sheet1.xml"
    kinds = "".join(
        f'<Override PartName="/xl/{part}" ContentType="application/{book}.{kind}+xml"/>'
        for part, kind in (("workbook.xml", "sheet.main"), (sheet, "worksheet"), ("sharedStrings.xml", "sharedStrings"))
    )
    written: dict[str, Iterable[str | bytes]] = {
        "[Content_Types].xml": [
            f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{kinds}</Types>'
        ],
        "_rels/.rels": [relations(("officeDocument", "xl/workbook.xml"))],
        "xl/workbook.xml": [f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{sheets}</workbook>'],
        "xl/_rels/workbook.xml.rels": [relations(*named)],
        "xl/worksheets/sheet1.xml": chain(
            (f'{head}<worksheet xmlns="{MAIN}"><sheetData>', header), rows, ("</sheetData></worksheet>",)
        ),
        "xl/sharedStrings.xml": chain((f'<sst xmlns="{MAIN}">',), texts, ("</sst>",)),
        "xl/styles.xml": [f'<styleSheet xmlns="{MAIN}">{formats}</styleSheet>'],
    }
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, chunks in written.items():
            stem = name.rpartition("/")[2].partition(".")[0]
            with archive.open(name, "w") as part:
                for chunk in [parts[stem]] if stem in parts else chunks:
                    part.write(chunk.encode() if isinstance(chunk, str) else chunk)
    return path


def again(text: str, times: int, at_once: int = 1000) -> Iterable[str]:
    """The same text over and over."""
    return (text * at_once for _ in range(times // at_once))

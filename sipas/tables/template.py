"""Empty workbooks to be filled in: a sheet for the rows, one that explains its columns, one with the codes.

The sheet for the rows comes first, as `read_table` reads the first. Cells for codes are formatted as text, so that
`03646` keeps its zero and `2026-03` is not taken for a date; a list to choose from hangs on columns with few answers.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sipas.files.destinations import write_file
from sipas.i18n import LANGUAGES, _, speaking

LAST = 20_000  # down to this row the lists of choices hang on the cells
LINE = 16.0  # height of a line, in points
WIDTHS = (44, 14, 86)  # of the sheet that explains, in letters
MOST = 256  # letters of a list of words that Excel takes, and their commas


@dataclass(frozen=True)
class Choices:
    """Codes of one kind, with the words beside each; `heads` names the columns."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class TemplateColumn:
    """A column to be filled in.

    head, meaning   as it is written, and what is to stand in it
    needed          whether a row must have it
    spare           whether the column may be deleted
    choices         codes that may be chosen, listed on the sheet of codes
    words           few words that may be chosen, where they need no sheet; others are asked about, not refused
    as_number       a count; all else is text
    """

    head: str
    meaning: str
    needed: bool = False
    spare: bool = False
    choices: Choices | None = None
    words: tuple[str, ...] = ()
    as_number: bool = False
    width: int = 14


@dataclass(frozen=True)
class Template:
    """The whole workbook; `rows` are filled in already, as far as they are known."""

    title: str
    about: tuple[str, ...]
    columns: tuple[TemplateColumn, ...]
    rows: Sequence[Sequence[str]] = field(default=())


def of_templates() -> set[str]:
    """What the sheets are called that stand beside the rows in a workbook made here, in every language."""
    found = set()
    for code in LANGUAGES:
        with speaking(code):
            found |= {_("Explanation"), _("Codes")}
    return found


def write_template(path: Path, template: Template) -> None:
    """Write the workbook, whole or not at all; whether one that is there may go is asked before."""
    import xlsxwriter

    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory, {"in_memory": True}) as book:
        sheet = book.add_worksheet(template.title)
        explained, listed = book.add_worksheet(_("Explanation")), book.add_worksheet(_("Codes"))
        formats = {
            "head": book.add_format(
                {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DCE9F5", "border": 1}
            ),
            "question": book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#DCE9F5", "border": 1}),
            "spare": book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#EDEDED", "border": 1}),
            "text": book.add_format({"num_format": "@"}),
            "count": book.add_format({"num_format": "0"}),
            "wrapped": book.add_format({"text_wrap": True, "valign": "top"}),
            "title": book.add_format({"bold": True, "font_size": 13}),
        }
        ranges = _list_codes(listed, template, formats)
        _explain(explained, template, formats)
        _prepare(sheet, template, formats, ranges)
    write_file(path, memory.getvalue())


def _prepare(sheet, template: Template, formats, ranges: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    """The sheet for the rows: heads that stay in view, formats, lists to choose from."""
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, LINE * max(1 + _lines(column.head, column.width) for column in template.columns))
    for place, column in enumerate(template.columns):
        sheet.set_column(place, place, column.width, formats["count" if column.as_number else "text"])
        sheet.write_string(
            0, place, column.head, formats["head" if column.needed else "spare" if column.spare else "question"]
        )
        options: dict[str, object] = {"input_title": column.head[:32], "input_message": column.meaning[:255]}
        if column.choices and column.choices.rows:
            options |= {"validate": "list", "source": ranges[column.choices.title]}
            options |= {"error_title": column.head[:32], "error_message": _("Choose a code from the list.")[:255]}
        elif column.words and not any("," in word for word in column.words) and len(",".join(column.words)) < MOST:
            options |= {"validate": "list", "source": list(column.words), "error_type": "warning"}
            options |= {"error_title": column.head[:32], "error_message": column.meaning[:255]}
        elif column.as_number:
            options |= {"validate": "integer", "criteria": ">=", "value": 0, "error_title": column.head[:32]}
            options["error_message"] = _("A whole number, 0 or more.")
        else:
            options["validate"] = "any"
        sheet.data_validation(1, place, LAST, place, options)
    for line, row in enumerate(template.rows, 1):
        for place, value in enumerate(row):
            if value:
                sheet.write_string(line, place, value, formats["text"])
    sheet.set_landscape()
    sheet.repeat_rows(0)


def _explain(sheet, template: Template, formats) -> None:  # type: ignore[no-untyped-def]
    """Each column with what is to stand in it."""
    for place, width in enumerate(WIDTHS):
        sheet.set_column(place, place, width, formats["wrapped"])
    for line, text in enumerate(template.about):
        sheet.merge_range(line, 0, line, 2, text, formats["wrapped"])
        sheet.set_row(line, LINE * _lines(text, sum(WIDTHS) - 20))
    first = len(template.about) + 1
    for place, head in enumerate((_("Column"), _("Needed?"), _("What is to stand in it"))):
        sheet.write_string(first, place, head, formats["head"])
    for line, column in enumerate(template.columns, first + 1):
        sheet.write_string(line, 0, column.head, formats["wrapped"])
        sheet.write_string(line, 1, _("yes") if column.needed else _("no"), formats["wrapped"])
        sheet.write_string(line, 2, column.meaning, formats["wrapped"])
        sheet.set_row(line, LINE * max(_lines(column.head, WIDTHS[0]), _lines(column.meaning, WIDTHS[2])))
    sheet.freeze_panes(first + 1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _list_codes(sheet, template: Template, formats) -> dict[str, str]:  # type: ignore[no-untyped-def]
    """The lists of codes side by side; gives for each title the cells of its codes."""
    ranges: dict[str, str] = {}
    at = 0
    lists = {column.choices.title: column.choices for column in template.columns if column.choices}
    for choices in lists.values():
        sheet.write_string(0, at, choices.title, formats["title"])
        for place, head in enumerate(choices.heads):
            longest = max((len(row[place]) for row in choices.rows), default=0)
            sheet.set_column(at + place, at + place, min(max(longest, len(head)) + 2, 60), formats["text"])
            sheet.write_string(1, at + place, head, formats["head"])
            for line, row in enumerate(choices.rows, 2):
                sheet.write_string(line, at + place, row[place], formats["text"])
        ranges[choices.title] = _cells(sheet.get_name(), at, len(choices.rows))
        at += len(choices.heads) + 1
    sheet.freeze_panes(2, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    return ranges


def _lines(text: str, width: int) -> int:
    """On how many lines a text stands in a column so many letters wide, or nearly: words are not broken."""
    return 1 + (len(text) - 1) // max(width - 2, 1)


def _cells(sheet: str, column: int, count: int) -> str:
    from xlsxwriter.utility import xl_range_abs

    return f"='{sheet}'!{xl_range_abs(2, column, count + 1, column)}"

"""A process of its own that reads an .xls or .ods workbook with calamine: `calamine_process.py FILE SHEET`.

Calamine panics on damaged files, and one false length in them makes it ask for hundreds of gigabytes, which ends the
process that asked. So it has a process to itself, with limits on memory and time, and hands the cells over as JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import sys
import unicodedata
from typing import Any

MEMORY = 3 << 30  # bytes of address space
SECONDS = 120  # of a processor


def main(path: str, asked: str) -> int:
    """Write what the workbook holds to standard output; the status is 3 for a password, 4 for what is no workbook."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            about = [one for one in book.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet]
            visible = [one.name for one in about if one.visible == calamine.SheetVisibleEnum.Visible]
            wanted = [one.name for one in about if _folded(one.name) == _folded(asked)] if asked else visible
            found: dict[str, Any] = {
                "sheets": [one.name for one in about],
                "visible": visible,
                "rows": [],
                "merged": [],
            }
            if wanted:
                sheet = book.get_sheet_by_name(wanted[0])
                found["rows"] = [[_told(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
                found["merged"] = [[list(start), list(end)] for start, end in sheet.merged_cell_ranges or []]
    except calamine.PasswordError:
        return 3
    except (calamine.CalamineError, OSError, ValueError) as error:
        sys.stdout.write(str(error) or type(error).__name__)
        return 4
    json.dump(found, sys.stdout)
    return 0


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()


def _told(value: Any) -> Any:
    """Numbers, truths and texts as they are; a day or time as an object; an empty cell as null."""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return {"day": value.date().isoformat()}
    if isinstance(value, dt.date | dt.time):
        return {"day": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {"day": str(value)}
    return value if value != "" else None


if __name__ == "__main__":
    # a panic is told to nobody: whoever called sees the status alone
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    os.dup2(sys.stderr.fileno(), 2)
    sys.exit(main(*sys.argv[1:3]))

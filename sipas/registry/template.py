"""The four files of a registry, empty, with a row below each header that explains the columns, and with examples."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sipas.errors import N_
from sipas.registry.rows import REMARK

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "units": {
        "code": N_("official code, as text with its zeros (Excel: format the column as text); never changes"),
        "name": N_("name in Vietnamese, as printed"),
        "name_en": N_("name in English; empty: the same"),
        "kind": N_("province, department, centre, ward, commune or district"),
        "parent": N_("code of the unit above it; empty for the province"),
        "valid_from": N_("first day, as 2025-07-01; empty: since ever"),
        "valid_to": N_("last day; empty while it exists"),
        "note": N_("what is not verified"),
    },
    "services": {
        "code": N_("short code of the service field; never changes. Screens show the fields in the order of the rows"),
        "name": N_("name in Vietnamese, as people know it"),
        "name_en": N_("name in English; empty: the same"),
        "valid_from": N_("first day, the first of a month; empty: since ever"),
        "valid_to": N_("last day, the last of a month; empty while it exists"),
        "note": N_("what is not verified"),
        "everyday": N_("what people say for it, shown below the name and searched; may be empty"),
        "everyday_en": N_("the same in English; empty: the same words"),
    },
    "competence": {
        "receiver": N_("where dossiers are received: a point, a unit, or a kind of unit; the most exact wins"),
        "service": N_("code of the service field, or * for every other"),
        "responsible": N_("code of the unit that handles it, or receiver: the unit itself where it is received"),
        "valid_from": N_("first day, the first of a month; empty: since ever. A change is a row of its own"),
        "valid_to": N_("last day, the last of a month; empty: until a later row begins"),
    },
    "crosswalk": {
        "old": N_("code of the unit that ended"),
        "new": N_("code of the unit that it went to"),
        "share": N_("part of the old unit that went to the new one; those of one old unit make 1 together"),
        "source": N_("the decision, and what the share was counted by"),
    },
}
EXAMPLES: Mapping[str, Sequence[Sequence[str]]] = {
    "units": [
        ["99", "Tỉnh Ví Dụ", "Example province", "province", "", "2025-07-01", "", ""],
        ["so-y-te", "Sở Y tế", "Department of Health", "department", "99", "", "", ""],
        ["09901", "Phường Ví Dụ", "Example ward", "ward", "99", "2025-07-01", "", ""],
    ],
    "services": [
        ["ho-tich", "Hộ tịch", "Civil status", "", "", "", "khai sinh, kết hôn", "birth, marriage"],
        ["y-te", "Y tế", "Health", "", "", "", "", ""],
    ],
    "competence": [
        ["ward", "ho-tich", "receiver", "", ""],
        ["ward", "y-te", "so-y-te", "", ""],
        ["09901", "y-te", "receiver", "2027-01-01", ""],
    ],
    "crosswalk": [
        ["09801", "09901", "1", "Nghị quyết …"],
        ["09802", "09901", "1", "Nghị quyết …"],
        ["09803", "09902", "0.6", "Nghị quyết …; dân số"],
        ["09803", "09903", "0.4", "Nghị quyết …; dân số"],
    ],
}


def write_registry_template(folder: Path, say: Callable[[str], str]) -> list[Path]:
    """Writes the files as Excel in Vietnam reads them (UTF-8 with a mark, semicolons); `say` translates.

    Raises FileExistsError where one of them is there; then none is written.
    """
    paths = [folder / f"{table}.csv" for table in COLUMNS]
    for path in paths:
        if path.exists():
            raise FileExistsError(17, "exists", str(path))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for path, (table, columns) in zip(paths, COLUMNS.items(), strict=True):
            with path.open("x", encoding="utf-8-sig", newline="") as file:
                rows = csv.writer(file, delimiter=";", lineterminator="\r\n")
                rows.writerow(columns)
                for cells in ([say(text) for text in columns.values()], *EXAMPLES[table]):
                    rows.writerow([f"{REMARK} {cells[0]}", *cells[1:]])
    except OSError:  # a full disk: none is left, so that the same command can be typed again
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    return paths

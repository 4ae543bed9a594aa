"""Workbooks of form II.06a as an office's one-stop system writes them: letterhead, merged heads, numbers, a total."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

TITLE = "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH\nTẠI BỘ PHẬN MỘT CỬA"
TOP = {"A": "TT", "B": "Lĩnh vực, công việc giải quyết theo cấp", "C": "Tiếp nhận",
       "G": "Số lượng hồ sơ đã giải quyết", "K": "Số lượng hồ sơ đang giải quyết"}  # fmt: skip
MIDDLE = {"C": "Tổng số", "D": "Trong đó", "F": "Từ kỳ trước", "G": "Tổng số", "H": "Trước hạn",
          "I": "Đúng hạn\n(Bao gồm cả hồ sơ chờ bổ sung)", "J": "Quá hạn", "K": "Tổng số", "L": "Trong hạn",
          "M": "Quá hạn"}  # fmt: skip
BOTTOM = {"D": "Trực tuyến", "E": "Trực tiếp, dịch vụ bưu chính"}
MERGED = ("A8:A10", "B8:B10", "C8:F8", "G8:J8", "K8:M8", "C9:C10", "D9:E9", "F9:F10", "G9:G10", "H9:H10", "I9:I10",
          "J9:J10", "K9:K10", "L9:L10", "M9:M10")  # fmt: skip
FIRST = 12  # the row of the first field
FIELDS = {"Hộ tịch": 64, "Chứng thực": 300, "Đất đai": 17}  # resolved


def numbers(resolved: int) -> list[int]:
    """The eleven numbers of a row, whose sums agree."""
    carried, late, open_late = resolved // 10, resolved // 20, resolved // 50
    waiting = open_late + 3
    online = (resolved + waiting - carried) // 2
    early = resolved // 3
    received = resolved + waiting
    return [received, online, received - online - carried, carried,
            resolved, early, resolved - early - late, late, waiting, waiting - open_late, open_late]  # fmt: skip


def rows_of(fields: Mapping[str, int]) -> list[list[object]]:
    """The rows of fields, and their total."""
    body = [[place, name, *numbers(resolved)] for place, (name, resolved) in enumerate(fields.items(), 1)]
    total = [sum(row[place] for row in body) for place in range(2, 13)]
    return [*body, ["", "Tổng cộng", *total]]


def fill(
    sheet: Worksheet,
    unit: str = "UBND phường Tô Hiệu",
    period: str = "Kỳ báo cáo: Quý I/2026",
    days: str = "(Từ ngày 01/01/2026 đến ngày 31/03/2026)",
    rows: Sequence[Sequence[object]] | None = None,
) -> None:
    """Write the form into a sheet."""
    sheet["A1"], sheet["E1"] = "Biểu số II.06a/VPCP/KSTT", TITLE
    sheet["K1"] = f"- Đơn vị báo cáo:\n{unit}\n- Đơn vị nhận báo cáo:\nUBND tỉnh Sơn La" if unit else ""
    sheet["E4"], sheet["E5"], sheet["K6"] = period, days, "Đơn vị tính: Số hồ sơ TTHC."
    for row, heads in ((8, TOP), (9, MIDDLE), (10, BOTTOM)):
        for column, words in heads.items():
            sheet[f"{column}{row}"] = words
    for place, column in enumerate("ABCDEFGHIJKLM", 1):
        sheet[f"{column}11"] = f"({place})"
    for name in ("A1:B2", "E1:J2", "K1:M3", *MERGED):
        sheet.merge_cells(name)
    body = rows_of(FIELDS) if rows is None else rows
    for row, values in enumerate(body, FIRST):
        for column, value in zip("ABCDEFGHIJKLM", values, strict=False):
            sheet[f"{column}{row}"] = value if value != "" else None
    last = FIRST + len(body)
    sheet[f"B{last + 1}"], sheet[f"K{last + 1}"] = "Người lập biểu", "Sơn La, ngày 05 tháng 4 năm 2026"


def a_form(path: Path, *, damage: Callable[[Worksheet], None] | None = None, **words: object) -> Path:
    """A workbook of one form; `damage` may spoil its sheet before it is saved."""
    book = Workbook()
    book.active.title = "II.06a"
    fill(book.active, **words)
    if damage:
        damage(book.active)
    book.save(path)
    return path

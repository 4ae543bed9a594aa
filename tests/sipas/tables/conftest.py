"""A folder that holds one file as an office hands it in."""

from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


class Folder:
    """A folder in which a test lays down one real file at a time."""

    def __init__(self, path: Path):
        self.path = path

    def holds(self, content: str | bytes, name: str = "t") -> Path:
        path = self.path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def workbook(self, *rows, formats=None, other_sheet=False) -> Path:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        for cell, pattern in (formats or {}).items():
            book.active[cell].number_format = pattern
        if other_sheet:
            book.create_sheet("Khác").append(["z"])
        book.save(self.path / "t.xlsx")
        return self.path / "t.xlsx"

    def parquet(self, **columns) -> Path:
        pq.write_table(pa.table(columns), self.path / "t.parquet")
        return self.path / "t.parquet"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)

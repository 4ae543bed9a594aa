"""Reading the tables that offices already have: CSV, Excel workbooks and Parquet.

Text stays text (`03646` keeps its zero), every text is NFC, an empty cell is a missing value, and each complaint names
file, line, column, value and remedy. What the columns mean is left to whoever reads the table.

>>> import pathlib, tempfile
>>> from sipas.tables import Problems, read_table
>>> path = pathlib.Path(tempfile.mkdtemp()) / "dossiers.csv"
>>> _ = path.write_text("unit;field;dossiers\\n03646;land;12,5\\n", "utf-8")
>>> table = read_table(path)
>>> table.require("unit", "dossiers")
>>> table.text("unit").to_pylist(), table.numbers("dossiers").tolist()
(['03646'], [12.5])
>>> [(record.line, record["unit"], record["field"]) for record in table.records()]
[(2, '03646', 'land')]
>>> problems = Problems(table)
>>> problems.add(0, "unit", "no unit has the code {value}")
>>> problems.refuse()
Traceback (most recent call last):
sipas.tables.problems.BadTable: dossiers.csv, line 2, column unit: no unit has the code 03646

Each name is imported when it is asked for: whoever only compares names as they look (`looks`) needs no PyArrow.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sipas.tables.heads import Heads
    from sipas.tables.pieces import Pieces, read_in_pieces
    from sipas.tables.problems import BadTable, CellProblem, Problems
    from sipas.tables.read import read_table
    from sipas.tables.table import Record, Table

_MODULE_OF = {
    "Heads": "heads",
    "Pieces": "pieces",
    "read_in_pieces": "pieces",
    "BadTable": "problems",
    "CellProblem": "problems",
    "Problems": "problems",
    "read_table": "read",
    "Record": "table",
    "Table": "table",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"sipas.tables has no name {name!r}")
    found = getattr(importlib.import_module(f"sipas.tables.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


__all__ = ["BadTable", "CellProblem", "Heads", "Pieces", "Problems", "Record", "Table", "read_in_pieces", "read_table"]

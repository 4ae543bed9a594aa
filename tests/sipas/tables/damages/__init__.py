"""Tables as they should be, and the ways in which offices damage them, so that doors can be tried with any mixture."""

from tests.sipas.tables.damages import dates, labels, numbers, shape, text_files, workbooks  # noqa: F401 - note kinds
from tests.sipas.tables.damages.kinds import DAMAGES, damaged
from tests.sipas.tables.damages.sheet import CODE, CODES, COUNT, DAY, LABEL, LEVEL, MONTH, NAMES, NUMBER, Sheet

__all__ = [
    "CODE",
    "CODES",
    "COUNT",
    "DAMAGES",
    "DAY",
    "LABEL",
    "LEVEL",
    "MONTH",
    "NAMES",
    "NUMBER",
    "Sheet",
    "damaged",
]

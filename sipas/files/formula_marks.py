"""Labels that a spreadsheet would take for a formula: an apostrophe is put before them, and taken off again.

Which texts bear one is told by their look alone, so that writing and reading undo each other for every text there is.
"""

from __future__ import annotations

import re

MARK = "'"
FORMULA = re.compile(r"'*[=+\-@]")
NUMBER = re.compile(r"'*[+-]?(\d[\d.,]*|[.,]\d+)(e[+-]?\d+)?\s*%?", re.IGNORECASE)
MARKED = r"^'+[=+\-@]"  # for a column as a whole, before each text is looked at
CODE = re.compile(r"[+\-@]\w[\w.:/-]*")  # a word by itself, where a column holds codes


def marked(text: str) -> str:
    """A label as CSV files and workbooks hold it. Numbers stay as they are.

    >>> [marked(text) for text in ("=1+1", "@Sở", "- khác", "-5", "-0,5", "Sở = 1", "'=1")]
    ["'=1+1", "'@Sở", "'- khác", '-5', '-0,5', 'Sở = 1', "''=1"]
    """
    return MARK + text if _is_formula(text) else text


def unmarked(text: str) -> str:
    """The label that `marked` was given.

    >>> [unmarked(text) for text in ("'=1+1", "'- khác", "'-5", "''=1", "'tis", "=1+1")]
    ['=1+1', '- khác', "'-5", "'=1", "'tis", '=1+1']
    """
    return text[1:] if text.startswith(MARK) and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    return FORMULA.match(text) is not None and NUMBER.fullmatch(text) is None

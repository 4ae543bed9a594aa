"""One complaint for one cause: what is wrong with a whole column is said once, with the lines that have it."""

from __future__ import annotations

from sipas.errors import N_, SipasError
from sipas.tables.problems import Problems
from sipas.tables.table import Record

SEVERAL = N_("{reason} The same in {more} more rows, lines {lines}.")
SHOWN = 8  # lines that are named


class Causes:
    """Complaints that a whole column may share: said once, with the first row as the example and the lines of the
    others. `settle` puts them among the problems of the table."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], list[tuple[Record, SipasError]]] = {}

    def add(self, record: Record, column: str, template: str, **values: object) -> None:
        """Note a row's complaint; those of one column and one template are one cause."""
        error = SipasError(template, **{"value": record.get(column), **values})
        self._rows.setdefault((column, template), []).append((record, error))

    def settle(self, problems: Problems) -> None:
        """Add a problem for each cause."""
        for (column, _), found in self._rows.items():
            (first, reason), *others = found
            if not others:
                problems.add(first.row, column, reason.template, **reason.values)
                continue
            lines = ", ".join(str(record.line) for record, _ in others[:SHOWN])
            lines += ", …" if len(others) > SHOWN else ""
            problems.add(first.row, column, SEVERAL, reason=reason, more=len(others), lines=lines)
        self._rows.clear()

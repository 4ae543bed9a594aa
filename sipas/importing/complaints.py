"""What is wrong in a file that is checked by columns, told in the order of its lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sipas.errors import NoOpenWave, SipasError
from sipas.tables import Problems, Table
from sipas.tables.problems import KEPT


class Complaints:
    """Gathers complaints about one piece of a table after the other; `any` once there was one."""

    def __init__(self) -> None:
        self.any = False
        self._problems: Problems | None = None
        self._found: list[tuple[int, str, SipasError]] = []
        self._count = 0

    def turn_to(self, piece: Table) -> None:
        """The rows that are spoken of from now on are those of this piece."""
        if self._problems is None:
            self._problems = Problems(piece)
        self._problems.table = piece

    def add(self, wrong: NDArray[np.bool_], column: str, reason: Callable[[int], SipasError]) -> None:
        """Note the rows where `wrong` is true; `reason` is asked for those that will be told."""
        if not wrong.any():
            return
        rows = np.flatnonzero(wrong)
        self.any = True
        self._count += len(rows)
        for row in rows[:KEPT].tolist():
            error = reason(row)
            # a point that asks nothing, or not on that day, is a matter of the date
            self._found.append((row, "date" if isinstance(error, NoOpenWave) else column, error))

    def add_one(self, row: int, column: str, template: str, **values: object) -> None:
        """Note one row."""
        self.any = True
        self._count += 1
        self._found.append((row, column, SipasError(template, **values)))

    def settle(self) -> bool:
        """Bring what was found in this piece into the order of its lines; tells whether there was anything so far."""
        if self._problems is not None:
            for row, column, error in sorted(self._found, key=lambda one: one[0]):
                values = {name: value for name, value in error.values.items() if name != "value"}  # shown as it stands
                self._problems.add(row, column, error.template, **values)
            self._problems.count += self._count - len(self._found)
        self._found, self._count = [], 0
        return self.any

    def refuse(self) -> None:
        """Raise BadTable if anything was noted."""
        if self._problems is not None:
            self._problems.refuse()

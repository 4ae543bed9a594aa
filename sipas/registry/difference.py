"""What a change of the registry comes to, table by table: new rows, changed cells, rows that the files do not name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import SipasError
from sipas.registry.models import EVER, Competence, CrosswalkRow, Service, Unit

TABLES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "units": (Unit, ("code",)),
    "services": (Service, ("code",)),
    "competence": (Competence, ("receiver", "service", "valid_from")),
    "crosswalk": (CrosswalkRow, ("old", "new")),
}
CELLS: Mapping[str, tuple[str, ...]] = {
    "units": ("name", "name_en", "kind", "parent", "valid_from", "valid_to", "note"),
    "services": ("name", "name_en", "rank", "valid_from", "valid_to", "note", "everyday", "everyday_en"),
    "competence": ("responsible", "valid_to"),
    "crosswalk": ("share", "source"),
}
Key = tuple[str, ...]
Books = dict[str, dict[Key, dict[str, str]]]  # table -> key -> column -> cell as text


@dataclass(frozen=True)
class Changed:
    """A cell of a row that says something else than before."""

    row: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class TableChange:
    """Of one table; `absent` are the rows in the database that the files do not name, which stay as they are. Rows are
    named as people know them."""

    table: str
    added: tuple[str, ...]
    changed: tuple[Changed, ...]
    unchanged: int
    absent: tuple[str, ...]
    was_empty: bool
    remarks: tuple[SipasError, ...] = ()

    @property
    def rows_changed(self) -> int:
        """How many rows have a changed cell."""
        return len({one.row for one in self.changed})

    @property
    def rows_closed(self) -> int:
        """How many of the changed rows got a last day."""
        return len({one.row for one in self.changed if one.column == "valid_to" and not one.before})

    @property
    def rows(self) -> int:
        """How many rows the file had."""
        return len(self.added) + self.rows_changed + self.unchanged


def books(session: Session) -> Books:
    """The registry as text, in its order."""
    session.flush()
    return {
        table: {
            tuple(_text(getattr(row, name)) for name in key): {name: _text(getattr(row, name)) for name in CELLS[table]}
            for row in session.scalars(select(model).order_by(model.rank if model is Service else _order(model)))
        }
        for table, (model, key) in TABLES.items()
    }


def table_changes(
    before: Books, after: Books, named: Mapping[str, set[Key]], of_units: tuple[SipasError, ...] = ()
) -> tuple[TableChange, ...]:
    """Each table's, where the files held the rows `named`; `of_units` are remarks on those.

    >>> one = {"units": {("a",): {"name": "A"}, ("b",): {"name": "B"}}}
    >>> two = {"units": {("a",): {"name": "A, mended"}, ("b",): {"name": "B"}, ("c",): {"name": "C"}}}
    >>> (units,) = table_changes(one, two, {"units": {("a",), ("c",)}})
    >>> units.added, units.changed[0].after, units.unchanged, units.absent
    (('c C',), 'A, mended', 0, ('b B',))
    """
    found = []
    for table in before:
        old, new = before[table], after[table]
        title = {key: _title(table, key, cells) for key, cells in {**old, **new}.items()}
        changed = {
            key: [(column, old[key][column], cell) for column, cell in cells.items() if old[key][column] != cell]
            for key, cells in new.items()
            if key in old
        }
        found.append(
            TableChange(
                table,
                added=tuple(title[key] for key in new if key not in old),
                changed=tuple(Changed(title[key], *cell) for key, cells in changed.items() for cell in cells),
                unchanged=sum(not changed[key] for key in named[table] & changed.keys()),
                absent=tuple(title[key] for key in old if key not in named[table]),
                was_empty=not old,
                remarks=of_units if table == "units" else (),
            )
        )
    return tuple(found)


def _title(table: str, key: Key, cells: Mapping[str, str]) -> str:
    if table in ("units", "services"):
        return f"{key[0]} {cells['name']}"
    if table == "crosswalk":
        return f"{key[0]} → {key[1]} {cells['share']}"
    days = f" [{key[2] or '…'} – {cells['valid_to'] or '…'}]" if key[2] or cells["valid_to"] else ""
    return f"{key[0]} {key[1]} {cells['responsible']}{days}"


def _order(model: Any) -> Any:
    return model.id if hasattr(model, "id") else model.__table__.primary_key.columns.values()[0]


def _text(value: object) -> str:
    return "" if value is None or value == EVER else f"{value:g}" if isinstance(value, float) else str(value)

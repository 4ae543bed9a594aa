"""The next wave as rows of a table: how interviews are divided among units, and which of a list were drawn."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import numpy as np

from analysis.planning.sample_design import Method, allocate, sample_size, systematic_draw
from sipas.errors import N_, SipasError
from sipas.i18n.code_labels import column_labels
from sipas.tables import Heads, Problems, read_table

Row = dict[str, Any]


def allocation(
    path: Path,
    family: tuple[str, ...],
    count: str,
    total: int,
    method: Method,
    spread: str | None,
    *,
    sheet: str = "",
    decimal: str = "",
    **more: Any,
) -> list[Row]:
    """Interviews per domain of a table of counts; `spread` is a column with each domain's standard deviation."""
    names, size, width = _domains(path, family, count, spread, sheet, decimal)
    found = allocate(
        total, [size[name] for name in names], method, spread=[width[name] for name in names], **more
    )  # fmt: skip
    return [
        {"domain": dict(zip(family, name, strict=True)), count: int(size[name]), "interviews": int(n), "method": method}
        for name, n in zip(names, found, strict=True)
    ]


def sizes(
    path: Path,
    family: tuple[str, ...],
    count: str,
    margin: float,
    *,
    sheet: str = "",
    decimal: str = "",
    **more: Any,
) -> list[Row]:
    """How many people to ask in each domain of a table of counts, so that each is known to the margin."""
    names, size, _spread = _domains(path, family, count, None, sheet, decimal)
    return [
        {
            "domain": dict(zip(family, name, strict=True)),
            count: int(size[name]),
            "interviews": sample_size(margin, population=size[name], **more) if size[name] else 0,
        }
        for name in names
    ]


def _domains(
    path: Path, family: tuple[str, ...], count: str, spread: str | None, sheet: str, decimal: str
) -> tuple[list[tuple[str, ...]], dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
    """The domains of a table of counts in their order, the count of each, and its standard deviation (else 1)."""
    table = read_table(path, sheet=sheet, decimal=decimal)
    needed = (*family, count, *([spread] if spread else []))
    if not set(needed) <= set(table.columns):  # a table of dossiers whose columns are called otherwise
        table = table.under(Heads(column_labels(("unit", "field", "month", "dossiers"))))
    table.require(*needed)
    problems = Problems(table)
    counts = table.numbers(count, problems)
    problems.add_rows(np.flatnonzero(np.isnan(counts) | (counts < 0)), count, N_("“{value}” is no count"))
    spreads = table.numbers(spread, problems) if spread else np.ones(table.rows)
    if spread:
        problems.add_rows(np.flatnonzero(~(spreads > 0)), spread, N_("“{value}” is no spread; it lies above 0"))
    size: dict[tuple[str, ...], float] = {}
    width: dict[tuple[str, ...], float] = {}
    for record in table.records(*family):
        key = tuple(record[column] for column in family)
        size[key] = size.get(key, 0.0) + counts[record.row]
        if width.setdefault(key, spreads[record.row]) != spreads[record.row]:
            problems.add(record.row, spread or "", N_("the spread {value} differs from an earlier line of this domain"))
    problems.refuse()
    return sorted(size), size, width


def drawn(
    path: Path, n: int, seed: int | None, size: str | None, *, sheet: str = "", decimal: str = ""
) -> tuple[list[Row], dict[str, Any]]:
    """The drawn lines of a list, in its order, and all that is needed to draw them again."""
    table = read_table(path, sheet=sheet, decimal=decimal)
    table.require(*([size] if size else []))
    sizes = None
    if size:
        problems = Problems(table)
        sizes = table.numbers(size, problems)
        problems.add_rows(np.flatnonzero(~(sizes > 0)), size, N_("“{value}” is no size; it lies above 0"))
        problems.refuse()
    if not table.rows:
        raise SipasError(N_("{file} is an empty list"), file=table.name)
    seed = secrets.randbelow(2**31) if seed is None else seed
    draw = systematic_draw(table.rows, n, seed=seed, sizes=sizes)
    chosen = set(draw.chosen)
    rows = [{"line": record.line, **record.cells} for record in table.records() if record.row in chosen]
    return rows, {"listed": draw.listed, "n": n, "seed": draw.seed, "start": draw.start, "step": draw.step}

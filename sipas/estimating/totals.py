"""Known totals of the population in a design file: cells for `poststratify`, margins for `rake`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from analysis.weighting.control_totals import NEAR
from sipas.errors import N_
from sipas.estimating.yaml_values import (
    DesignComplaints,
    entries,
    is_absent,
    numbers,
    refuse_unknown,
    text_value,
    words,
)
from sipas.tables import read_table

TOTAL = ("total", "Freq", "N")
FORM = N_("write totals as `{{sex: {{F: 5100, M: 4900}}}}`, or as `by:` with `cells:` or `file:`")


@dataclass(frozen=True)
class Totals:
    """How many of the population lie in each cell of `by`; `line` is where the design file says so."""

    by: tuple[str, ...]
    cells: Mapping[tuple[str, ...], float]
    line: int = 0


def read_poststratify(node: Node | None, folder: Path, decimal: str, complaints: DesignComplaints) -> Totals | None:
    """The cells of a post-stratification, in any of the forms that the manual shows."""
    if node is None:
        return None
    margins = _margins(node, folder, decimal, complaints)
    if len(margins) > 1:
        template = N_(
            "`poststratify` takes one column, or `by:` with the cells of several; for separate margins use `rake`"
        )
        complaints.add(node, template)
    return margins[0] if margins else None


def read_rake(node: Node | None, folder: Path, decimal: str, complaints: DesignComplaints) -> tuple[Totals, ...]:
    """The margins to rake to: a mapping column -> totals, or a list of margins."""
    if node is None:
        return ()
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    margins = tuple(margin for each in nodes for margin in _margins(each, folder, decimal, complaints))
    twice = {margin.by for margin in margins if sum(margin.by == other.by for other in margins) > 1}
    if twice:
        complaints.add(node, N_("two margins for {columns}; keep one"), columns=", ".join(sorted(map("+".join, twice))))
    sums = {"+".join(margin.by): sum(margin.cells.values()) for margin in margins}
    first = next(iter(sums.values()), 0.0)
    if any(abs(total - first) > NEAR * first for total in sums.values()):
        told = ", ".join(f"{name} {total:.10g}" for name, total in sums.items())
        complaints.add(node, N_("the margins disagree in their sums: {sums}; make them equal"), sums=told)
    return margins


def _margins(node: Node, folder: Path, decimal: str, complaints: DesignComplaints) -> list[Totals]:
    if not isinstance(node, MappingNode):
        complaints.add(node, FORM)
        return []
    given = entries(node, complaints)
    line = node.start_mark.line + 1
    if "by" not in given or isinstance(given["by"], MappingNode):
        return [_one_column(name, value, decimal, complaints) for name, value in given.items()]
    refuse_unknown(node, ("by", "cells", "file"), complaints)
    by = words(given["by"], complaints)
    if not by or len(set(by)) < len(by):
        complaints.add(given["by"], N_("`by` names the columns of the cells, each once"))
        return []
    if ("cells" in given) == ("file" in given):
        complaints.add(node, N_("`by` needs the totals: either `cells:` here, or `file:` with a table of them"))
        return []
    cells = (
        _cells(given["cells"], by, decimal, complaints)
        if "cells" in given
        else _cells_of_file(given["file"], by, folder, decimal, complaints)
    )
    return [Totals(by, cells, line)]


def _one_column(name: str, node: Node, decimal: str, complaints: DesignComplaints) -> Totals:
    """`sex: {F: 5100, M: 4900}`"""
    cells: dict[tuple[str, ...], float] = {}
    if not isinstance(node, MappingNode) or is_absent(node):
        complaints.add(node, FORM)
    else:
        given = entries(node, complaints)
        totals = numbers(list(given.values()), complaints, decimal)
        for (code, value), total in zip(given.items(), totals, strict=True):
            _put(cells, (code,), value, total, complaints)
    return Totals((name,), cells, node.start_mark.line + 1)


def _cells(node: Node, by: tuple[str, ...], decimal: str, complaints: DesignComplaints) -> dict[tuple[str, ...], float]:
    """`- {sex: F, age: 18-34, total: 1800}`, or with one column `{F: 5100, M: 4900}`"""
    cells: dict[tuple[str, ...], float] = {}
    if isinstance(node, MappingNode) and len(by) == 1:
        return dict(_one_column(by[0], node, decimal, complaints).cells)
    if not isinstance(node, SequenceNode) or not node.value:
        complaints.add(node, N_("`cells` is a list, one line for each cell: `- {{sex: F, age: 18-34, total: 1800}}`"))
        return cells
    keys: list[tuple[tuple[str, ...], Node, Node]] = []
    for each in node.value:
        if not isinstance(each, MappingNode):
            complaints.add(each, N_("a cell is written as `{{sex: F, age: 18-34, total: 1800}}`"))
            continue
        given = entries(each, complaints)
        refuse_unknown(each, (*by, *TOTAL), complaints)
        total = [key for key in TOTAL if key in given and key not in by]
        absent = [column for column in by if column not in given]
        if absent or len(total) != 1:
            wanted = ", ".join([*by, "total"])
            complaints.add(each, N_("a cell here has the keys {wanted}, each once"), wanted=wanted)
            continue
        codes = [text_value(given[column], complaints) for column in by]
        if None not in codes:
            keys.append((tuple(code or "" for code in codes), each, given[total[0]]))
    totals = numbers([value for _, _, value in keys], complaints, decimal)
    for (key, each, _), found in zip(keys, totals, strict=True):
        _put(cells, key, each, found, complaints)
    return cells


def _cells_of_file(
    node: Node, by: tuple[str, ...], folder: Path, decimal: str, complaints: DesignComplaints
) -> dict[tuple[str, ...], float]:
    """A table beside the design file, with the columns of `by` and one of total, Freq or N."""
    name = text_value(node, complaints)
    if not name:
        return {}
    table = read_table(folder / name, decimal=decimal)
    table.require(*by)
    total = [column for column in TOTAL if column in table and column not in by]
    if len(total) != 1:
        complaints.add(node, N_("{file} needs one column named total, Freq or N"), file=name)
        return {}
    cells: dict[tuple[str, ...], float] = {}
    found = table.numbers(total[0])
    for record in table.records(*by):
        _put(cells, tuple(record[column] for column in by), node, float(found[record.row]), complaints)
    return cells


def _put(
    cells: dict[tuple[str, ...], float],
    key: tuple[str, ...],
    node: Node,
    total: float | None,
    complaints: DesignComplaints,
) -> None:
    if total is None:
        return
    shown = " + ".join(key)
    if key in cells:
        complaints.add(node, N_("the cell {cell} stands twice; keep one"), cell=shown)
    if not total >= 0:
        template = N_("the total of {cell} is {total}; it must be a number that is not negative")
        complaints.add(node, template, cell=shown, total=total)
    cells[key] = total

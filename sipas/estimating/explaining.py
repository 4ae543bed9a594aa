"""What the statistics refuse, said once more with file, line and column; looked for only after they refused."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError, BadDesign, CannotCalibrate, LonelyPsu
from sipas.errors import N_, SipasError
from sipas.estimating.columns import crossed, rows_by_combination
from sipas.estimating.yaml_values import DesignComplaints
from sipas.tables import Problems, Table

if TYPE_CHECKING:
    from sipas.estimating.design_file import DesignFile
    from sipas.estimating.totals import Totals

LONELY = N_(
    "the stratum “{value}” has a single PSU, so its variance is unknown; merge it with a similar stratum, or choose "
    "`lonely: remove`, `centre` or `average` in the design file"
)
LONELY_WHOLE = N_(
    "{file}: all rows lie in a single PSU, so no variance can be estimated; name smaller PSUs in the design file, or "
    "leave out `psu` if every row was drawn on its own"
)
TWO_COUNTS = N_("the population count {value} differs from {other} in line {first}, in the same stratum or PSU")
SMALL_COUNT = N_("the population count {value} is less than the {n} units sampled in “{group}”; `fpc` counts units")
SMALL_NUMBER = N_(
    "{file}: `fpc` says that the population has {count} units, but {n} were sampled in {data}; correct the count"
)
TOO_MANY = N_(
    "all {rows} rows of {data} with {cell} ({columns}) have {others} ({other_columns}, line {other_line}), yet {cell} "
    "has a total of {needed} and {others} only {there_are}; correct the totals, or merge the cells with similar ones"
)
NOTHING_LEFT = N_(
    "all {rows} rows of {data} with {cell} ({columns}) have {others} ({other_columns}, line {other_line}), and both "
    "have a total of {needed}: nothing is left for the other rows with {others}; correct the totals, or merge the cells"
)
ZERO = N_("the total of {cell} ({columns}) is 0, yet {data} has such rows; correct the total, or merge the cell")
NOBODY = N_("there is a total for {cell} ({columns}), but {data} has no such row; merge the cell with a similar one")


def explain(table: Table, design: DesignFile, error: AnalysisError) -> None:
    """Raise a refusal that names the cells behind `error`; returns when none can be found."""
    if isinstance(error, LonelyPsu):
        _lonely(table, design)
    elif isinstance(error, BadDesign):
        _counts(table, design)
    elif isinstance(error, CannotCalibrate):
        _totals(table, design)


def _lonely(table: Table, design: DesignFile) -> None:
    """The strata with a single PSU, each at its first row."""
    strata, names = crossed(table, design.strata)
    psus = crossed(table, design.strata + design.psu)[0] if design.psu else np.arange(table.rows)
    if not design.strata and psus.max() == 0:
        raise SipasError(LONELY_WHOLE, file=table.name)
    count = design.fpc[0] if design.fpc else 0
    counts = table.numbers(count) if isinstance(count, str) else np.full(table.rows, count)
    problems = Problems(table)
    for name, rows in zip(names, rows_by_combination(strata), strict=True):
        if psus[rows].min() == psus[rows].max() and counts[rows[0]] != 1:
            problems.add(int(rows[0]), "+".join(design.strata), LONELY, value=" + ".join(name))
    problems.refuse()


def _counts(table: Table, design: DesignFile) -> None:
    """Population counts that differ within their stratum (second stage: PSU), or are below what was sampled."""
    stages = [(design.strata, design.psu), (design.strata + design.psu, design.ssu)]
    problems = Problems(table)
    for column, (group, units) in zip(design.fpc, stages, strict=False):
        counts = table.numbers(column) if isinstance(column, str) else np.full(table.rows, column)
        numbers, names = crossed(table, group)
        units_of = crossed(table, (*group, *units))[0] if units else np.arange(table.rows)
        for name, rows in zip(names, rows_by_combination(numbers), strict=True):
            first, sampled = int(rows[0]), len(np.unique(units_of[rows]))
            if not isinstance(column, str):
                if column < sampled:
                    raise SipasError(SMALL_NUMBER, file=design.file, count=f"{column:.10g}", n=sampled, data=table.name)
                continue
            other = table.shown(first, column)
            differing = rows[counts[rows] != counts[first]]
            problems.add_rows(differing, column, TWO_COUNTS, other=other, first=table.line(first))
            if counts[first] < sampled:
                problems.add(first, column, SMALL_COUNT, n=sampled, group=" + ".join(name))
    problems.refuse()


def _totals(table: Table, design: DesignFile) -> None:
    """Totals of cells that nobody answered for, of 0 for cells with answers, and margins that contradict each other."""
    complaints = DesignComplaints(design.file)
    for margin in (design.poststratify,) if design.poststratify else design.rake:
        present = set(crossed(table, margin.by)[1])
        for cell, total in margin.cells.items():
            if (total > 0) != (cell in present):
                shown, columns = " + ".join(cell), "+".join(margin.by)
                template = NOBODY if total > 0 else ZERO
                complaints.at(margin.line, template, cell=shown, columns=columns, data=table.name)
    complaints.refuse()
    for one, other in permutations(design.rake, 2):
        _contradictions(table, one, other, complaints)
    complaints.refuse()


def _contradictions(table: Table, one: Totals, other: Totals, complaints: DesignComplaints) -> None:
    """Cells of a margin that need more people than the cells of another margin have in which all their rows lie."""
    of_one, of_other = crossed(table, one.by), crossed(table, other.by)
    beside: dict[tuple[str, ...], dict[tuple[str, ...], int]] = {}
    met: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    pairs, counts = np.unique(np.stack([of_one[0], of_other[0]]), axis=1, return_counts=True)
    for here, there, rows in zip(*pairs.tolist(), counts.tolist(), strict=True):
        beside.setdefault(of_one[1][here], {})[of_other[1][there]] = rows
        met.setdefault(of_other[1][there], set()).add(of_one[1][here])
    for cell, others in beside.items():
        needed, there_are = one.cells[cell], sum(other.cells[each] for each in others)
        alone = all(met[each] == {cell} for each in others)
        if needed < there_are * (1 - 1e-9) or (alone and needed <= there_are * (1 + 1e-9)):
            continue
        shown = ", ".join(" + ".join(each) for each in others)
        values: dict[str, object] = {
            "rows": sum(others.values()), "cell": " + ".join(cell), "columns": "+".join(one.by), "data": table.name,
            "others": shown, "other_columns": "+".join(other.by), "needed": f"{needed:.10g}",
            "there_are": f"{there_are:.10g}", "other_line": other.line,
        }  # fmt: skip
        complaints.at(one.line, TOO_MANY if needed > there_are * (1 + 1e-9) else NOTHING_LEFT, **values)

"""What was understood of a file's answers: the satisfied levels, those that never occur, and rows in no domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

import analysis
from sipas.errors import N_, SipasError, first_few
from sipas.estimating.replicate_key import doubt_of_replicates, head_of_replicates
from sipas.tables.looks import looking_alike

if TYPE_CHECKING:
    from sipas.estimating.design_file import DesignFile

SATISFIED = N_("satisfied: {satisfied}; levels: {levels}")
NEVER = N_("{scale}; never given: {never}")
OF_ITEMS = N_("{scale} ({items})")
SCALE_SHORTER = N_(
    "no answer has the level {level}: is the scale 1–{highest}? {satisfied} count as satisfied; say `levels` and "
    "`satisfied` in {file}"
)
OUTSIDE = N_("{rows} of {all} rows have nothing in {columns}: they count in the whole and in no domain of {columns}")
OUTSIDE_MARKED = N_(
    "{rows} of {all} rows have nothing in {columns}, or a mark of `missing` ({marks}): they count in the whole and in "
    "no domain of {columns}"
)
ALIKE = N_(
    "column {column}: {count} names look alike and are not the same ({example}), so each is a domain of its own; write "
    "them alike"
)
ZEROS = N_(
    "column {column}: {count} codes differ in leading zeros alone ({example}), so each is a domain of its own; format "
    "the column as text in Excel and enter the codes again"
)
TWO_STRATA = N_(
    "column {column}: {count} PSU labels stand in more than one stratum ({example}); in each stratum such a label is a "
    "PSU of its own"
)
SHOWN = 12  # items that are named


def head(cells: analysis.Cells, design: DesignFile | None = None) -> tuple[SipasError, ...]:
    """For the top of every table: which levels count as satisfied and which never occurred, scale by scale; and
    where the standard errors of a design with replicate weights come from."""
    scales = list(_scales(cells, design))
    lines = []
    for levels, satisfied, items, counts in scales:
        named = first_few([levels[place - 1] for place in satisfied], SHOWN)
        line = SipasError(SATISFIED, satisfied=named, levels=_span(levels))
        never = [level for level, count in zip(levels, counts, strict=True) if not count]
        if never and len(never) < len(levels):
            line = SipasError(NEVER, scale=line, never=first_few(never, SHOWN))
        lines.append(line if len(scales) == 1 else SipasError(OF_ITEMS, scale=line, items=first_few(items, SHOWN)))
    return (*lines, *head_of_replicates(cells))


def doubts(cells: analysis.Cells, design: DesignFile | None = None) -> list[SipasError]:
    """What a careful reader should be told of the answers beside their figures."""
    found = []
    for levels, satisfied, _, counts in _scales(cells, design):
        highest = max((place for place, count in enumerate(counts, 1) if count), default=0)
        if design is not None and not design.scale.stated and 0 < highest < len(levels) and len(levels) == 5:
            named = first_few([levels[place - 1] for place in satisfied], SHOWN)
            values = {"level": levels[-1], "highest": highest, "satisfied": named, "file": design.file}
            found.append(SipasError(SCALE_SHORTER, **values))
    if design is not None:
        found += [*_in_several_strata(cells), *doubt_of_replicates(cells)]
    return [*found, *_outside(cells, design), *_alike(cells)]


def _scales(
    cells: analysis.Cells, design: DesignFile | None
) -> Iterator[tuple[tuple[str, ...], tuple[int, ...], list[str], list[int]]]:
    """Each scale: its levels as written, the places of the satisfied ones, its items, how often each level occurs."""
    found: dict[tuple[tuple[str, ...], tuple[int, ...]], list[str]] = {}
    for item in cells.codebook.items:
        levels = tuple(str(level) for level in range(1, item.levels + 1))
        if design is not None and item.code in design.items:
            levels = design.scale_of(item.code).levels
        found.setdefault((levels, item.satisfied), []).append(item.code)
    for (levels, satisfied), items in found.items():
        counts = np.sum([cells.item(item).sum(axis=0, dtype=np.int64)[1:-1] for item in items], axis=0)
        yield levels, satisfied, items, counts.tolist()


def _in_several_strata(cells: analysis.Cells) -> Iterator[SipasError]:
    """PSU labels that more than one stratum uses: they are several PSUs, which the author may not have meant."""
    strata, psus = cells.design.strata, cells.design.psus
    if not strata or not psus:
        return
    pairs = np.unique(np.column_stack([cells.code(column) for column in (*psus, *strata)]), axis=0)
    _labels, first, times = np.unique(pairs[:, : len(psus)], axis=0, return_index=True, return_counts=True)
    if not (times > 1).any():
        return
    place = first[np.argmax(times > 1)]
    names = [
        " + ".join(cells.label(column, code) or "" for column, code in zip(columns, codes, strict=True))
        for columns, codes in (
            (psus, pairs[place][: len(psus)]),
            (strata, pairs[place][len(psus) :]),
            (strata, pairs[place + 1][len(psus) :]),
        )
    ]
    example = f"“{names[0]}”: “{names[1]}”, “{names[2]}”"
    yield SipasError(TWO_STRATA, column=", ".join(psus), count=int((times > 1).sum()), example=example)


def _outside(cells: analysis.Cells, design: DesignFile | None) -> Iterator[SipasError]:
    """The rows that lie in no domain of a family."""
    marks = design.missing if design else ()
    for family in cells.by:
        empty = np.zeros(len(cells), bool)
        for column in family:
            empty |= np.asarray(cells.code(column)) < 0
        rows = int(cells.rows[empty].sum(dtype=np.int64))
        if rows:
            values = {"rows": rows, "all": cells.size, "columns": ", ".join(family)}
            yield (
                SipasError(OUTSIDE_MARKED, **values, marks=", ".join(marks)) if marks else SipasError(OUTSIDE, **values)
            )


def _alike(cells: analysis.Cells) -> Iterator[SipasError]:
    """Names of domains that differ in nothing that can be seen."""
    for column in dict.fromkeys(column for family in cells.by for column in family):
        labels = [cells.label(column, code) or "" for code in range(len(cells.labels[column]))]
        for template, groups in ((ALIKE, looking_alike(labels)), (ZEROS, _alike_but_for_zeros(labels))):
            if groups:
                count, example = sum(map(len, groups)), " / ".join(f"“{one}”" for one in groups[0])
                yield SipasError(template, column=column, count=count, example=example)


def _alike_but_for_zeros(labels: Sequence[str]) -> list[list[str]]:
    """The groups of codes that differ in leading zeros alone, which Excel takes away."""
    found: dict[str, list[str]] = {}
    for label in labels:
        if label.isascii() and label.isdigit():
            found.setdefault(label.lstrip("0"), []).append(label)
    return [group for group in found.values() if len(group) > 1]


def _span(levels: Sequence[str]) -> str:
    counted = list(levels) == [str(level) for level in range(1, len(levels) + 1)]
    return f"1–{len(levels)}" if counted else ", ".join(levels)

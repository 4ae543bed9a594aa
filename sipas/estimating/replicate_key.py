"""The key `replicates` of a design file: replicate weights that came with a file, as lists or patterns of columns."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from analysis.data.replicate_weights import KINDS, ReplicateWeights
from analysis.errors import AnalysisError
from sipas.errors import N_, SipasError, first_few
from sipas.estimating.yaml_values import (
    DesignComplaints,
    entries,
    is_absent,
    numbers,
    refuse_unknown,
    text_value,
    words,
)

if TYPE_CHECKING:
    from analysis import Cells
    from sipas.estimating.design_file import DesignFile
    from sipas.tables import Table

T = TypeVar("T")
KEYS = ("columns", "type", "count", "rho", "scale", "rscales", "mse", "weights")
YES_NO = {"true": True, "yes": True, "false": False, "no": False}
FULL = {"full": True, "multipliers": False}
SHOWN = 8  # columns that are named
BESIDE = ("strata", "psu", "ssu", "fpc", "lonely", "lonely_in_domain")
HEAD = {
    True: N_(
        "standard errors: from {count} replicate weights ({kind}), held against the estimate; degrees of freedom: the "
        "rank of these weights less 1"
    ),
    False: N_(
        "standard errors: from {count} replicate weights ({kind}), held against their mean; degrees of freedom: the "
        "rank of these weights less 1"
    ),
}
UNLIKE = {
    True: N_(
        "replicate weights are {times} times the weights on average, where full ones are about as large: are they "
        "multipliers? Then say `weights: multipliers` under `replicates`"
    ),
    False: N_(
        "replicate weights are {times} on average, where multipliers are about 1: are they full weights? Then leave "
        "out `weights: multipliers` under `replicates`"
    ),
}


@dataclass(frozen=True)
class ReplicateKey:
    """What the key says: names of columns or patterns of names, how many these are (None: not said), and the method.

    weights  the method with the columns that are known, those of the patterns not yet among them: `resolved` finds them
    """

    named: tuple[str, ...]
    count: int | None
    weights: ReplicateWeights
    line: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the replicate weights."""
        return self.weights.columns


def read_replicates(node: Node | None, decimal: str, complaints: DesignComplaints) -> ReplicateKey | None:
    """What a design file says of replicate weights; None where it says nothing, or nothing that can be read."""
    if node is None:
        return None
    if not isinstance(node, MappingNode):
        complaints.add(node, N_("write replicate weights as `replicates: {{columns: brr*, type: BRR}}`"))
        return None
    refuse_unknown(node, KEYS, complaints)
    before = len(complaints.found)
    given = {key: value for key, value in entries(node, complaints).items() if not is_absent(value)}
    for key in ("columns", "type"):
        if key not in given:
            complaints.add(node, N_("`replicates` needs the key `{key}`"), key=key)
    named = words(given["columns"], complaints) if "columns" in given else ()
    kinds = {kind.lower(): kind for kind in KINDS}
    kind = _choice("type", given.get("type"), kinds, complaints)
    full = _choice("weights", given.get("weights"), FULL, complaints)
    mse = _choice("mse", given.get("mse"), YES_NO, complaints)
    count, rho, scale = (_number(given.get(key), decimal, complaints) for key in ("count", "rho", "scale"))
    rscales = _list_of_numbers(given.get("rscales"), decimal, complaints)
    if len(complaints.found) > before or kind is None:
        return None
    if count is not None and (count != int(count) or count < 2):
        complaints.add(given["count"], N_("`count` is a whole number of columns, 2 or more"))
        return None
    whole = None if count is None else int(count)
    columns = named if not any(map(_is_pattern, named)) else _stand_ins(whole or len(rscales))
    try:
        weights = ReplicateWeights(columns, kind, rho, scale, rscales, bool(mse), full is not False)
    except AnalysisError as error:
        complaints.add(node, error.template, **error.values)
        return None
    return ReplicateKey(named, whole, weights, node.start_mark.line + 1)


def check_beside(given: dict[str, Node], complaints: DesignComplaints) -> None:
    """Refuse what replicate weights carry already, and their absence of weights."""
    if "replicates" not in given:
        return
    for key in BESIDE:
        if key in given:
            template = N_("replicate weights carry the sampling design already; leave out `{key}`, or `replicates`")
            complaints.add(given[key], template, key=key)
    if "weights" not in given:
        complaints.add(given["replicates"], N_("`replicates` need `weights`, the column with the full-sample weights"))


def resolved(design: DesignFile, table: Table) -> DesignFile:
    """The design with the columns that its patterns mean in a table, in the order of their numbers.

    Raises SipasError where they are none, another number than was said, or columns that serve something else.
    """
    key = design.replicates
    if key is None:
        return design
    columns: list[str] = []
    for name in key.named:
        found = _matching(name, table.columns) if _is_pattern(name) else [name]
        if not found:
            template = N_("no column of {data} is named like {pattern}; its columns are: {present}")
            present = first_few(list(table.columns), SHOWN)
            _refuse(design, key.line, template, data=table.name, pattern=name, present=present)
        columns += found
    if key.count is not None and len(columns) != key.count:
        template = N_("`count` says {said} replicate weights, and `columns` names {count} columns of {data}: {columns}")
        shown = first_few(columns, SHOWN)
        _refuse(design, key.line, template, said=key.count, count=len(columns), data=table.name, columns=shown)
    others: dict[str | None, str] = {design.weights: "weights", **dict.fromkeys(design.items, "items")}
    for column in columns:
        if column in others:
            template = N_(
                "{column} is a replicate weight and stands under `{key}` too; narrow the pattern, or list them"
            )
            _refuse(design, key.line, template, column=column, key=others[column])
    try:
        weights = replace(key.weights, columns=tuple(columns))
    except AnalysisError as error:
        _refuse(design, key.line, error.template, **error.values)
    return replace(design, replicates=replace(key, weights=weights))


def head_of_replicates(cells: Cells) -> list[SipasError]:
    """For the top of every table: where standard errors and degrees of freedom come from."""
    given = cells.design.replicates
    return [] if given is None else [SipasError(HEAD[given.mse], count=len(given.columns), kind=given.kind)]


def doubt_of_replicates(cells: Cells) -> list[SipasError]:
    """A note where full weights look like multipliers, or the other way round: another size than theirs by half."""
    given, column = cells.design.replicates, cells.design.weights
    if given is None or column is None:
        return []
    vectors, codes = cells.vectors()
    mean = float((vectors.mean(axis=1)[codes] * cells.rows).sum())
    over = float((cells.numbers(column) * cells.rows).sum()) if given.full else float(cells.size)
    times = mean / over if over > 0 else 1.0
    return [] if 0.5 <= times <= 2 else [SipasError(UNLIKE[given.full], times=f"{times:.2g}")]


def _refuse(design: DesignFile, line: int, template: str, /, **values: object) -> None:
    complaints = DesignComplaints(design.file)
    complaints.at(line, template, **values)
    complaints.refuse()


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _matching(pattern: str, columns: Sequence[str]) -> list[str]:
    """The columns that a pattern means, `w2` before `w10`."""
    found = [column for column in columns if fnmatch.fnmatchcase(column, pattern.replace("[", "[[]"))]
    return sorted(found, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def _stand_ins(count: int) -> tuple[str, ...]:
    """Names for columns that only a table can tell."""
    return tuple(f"#{place}" for place in range(max(2, count)))


def _choice(key: str, node: Node | None, known: Mapping[str, T], complaints: DesignComplaints) -> T | None:
    """What a word means; None where nothing is said."""
    if node is None:
        return None
    name = text_value(node, complaints) or ""
    if name.lower() not in known:
        shown = ", ".join(KINDS if key == "type" else known)
        complaints.add(node, N_("`{key}` is one of {known}, not “{value}”"), key=key, known=shown, value=name)
    return known.get(name.lower())


def _number(node: Node | None, decimal: str, complaints: DesignComplaints) -> float | None:
    return None if node is None else numbers([node], complaints, decimal)[0]


def _list_of_numbers(node: Node | None, decimal: str, complaints: DesignComplaints) -> tuple[float, ...]:
    if node is None:
        return ()
    found = numbers(node.value if isinstance(node, SequenceNode) else [node], complaints, decimal)
    return tuple(each for each in found if each is not None)

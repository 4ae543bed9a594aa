"""DESIGN.yaml: how a file of answers came about, in the words of a survey statistician."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from sipas.errors import N_
from sipas.estimating.totals import Totals, read_poststratify, read_rake
from sipas.estimating.yaml_lines import (
    Complaints,
    entries,
    is_absent,
    number,
    read_yaml,
    refuse_unknown,
    word,
    words,
)

KEYS = (
    "weights",
    "strata",
    "psu",
    "ssu",
    "items",
    "satisfied",
    "levels",
    "missing",
    "not_applicable",
    "fpc",
    "lonely",
    "poststratify",
    "rake",
    "waves",
)
READINGS = ("panel", "independent")
LONELY = ("fail", "remove", "centre", "average")
DEFAULT_LEVELS = 5


@dataclass(frozen=True)
class Scale:
    """The levels of an item from the lowest to the highest, as they are written, and which of them are satisfied."""

    levels: tuple[str, ...]
    satisfied: tuple[int, ...]

    @property
    def counted(self) -> bool:
        """Whether the levels are the whole numbers from 1 on."""
        return self.levels == tuple(str(level) for level in range(1, len(self.levels) + 1))

    @property
    def span(self) -> str:
        """The levels, shortly: `1–5`, or all of them where they are words."""
        return f"1–{len(self.levels)}" if self.counted else ", ".join(self.levels)


@dataclass(frozen=True)
class DesignFile:
    """What a design file says. Columns are named here and looked for later; codes are text."""

    file: str
    items: tuple[str, ...]
    scale: Scale
    factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: str | None = None
    strata: tuple[str, ...] = ()
    psu: tuple[str, ...] = ()
    ssu: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    fpc: tuple[str | float, ...] = ()
    lonely: str = "fail"
    poststratify: Totals | None = None
    rake: tuple[Totals, ...] = ()
    waves: str | None = None

    @property
    def calibration_columns(self) -> tuple[str, ...]:
        """The columns whose totals are known."""
        margins = (self.poststratify,) if self.poststratify else self.rake
        return tuple(dict.fromkeys(column for margin in margins for column in margin.by))


def read_design(path: str | os.PathLike[str]) -> DesignFile:
    """Read a design file; raises `BadDesignFile` with all its mistakes at once, each with its line."""
    path = Path(path)
    complaints = Complaints(path.name)
    top = read_yaml(path, complaints)
    refuse_unknown(top, KEYS, complaints)
    given = {key: node for key, node in entries(top, complaints).items() if not is_absent(node)}

    def columns(key: str) -> tuple[str, ...]:
        return words(given[key], complaints) if key in given else ()

    items, factors = _items(given.get("items"), complaints)
    design = DesignFile(
        file=path.name,
        items=items,
        factors=factors,
        scale=_scale(given.get("levels"), given.get("satisfied"), complaints),
        weights=_weights(given.get("weights"), complaints),
        strata=columns("strata"),
        psu=columns("psu"),
        ssu=columns("ssu"),
        missing=columns("missing"),
        not_applicable=columns("not_applicable"),
        fpc=_fpc(given.get("fpc"), complaints),
        lonely=_lonely(given.get("lonely"), complaints),
        poststratify=read_poststratify(given.get("poststratify"), path.parent, complaints),
        rake=read_rake(given.get("rake"), path.parent, complaints),
        waves=_waves(given.get("waves"), complaints),
    )
    _check_together(design, given, complaints)
    complaints.refuse()
    return design


def _items(node: Node | None, complaints: Complaints) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    if node is None:
        complaints.at(0, N_("the key `items` is missing; name the columns that hold answers, as `items: [q01, q02]`"))
        return (), {}
    if isinstance(node, MappingNode):
        factors = {name: words(value, complaints) for name, value in entries(node, complaints).items()}
        for name, value in entries(node, Complaints(complaints.file)).items():
            if is_absent(value) or not factors[name]:
                complaints.add(value, N_("factor {factor} has no items; list them or delete the factor"), factor=name)
            if name == "overall":
                complaints.add(value, N_("`overall` is the name of all items together; choose another"))
        items = tuple(dict.fromkeys(item for members in factors.values() for item in members))
        shared = sorted(set(items) & set(factors))
        if shared:
            template = N_("{names} names both a factor and an item; choose another name for the factor")
            complaints.add(node, template, names=", ".join(shared))
        return items, factors
    items = words(node, complaints)
    twice = sorted({item for item in items if items.count(item) > 1})
    if twice:
        complaints.add(node, N_("listed twice among the items: {items}"), items=", ".join(twice))
    if "overall" in items:
        complaints.add(node, N_("`overall` is the name of all items together; choose another"))
    if not items:
        complaints.add(node, N_("no items are listed; name the columns that hold answers"))
    return items, {}


def _scale(levels: Node | None, satisfied: Node | None, complaints: Complaints) -> Scale:
    """`levels` is a number, or the list of levels from the lowest to the highest; `satisfied` one level or a list."""
    codes = tuple(str(level) for level in range(1, DEFAULT_LEVELS + 1))
    if isinstance(levels, SequenceNode):
        codes = words(levels, complaints)
        if len(set(codes)) < len(codes) or len(codes) < 2:
            complaints.add(levels, N_("`levels` lists at least two levels, each once, the lowest first"))
    elif levels is not None:
        count = number(levels, complaints)
        if count is not None and (not count.is_integer() or not 2 <= count <= 250):
            complaints.add(levels, N_("`levels` is the number of levels, a whole number from 2 to 250"))
        elif count is not None:
            codes = tuple(str(level) for level in range(1, int(count) + 1))
    if satisfied is None:
        return Scale(codes, tuple(range(max(len(codes) - 1, 2), len(codes) + 1)))
    named = words(satisfied, complaints)
    strange = [name for name in named if name not in codes]
    if strange or not named:
        template = N_("`satisfied` names {names}, and the levels are {levels}; correct it, or state `levels`")
        complaints.add(satisfied, template, names=", ".join(strange) or "-", levels=Scale(codes, ()).span)
        return Scale(codes, (len(codes),))
    places = tuple(sorted(codes.index(name) + 1 for name in named))
    if not isinstance(satisfied, SequenceNode):
        places = tuple(range(places[0], len(codes) + 1))
    return Scale(codes, places)


def _weights(node: Node | None, complaints: Complaints) -> str | None:
    if node is None:
        return None
    named = words(node, complaints)
    if len(named) != 1:
        complaints.add(node, N_("`weights` names one column; multiply several weights into one first"))
        return None
    return named[0]


def _fpc(node: Node | None, complaints: Complaints) -> tuple[str | float, ...]:
    """Population counts by stage: columns, or numbers that hold for every stratum."""
    if node is None:
        return ()
    if isinstance(node, MappingNode):
        complaints.add(node, N_("`fpc` is a column or a number, or a list of two for two stages"))
        return ()
    stages: list[str | float] = []
    for name in words(node, complaints):
        try:
            count = float(name)
        except ValueError:
            stages.append(name)
            continue
        if not 1 <= count < float("inf"):
            complaints.add(node, N_("`fpc` counts units of the population: {n} is below 1 or no count"), n=name)
        stages.append(count)
    if len(stages) > 2:
        complaints.add(node, N_("`fpc` has {count} stages; at most two are handled"), count=len(stages))
    return tuple(stages)


def _lonely(node: Node | None, complaints: Complaints) -> str:
    if node is None:
        return "fail"
    name = word(node, complaints) or ""
    name = {"center": "centre", "adjust": "centre", "certainty": "remove"}.get(name, name)
    if name not in LONELY:
        template = N_("`lonely` is one of {known}, not “{value}”")
        complaints.add(node, template, known=", ".join(LONELY), value=name)
    return name


def _waves(node: Node | None, complaints: Complaints) -> str | None:
    """How several files are read together: the same clusters asked again, or new ones."""
    if node is None:
        return None
    name = word(node, complaints) or ""
    if name not in READINGS:
        template = N_("`waves` is one of {known}, not “{value}”")
        complaints.add(node, template, known=", ".join(READINGS), value=name)
    return name


def _check_together(design: DesignFile, given: dict[str, Node], complaints: Complaints) -> None:
    if design.poststratify and design.rake:
        template = N_("give `poststratify` or `rake`, not both; `rake` takes cells of several columns as a margin too")
        complaints.add(given["rake"], template)
    if len(design.fpc) == 2 and not design.psu:
        complaints.add(given["fpc"], N_("two counts in `fpc` need `psu`: the second counts units within a PSU"))
    if design.ssu and len(design.fpc) < 2:
        complaints.add(given["ssu"], N_("`ssu` only matters with two counts in `fpc`; add the second, or leave it out"))
    both = sorted(set(design.missing) & set(design.not_applicable))
    if both:
        template = N_("{values} cannot be both missing and not applicable")
        complaints.add(given["not_applicable"], template, values=", ".join(both))
    for key in ("missing", "not_applicable"):
        levels = sorted(set(getattr(design, key)) & set(design.scale.levels))
        if levels:
            template = N_("{values} is a level of the scale and cannot be in `{key}` as well; state `levels`")
            complaints.add(given[key], template, values=", ".join(levels), key=key)
    for role, column in [("weights", design.weights), *(("fpc", c) for c in design.fpc if isinstance(c, str))]:
        if column in design.items:
            complaints.add(given[role], N_("{column} is named as `{key}` and as an item"), column=column, key=role)

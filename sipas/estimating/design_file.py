"""DESIGN.yaml: how a file of answers came about, in the words of a survey statistician."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from sipas.errors import N_
from sipas.estimating.replicate_key import ReplicateKey, check_beside, read_replicates
from sipas.estimating.scales import ItemScale, read_scale, read_scales
from sipas.estimating.totals import Totals, read_poststratify, read_rake
from sipas.estimating.yaml_values import (
    DesignComplaints,
    entries,
    is_absent,
    numbers,
    read_yaml,
    refuse_unknown,
    text_value,
    words,
)

KEYS = (
    "weights",
    "strata",
    "psu",
    "ssu",
    "items",
    "satisfied",
    "scoring",
    "levels",
    "scales",
    "decimal",
    "missing",
    "not_applicable",
    "fpc",
    "lonely",
    "lonely_in_domain",
    "replicates",
    "poststratify",
    "rake",
    "waves",
)
DECIMALS = ("point", "comma")
READINGS = ("panel", "independent")
LONELY = ("fail", "remove", "centre", "average")
YES, YES_NO = ("true", "yes"), ("true", "false", "yes", "no")


@dataclass(frozen=True)
class DesignFile:
    """What a design file says. Columns are named here and looked for later; codes are text.

    scale, scales   the scale of all items, but for those that have their own
    decimal         "point" or "comma", the mark before decimals in the files; "" where nothing is said
    """

    file: str
    items: tuple[str, ...]
    scale: ItemScale
    scales: Mapping[str, ItemScale] = field(default_factory=dict)
    factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: str | None = None
    strata: tuple[str, ...] = ()
    psu: tuple[str, ...] = ()
    ssu: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    fpc: tuple[str | float, ...] = ()
    lonely: str = "fail"
    lonely_in_domain: bool = False
    replicates: ReplicateKey | None = None
    poststratify: Totals | None = None
    rake: tuple[Totals, ...] = ()
    waves: str | None = None
    decimal: str = ""

    def scale_of(self, item: str) -> ItemScale:
        """The scale of an item."""
        return self.scales.get(item, self.scale)

    @property
    def group_columns(self) -> tuple[str, ...]:
        """The columns of codes that every row needs."""
        return (*self.strata, *self.psu, *self.ssu)

    @property
    def calibration_columns(self) -> tuple[str, ...]:
        """The columns whose totals are known."""
        margins = (self.poststratify,) if self.poststratify else self.rake
        return tuple(dict.fromkeys(column for margin in margins for column in margin.by))


def read_design(path: str | os.PathLike[str]) -> DesignFile:
    """Read a design file; raises `BadDesignFile` with all its mistakes at once, each with its line."""
    path = Path(path)
    complaints = DesignComplaints(path.name)
    top = read_yaml(path, complaints)
    refuse_unknown(top, KEYS, complaints)
    given = {key: node for key, node in entries(top, complaints).items() if not is_absent(node)}

    def columns(key: str) -> tuple[str, ...]:
        return words(given[key], complaints) if key in given else ()

    items, factors = _items(given.get("items"), complaints)
    decimal = _one_of("decimal", given.get("decimal"), DECIMALS, complaints) or ""
    design = DesignFile(
        file=path.name,
        items=items,
        factors=factors,
        scale=read_scale(given, complaints),
        scales=read_scales(given.get("scales"), items, complaints),
        weights=_weights(given.get("weights"), complaints),
        strata=columns("strata"),
        psu=columns("psu"),
        ssu=columns("ssu"),
        missing=columns("missing"),
        not_applicable=columns("not_applicable"),
        fpc=_fpc(given.get("fpc"), decimal, complaints),
        lonely=_lonely(given.get("lonely"), complaints),
        lonely_in_domain=_one_of("lonely_in_domain", given.get("lonely_in_domain"), YES_NO, complaints) in YES,
        replicates=read_replicates(given.get("replicates"), decimal, complaints),
        poststratify=read_poststratify(given.get("poststratify"), path.parent, decimal, complaints),
        rake=read_rake(given.get("rake"), path.parent, decimal, complaints),
        waves=_one_of("waves", given.get("waves"), READINGS, complaints),
        decimal=decimal,
    )
    _check_together(design, given, complaints)
    complaints.refuse()
    return design


def _items(node: Node | None, complaints: DesignComplaints) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    if node is None:
        complaints.at(0, N_("the key `items` is missing; name the columns that hold answers, as `items: [q01, q02]`"))
        return (), {}
    if isinstance(node, MappingNode):
        factors = {name: words(value, complaints) for name, value in entries(node, complaints).items()}
        for name, value in entries(node, DesignComplaints(complaints.file)).items():
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


def _weights(node: Node | None, complaints: DesignComplaints) -> str | None:
    if node is None:
        return None
    named = words(node, complaints)
    if len(named) != 1:
        complaints.add(node, N_("`weights` names one column; multiply several weights into one first"))
        return None
    return named[0]


def _fpc(node: Node | None, decimal: str, complaints: DesignComplaints) -> tuple[str | float, ...]:
    """Population counts by stage: columns, or numbers that hold for every stratum."""
    if node is None:
        return ()
    if isinstance(node, MappingNode):
        complaints.add(node, N_("`fpc` is a column or a number, or a list of two for two stages"))
        return ()
    stages: list[str | float] = []
    for each in node.value if isinstance(node, SequenceNode) else [node]:
        name = text_value(each, complaints) or ""
        if not re.fullmatch(r"[+-]?[\d.,]+([eE][+-]?\d+)?|inf|nan", name):
            stages.append(name)
            continue
        (count,) = numbers([each], complaints, decimal)
        if count is None:
            continue
        if not 1 <= count < float("inf"):
            complaints.add(each, N_("`fpc` counts units of the population: {n} is below 1 or no count"), n=name)
        stages.append(count)
    if len(stages) > 2:
        complaints.add(node, N_("`fpc` has {count} stages; at most two are handled"), count=len(stages))
    return tuple(stages)


def _lonely(node: Node | None, complaints: DesignComplaints) -> str:
    if node is None:
        return "fail"
    name = text_value(node, complaints) or ""
    name = {"center": "centre", "adjust": "centre", "certainty": "remove"}.get(name, name)
    if name not in LONELY:
        template = N_("`lonely` is one of {known}, not “{value}”")
        complaints.add(node, template, known=", ".join(LONELY), value=name)
    return name


def _one_of(key: str, node: Node | None, known: tuple[str, ...], complaints: DesignComplaints) -> str | None:
    """One of a few words; None where nothing is said."""
    if node is None:
        return None
    name = text_value(node, complaints) or ""
    if name not in known:
        template = N_("`{key}` is one of {known}, not “{value}”")
        complaints.add(node, template, key=key, known=", ".join(known), value=name)
    return name


def _check_together(design: DesignFile, given: dict[str, Node], complaints: DesignComplaints) -> None:
    if design.poststratify and design.rake:
        template = N_("give `poststratify` or `rake`, not both; `rake` takes cells of several columns as a margin too")
        complaints.add(given["rake"], template)
    if len(design.fpc) == 2 and not design.psu:
        complaints.add(given["fpc"], N_("two counts in `fpc` need `psu`: the second counts units within a PSU"))
    if design.ssu and len(design.fpc) < 2:
        complaints.add(given["ssu"], N_("`ssu` only matters with two counts in `fpc`; add the second, or leave it out"))
    check_beside(given, complaints)
    both = sorted(set(design.missing) & set(design.not_applicable))
    if both:
        template = N_("{values} cannot be both missing and not applicable")
        complaints.add(given["not_applicable"], template, values=", ".join(both))
    for key in ("missing", "not_applicable"):
        known = {level for scale in (design.scale, *design.scales.values()) for level in scale.levels}
        levels = sorted(set(getattr(design, key)) & known)
        if levels:
            template = N_("{values} is a level of the scale and cannot be in `{key}` as well; state `levels`")
            complaints.add(given[key], template, values=", ".join(levels), key=key)
    for role, column in [("weights", design.weights), *(("fpc", c) for c in design.fpc if isinstance(c, str))]:
        if column in design.items:
            complaints.add(given[role], N_("{column} is named as `{key}` and as an item"), column=column, key=role)

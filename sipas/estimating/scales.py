"""The scales of a design file: the levels of items, and which of them count as satisfied; one for all, or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from sipas.errors import N_
from sipas.estimating.yaml_values import (
    DesignComplaints,
    entries,
    finite_number,
    is_absent,
    refuse_unknown,
    text_value,
    words,
)

DEFAULT_LEVELS = 5
SCORINGS = {"top2": 2, "sipas-top2": 2, "top1": 1}  # how many of the highest levels count as satisfied
KEYS = ("levels", "satisfied", "scoring")

NO_SATISFIED = N_(
    "`satisfied` is missing: of {count} levels ({levels}) nobody can guess which count as satisfied. Write the lowest "
    "of them (`satisfied: {example}` counts it and those above), list them, or name a rule: `scoring: top1` or "
    "`scoring: top2`"
)


@dataclass(frozen=True)
class ItemScale:
    """The levels of an item from the lowest to the highest, as they are written, and which of them are satisfied.

    stated   whether the design file says the levels; else they are taken to be 1 to 5
    """

    levels: tuple[str, ...]
    satisfied: tuple[int, ...]
    stated: bool = True

    @property
    def counted(self) -> bool:
        """Whether the levels are the whole numbers from 1 on."""
        return self.levels == tuple(str(level) for level in range(1, len(self.levels) + 1))

    @property
    def span(self) -> str:
        """The levels, shortly: `1–5`, or all of them where they are words."""
        return f"1–{len(self.levels)}" if self.counted else ", ".join(self.levels)


def read_scale(given: Mapping[str, Node], complaints: DesignComplaints) -> ItemScale:
    """The scale that `levels`, `satisfied` and `scoring` describe, at the top of a design file or in `scales`.

    `levels` is a number, or the list of levels from the lowest to the highest; `satisfied` one level or a list. Neither
    `satisfied` nor `scoring` may be left out where there are not five levels.
    """
    levels, satisfied, scoring = (given.get(key) for key in KEYS)
    codes = _levels(levels, complaints)
    stated = levels is not None
    if satisfied is not None and scoring is not None:
        complaints.add(scoring, N_("give `satisfied` or `scoring`, not both"))
    if satisfied is None and scoring is None:
        if len(codes) != DEFAULT_LEVELS:
            values = {"count": len(codes), "levels": ItemScale(codes, ()).span, "example": codes[-1]}
            complaints.add(levels, NO_SATISFIED, **values)
        return ItemScale(codes, _highest(codes, 2), stated)
    if satisfied is None:
        return ItemScale(codes, _highest(codes, _scoring(scoring, codes, complaints)), stated)
    named = words(satisfied, complaints)
    strange = [name for name in named if name not in codes]
    if strange or not named:
        template = N_("`satisfied` names {names}, and the levels are {levels}; correct it, or state `levels`")
        complaints.add(satisfied, template, names=", ".join(strange) or "-", levels=ItemScale(codes, ()).span)
        return ItemScale(codes, (len(codes),), stated)
    places = tuple(sorted(codes.index(name) + 1 for name in named))
    if not isinstance(satisfied, SequenceNode):
        places = tuple(range(places[0], len(codes) + 1))
    return ItemScale(codes, places, stated)


def read_scales(node: Node | None, items: Sequence[str], complaints: DesignComplaints) -> dict[str, ItemScale]:
    """Item -> its own scale, for the items that `scales` lists; others have the scale at the top of the file."""
    if node is None:
        return {}
    if not isinstance(node, SequenceNode):
        complaints.add(node, N_("`scales` is a list, one line each: `- {{items: [q11], levels: 3, satisfied: 3}}`"))
        return {}
    found: dict[str, ItemScale] = {}
    for each in node.value:
        if not isinstance(each, MappingNode):
            complaints.add(each, N_("a scale is written as `{{items: [q11], levels: 3, satisfied: 3}}`"))
            continue
        refuse_unknown(each, ("items", *KEYS), complaints)
        given = {key: value for key, value in entries(each, complaints).items() if not is_absent(value)}
        if "items" not in given or "levels" not in given:
            complaints.add(each, N_("a scale names its `items` and its `levels`"))
            continue
        scale = read_scale(given, complaints)
        for item in words(given["items"], complaints):
            if item not in items:
                complaints.add(given["items"], N_("{item} is not listed under `items`"), item=item)
            if item in found:
                complaints.add(given["items"], N_("{item} has two scales; keep one"), item=item)
            found[item] = scale
    return found


def _levels(node: Node | None, complaints: DesignComplaints) -> tuple[str, ...]:
    count: float | None = DEFAULT_LEVELS
    if isinstance(node, SequenceNode):
        codes = words(node, complaints)
        if len(set(codes)) == len(codes) >= 2:
            return codes
        complaints.add(node, N_("`levels` lists at least two levels, each once, the lowest first"))
    elif node is not None:
        count = finite_number(node, complaints)
        if count is not None and (not count.is_integer() or not 2 <= count <= 250):
            complaints.add(node, N_("`levels` is the number of levels, a whole number from 2 to 250"))
            count = None
    return tuple(str(level) for level in range(1, int(count or DEFAULT_LEVELS) + 1))


def _scoring(node: Node | None, codes: Sequence[str], complaints: DesignComplaints) -> int:
    name = (text_value(node, complaints) if node is not None else "") or ""
    if name not in SCORINGS:
        template = N_("`scoring` is one of {known}, not “{value}”")
        complaints.add(node, template, known=", ".join(SCORINGS), value=name)
    highest = SCORINGS.get(name, 1)
    if highest >= len(codes):
        template = N_("`scoring: {value}` counts every level as satisfied; there are only {count}")
        complaints.add(node, template, value=name, count=len(codes))
        return 1
    return highest


def _highest(codes: Sequence[str], count: int) -> tuple[int, ...]:
    return tuple(range(max(len(codes) - count + 1, 1), len(codes) + 1))

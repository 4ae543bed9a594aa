"""Rules of skip logic: what `asked_if` names exists, was asked before, on the same forms, and offers these answers."""

from collections.abc import Iterator
from typing import Any

from surveys.errors import N_
from surveys.source import Finding, Path, finding
from surveys.tree import Node, all_items, default_forms, factors, mapping, maps

GATES = ("rating", "choice", "several")


def skip_rules(tree: dict[str, Any]) -> Iterator[Finding]:
    """Every `asked_if` that could not be followed, circles among them."""
    items = all_items(tree)
    order = {item["code"]: place for place, (_, item) in enumerate(items) if isinstance(item.get("code"), str)}
    by_code = {item["code"]: item for _, item in items if isinstance(item.get("code"), str)}
    conditions = list(_conditions(tree))
    followed = {code: {gate for _, one, gate, _ in conditions if one == code} for code in by_code}
    for path, code, gate, answers in conditions:
        here = (*path, "asked_if", gate)
        if gate not in by_code:
            yield finding(
                here,
                N_("{code} is asked only after `{gate}`, which is no item of this file."),
                N_("Use the code of an item that stands before it."),
                code=code,
                gate=gate,
            )
        elif code in _behind(gate, followed):
            yield finding(
                here,
                N_("{code} and `{gate}` wait for each other: neither would ever be asked."),
                N_("Take one of the two `asked_if` out."),
                code=code,
                gate=gate,
            )
        elif order[gate] >= order.get(code, len(order)):
            yield finding(
                here,
                N_("{code} is asked before `{gate}`, on whose answer it depends."),
                N_("Move `{gate}` above it."),
                code=code,
                gate=gate,
            )
        else:
            yield from _offers(here, code, by_code[gate], answers, mapping(tree.get("scales")))
            yield from _same_forms(here, by_code[code], by_code[gate], default_forms(tree))


def _offers(here: Path, code: str, gate: dict[str, Any], answers: object, scales: dict[Any, Any]) -> Iterator[Finding]:
    """That a gate has these answers."""
    kind = str(gate.get("kind", "rating"))
    if kind not in GATES:
        yield finding(
            here,
            N_("{code} depends on {gate}, which is a {kind}."),
            N_("Depend on a rating, a choice or several."),
            code=code,
            gate=gate["code"],
            kind=kind,
        )
        return
    levels = mapping(scales.get(gate.get("scale"))).get("levels")
    ratings = range(1, 1 + len(levels)) if isinstance(levels, list) else ()
    known = [str(one) for one in (ratings if kind == "rating" else mapping(gate.get("options")))]
    named = answers if isinstance(answers, list) else []
    strange = [str(one) for one in named if str(one) not in known]
    if known and (strange or not named):
        yield finding(
            here,
            N_("{gate} has no answer {strange}, on which {code} depends."),
            N_("Its answers are: {known}."),
            code=code,
            gate=gate["code"],
            strange=", ".join(strange) or "-",
            known=", ".join(known),
        )


def _same_forms(here: Path, item: dict[str, Any], gate: dict[str, Any], default: tuple[str, ...]) -> Iterator[Finding]:
    """That a gate stands on every form on which the item stands."""
    absent = set(item.get("forms") or default) - set(gate.get("forms") or default)
    if absent:
        yield finding(
            here,
            N_("{code} stands on a form ({form}) on which {gate} is not asked."),
            N_("Give both the same `forms`."),
            code=item["code"],
            gate=gate["code"],
            form=", ".join(sorted(map(str, absent))),
        )


def _conditions(tree: dict[str, Any]) -> Iterator[tuple[Path, str, str, object]]:
    """Where it is said, the item, the gate, and the answers of the gate; a factor says it for each of its items."""
    around: list[tuple[Path, dict[str, Any], list[Node]]] = [
        (path, factor, maps(factor.get("items"), (*path, "items"))) for path, factor in factors(tree)
    ]
    each: list[tuple[Path, dict[str, Any], list[Node]]] = [
        (path, item, [(path, item)]) for path, item in all_items(tree)
    ]
    for path, node, items in (*around, *each):
        for gate, answers in mapping(node.get("asked_if")).items():
            for _, item in items:
                if isinstance(item.get("code"), str):
                    yield path, item["code"], str(gate), answers


def _behind(code: str, followed: dict[str, set[str]]) -> set[str]:
    """Every item on whose answer this one depends, directly or through others."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        for gate in followed.get(waiting.pop(), ()):
            if gate not in found:
                found.add(gate)
                waiting.append(gate)
    return found

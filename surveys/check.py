"""Rules that no single key can break: codes are unique, scales exist and are complete, dates and forms make sense.

The rules walk the plain tree and step over whatever `shape.py` complains of, so that one reading reports everything.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from surveys.errors import N_
from surveys.skip_rules import skip_rules
from surveys.source import Finding, finding
from surveys.tree import all_items, coded, factors, mapping, maps

# A packed answer is one byte: 254 and 255 are taken, `several` needs a bit an option, and 0 is "not answered".
MOST_LEVELS, MOST_CHOICE, MOST_SEVERAL, MOST_COUNT = 11, 250, 7, 249

# Addresses and form fields that every instrument has.
RESERVED = ("title", "population", "id", "service", "about")


def disagreements(tree: Any, file: str) -> Iterator[Finding]:
    """Every rule that this instrument breaks."""
    if not isinstance(tree, dict):
        return
    yield from _name(tree, file)
    for rule in (
        _dates,
        _codes,
        _scales,
        _ratings,
        _not_applicable,
        _options,
        _counts,
        _forms,
        _audio,
        _satisfaction,
        skip_rules,
    ):
        yield from rule(tree)


def _name(tree: dict[str, Any], file: str) -> Iterator[Finding]:
    wanted = f"{tree.get('instrument')}.v{tree.get('version')}.yaml"
    if "instrument" in tree and "version" in tree and file != wanted:
        yield finding(
            ("instrument",),
            N_("the file is called {file}, its content is {wanted}."),
            N_("Rename the file, or mend `instrument` and `version`."),
            file=file,
            wanted=wanted,
        )


def _dates(tree: dict[str, Any]) -> Iterator[Finding]:
    valid = mapping(tree.get("valid"))
    first, last = valid.get("from"), valid.get("to")
    if isinstance(first, dt.date) and isinstance(last, dt.date) and last < first:
        yield finding(
            ("valid", "to"),
            N_("the instrument ends on {last}, before it begins on {first}."),
            N_("Exchange or mend the two dates."),
            first=first.isoformat(),
            last=last.isoformat(),
        )


def _codes(tree: dict[str, Any]) -> Iterator[Finding]:
    """One name space for all: an address such as `service-2024/B1` must mean one thing."""
    taken = {*RESERVED, *mapping(tree.get("scales"))}
    for path, node in coded(tree):
        code = node.get("code")
        if code in taken:
            yield finding(
                (*path, "code"),
                N_("the code `{code}` is used twice."),
                N_("Give each scale, aspect, factor, item and question a code of its own."),
                code=code,
            )
        if isinstance(code, str):
            taken.add(code)


def _scales(tree: dict[str, Any]) -> Iterator[Finding]:
    for code, scale in mapping(tree.get("scales")).items():
        levels, satisfied = mapping(scale).get("levels"), mapping(scale).get("satisfied")
        if not isinstance(levels, list):
            continue
        if not 2 <= len(levels) <= MOST_LEVELS:
            yield finding(
                ("scales", code, "levels"),
                N_("scale `{code}` has {n} levels."),
                N_("Give it from 2 to {most}."),
                code=code,
                n=len(levels),
                most=MOST_LEVELS,
            )
        named = satisfied if isinstance(satisfied, list) else []
        wrong = [level for level in named if isinstance(level, int) and not 1 <= level <= len(levels)]
        if wrong:
            yield finding(
                ("scales", code, "satisfied"),
                N_("scale `{code}` counts levels as satisfied that it does not have ({wrong})."),
                N_("Name levels from 1 to {n}."),
                code=code,
                wrong=", ".join(map(str, wrong)),
                n=len(levels),
            )


def _ratings(tree: dict[str, Any]) -> Iterator[Finding]:
    scales = mapping(tree.get("scales"))
    known = ", ".join(map(str, scales))
    for path, item in all_items(tree):
        code, scale, kind = item.get("code"), item.get("scale"), item.get("kind", "rating")
        if kind == "rating" and scale is None:
            yield finding(
                path,
                N_("item {code} is a rating without a scale."),
                N_("Add `scale:`, one of: {known}."),
                code=code,
                known=known,
            )
        elif kind != "rating" and scale is not None:
            yield finding(
                (*path, "scale"),
                N_("item {code} is a {kind} and has a scale."),
                N_("Only a rating has one."),
                code=code,
                kind=kind,
            )
        elif isinstance(scale, str) and scale not in scales:
            yield finding(
                (*path, "scale"),
                N_("item {code} uses scale `{scale}`, which this file does not define."),
                N_("Define it under `scales`, or use one of: {known}."),
                code=code,
                scale=scale,
                known=known,
            )


def _satisfaction(tree: dict[str, Any]) -> Iterator[Finding]:
    """What a factor pools are shares of satisfied answers, so its items are ratings of satisfaction."""
    without = {code for code, scale in mapping(tree.get("scales")).items() if mapping(scale).get("satisfied") == []}
    for path, factor in factors(tree):
        for at, item in maps(factor.get("items"), (*path, "items")):
            if item.get("scale") in without:
                yield finding(
                    (*at, "scale"),
                    N_("item {code} stands in a factor, and its scale `{scale}` counts no level as satisfied."),
                    N_("Name its levels under `satisfied`, or move the item to `opening` or `closing`."),
                    code=item.get("code"),
                    scale=item.get("scale"),
                )


def _audio(tree: dict[str, Any]) -> Iterator[Finding]:
    for path, item in all_items(tree):
        for language, name in mapping(item.get("audio")).items():
            if isinstance(name, str) and not name.endswith(".mp3"):
                yield finding(
                    (*path, "audio", language),
                    N_("the recording `{name}` of item {code} is no .mp3."),
                    N_("Name a file such as `{code}.{language}.mp3` that lies in `sipas/static/audio/`."),
                    name=name,
                    code=item.get("code"),
                    language=language,
                )


def _not_applicable(tree: dict[str, Any]) -> Iterator[Finding]:
    scales = mapping(tree.get("scales"))
    for path, item in all_items(tree):
        code, scale, kind = item.get("code"), item.get("scale"), item.get("kind", "rating")
        if item.get("not_applicable") is not True:
            continue
        if kind != "rating":
            yield finding(
                (*path, "not_applicable"),
                N_("item {code} is a {kind} and may be not applicable."),
                N_("Only a rating may; elsewhere offer an option, or let people skip."),
                code=code,
                kind=kind,
            )
        elif isinstance(scale, str) and scale in scales and not mapping(scales[scale]).get("not_applicable"):
            yield finding(
                (*path, "not_applicable"),
                N_("item {code} may be not applicable, but its scale has no words for it."),
                N_("Add `not_applicable:` with the words to scale `{scale}`."),
                code=code,
                scale=scale,
            )


def _options(tree: dict[str, Any]) -> Iterator[Finding]:
    for path, item in all_items(tree):
        code, kind, number = item.get("code"), str(item.get("kind")), len(mapping(item.get("options")))
        most = {"choice": MOST_CHOICE, "several": MOST_SEVERAL}.get(kind)
        if most and not 2 <= number <= most:
            yield finding(
                (*path, "options"),
                N_("item {code} has {n} options."),
                N_("A {kind} takes from 2 to {most}."),
                code=code,
                n=number,
                kind=kind,
                most=most,
            )
        elif number and not most:
            yield finding(
                (*path, "options"),
                N_("item {code} has options, but is no choice."),
                N_("Set `kind: choice` or `kind: several`, or take the options out."),
                code=code,
            )


def _counts(tree: dict[str, Any]) -> Iterator[Finding]:
    for path, item in all_items(tree):
        most = item.get("most")
        if item.get("kind") == "count" and not (isinstance(most, int) and 1 <= most <= MOST_COUNT):
            yield finding(
                (*path, "most"),
                N_("item {code} counts, but has no upper end."),
                N_("Set `most:` from 1 to {most}."),
                code=item.get("code"),
                most=MOST_COUNT,
            )


def _forms(tree: dict[str, Any]) -> Iterator[Finding]:
    items = all_items(tree)
    if not items:
        yield finding(("aspects",), N_("there is no item."), N_("Add a factor with at least one item."))
    elif not any("full" in (item.get("forms") or ["full"]) for _, item in items):
        yield finding(
            ("aspects",), N_("no item stands on the full form."), N_("Add `full` to the `forms` of some item.")
        )

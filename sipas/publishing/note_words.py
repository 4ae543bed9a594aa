"""What a release's manifest notes of its wave, in one plain sentence of its reader's language for each note."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sipas import i18n
from sipas.errors import N_

KEYS = {
    "cluster": N_("the key of the weeks"),
    "id": N_("the key that recognises what is sent twice"),
    "seal": N_("the key of sealed answers"),
    "invitation": N_("the key of the invitation codes"),
}
WORDS = {
    "destruction stopped": N_(
        "{first} and {second} stopped the destruction of this wave's keys and answers from {on} until {until}. Reason: "
        "{reason}"
    ),
    "keys lost": N_("Lost, as {first} and {second} said on {on}: {keys}. Reason: {reason}"),
    "keys renewed": N_("Lost and replaced, as {first} and {second} said on {on}: {keys}. Reason: {reason}"),
    "keys renewed by command": N_("Lost and replaced on {on}: {keys}."),
}


SOME = N_("Asked only of those who answered {conditions}: {items}.")
SOME_COUNTED = N_("Asked only of those who answered {conditions}, about {count} people: {items}.")
CONDITION = N_("{answers} to “{question}”")


def of_some(manifest: Mapping[str, Any], language: str) -> list[str]:
    """Which items were asked of some alone, and of about how many where that may be told: a sentence for each gate."""

    def text(entry: Mapping[str, Any], key: str = "text") -> Any:
        return (language == "en" and entry.get(f"{key}_en")) or entry[key]

    found: dict[tuple[str, int], list[str]] = {}
    for item in manifest["instrument"]["items"]:
        said = [
            i18n._(CONDITION, answers=", ".join(f"“{a}”" for a in text(one, "answers")), question=text(one))
            for one in item.get("asked_if", ())
        ]
        if said:
            count = int(manifest.get("asked", {}).get(item["code"], 0))
            found.setdefault(("; ".join(said), count), []).append(f"“{text(item)}”")
    return [
        i18n._(SOME_COUNTED if count else SOME, conditions=said, count=i18n.number(count), items=", ".join(items))
        for (said, count), items in found.items()
    ]


def sentence(note: Mapping[str, Any] | str) -> str:
    """A note as a reader meets it; one of a kind that this version does not know as it stands."""
    if isinstance(note, str) or note.get("kind") not in WORDS:
        return str(note)
    first, second = note["by"]
    kind = note["kind"]
    if kind == "keys lost" and note["renewed"]:
        kind = "keys renewed" if first else "keys renewed by command"
    return i18n._(WORDS[kind]).format(
        first=first,
        second=second,
        on=_day(note.get("on") or note["from"]),
        until=_day(note.get("until")),
        keys=", ".join(i18n._(KEYS[one]) for one in note.get("keys", ())),
        reason=note["reason"],
    )


def _day(text: str | None) -> str:
    return i18n.date(dt.date.fromisoformat(text)) if text else ""

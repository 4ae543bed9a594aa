"""Where the questions of a release come from, for its readers: an official text, a third party's copy, ourselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sipas import i18n
from sipas.errors import N_
from surveys import Instrument

OFFICIAL = N_("Asked in the sentences of an official text")
WORDS = {
    "official": N_("The subject is that of an official text, the words are ours"),
    "copy": N_(
        "The subject is that of the official form, as far as we know it from a third party's copy; nobody has held it "
        "against the official text, and the words are ours"
    ),
    "ours": N_("Our own question, in words of ours"),
    "": N_("In words of ours; the questionnaire does not say where the subject comes from"),
}


@dataclass(frozen=True)
class WordingOrigin:
    """Items that come from the same place: a sentence about it, and their texts."""

    sentence: str
    items: tuple[str, ...]


def made_here(instrument: Instrument) -> dict[str, Any]:
    """What a manifest says of a version whose words were put in here; the name of whoever did it stays inside."""
    made = instrument.made
    return {"made": {"of": made.of, "basis": made.basis, "on": str(made.on)}} if made else {}


def wording_origins(manifest: Mapping[str, Any], text: str) -> tuple[WordingOrigin, ...]:
    """The items by where they come from, in the language now spoken; `text` is the key of their words in it.

    Empty for a release of before December 2026, which does not say whose its words are.
    """
    about = manifest["instrument"]
    groups: dict[str, list[str]] = {}
    for item in about["items"]:
        if "wording" in item:
            sentence = _official(about) if item["wording"] == "decreed" else i18n._(WORDS[item.get("provenance", "")])
            groups.setdefault(sentence, []).append(item.get(text) or item["text"])
    return tuple(WordingOrigin(sentence, tuple(items)) for sentence, items in groups.items())


def _official(about: Mapping[str, Any]) -> str:
    made = about.get("made")
    if not made:
        return i18n._(OFFICIAL)
    return i18n._("Asked in the sentences of an official text ({basis}), put in on {day}").format(
        basis=made["basis"], day=i18n.date(dt.date.fromisoformat(made["on"]))
    )

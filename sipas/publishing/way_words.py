"""How a release's answers came, in one plain sentence of its reader's language. Knows no count, only the tenths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sipas import i18n
from sipas.errors import N_

WORDS = {
    "screen": N_("{tenths}/10 from screens that the survey set up"),
    "code": N_("{tenths}/10 with a code that an office handed out"),
    "open": N_("{tenths}/10 by an address at which anybody can answer, also more than once"),
    "other": N_("{tenths}/10 read from files or not counted"),
}


def ways_in_words(manifest: Mapping[str, Any], unit: str = "") -> str:
    """Of everybody or of one unit; empty where a release says nothing of it."""
    told = manifest.get("ways") or {}
    tenths = told.get("units", {}).get(unit, {}) if unit else told.get("all", {})
    ways = [i18n._(words).format(tenths=tenths[way]) for way, words in WORDS.items() if way in tenths]
    return i18n._("How these answers came: {ways}.").format(ways="; ".join(ways)) if ways else ""

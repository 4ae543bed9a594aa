"""Texts that look alike in print and are not the same: blanks of many kinds, Đ and Ð, where a tone stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
ALIKE = ZERO_WIDTH | {ord("Ð"): "Đ", ord("Ɖ"): "Đ", ord("ð"): "đ"}
TONES = "\u0300\u0301\u0303\u0309\u0323"
# hoà and hòa, thuý and thúy: on the second vowel or on the first, where nothing follows; in quý the u is no vowel
OLD_TONE = re.compile(rf"(?<![qQ])([oOuU])([aAeEyY])([{TONES}])(?![\w])")


def as_seen(text: str) -> str:
    """A text as people see it: NFC, one blank for several, without what has no width, tones in their new place.

    >>> as_seen("Hài\\u00a0 lòng\\u200b") == as_seen("Ha\\u0300i lòng"), as_seen("hoà thuý quý"), as_seen("Ðất")
    (True, 'hòa thúy quý', 'Đất')
    """
    if text.isascii() and "  " not in text:
        return text.strip()
    apart = unicodedata.normalize("NFD", " ".join(text.translate(ALIKE).split()))
    return unicodedata.normalize("NFC", OLD_TONE.sub(r"\1\3\2", apart))


def looking_alike(labels: Iterable[str]) -> list[list[str]]:
    """The groups of different labels that look the same.

    >>> looking_alike(["Hoà", "Hòa", "Tô Hiệu"])
    [['Hoà', 'Hòa']]
    """
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(as_seen(label), []).append(label)
    return [group for group in found.values() if len(group) > 1]

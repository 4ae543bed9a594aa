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


def printed(text: str) -> str:
    """A text without what nobody sees: NFC, one blank for several of any kind, nothing without width, Đ for Ð.

    What can be seen stays as it was written, so that a name may be stored so.

    >>> printed("Xã\\u00a0 Mường\\u200b Hoa\\u0300"), printed("Ðất")
    ('Xã Mường Hoà', 'Đất')
    """
    if text.isascii() and "  " not in text:
        return text.strip()
    return unicodedata.normalize("NFC", " ".join(text.translate(ALIKE).split()))


def as_seen(text: str) -> str:
    """A text as people see it: what `printed` makes of it, with tones in their new place.

    >>> as_seen("Hài\\u00a0 lòng\\u200b") == as_seen("Ha\\u0300i lòng"), as_seen("hoà thuý quý"), as_seen("Ðất")
    (True, 'hòa thúy quý', 'Đất')
    """
    text = printed(text)
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", OLD_TONE.sub(r"\1\3\2", unicodedata.normalize("NFD", text)))


def as_read(text: str) -> str:
    """A word or name to look another up by: as people see it, in any case.

    >>> as_read("Xã  MƯỜNG HOÀ") == as_read("xã Mường Hòa")
    True
    """
    return as_seen(text).casefold()


def looking_alike(labels: Iterable[str]) -> list[list[str]]:
    """The groups of different labels that look the same.

    >>> looking_alike(["Hoà", "Hòa", "Tô Hiệu"])
    [['Hoà', 'Hòa']]
    """
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(as_seen(label), []).append(label)
    return [group for group in found.values() if len(group) > 1]

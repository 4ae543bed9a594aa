"""Takes out of a comment what could name a person, before it is stored: numbers and addresses of every common kind.

A first sieve: long numbers (telephone, identity card, account, dossier), e-mail addresses and links. Names after titles
and licence plates need more and are not recognised yet; the kiosk asks people not to write them.
"""

from __future__ import annotations

import re
import unicodedata

REMOVED = "[…]"

_PATTERNS = (
    re.compile(r"\S+@\S+"),
    re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE),
    re.compile(r"\b[\w.\-/]*\d{3,}[\w.\-/]*\d{3,}[\w.\-/]*\b"),  # dossier codes such as 000.00.12.H52-260301-0001
    re.compile(r"(?<!\d)\+?\d(?:[ .\-]?\d){6,}(?!\d)"),  # seven digits and more, however they are grouped
)


def screen(text: str) -> str:
    """`text` in NFC without control characters, with what identifies replaced.

    >>> screen("Gọi tôi số 0912 345 678 nhé")
    'Gọi tôi số […] nhé'
    >>> screen("Chờ 45 phút, 2 lần")
    'Chờ 45 phút, 2 lần'
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" or c == "\u200d" else " " for c in text)
    for pattern in _PATTERNS:
        text = pattern.sub(REMOVED, text)
    return text.strip()

"""The old Vietnamese fonts TCVN3 (ABC) and VNI, under which a file holds other letters than the screen shows."""

from __future__ import annotations

import re
import unicodedata

_VOWELS = "aeiouyăâêôơư"
_TONED = "".join(
    unicodedata.normalize("NFC", vowel + tone) for vowel in _VOWELS for tone in "\u0300\u0301\u0303\u0309\u0323"
)
SYLLABLE = re.compile(
    rf"(ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnpqrstvx])?[{_VOWELS}{_TONED}]{{1,3}}(ng|nh|ch|[cmnpt])?",
    re.IGNORECASE,
)
TONED = re.compile(f"[{_TONED}]", re.IGNORECASE)
OF_TCVN3 = re.compile(
    rb"[\xa7-\xae\xb5-\xbe][A-Za-z\x80-\xff]|[A-Za-z\x80-\xff][\xa7-\xae\xb5-\xbe]"
)  # no letters elsewhere
VNI_PAIR = "[aeouyôö][ùøûõïâáàåãäéèúüëê]"  # a vowel and its mark; Spanish has ñ before a vowel, and no such pairs
VNI = re.compile(f"{VNI_PAIR}|ñ[aeiouyöô]", re.IGNORECASE)
TCVN3_LOW = {
    "a": "µ¶·¸¹", "ă": "»¼½¾Æ", "â": "ÇÈÉÊË", "e": "ÌÎÏÐÑ", "ê": "ÒÓÔÕÖ", "i": "×ØÜÝÞ",
    "o": "ßáâãä", "ô": "åæçèé", "ơ": "êëìíî", "u": "ïñòóô", "ư": "õö÷øù", "y": "úûüýþ",
}  # fmt: skip
_TONES_OF_TCVN3 = "\u0300\u0309\u0303\u0301\u0323"
TCVN3: dict[str, str] = dict(zip("¨©ª«¬\u00ad®¡¢£¤¥¦§", "ăâêôơưđĂÂÊÔƠƯĐ", strict=True)) | {
    sign: unicodedata.normalize("NFC", vowel + tone)
    for vowel, signs in TCVN3_LOW.items()
    for sign, tone in zip(signs, _TONES_OF_TCVN3, strict=True)
}


def from_tcvn3(data: bytes) -> str:
    """Bytes of TCVN3 (ABC fonts) as Unicode.

    >>> from_tcvn3(bytes.fromhex("a7ac6e2076de"))
    'Đơn vị'
    """
    return data.decode("latin-1").translate({ord(sign): letter for sign, letter in TCVN3.items()})


def old_font_of(text: str) -> str:
    """The old font for which a text is written that is sound Unicode by its letters alone; "" where it is for none.

    >>> old_font_of("§¬n vÞ, ®Êt ®ai"), old_font_of("Ñôn vò, ñaát ñai"), old_font_of("Đơn vị"), old_font_of("São Tomé")
    ('TCVN3', 'VNI', '', '')
    """
    if text.isascii() or re.search("[\u1ea0-\u1ef9đĐơƠưƯăĂ]", unicodedata.normalize("NFC", text)):
        return ""
    if len(re.findall(r"[§®¬\u00ad¦]\w|\w[§®¬¶·¸¹¨ª\u00ad]", text)) > 1:
        try:
            if vietnamese(from_tcvn3(text.encode("latin-1", errors="replace"))) > 0.7:
                return "TCVN3"
        except ValueError:
            return ""
    return "VNI" if share_of_vni(text) > 0.7 else ""


def vietnamese(text: str) -> float:
    """The share of the words with other than ASCII letters that are Vietnamese syllables, 0 where there are none."""
    words = [word for word in re.findall(r"[^\s\d,;.:()\"'/_-]+", text) if not word.isascii()][:2000]
    right = sum(bool(SYLLABLE.fullmatch(word)) and len(TONED.findall(word)) < 2 for word in words)
    return right / len(words) if words else 0.0


def share_of_vni(text: str) -> float:
    """The share of the words with other than ASCII letters that are spelt as in VNI; 0 where there are few."""
    words = [word for word in re.findall(r"[^\s\d,;.:()\"'/_-]+", text) if not word.isascii()][:2000]
    if len(words) < 2 or not any(re.search(VNI_PAIR, word, re.IGNORECASE) for word in words):
        return 0.0
    return sum(bool(VNI.search(word)) for word in words) / len(words)

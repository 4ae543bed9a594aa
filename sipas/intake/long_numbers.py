"""Long numbers in free text, however they are grouped, and the numbers that name nobody: sums, dates, decrees.

Nine digits and more are a telephone, an identity card or an account, whatever stands between the digits, in the digits
of any script or as words. What is plainly something else is set aside before the sieve and put back after it.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

BESIDE = 5  # so many digits beside dates and sums make a long number of them all: "4.2" may be a part of it
FIRST, LAST = 0xE000, 0xF8FF  # private-use characters, which `screen` has taken out: each stands for what is set aside
_GAP = r"[\W_]{0,4}"
_SUM = r"[1-9]\d{0,2}(?:[.,]\d{3}){1,3}"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:[/.\-](?:0?[1-9]|1[0-2])[/.\-](?:19|20)\d{2}|/(?:0?[1-9]|1[0-2]))"
_YEAR = r"(?:19|20)\d{2}"
_ALONE, _END = r"(?<!\d)(?<!\d[ .,\-–])", r"(?![ .\-–/]{0,2}\d|,\d)"  # no digits beside it
_HARMLESS = re.compile(
    "|".join(
        (
            rf"{_ALONE}(?:{_SUM}\s*[-–]\s*)?{_SUM}\s*(?:đồng|dong|vnđ|vnd|đ|k|nghìn|nghin|ngàn|triệu|trieu)(?!\w)",
            rf"{_ALONE}(?:[1-9]\d?(?:\.\d{{3}}){{1,2}}|[1-9]\d\d\.\d{{3}}){_END}",  # 1.200.000 without its unit
            rf"(?<![\d/.\-]){_DAY}(?:\s*[-–]\s*{_DAY})?(?![/.\-]?\d)",
            rf"(?:năm|nam)\s+{_YEAR}(?:\s*[-–]\s*{_YEAR})*(?![/.\-]?\d)",
            rf"(?<![\d/.\-]){_YEAR}(?:\s*[-–]\s*{_YEAR})+(?![/.\-]?\d)",
            r"(?<![\d:])(?:[01]?\d|2[0-4])[:h][0-5]\d(?![\d:])",
            r"(?<![\d/])(?:10|\d)/(?:5|10)(?![\d/])",
            rf"{_ALONE}1[89]00[ .]?\d{{4}}{_END}",  # a hotline
            r"(?<![\w./\-])\d{1,5}/(?:(?:19|20)\d{2}/)?"  # decrees and decisions
            r"(?:NĐ|ND|QĐ|QD|TT|NQ|CT|KH|TTr|TB|CV|BC|HD|TTLT|VBHN|QH\d{1,2})(?:[-–][A-ZĐ][A-Za-zĐ]*)*(?![\w/\-])",
            r"(?<![\w./\-])[1-3]\.\d{6}(?:\.000\.00\.00\.H\d{2})?(?![\w./\-])",  # a procedure's public number
        )
    ),
    re.IGNORECASE,
)
_WORDS = (
    "không|một|mốt|hai|ba|bốn|tư|năm|lăm|sáu|bảy|bẩy|tám|chín|khong|mot|bon|tu|nam|lam|sau|bay|tam|chin|linh|lẻ|"
    "zero|one|two|three|four|five|six|seven|eight|nine"
)
_DIGIT = rf"(?:\d|(?<![^\W\d_])(?:{_WORDS})(?![^\W\d_]))"
_LONG = re.compile(rf"{_DIGIT}(?:{_GAP}{_DIGIT}){{8,}}", re.IGNORECASE)
_ONE = re.compile(_DIGIT, re.IGNORECASE)
_LIST = re.compile(r"[1-9]\d?(?:, ?[1-9]\d?)+")


def set_aside(text: str) -> tuple[str, list[str]]:
    """The text with one strange character for each number that names nobody, and what these stand for.

    >>> set_aside("Nộp 1.200.000 đồng ngày 12/9/2026 theo 118/2025/NĐ-CP")[1]
    ['1.200.000 đồng', '12/9/2026', '118/2025/NĐ-CP']
    """
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        if FIRST + len(kept) > LAST:
            return found.group(0)
        kept.append(found.group(0))
        return chr(FIRST + len(kept) - 1)

    return _HARMLESS.sub(keep, text), kept


def put_back(text: str, kept: list[str], mark: str) -> str:
    """What was set aside, in its place; and every other number of nine digits and more becomes `mark`.

    >>> put_back("gọi (0912) - 345 / 678 hay 0 chín 1 hai 3 bốn 5 sáu 7 tám, quầy 1, 2, 3", [], "*")
    'gọi (* hay *, quầy 1, 2, 3'
    """
    whole, harmless = "", []
    for c in text:
        if FIRST <= ord(c) < FIRST + len(kept):
            harmless.append((len(whole), len(whole) + len(kept[ord(c) - FIRST])))
            c = kept[ord(c) - FIRST]
        whole += c
    digits = "".join(c if (n := unicodedata.digit(c, None)) is None else str(n) for c in whole)  # as long as the text
    for found in reversed(list(_LONG.finditer(digits))):
        start, end = found.span()
        inside = [(max(a, start), min(b, end)) for a, b in harmless if a < end and b > start]
        others = len(_ONE.findall(found.group(0))) - sum(len(_ONE.findall(digits[a:b])) for a, b in inside)
        if others >= BESIDE and not _rises(found.group(0)):
            whole = whole[:start] + mark + whole[end:]
    return whole


def _rises(number: str) -> bool:
    """A list of rising small numbers is no telephone."""
    if not _LIST.fullmatch(number):
        return False
    return all(one < two for one, two in pairwise(int(one) for one in number.split(",")))

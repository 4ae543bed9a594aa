"""Takes out of a comment what could name a person, before it is stored.

A sieve of patterns: telephone, identity, account and dossier numbers, number plates, e-mail and postal addresses,
links, and names after titles (ông, bà, anh, chị ...) or after a family name. It works on Vietnamese with and without
diacritics, in either normal form. It errs to the side of taking out too much; what it finds and misses is counted in
`tests/sipas/intake/test_screen.py`. The kiosk asks people beforehand not to write such things.
"""

from __future__ import annotations

import re
import unicodedata

from sipas.intake.long_numbers import put_back, set_aside

REMOVED = "[…]"

_UPPER = "".join(c for c in map(chr, range(0x41, 0x1EFA)) if c.isupper() and (c < "\u0250" or c >= "\u1e00"))
_NAME = rf"[{_UPPER}][\w’']*"  # a word with a capital
_TITLES = (
    "ông|bà|anh|chị|em|cô|chú|bác|thầy|cậu|mợ|dì|thím|cụ|đồng chí|đ/c|mr|mrs|ms|cán bộ|công chức|bạn|chủ tịch|giám đốc"
)
_FAMILIES = (
    "nguyễn|trần|lê|phạm|hoàng|huỳnh|phan|vũ|võ|đặng|bùi|đỗ|hồ|ngô|dương|lý|lò|cầm|quàng|tòng|lường|giàng|sùng|thào|vừ|"
    "hờ|đinh|điêu|bạc|hà|cà|mùa|vàng|lầu|mùi|ngần|sa|quách|trịnh|đoàn|mai|tô|chu|lưu|đào|phùng|tạ|cao"
)
_CLEAR = "nguyễn|trần|phạm|hoàng|huỳnh|võ|bùi|ngô|quàng|giàng|sùng|trịnh|phùng|quách|điêu|lò|lường|tòng|đinh"
_CLEAREST = "nguyễn|trần|phạm|hoàng|huỳnh|võ|bùi|ngô|quàng|giàng|sùng|trịnh|phùng|quách|điêu"  # mean nothing else
_DIGIT_WORDS = "không|một|hai|ba|bốn|tư|năm|lăm|sáu|bảy|bẩy|tám|chín|mươi"
_STREETS = "đường|phố|ngõ|ngách|hẻm|quốc lộ|tiểu khu|tổ|bản|thôn|xóm|khu phố"


def plain(text: str) -> str:
    """Without diacritics, so that both ways of writing meet.

    >>> plain("Chị Lường Thị Đào")
    'Chi Luong Thi Dao'
    """
    apart = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("Đ", "D")


def _either(words: str) -> str:
    """The words of a list, with their diacritics or without; the longest first."""
    forms = {form for word in words.split("|") for form in (word, plain(word))}
    return "|".join(sorted(map(re.escape, forms), key=len, reverse=True)).replace("\\ ", r"\s+")


_ANY_CASE = re.IGNORECASE
_MONEY = r"(?!\d{1,3}(?:\.\d{3}){1,2}(?![\d.]))"  # 1.200.000 is a sum of money, 0912.345.678 is not
_PATTERNS = (
    re.compile(r"(?:https?://|www\.)\S+", _ANY_CASE),
    re.compile(
        r"[\w.+\-]+\s*(?:@|\(at\)|\[at\]|\s+a\s+còng\s+|\s+a\s+cong\s+)\s*[\w\-]+(?:\s*(?:\.|chấm|cham)\s*\w+)+",
        _ANY_CASE,
    ),
    # dossier codes such as 000.00.12.H52-260301-0001
    re.compile(rf"(?<![\w.\-/]){_MONEY}(?=[\w.\-/]*[^\W\d])[\w.\-/]*\d{{3,}}[\w.\-/]*\d{{3,}}[\w.\-/]*\b"),
    # plates such as 26A-123.45
    re.compile(r"\b\d{2}\s?[-.]?\s?[A-ZĐ]{1,2}\d?\s?[-.]?\s?\d{3}\s?\.?\s?\d{1,2}\b", _ANY_CASE),
    re.compile(rf"(?<![\d.]){_MONEY}\+?\d(?:[ .\-–]{{0,2}}\d){{6,}}(?!\d)"),  # seven digits and more, however grouped
    re.compile(rf"\b(?:(?:{_either(_DIGIT_WORDS)})[\s,.\-]*){{6,}}(?!\w)", _ANY_CASE),  # numbers spelt out
    re.compile(
        rf"\b(?i:số\s+nhà|so\s+nha|nhà\s+số|nha\s+so|số|so)\s*\d+\w?(?:/\d+)*[\s,]*(?i:{_either(_STREETS)})\b"
        rf"(?:\s+(?:\d+|{_NAME}))*(?:\s+(?i:{_either(_STREETS)})(?:\s+(?:\d+|{_NAME}))+)*"
    ),
    re.compile(r"\b(?:số\s+nhà|so\s+nha|nhà\s+số|nha\s+so)\s*\d+\w?(?:/\d+)*", _ANY_CASE),
    re.compile(rf"\b(?i:{_either(_STREETS)})\s+(?:số\s+)?(?:\d+|{_NAME}(?:\s+{_NAME}){{0,2}})(?!\w)"),
)
_CALLED = r"(?:(?i:tên|ten)\s+(?:(?i:là|la)\s+)?)?"
_TELLS_NAME = re.compile(rf"\b(?i:tôi|toi)\s+(?i:tên|ten|là|la)(?:\s+(?i:là|la))?\s+({_NAME}(?:\s+{_NAME}){{0,3}})")
_AFTER_TITLE = re.compile(rf"\b(?i:{_either(_TITLES)})\s+{_CALLED}({_NAME}(?:\s+{_NAME}){{0,3}})")
_AFTER_TITLE_SMALL = re.compile(
    rf"\b(?:{_either(_TITLES)})\s+{_CALLED}((?:{_either(_FAMILIES)})\s+(?:văn|van|thị|thi)(?:\s+\w+){{1,2}})(?!\w)",
    _ANY_CASE,
)
_AFTER_TITLE_CLEAR = re.compile(
    rf"\b(?:{_either(_TITLES)})\s+{_CALLED}((?:{_either(_CLEAR)})(?:\s+\w+){{1,2}})(?!\w)", _ANY_CASE
)
_SMALL_NAME = re.compile(rf"\b(?:{_CLEAREST})\s+\w+\s+\w+", _ANY_CASE)
_FULL_NAME = re.compile(rf"\b(?=[{_UPPER}])(?i:{_either(_FAMILIES)})(?:\s+{_NAME}){{1,3}}")
_MIDDLE = re.compile(rf"\b(?:{_either(_FAMILIES)})\s+(?:văn|van|thị|thi)\s+\w+", _ANY_CASE)
_NOT_NAMES = frozenset(  # words with a capital that follow a title without naming anybody
    [
        "một",
        "bộ",
        "ủy",
        "ubnd",
        "xã",
        "phường",
        "tỉnh",
        "sở",
        "phòng",
        "trung",
        "việt",
        "nhà",
        "đảng",
        "hội",
        "tp",
        "ok",
    ]
)


def redact(text: str) -> str:
    """`text` in NFC without control characters, with what identifies replaced.

    >>> redact("Gọi tôi số 0912 345 678 nhé")
    'Gọi tôi số […] nhé'
    >>> redact("Chị Lò Thị Hoa rất nhiệt tình, chờ 45 phút, 2 lần")
    'Chị […] rất nhiệt tình, chờ 45 phút, 2 lần'
    """
    if not text:  # as with most answers
        return ""
    text = unicodedata.normalize("NFC", text)
    text = "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" or c == "\u200d" else " " for c in text)
    text, kept = set_aside(text)
    for pattern in _PATTERNS:
        text = pattern.sub(REMOVED, text)
    for pattern in (_TELLS_NAME, _AFTER_TITLE, _AFTER_TITLE_SMALL, _AFTER_TITLE_CLEAR):
        text = pattern.sub(_keep_the_title, text)
    for pattern in (_FULL_NAME, _MIDDLE, _SMALL_NAME):
        text = pattern.sub(REMOVED, text)
    text = put_back(text, kept, REMOVED)
    return re.sub(rf"(?:{re.escape(REMOVED)}[\s,.\-]*)+{re.escape(REMOVED)}", REMOVED, text).strip()


def _keep_the_title(found: re.Match[str]) -> str:
    name = found.group(1)
    if name.split()[0].lower() in _NOT_NAMES:
        return found.group(0)
    return found.group(0)[: found.start(1) - found.start(0)] + REMOVED

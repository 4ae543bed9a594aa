"""What a text file is written in: UTF-8 passes, everything else is named, with the way to save it rightly.

The old Vietnamese fonts (TCVN3, VNI) show other letters than the file holds, so that a file may even be sound UTF-8 and
every word in it nonsense; that is judged by whether the words come out as Vietnamese syllables.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from sipas.errors import N_, BadFile
from sipas.tables.old_fonts import OF_TCVN3, from_tcvn3, old_font_of, share_of_vni, vietnamese

BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
CHUNK = 1 << 20

NOT_UTF8 = N_(
    "{file} is written in {encoding}, not in UTF-8 (line {line}). Save it again: in Excel as “CSV UTF-8 (Comma "
    "delimited)”, in Notepad with the encoding UTF-8"
)
OLD_FONTS = {"TCVN3": "TCVN3 (.VnTime)", "VNI": "VNI (VNI-Times)"}
OLD_FONT = N_(
    "{file} is written for the old fonts of {encoding}, not in Unicode (line {line}), so its words cannot be read. "
    "Convert it to Unicode, with UniKey for instance, and save it as “CSV UTF-8”"
)
NUL_BYTE = N_("{file}, line {line} holds a zero byte: this is no text file, or it is damaged; export it again")


def body_of_utf8(data: bytes, file: str) -> bytes:
    """The bytes after the byte order mark, once they are known to be UTF-8 text; raises `BadFile` otherwise."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            raise BadFile(NOT_UTF8, file=file, encoding=encoding, line=1)
    data = data.removeprefix(codecs.BOM_UTF8)
    nul = data.find(b"\0")
    if nul >= 0:
        if _looks_like_utf16(data):
            raise BadFile(NOT_UTF8, file=file, encoding="UTF-16", line=1)
        raise BadFile(NUL_BYTE, file=file, line=_line_at(data, nul))
    wrong = _first_byte_that_is_not_utf8(data)
    if wrong is not None:
        encoding = _legacy_name(data)
        template = OLD_FONT if encoding in OLD_FONTS else NOT_UTF8
        raise BadFile(template, file=file, encoding=OLD_FONTS.get(encoding, encoding), line=_line_at(data, wrong))
    old = old_font_of(data[: 4 * CHUNK].decode(errors="replace"))
    if old:
        raise BadFile(OLD_FONT, file=file, encoding=OLD_FONTS[old], line=1)
    return data


def _first_byte_that_is_not_utf8(data: bytes) -> int | None:
    if data.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data) or 1, CHUNK):
        chunk = data[start : start + CHUNK]
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, final=start + CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return start - held + error.start
    return None


def _looks_like_utf16(data: bytes) -> bool:
    head = data[:4000]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    return max(even, odd) > len(head) // 5 and min(even, odd) < len(head) // 50 + 1


def _legacy_name(data: bytes) -> str:
    """The old encoding in which the words of a file come out as Vietnamese; what looks like none is Windows-1252.

    Windows-1258 writes tones as marks after the vowel, and has đ, ơ and ư.
    """
    head = data[: 4 * CHUNK]
    text = head.decode("windows-1258", errors="replace")
    likely = {
        "Windows-1258": vietnamese(unicodedata.normalize("NFC", text)),
        "TCVN3": vietnamese(from_tcvn3(head)) if len(OF_TCVN3.findall(head)) > 1 else 0.0,
        "VNI": share_of_vni(head.decode("cp1252", errors="replace")),
    }
    best = max(likely, key=lambda name: likely[name])
    if likely[best] > 0.5:
        return best
    if re.search("[AEIOUYaeiouyĂăÂâÊêÔôƠơƯư][\u0300\u0301\u0303\u0309\u0323]|[đĐơƠưƯ]", text):
        return "Windows-1258"
    return "Windows-1252"


def _line_at(data: bytes, offset: int) -> int:
    return len(re.findall(rb"\r\n|\n|\r", data[:offset])) + 1

"""Text in a language that is not the page's: what a catalog lacks is said in Vietnamese, and a screen reader has to
know where, or it reads Vietnamese with the sounds of another language (WCAG 3.1.2). Such a text carries a mark at each
end until the page is whole; then the marks become `<span lang="vi">`, or go where no element may stand.
"""

from __future__ import annotations

import gettext
import re

from markupsafe import Markup

BEGINS, ENDS = "\ue000", "\ue001"  # for private use in Unicode: no keyboard types them, no catalog holds them
TEXT_ONLY = "title|textarea|option|script|style"
PIECES = re.compile(
    rf"""<!--.*?--> | <(?P<bare>{TEXT_ONLY})\b.*?</(?P=bare)> | <(?:"[^"]*"|'[^']*'|[^'">])*> | [^<]+ | <""",
    re.DOTALL | re.VERBOSE,
)


def borrowed(text: str) -> str:
    """The Vietnamese `text`, to stand on a page in another language."""
    return f"{BEGINS}{text}{ENDS}" if text else text


def without_marks(text: str) -> str:
    """Without marks, for whatever is no page.

    >>> without_marks(borrowed("Dừng"))
    'Dừng'
    """
    return text.replace(BEGINS, "").replace(ENDS, "")


def say_whose(page: str) -> str:
    """The page with each borrowed text named as Vietnamese; within a tag the text alone.

    >>> print(say_whose(f'<p title="{borrowed("Dừng")}">{borrowed("Dừng")} <b>a</b></p>'))
    <p title="Dừng"><span lang="vi">Dừng</span> <b>a</b></p>
    """
    if BEGINS not in page:
        return page
    return Markup("").join(Markup(_piece(found[0])) for found in PIECES.finditer(page))  # noqa: S704  (it was one)


def _piece(piece: str) -> str:
    if piece.startswith("<"):
        return without_marks(piece)
    return piece.replace(BEGINS, '<span lang="vi">').replace(ENDS, "</span>")


class Lender(gettext.NullTranslations):
    """The Vietnamese catalog as another language's fallback: what it says is marked."""

    def __init__(self, vietnamese: gettext.NullTranslations) -> None:
        super().__init__()
        self.vietnamese = vietnamese

    def gettext(self, message: str) -> str:
        return borrowed(self.vietnamese.gettext(message))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return borrowed(self.vietnamese.ngettext(msgid1, msgid2, n))

    def pgettext(self, context: str, message: str) -> str:
        return borrowed(self.vietnamese.pgettext(context, message))

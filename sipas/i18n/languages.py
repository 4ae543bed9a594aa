"""The languages we know of, each with its number in stored answers. A new one gets the next number; none is ever
renumbered, and none leaves the table, for answers given in it remain.

The code is the tag that addresses and HTML carry (BCP 47): `blt` is Tai Dam, the Thái of Sơn La; `hmn` is Mông. CLDR
has no locale for them, so their catalogs are variants of Vietnamese, `vi@...`; what they lack is said in Vietnamese.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipas.errors import N_

OWN_NAME = N_("the name of this language, as its speakers write it")


@dataclass(frozen=True)
class Language:
    """One language in one script."""

    code: str  # as addresses and HTML name it
    number: int  # as stored with each answer
    called: str  # as officers call it
    folder: str  # of its catalogs in `translations`
    name: str = ""  # as its speakers write it; empty: its translators say it, at `OWN_NAME`
    sheet: str = ""  # style that brings the letters which the other fonts lack


EVERY = (
    Language("vi", 1, N_("Vietnamese"), "vi", "Tiếng Việt"),
    Language("en", 2, N_("English"), "en", "English"),
    Language("blt-Tavt", 3, N_("Tai Dam, in its own letters"), "vi@taiviet", sheet="css/tai-viet.css"),
    Language("blt-Latn", 4, N_("Tai Dam, in Latin letters"), "vi@tailatin"),
    Language("hmn", 5, N_("Hmong"), "vi@mong"),
)
KNOWN = {one.code: one for one in EVERY}
NUMBERS = {one.code: one.number for one in EVERY}
COMPLETE = ("vi", "en")  # said whole on every page; the tests see to it

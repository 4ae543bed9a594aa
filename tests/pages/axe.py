"""axe-core, vendored: the file of that version and no other, asked about the page that is open."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from playwright.sync_api import Page

VERSION = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
FILE = Path(__file__).parent / "axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


@lru_cache(maxsize=1)
def _axe() -> str:
    text = FILE.read_bytes()
    assert hashlib.sha256(text).hexdigest() == SHA256, f"{FILE} is not axe-core {VERSION}"
    return text.decode()


def brought_along(page: Page) -> Page:
    """The page, whose documents from here on have axe from their start: sent once, not to each of them."""
    page.context.add_init_script(_axe())
    return page


def violations(page: Page) -> list[str]:
    """What axe finds wrong, one line each: the rule, why, and the first element."""
    if page.evaluate("typeof axe === 'undefined'"):  # a document keeps it from one state to the next
        page.evaluate(_axe())
    found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
    assert len(found["passes"]) > 10  # it did look
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}" for one in found["violations"]]

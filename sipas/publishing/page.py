"""The page inside a release folder: the same parts as the public pages, in one file that opens from a disk.

Style sheets lie within, there is no script, and nothing is fetched. No Flask in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.disclosure.safe_table import SafeTable
from sipas import i18n
from sipas.publishing.charts import TEMPLATE_TOOLS
from sipas.publishing.release_view import ReleaseView

HERE = Path(__file__).resolve().parent.parent
STYLES = ("tokens", "base", "pages")
OTHER_FILES = {"vi": "index.html", "en": "index.en.html"}


def render(manifest: Mapping[str, Any], table: SafeTable, language: str) -> str:
    """The whole page of a release in one language; equal inputs give equal text."""
    with i18n.speaking(language):
        return _environment().get_template("release/page.html").render(
            edition=ReleaseView(manifest, table, language), style=_style(), files=OTHER_FILES
        )  # fmt: skip


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: i18n.catalog(i18n.language(), "messages").gettext(text) if text else "",
        lambda one, many, n: i18n.catalog(i18n.language(), "messages").ngettext(one, many, n),
        newstyle=True,
    )
    environment.globals.update(TEMPLATE_TOOLS, languages=i18n.LANGUAGES, language=i18n.language)
    environment.filters.update(number=i18n.number, percent=i18n.percent, month=i18n.month)
    return environment


@lru_cache(maxsize=1)
def _style() -> Markup:
    return Markup("\n".join((HERE / f"static/css/{name}.css").read_text(encoding="utf-8") for name in STYLES))  # noqa: S704

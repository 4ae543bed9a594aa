"""The command line's library, Click, in the language of the command line.

Its sentences come from a catalog of their own (`click`), which it finds as any program does: by gettext's text domain.
The words that stand for a value (`--by TEXT`) are not translated by Click; they are listed here, in our own catalog.
"""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Callable

import click

from sipas import i18n
from sipas.errors import N_
from translations import FOLDER

DOMAIN = "click"
WORDS = (
    N_("CODE"),
    N_("DATA"),
    N_("DEPUTY"),
    N_("DEVICE"),
    N_("DIRECTORY"),
    N_("DOSSIERS"),
    N_("PERIOD"),
    N_("FILE"),
    N_("FILES"),
    N_("FLOAT"),
    N_("FOLDER"),
    N_("FRAME"),
    N_("INSTRUMENT"),
    N_("INTEGER"),
    N_("KEYS"),
    N_("LABEL"),
    N_("LANGUAGE"),
    N_("LIST"),
    N_("METHOD"),
    N_("NAME"),
    N_("PATH"),
    N_("RATIO"),
    N_("POINT"),
    N_("INTEGER RANGE"),
    N_("FLOAT RANGE"),
    N_("RELEASE"),
    N_("TABLE"),
    N_("TEXT"),
    N_("VALUE"),
    N_("WAVE"),
    N_("WAVE:ASPECT"),
    N_("WORD"),
    N_("WORDS"),
    N_("COLUMN"),
    N_("COMMAND"),
    N_("ARGS"),
    N_("OPTIONS"),
    N_("YYYY-MM-DD"),
)
PLACEHOLDER = re.compile(r"YYYY-MM-DD|(?:INTEGER|FLOAT) RANGE|\b[A-Z]{3,}(?::[A-Z]+)?\b")


def speak_the_language() -> None:
    """Make Click speak the language of this process from now on, usage, errors and placeholders alike.

    The text domain is the process's one: Click is the only library here that asks it, pages ask their own catalogs.
    LANGUAGE is what gettext reads first, and SIPAS_LANGUAGE may differ from the locale.
    """
    os.environ["LANGUAGE"] = i18n.language()
    gettext.bindtextdomain(DOMAIN, str(FOLDER))
    gettext.textdomain(DOMAIN)
    click.Option.make_metavar = _in_words(click.Option.make_metavar)  # type: ignore[method-assign]
    click.Argument.make_metavar = _in_words(click.Argument.make_metavar)  # type: ignore[method-assign]
    click.Command.collect_usage_pieces = _pieces(click.Command.collect_usage_pieces)  # type: ignore[method-assign]
    click.Group.collect_usage_pieces = _pieces(click.Group.collect_usage_pieces)  # type: ignore[method-assign]


def placeholders(text: str) -> str:
    """What stands for a value in usage and help (`--by TEXT`), in the language now spoken."""
    return PLACEHOLDER.sub(lambda found: i18n._(found[0]), text.replace("%Y-%m-%d", "YYYY-MM-DD"))


def _in_words(make: Callable[..., str]) -> Callable[..., str]:
    return lambda self, ctx: placeholders(make(self, ctx))


def _pieces(collect: Callable[..., list[str]]) -> Callable[..., list[str]]:
    return lambda self, ctx: [placeholders(piece) for piece in collect(self, ctx)]

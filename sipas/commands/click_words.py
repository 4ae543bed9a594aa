"""The words of the command line's library in the reader's language: it asks gettext, we hand it our catalog.

The names of its sentences stand here so that they are collected for those who translate.
"""

from __future__ import annotations

import importlib

from sipas import i18n
from sipas.errors import N_

MODULES = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")
WORDS = (
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Positional arguments"),
    N_("required"),
    N_("default: {default}"),
    N_("env var: {var}"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("Invalid value for {param_hint}: {message}"),
    N_("Invalid value: {message}"),
    N_("Missing option"),
    N_("Missing argument"),
    N_("Missing command."),
    N_("No such command {name!r}."),
    N_("No such option {name!r}."),
    N_("Option {name!r} does not take a value."),
    N_("Choose from:\n\t{choices}"),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("{name} {filename!r} does not exist."),
    N_("{name} {filename!r} is a directory."),
    N_("{name} {filename!r} is a file."),
    N_("file"),
    N_("directory"),
    N_("path"),
    N_("Aborted!"),
    N_("Error: The two entered values do not match."),
)


def hand_over() -> None:
    """From now on the library speaks the language now spoken."""
    for name in MODULES:
        module = importlib.import_module(f"click.{name}")
        module._ = _said  # type: ignore[attr-defined]
        if hasattr(module, "ngettext"):
            module.ngettext = _counted  # type: ignore[attr-defined]


def _said(text: str) -> str:
    return i18n.catalog(i18n.language(), "messages").gettext(text) if text else ""


def _counted(one: str, many: str, n: int) -> str:
    return i18n.catalog(i18n.language(), "messages").ngettext(one, many, n)

"""The words of the command line's library in the reader's language: it asks gettext, we hand it our catalog.

The names of its sentences stand here so that they are collected for those who translate.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable

import click

from sipas import i18n
from sipas.errors import N_


def plural(one: str, many: str) -> str:
    """Marks a sentence with two forms for the catalogs."""
    return one or many


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
    N_("Error: invalid input"),
    N_("Repeat for confirmation"),
    N_("Missing parameter"),
    N_("Missing parameter: {param_name}"),
    N_("Could not open file {filename!r}: {message}"),
    N_("{name} {filename!r} is not readable."),
    N_("{name} {filename!r} is not writable."),
    N_("unknown error"),
    plural("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    plural("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    plural("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    plural("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    plural(
        "{value!r} does not match the format {format}.",
        "{value!r} does not match the formats {formats}.",
    ),
    N_("CODE"),
    N_("DATA"),
    N_("DEVICE"),
    N_("DIRECTORY"),
    N_("DOSSIERS"),
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
    N_("COMMAND"),
    N_("ARGS"),
    N_("OPTIONS"),
    N_("YYYY-MM-DD"),
)
PLACEHOLDER = re.compile(r"YYYY-MM-DD|(?:INTEGER|FLOAT) RANGE|\b[A-Z]{3,}(?::[A-Z]+)?\b")


def hand_over() -> None:
    """From now on the library speaks the language now spoken."""
    for name in MODULES:
        module = importlib.import_module(f"click.{name}")
        module._ = _said  # type: ignore[attr-defined]
        if hasattr(module, "ngettext"):
            module.ngettext = _counted  # type: ignore[attr-defined]
    click.Option.make_metavar = _in_words(click.Option.make_metavar)  # type: ignore[method-assign]
    click.Argument.make_metavar = _in_words(click.Argument.make_metavar)  # type: ignore[method-assign]
    click.Command.collect_usage_pieces = _pieces(click.Command.collect_usage_pieces)  # type: ignore[method-assign]
    click.Group.collect_usage_pieces = _pieces(click.Group.collect_usage_pieces)  # type: ignore[method-assign]


def placeholders(text: str) -> str:
    """What stands for a value in usage and help (`--by TEXT`), in the language now spoken."""
    return PLACEHOLDER.sub(lambda found: _said(found[0]), text.replace("%Y-%m-%d", "YYYY-MM-DD"))


def _in_words(make: Callable[..., str]) -> Callable[..., str]:
    return lambda self, ctx: placeholders(make(self, ctx))


def _pieces(collect: Callable[..., list[str]]) -> Callable[..., list[str]]:
    return lambda self, ctx: [placeholders(piece) for piece in collect(self, ctx)]


def _said(text: str) -> str:
    return i18n.catalog(i18n.language(), "messages").gettext(text) if text else ""


def _counted(one: str, many: str, n: int) -> str:
    return i18n.catalog(i18n.language(), "messages").ngettext(one, many, n)

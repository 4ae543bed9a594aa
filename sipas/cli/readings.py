"""What was understood of the files that a command read: doubts always, the whole account with --explain."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from sipas.i18n import _, say

if TYPE_CHECKING:
    from sipas.tables.account import Reading

KEY = "sipas.readings"
EXPLAIN = "sipas.explain"
Command = Callable[..., Any]


class Readings:
    """The accounts of one command's files; each sentence is said once."""

    def __init__(self, files: list[Reading], explain: bool) -> None:
        self.files, self.explain = files, explain
        self._said: set[str] = set()

    def say(self) -> None:
        """Say on standard error what was not said yet."""
        for text in self.sentences(whole=self.explain):
            if text not in self._said:
                self._said.add(text)
                click.echo(text, err=True)

    def sentences(self, whole: bool = True) -> list[str]:
        """The account in the reader's language, each sentence once; without `whole` the doubts alone."""
        found = [say(line) for file in self.files if whole for line in file.sentences()]
        found += [say(doubt) for file in self.files for doubt in file.doubts]
        return list(dict.fromkeys(found))

    def records(self) -> list[dict[str, Any]]:
        """The account for scripts."""
        return [file.record() for file in self.files]


def readings() -> Readings:
    """Those of the command that runs; empty ones where it gathers none."""
    context = click.get_current_context(silent=True)
    return context.meta[KEY] if context is not None and KEY in context.meta else Readings([], explain=False)


@contextmanager
def told_readings() -> Iterator[None]:
    """Gathers the accounts of the files that are read inside, and says at the end what nobody said."""
    from sipas.tables.account import gathered_readings

    meta = click.get_current_context().meta
    with gathered_readings() as files:
        meta[KEY] = Readings(files, meta.get(EXPLAIN, False))
        try:
            yield
        finally:
            meta[KEY].say()


def telling(command: Command) -> Command:
    """The command with `told_readings` around it."""

    @functools.wraps(command)
    def run(*given: Any, **named: Any) -> Any:
        with told_readings():
            return command(*given, **named)

    return run


def _keep(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    ctx.meta[EXPLAIN] = value


explain = click.option(
    "--explain",
    is_flag=True,
    expose_value=False,
    callback=_keep,
    help=_("Say how each file was read: sheet, header, encoding, separator, decimal mark, rows."),
)

sheet = click.option(
    "--sheet",
    default="",
    metavar=_("NAME"),
    help=_("The sheet of a workbook to read (default: the first that is not hidden)."),
)

"""The files that commands write: over an input is refused; over another file it is asked, or said by `--replace`.

`writing` does that for every parameter of the type Destination, against every file among the command's other ones.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from sipas.i18n import _

Command = Callable[..., Any]
KEY = "sipas.replace"


class Destination(click.Path):
    """A file to be written."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)


def writing(command: Command) -> Command:
    """A command that writes files: with --replace, and with a look at what lies there before it begins."""

    @functools.wraps(command)
    def guarded(*args: Any, **values: Any) -> Any:
        guard(click.get_current_context())
        return command(*args, **values)

    return click.option(
        "--replace",
        is_flag=True,
        expose_value=False,
        callback=lambda ctx, _param, said: ctx.meta.update({KEY: said}),
        help=_("Replace the file if it is there already."),
    )(guarded)


def writes_to(*names: str, **more: Any) -> Callable[[Command], Command]:
    """The option of a file that a command writes, and --replace with it."""
    return lambda command: click.option(*names, type=Destination(), **more)(writing(command))


def guard(ctx: click.Context) -> None:
    """Raise OverInput or AlreadyThere for a file of this call that must not be written; at a terminal it is asked."""
    from sipas.files.destinations import is_there, refuse_existing, refuse_input

    outputs, inputs = [*_paths(ctx, is_output=True)], [*_paths(ctx, is_output=False)]
    for target in outputs:
        refuse_input(target, inputs)
        if is_there(target):
            refuse_existing(target, bool(ctx.meta.get(KEY)) or _may_go(target))


def _may_go(target: Path) -> bool:
    """Whether somebody at a terminal says so."""
    return _at_a_terminal() and click.confirm(
        _("{file} is there already. Replace it? (y: yes, N: no)", file=str(target)), err=True
    )


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _paths(ctx: click.Context, is_output: bool) -> Iterator[Path]:
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        if isinstance(param.type, click.Path) and isinstance(param.type, Destination) == is_output:
            yield from (Path(one) for one in (value if isinstance(value, tuple | list) else [value]) if one is not None)

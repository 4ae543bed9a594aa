"""What the operator does stands in the log: commands that PERMISSIONS calls LOGGED are noted before and after."""

from __future__ import annotations

import functools
from typing import Any

import click


def with_log(name: str, command: click.Command) -> click.Command:
    """The command, or group, whose logged commands note what they do; `name` is its own ("wave")."""
    from sipas.accounts.permissions import LOGGED, OPERATOR, PERMISSIONS

    if isinstance(command, click.Group):
        for word, one in command.commands.items():
            with_log(f"{name} {word}", one)
    elif PERMISSIONS.get(name, {}).get(OPERATOR) == LOGGED and not hasattr(command, "is_logged"):
        command.callback = _noting(name, command.callback)
        command.is_logged = True  # type: ignore[attr-defined]
    return command


def _noting(name: str, run: Any) -> Any:
    @functools.wraps(run)
    def noting(*values: Any, **named: Any) -> Any:
        from sipas.accounts import audit_log
        from sipas.cli.common import settings
        from sipas.errors import SipasError

        try:
            where = settings()
        except SipasError:
            return run(*values, **named)  # `sipas config` mends what cannot be read; where to log is not known
        if not where.paths.keys.is_dir():  # no home yet: the command says so itself
            return run(*values, **named)
        with audit_log.deed(where.home, "", name, _target(named)):
            return run(*values, **named)

    return noting


def _target(named: dict[str, Any]) -> str:
    """What the command was called for: a wave, a point, a release, a setting's name; never a secret or a path."""
    return next((str(named[word]) for word in ("wave", "code", "point", "name") if named.get(word)), "")

"""Long work says which step it has reached; whoever called shows it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]  # takes the step as a template for `sipas.i18n`


def silent(step: str) -> None:
    """Show nothing."""

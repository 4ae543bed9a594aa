"""Who decides: an account that showed password and second factor just now, or, in an emergency, a typed name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decider:
    """Somebody who builds, approves or says something that binds; `account` is "" for a typed name.

    A name is typed in an emergency, whose reason is printed in the manifest, and by the demo and tests.
    """

    name: str
    account: str = ""
    emergency: str = ""


def typed(name: str, emergency: str = "") -> Decider:
    """Somebody of whom only a typed name is known."""
    return Decider(name, "", emergency)


def how_known(builder: str | None, approver: str | None) -> str:
    """How the two people of a release are known, as its manifest says: by accounts, or as typed names."""
    return "accounts" if builder and approver else "typed names"

"""Text -> value of the settings by which somebody is told (`sipas doctor --notify`). Each raises NotReady, naming the
setting, where what was given makes no sense."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sipas.config.values import Name
from sipas.errors import N_, NotReady


def mail(name: Name, text: str) -> str:
    """One mail address."""
    if not re.fullmatch(r"[^\s@<>,]+@[^\s@<>,]+", text):
        raise NotReady(
            N_("{name} is “{text}”; give a mail address, such as it@sonla.example.vn."), name=name, text=text
        )
    return text


def mails(name: Name, text: str) -> tuple[str, ...]:
    """Several of them."""
    return tuple(mail(name, part.strip()) for part in text.split(",") if part.strip())


def port(name: Name, text: str) -> int:
    """A port of a server."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise NotReady(N_("{name} is “{text}”; give a port from 1 to 65535."), name=name, text=text)
    return int(text)


def security(name: Name, text: str) -> str:
    """How the line to a mail server is protected."""
    known = ("starttls", "tls", "none")
    if text not in known:
        raise NotReady(N_("{name} is “{text}”; choose from {known}."), name=name, text=text, known=", ".join(known))
    return text


def webhook(name: Name, text: str) -> str:
    """An address that takes what is posted; never repeated, for whoever knows it can write there."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotReady(N_("{name} is no address that begins with https:// or http://."), name=name)
    return text

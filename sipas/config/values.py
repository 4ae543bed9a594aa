"""Text -> value of a setting, and back. Each reader takes the setting's name and what was given for it, and raises
NotReady, naming it, where that makes no sense."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from sipas.errors import N_, NotReady, SipasError
from sipas.i18n.languages import KNOWN

PARTS = ("kiosk", "desk", "results")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Name = str | SipasError  # a sentence too, where the value stands in a line of a file


def text_of(value: object) -> str:
    """A value as somebody would give it.

    >>> text_of(("vi", "en")), text_of(2.0), text_of((dt.date(2027, 4, 30),))
    ('vi,en', '2', '2027-04-30')
    """
    if isinstance(value, tuple):
        return ",".join(map(text_of, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def without_password(address: str) -> str:
    """A database's address as it may be shown.

    >>> without_password("postgresql+psycopg://hoa:word@host/sipas"), without_password("sqlite:////srv/sipas.sqlite")
    ('postgresql+psycopg://***@host/sipas', 'sqlite:////srv/sipas.sqlite')
    """
    scheme, mark, rest = address.partition("://")
    secret, at, host = rest.rpartition("@")
    return f"{scheme}{mark}***@{host}" if at and ":" in secret else address


def path(name: Name, text: str) -> Path:
    """A folder's path, whole."""
    return Path(text).expanduser().absolute()


def parts(name: Name, text: str) -> tuple[str, ...]:
    """Parts of the application."""
    found = tuple(_listed(text))
    for part in found:
        if part not in PARTS:
            raise NotReady(
                N_("{name}: there is no part “{part}”; choose from {known}."),
                name=name,
                part=part,
                known=", ".join(PARTS),
            )
    return found


def languages(name: Name, text: str) -> tuple[str, ...]:
    """Codes of languages, Vietnamese first."""
    codes = tuple(dict.fromkeys(("vi", *_listed(text))))
    for code in codes:
        if code not in KNOWN:
            raise NotReady(
                N_("{name}: there is no language “{code}”; choose from {known}."),
                name=name,
                code=code,
                known=", ".join(KNOWN),
            )
    return codes


def workers(name: Name, text: str) -> int:
    """A number of processes."""
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise NotReady(N_("{name} is “{text}”; give a whole number from 1 to 64."), name=name, text=text)
    return int(text)


def count(name: Name, text: str) -> int:
    """A whole number above zero."""
    if not text.isdecimal() or not 1 <= int(text) <= 10**9:
        raise NotReady(N_("{name} is “{text}”; give a whole number above zero."), name=name, text=text)
    return int(text)


def days(name: Name, text: str) -> int:
    """A number of days, ten years at most."""
    if not text.isdecimal() or int(text) > 3660:
        raise NotReady(N_("{name} is “{text}”; give a whole number of days from 0 to 3660."), name=name, text=text)
    return int(text)


def closed_days(name: Name, text: str) -> tuple[dt.date, ...]:
    """Days and stretches of days, each day once."""
    found: list[dt.date] = []
    for part in _listed(text):
        first, _, last = part.partition("/")
        try:
            start, end = dt.date.fromisoformat(first.strip()), dt.date.fromisoformat((last or first).strip())
        except ValueError:
            start, end = dt.date.max, dt.date.min
        if not 0 <= (end - start).days <= 366:
            raise NotReady(
                N_("{name}: “{part}” is neither a day such as 2027-04-30 nor a stretch such as 2027-02-05/2027-02-11."),
                name=name,
                part=part,
            )
        found += [start + dt.timedelta(days=one) for one in range((end - start).days + 1)]
    return tuple(sorted(set(found)))


def seconds(name: Name, text: str) -> float:
    """Seconds, a minute at most."""
    try:
        found = float(text)
    except ValueError:
        found = 0
    if not 0.1 <= found <= 60:
        raise NotReady(N_("{name} is “{text}”; give a number of seconds from 0.1 to 60."), name=name, text=text)
    return found


def database_url(name: Name, text: str) -> str:
    """SQLAlchemy's address of a database of a kind that we know."""
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise NotReady(
            N_(
                "{name} is “{text}”; give an address such as postgresql+psycopg://user@host/sipas, or leave it empty "
                "for the file sipas.sqlite in the home folder."
            ),
            name=name,
            text=text.split("@")[-1],  # what stands before may hold a password
        )
    return text


def address(name: Name, text: str) -> str:
    """The address of a server, without a path."""
    try:
        found = urlsplit(text)
        is_whole = found.scheme in ("http", "https") and found.hostname and (found.port or True)
    except ValueError:  # brackets or a port that are none
        is_whole = False
    if not is_whole or "@" in text or found.path.strip("/") or found.query or found.fragment:
        raise NotReady(
            N_("{name} is “{text}”; give the address of a server, such as https://sonla.example.vn."),
            name=name,
            text=text,
        )
    return f"{found.scheme}://{found.netloc}"


def addresses(name: Name, text: str) -> tuple[str, ...]:
    """Several of them."""
    return tuple(address(name, part) for part in _listed(text))


def networks(name: Name, text: str) -> tuple[Network, ...]:
    """Addresses in numbers, and networks."""
    try:
        return tuple(map(ipaddress.ip_network, _listed(text)))
    except ValueError:
        raise NotReady(
            N_("{name} is “{text}”; give addresses or networks, such as 127.0.0.1,10.0.0.0/28."), name=name, text=text
        ) from None


def as_it_stands(name: Name, text: str) -> str:
    """Any text."""
    return text


Read = Callable[[Name, str], object]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]

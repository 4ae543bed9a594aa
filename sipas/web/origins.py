"""What this server is called, and which of those names are its own.

A request says by which name it asks (`Host`), and anybody can say anything. So the name is taken out of the request
before the application sees it: nothing can print it, cache it, or build an address from it. It serves two questions
only: whether a form came from a page of ours, and whether the desk is asked by a name of ours. A stranger's name can be
made to point to an address inside an office (DNS rebinding), and his page is then "the same site" for a browser; a
number, `localhost` or a name under HTTPS cannot be had that way.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, request

from sipas import logs
from sipas.config.settings import Settings
from sipas.errors import N_, SipasError
from sipas.web.installation import installation, of_app

_CALLED = "sipas.called"  # where the middleware leaves the name
_PORTS = {"http": 80, "https": 443}


class StrangeName(SipasError):
    """The desk was asked by a name that this server does not know for its own."""

    status = 421


@dataclass(frozen=True)
class WebOrigin:
    """Scheme, name and port, as browsers write them; `name` is "" where there is none to read."""

    scheme: str
    name: str
    port: int | None

    @classmethod
    def of(cls, text: str) -> WebOrigin:
        """The place of an address, an `Origin` or, with an empty scheme, a `Host`."""
        try:
            parts = urlsplit(text)
            name, port = (parts.hostname or "").rstrip("."), parts.port
            if not name.isascii():
                name = name.encode("idna").decode()
        except ValueError:  # UnicodeError too
            return cls("", "", None)
        return cls(parts.scheme, name, None if port == _PORTS.get(parts.scheme) else port)

    @property
    def is_fixed(self) -> bool:
        """Whether it is a number or this machine itself: no stranger's name server has a say in that."""
        try:
            return bool(ipaddress.ip_address(self.name))
        except ValueError:
            return self.name == "localhost" or self.name.endswith(".localhost")


@dataclass(frozen=True)
class Own:
    """The addresses that the operator gave this server."""

    places: tuple[WebOrigin, ...]

    @classmethod
    def of(cls, settings: Settings) -> Own:
        """The settings `address` and `other_addresses`."""
        return cls(tuple(map(WebOrigin.of, filter(None, (settings.address, *settings.other_addresses)))))

    def has(self, called: WebOrigin) -> bool:
        """Whether this is a name of ours, at whatever port."""
        return called.is_fixed or any(one.name == called.name for one in self.places)

    def sent(self, origin: WebOrigin, called: WebOrigin) -> bool:
        """Whether a page of ours sent this: one at a configured address, or at the very name and port that is asked.

        A configured name by another scheme is not ours: anybody on the line can be plain HTTP. Where nothing is
        configured any name will do, as it must for a first trial.
        """
        if origin in self.places:
            return True
        there = (origin.name, origin.port)
        if not origin.name or there in [(one.name, one.port) for one in self.places]:
            return False
        return there == (called.name, called.port) and (not self.places or self.has(called))


def install(app: Flask) -> None:
    """Hides from the application what a request calls this server; refuses forged posts, and the desk at strange
    names."""
    settings = of_app(app).settings
    own = Own.of(settings)
    app.wsgi_app = _Unnamed(app.wsgi_app, settings)  # type: ignore[method-assign]

    @app.before_request
    def refuse_strangers() -> None:
        called = WebOrigin.of("//" + request.environ.get(_CALLED, ""))
        vouched = request.is_secure or "Sec-Fetch-Site" in request.headers  # browsers send that over safe lines alone
        if request.blueprint == "desk" and not vouched and not own.has(called):
            raise StrangeName(
                N_(
                    "The desk opens only at names that the settings “address” or “other_addresses” give to this "
                    "server, at its number (IP address), or under HTTPS."
                )
            )
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if site is not None:
            allowed = site in ("same-origin", "none")
        else:
            allowed = origin is None or own.sent(WebOrigin.of(origin), called)
        if allowed:
            return
        logs.seldom("form refused", why="another site, or a name of this server that is not among its addresses")
        abort(403)


def by_https() -> bool:
    """Whether the browser that asks came by HTTPS, as far as can be known behind a proxy that ends it: a form says so
    itself (`Origin`), otherwise the configured address decides."""
    origin = WebOrigin.of(request.headers.get("Origin", ""))
    if request.is_secure or origin.scheme in _PORTS:
        return request.is_secure or origin.scheme == "https"
    return WebOrigin.of(installation().settings.address).scheme == "https"


class _Unnamed:
    """A WSGI application that is asked by one name only, whatever the request says."""

    def __init__(self, application: Callable[..., Iterable[bytes]], settings: Settings) -> None:
        self._application, self._name = application, urlsplit(settings.address).netloc or "localhost"

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        called = environ.get("HTTP_HOST", "")
        return self._application({**environ, "HTTP_HOST": self._name, _CALLED: called}, start_response)

"""Between the server and the application: a request takes a thread only once all of it is here.

Handed on as it comes, twenty phones on a bad line would keep all threads waiting for the rest of their forms, and so
would one malicious program. Here what a visitor sends is gathered beside the threads, for so long and so much; then the
application (plain WSGI, as any server takes it) gets it whole.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

THREADS = 8  # of each worker process
SECONDS = 20.0  # in which all of a request must have come
LARGEST = 2**20  # bytes; parts of the application allow less


class Reply(NamedTuple):
    """A finished reply."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class TooLarge(Exception):
    """More was sent than any part of the application takes."""


class Gathering:
    """The application as an RSGI server calls it."""

    def __init__(self, application: Callable[..., Any], threads: int = THREADS, seconds: float = SECONDS) -> None:
        self._application, self._seconds = application, seconds
        self._threads = ThreadPoolExecutor(threads, "visit")  # starts its threads when they are needed, after any fork

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """One request."""
        if scope.proto != "http":
            protocol.close(403)
            return
        try:
            body = await asyncio.wait_for(_gathered(scope, protocol), self._seconds)
        except TimeoutError:
            protocol.response_str(408, [("connection", "close")], "")
            return
        except TooLarge:
            protocol.response_str(413, [("connection", "close")], "")
            return
        loop = asyncio.get_running_loop()
        protocol.response_bytes(*await loop.run_in_executor(self._threads, self._answer, environment(scope, body)))

    def _answer(self, environ: dict[str, Any]) -> Reply:
        said: list[Any] = []
        parts = self._application(environ, lambda status, headers, _failure=None: said.extend((status, headers)))
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = said
        return Reply(int(status.split(" ", 1)[0]), [(name.lower(), value) for name, value in headers], body)


async def _gathered(scope: Any, protocol: Any) -> bytes:
    if scope.method in ("GET", "HEAD"):
        return b""
    if int(scope.headers.get("content-length") or 0) > LARGEST:
        raise TooLarge
    parts, size = [], 0
    async for part in protocol:
        size += len(part)
        if size > LARGEST:
            raise TooLarge
        parts.append(part)
    return b"".join(parts)


def environment(scope: Any, body: bytes) -> dict[str, Any]:
    """A request as WSGI (PEP 3333) describes it."""
    host, _, port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope.path).decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client.strip("[]"),
        "REMOTE_PORT": client_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ", "
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ and key != "HTTP_HOST" else value
    return environ

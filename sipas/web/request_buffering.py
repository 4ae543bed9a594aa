"""Between the server and the application: a request takes a thread only once all of it is here.

Handed on as it comes, twenty phones on a bad line would keep all threads waiting for the rest of their forms, and so
would one malicious program. Here what a visitor sends is gathered beside the threads, for so long and so much; then the
application (plain WSGI, as any server takes it) gets it whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

THREADS = 8  # of each worker process
ASIDE = {"/desk/login": 72}  # threads for what may wait long: a flood of wrong passwords keeps no visitor's thread
SECONDS = 20.0  # in which all of a request must have come
LARGEST = 2**20  # bytes; parts of the application allow less

Reply = tuple[int, list[tuple[str, str]], bytes]


class Gathering:
    """The application as an RSGI server calls it."""

    def __init__(
        self,
        application: Callable[..., Any],
        threads: int = THREADS,
        seconds: float = SECONDS,
        ending: Callable[[], None] = lambda: None,
    ) -> None:
        self._application, self._seconds, self._threads, self._ending = application, seconds, threads, ending
        self._work: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self._aside: dict[str, SimpleQueue[tuple[Any, ...]]] = {path: SimpleQueue() for path in ASIDE}

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts the threads, in the worker itself: a fork takes none along."""
        lanes = [(self._work, self._threads), *((self._aside[path], count) for path, count in ASIDE.items())]
        for work, count in lanes:
            for number in range(count):
                threading.Thread(target=self._run, args=(work,), name=f"visit-{number}", daemon=True).start()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """What is to be done when a worker is asked to stop."""
        self._ending()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """One request."""
        if scope.proto != "http":
            protocol.close(403)
            return
        body = b""
        if len(scope.headers.get_all("host")) > 1:  # whoever passed it on may have believed the other one (RFC 9112)
            protocol.response_empty(400, [("connection", "close")])
            return
        if scope.method not in ("GET", "HEAD"):
            length = scope.headers.get("content-length")
            if length is None or int(length) > LARGEST:
                protocol.response_empty(411 if length is None else 413, [("connection", "close")])
                return
            try:
                async with asyncio.timeout(self._seconds):
                    body = await protocol()
            except TimeoutError:
                protocol.response_empty(408, [("connection", "close")])
                return
            except RuntimeError:  # granian's ProtocolClosed: the line broke in the middle
                protocol.response_empty(400, [("connection", "close")])
                return
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()
        work = self._aside.get(scope.path, self._work) if scope.method == "POST" else self._work
        work.put((loop, reply, environment(scope, body)))
        answer = await reply
        with contextlib.suppress(RuntimeError):  # whoever asked has gone
            protocol.response_bytes(*answer)

    def _run(self, work: SimpleQueue[tuple[Any, ...]]) -> None:
        while True:
            loop, reply, environ = work.get()
            try:
                answer = respond(self._application, environ)
            except Exception:  # the application shows a page for every fault of its own; this is a fault beside it
                logging.getLogger("sipas-events").error("failure beside the application")
                answer = 500, [("content-type", "text/plain")], b""
            loop.call_soon_threadsafe(_tell, reply, answer)


def _tell(reply: asyncio.Future[Reply], answer: Reply) -> None:
    if not reply.done():  # whoever asked may have gone
        reply.set_result(answer)


def respond(application: Callable[..., Any], environ: dict[str, Any]) -> Reply:
    """The finished reply of a WSGI application."""
    said: list[Any] = []
    parts = application(environ, lambda status, headers, _failure=None: said.append((status, headers)))
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers = said[-1]
    return int(status[:3]), [(name.lower(), value) for name, value in headers], body


def environment(scope: Any, body: bytes) -> dict[str, Any]:
    """A request as WSGI (PEP 3333) describes it."""
    host, _, port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
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
        if "_" in name:  # in WSGI X_Forwarded_For is X-Forwarded-For, which a proxy overwrites while it lets this pass
            continue
        key = _key(name)
        if key not in environ or key == "HTTP_HOST":
            environ[key] = value
        else:
            environ[key] += ("; " if key == "HTTP_COOKIE" else ", ") + value
    return environ


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"

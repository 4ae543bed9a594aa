"""What a visit costs the server: CPU of its processes by the kernel's count, while clients ask."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from surveys import load
from tests.serving import FORM, free_port

CLIENTS = 4
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def server(*words: str, **environment: str) -> Iterator[tuple[int, int]]:
    """A server in a process group of its own; gives its port and the group. `PORT` in the words is the port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", *(str(port) if word == "PORT" else word for word in words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **environment},
    )
    try:
        end = time.monotonic() + 30
        while not _is_up(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{words[0]} did not start")
            time.sleep(0.1)
        yield port, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_up(port: int) -> bool:
    try:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        line.request("GET", "/health")
        return line.getresponse().status == 200
    except OSError:
        return False


def cpu_of(group: int) -> float:
    """Seconds of CPU that the living processes of a group have used."""
    spent = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(words[2]) == group:
            spent += (int(words[11]) + int(words[12])) / TICKS
    return spent


def a_full_form() -> str:
    """The body that a browser posts from the full form: 18 items, and an id of its own."""
    instrument = load("service-2024")
    said = {code: "4" if instrument.item(code).kind == "rating" else "yes" for code in instrument.forms["full"]}
    return urllib.parse.urlencode({"id": secrets.token_hex(16), "service": "ho-tich", **said})


def milliseconds_per(deed: Callable[[http.client.HTTPConnection], None], port: int, group: int, times: int) -> float:
    """CPU of the server for one deed, over so many deeds of a few clients."""

    def some(count: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(count):
            deed(line)
        line.close()

    def all_of(count: int) -> None:
        threads = [threading.Thread(target=some, args=(count // CLIENTS,)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    all_of(times // 5)  # every thread of the server has met the form
    before = cpu_of(group)
    all_of(times)
    return 1000 * (cpu_of(group) - before) / (times // CLIENTS * CLIENTS)


def asks(
    method: str, path: str, status: int, body: Callable[[], str] = str
) -> Callable[[http.client.HTTPConnection], None]:
    """A deed: a request whose answer must have that status."""

    def deed(line: http.client.HTTPConnection) -> None:
        line.request(method, path, body() or None, {**(FORM if method == "POST" else {}), "Accept-Encoding": "gzip"})
        reply = line.getresponse()
        reply.read()
        if reply.status != status:
            raise RuntimeError(f"{method} {path}: {reply.status}")

    return deed

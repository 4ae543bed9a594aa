"""`sipas serve` as an operator starts it, and browsers that send to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

from tests import commands

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`sipas serve`, in a process group of its own; `alone` as an operator starts it, interpreter and all."""

    def __init__(self, home: Path, port: int = 0, alone: bool = False, **environment: str) -> None:
        self.home, self.port, self.alone = home, port or free_port(), alone
        self.environment = {**os.environ, "SIPAS_HOME": str(home), **environment}
        self.start()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        start = commands.started_alone if self.alone else commands.started
        self.process = start("serve", "--port", str(self.port), environ=self.environment)
        end = time.monotonic() + 30
        while not self.answers():
            assert self.process.poll() is None, "the server ended as it started"
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            line.request("GET", "/health")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def workers(self) -> list[int]:
        """The process numbers of its children."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        return [int(word) for word in found.stdout.split()]

    def kill(self) -> None:
        """`kill -9` for the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            while True:  # the workers die a moment after their parent
                os.killpg(self.process.pid, 0)
                time.sleep(0.01)


def a_body(**more: str) -> str:
    """What a browser sends from the short form, with an id of its own."""
    return urllib.parse.urlencode({"id": secrets.token_hex(16), "service": "ho-tich", "B1.2": "4", **more})


def post(port: int, body: str, point: str = "to-hieu-1", timeout: float = 10) -> int:
    """Sends a form on a connection of its own; the status of the reply, 0 where none came."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        line.request("POST", f"/k/{point}/vi", body, FORM)
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        line.close()


class Client(threading.Thread):
    """A browser that sends again, under the same id, until it is thanked."""

    def __init__(self, port: int, stop: threading.Event, **more: str) -> None:
        super().__init__(daemon=True)
        self.port, self.stop, self.more = port, stop, more
        self.thanked = self.again = 0

    def run(self) -> None:
        """One visit after the other until it is told to stop."""
        while not self.stop.is_set():
            body = a_body(**self.more)
            while post(self.port, body) != 303:
                self.again += 1
                time.sleep(0.05)
            self.thanked += 1


def steadily(port: int, rate: float, clients: int, seconds: float) -> list[float]:
    """Sends at a steady rate from so many browsers; how long each wait was, from the moment at which it was due."""
    waits: list[float] = []
    start = time.monotonic() + 0.2

    def send(first: int) -> None:
        for number in range(first, round(rate * seconds), clients):
            due = start + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            if post(port, a_body()) == 303:
                waits.append(time.monotonic() - due)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits

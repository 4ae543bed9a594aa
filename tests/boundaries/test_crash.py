"""Thank you means stored: a server that is killed again and again loses nothing and stores nothing twice."""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

from sipas.intake import stored
from tests.make import a_point, a_wave

ROUNDS = [5, pytest.param(50, marks=pytest.mark.long)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`sipas serve` as an operator starts it, in a process group of its own."""

    def __init__(self, home, port):
        self.home, self.port = home, port
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sipas.cli", "serve", "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "SIPAS_HOME": str(self.home)},
        )
        end = time.monotonic() + 20
        while not self.answers():
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)

    def answers(self):
        try:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            line.request("GET", "/health")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            while True:  # the workers die a moment after their parent
                os.killpg(self.process.pid, 0)
                time.sleep(0.01)


class Client(threading.Thread):
    """A browser that sends again, under the same id, until it is thanked."""

    def __init__(self, port, stop):
        super().__init__(daemon=True)
        self.port, self.stop, self.thanked = port, stop, 0

    def run(self):
        while not self.stop.is_set():
            body = urllib.parse.urlencode({"id": secrets.token_hex(16), "service": "ho-tich", "B1.0": "4"})
            while not self._thanked(body):
                time.sleep(0.05)
            self.thanked += 1

    def _thanked(self, body):
        try:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            line.request("POST", "/k/to-hieu-1/vi", body, {"Content-Type": "application/x-www-form-urlencoded"})
            return line.getresponse().status == 303
        except (OSError, http.client.HTTPException):
            return False


@pytest.mark.parametrize("rounds", ROUNDS)
def test_acknowledged_is_stored_and_none_twice_over_kills(database, settings, rounds):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    server, stop = Server(settings.home, free_port()), threading.Event()
    clients = [Client(server.port, stop) for _ in range(8)]
    try:
        for client in clients:
            client.start()
        for _ in range(rounds):
            time.sleep(0.5 + secrets.randbelow(500) / 1000)
            server.kill()
            server.start()
        stop.set()
        for client in clients:
            client.join(20)
            assert not client.is_alive()
    finally:
        stop.set()
        server.kill()
    thanked = sum(client.thanked for client in clients)
    with database.reading() as session:
        assert stored(session, 1) == thanked
    assert thanked > 10 * rounds


def test_a_killed_worker_is_replaced_and_the_others_go_on(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    server, stop = Server(settings.home, free_port()), threading.Event()
    clients = [Client(server.port, stop) for _ in range(4)]
    try:
        for client in clients:
            client.start()
        time.sleep(1)
        worker = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
        os.kill(int(worker[-1]), signal.SIGKILL)
        time.sleep(2)
        again = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
        stop.set()
        for client in clients:
            client.join(20)
            assert not client.is_alive()
    finally:
        stop.set()
        server.kill()
    assert worker[-1] not in again
    assert len(again) == len(worker)
    with database.reading() as session:
        assert stored(session, 1) == sum(client.thanked for client in clients)


def test_the_nightly_upkeep_lives_and_ends_with_its_server(settings, database):
    server = Server(settings.home, free_port())
    find = ["pgrep", "-P", str(server.process.pid), "-f", "sipas.commands.upkeep"]
    upkeep = subprocess.run(find, capture_output=True, text=True).stdout.split()
    try:
        assert len(upkeep) == 1
        time.sleep(2)  # all workers are up, and the server listens to signals
        server.process.terminate()
        server.process.wait(20)
        end = time.monotonic() + 10
        while subprocess.run(["ps", "-p", upkeep[0]], capture_output=True).returncode == 0:
            assert time.monotonic() < end, "the upkeep outlived its server"
            time.sleep(0.2)
    finally:
        server.kill()

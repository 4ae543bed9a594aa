"""Slow lines: however many send slowly or never end, the others are served as if nobody else were there."""

from __future__ import annotations

import contextlib
import http.client
import resource
import socket
import time

import pytest

from sipas.intake import stored
from tests.make import a_point, a_wave
from tests.serving import Server, a_body, post

MANY = 100  # several times the threads of all workers
HEAD = b"POST /k/to-hieu-1/vi HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def server(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    made = Server(settings.home)
    yield made
    made.kill()


@contextlib.contextmanager
def slow_ones(port, begun, many=MANY):
    """Many lines on which something has begun and does not go on."""
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(many)]
        for line in lines:
            line.sendall(begun)
        time.sleep(0.5)
        yield lines


@pytest.mark.parametrize(
    "begun", [HEAD + b"Content-Length: 5000\r\n\r\nid=0", HEAD, b"GET /k/to-hi"], ids=["bodies", "heads", "lines"]
)
def test_a_hundred_slow_senders_keep_nobody_waiting(server, database, begun):
    with slow_ones(server.port, begun):
        for _ in range(5):
            assert post(server.port, a_body()) == 303  # with threads kept busy: only once the slow ones were cut off
    with database.reading() as session:
        assert stored(session, 1) == 5


def test_more_half_open_lines_than_the_server_below_takes_by_default_keep_nobody_waiting(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        with slow_ones(server.port, b"GET /k/to-hi", 1200):
            assert post(server.port, a_body()) == 303
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_who_is_slow_but_comes_to_an_end_is_taken(server, database):
    body = a_body().encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode())
        for byte in range(0, len(body), 10):
            line.sendall(body[byte : byte + 10])
            time.sleep(0.1)
        assert line.recv(100).startswith(b"HTTP/1.1 303")
    with database.reading() as session:
        assert stored(session, 1) == 1


def test_everything_is_served_through_it_as_the_application_says(server):
    def asks(method, path, headers=None, body=None):
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        line.request(method, path, body, headers or {})
        reply = line.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()

    status, headers, page = asks("GET", "/k/to-hieu-1/vi")
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "Tô Hiệu".encode() in page
    assert asks("HEAD", "/k/to-hieu-1/vi")[0] == 200
    assert asks("GET", "/k/t%C3%B4-hi%E1%BB%87u")[0] == 404
    assert asks("POST", "/k/to-hieu-1/vi", {"Origin": "http://evil.example"}, b"")[0] == 403
    assert asks("POST", "/k/to-hieu-1/vi", {"Content-Length": str(10**7)})[0] == 413
    status, _, page = asks("POST", "/k/to-hieu-1/vi", {"Transfer-Encoding": "chunked"}, None)
    assert (status, page) == (411, b"")

"""Requests whose end two readers could see in two places: what is hidden behind one is never read as another.

A web server before this one decides where a request ends. Where this one decided otherwise, the rest would be the
beginning of the next visitor's request, or an answer that no limit counted.
"""

from __future__ import annotations

import re
import socket

import pytest

from sipas.config.settings import Settings
from sipas.intake import stored
from sipas.migrations import create
from sipas.registry.importing import load_registry
from tests.make import a_point, a_wave
from tests.serving import Server, a_body, post

HEAD = b"POST /k/to-hieu-1/vi HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = (
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding:\r\n chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
)
LENGTHS = (b"+0", b"-1", b"0x0", b"0, 5", b"0,0", b"0 0", b"", b"\xb2", b"0_0", b"0.0", b"0;5", b"18446744073709551616")


def hidden():
    """An answer that would be stored if it were read as a request."""
    body = a_body().encode()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def heads():
    """Each head with `{all}` for the length of all that follows."""
    yield from ((b"Content-Length: {all}\r\n" + chunked, b"0\r\n\r\n") for chunked in CHUNKED)
    yield from ((b"Content-Length: " + length, b"") for length in LENGTHS)
    yield b"Content-Length: 0\r\nContent-Length: {all}", b""
    yield b"Content-Length: {all}\r\nContent-Length: 0", b""
    yield b"X: a\rContent-Length: 0\r\nContent-Length: {all}", b""
    yield b"X: a\x00\r\nContent-Length: {all}", b""
    yield b"Host: y\r\nContent-Length: {all}", b""
    yield b"X: no length at all", b""
    yield b"Transfer-Encoding: chunked", b"0x0\r\n\r\n"
    yield b"Transfer-Encoding: chunked", b"-1\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("unclear") / "home")
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    made = Server(settings.home)
    yield made, database
    made.kill()
    database.engine.dispose()


def said(port, raw):
    """The status of every reply, until the server closes the line."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(raw)
        heard = b""
        while more := line.recv(65536):
            heard += more
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+)", heard)]


def count(database):
    with database.reading() as session:
        return stored(session, 1)


@pytest.mark.parametrize(("head", "body"), tuple(heads()), ids=lambda part: repr(part)[2:40])
def test_an_unclear_request_is_refused_and_the_line_closed(server, head, body):
    server, database = server
    before, rest = count(database), body + hidden()
    (status,) = said(server.port, HEAD + head.replace(b"{all}", b"%d" % len(rest)) + b"\r\n\r\n" + rest)
    assert status in (400, 411)
    assert count(database) == before


@pytest.mark.parametrize("chunked", [False, True])
def test_what_a_get_brings_along_is_not_the_next_request(server, chunked):
    server, database = server
    before, rest = count(database), hidden()
    head = b"GET /k/to-hieu-1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    if chunked:
        raw = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(rest) + rest + b"\r\n0\r\n\r\n"
    else:
        raw = head + b"Content-Length: %d\r\n\r\n" % len(rest) + rest
    assert said(server.port, raw) == [200]
    assert count(database) == before


def test_the_hidden_answer_is_stored_where_it_is_sent_openly(server):
    server, database = server
    before = count(database)
    assert post(server.port, a_body()) == 303
    assert said(server.port, hidden().replace(b"Host: x", b"Host: x\r\nConnection: close")) == [303]
    assert count(database) == before + 2


@pytest.mark.parametrize("name", [b"Content_Length", b"Transfer_Encoding", b"Content_Type", b"Host_"])
def test_a_name_with_an_underscore_is_no_other_name(server, name):
    server, database = server
    before = count(database)
    raw = hidden().replace(b"Host: x", b"Host: x\r\nConnection: close\r\n" + name + b": chunked")
    assert said(server.port, raw) == [303]
    assert count(database) == before + 1

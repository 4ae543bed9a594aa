"""What the application gets of a request, and what becomes of one that never ends."""

from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from sipas import clock
from sipas.intake.ways import all_ways_of
from sipas.web.request_buffering import Gathering, environment, respond
from tests.make import a_point, a_wave
from tests.serving import Server, a_body, post


def a_scope(**more):
    plain = {
        "proto": "http", "http_version": "1.1", "server": "127.0.0.1:8000", "client": "[::1]:4000", "scheme": "http",
        "method": "GET", "path": "/k/tô", "query_string": "a=%41", "authority": None,
    }  # fmt: skip
    headers = more.pop("headers", [("host", "sonla.example"), ("cookie", "a=1"), ("cookie", "b=2"), ("x-a", "1")])
    every = lambda name: [value for key, value in headers if key == name]  # noqa: E731
    listed = SimpleNamespace(items=lambda: headers, get=dict(headers).get, get_all=every)
    return SimpleNamespace(**{**plain, **more}, headers=listed)


class Line:
    """A line on which a body comes, or never does."""

    def __init__(self, body=None):
        self.body, self.said = body, None

    async def __call__(self):
        if self.body is None:
            await asyncio.sleep(60)
        return self.body

    def response_empty(self, status, headers):
        self.said = status, b""

    def response_bytes(self, status, headers, body):
        self.said = status, body


def echo(environ, start):
    start("200 OK", [("X-Path", environ["PATH_INFO"])])
    return [environ["wsgi.input"].read(), b"!"]


def asked(scope, line, application=echo):
    async def once():
        gathering = Gathering(application, threads=1, seconds=0.1)
        gathering.__rsgi_init__(asyncio.get_running_loop())
        await gathering.__rsgi__(scope, line)

    with ThreadPoolExecutor(1) as aside:  # the browser's plugin keeps a loop running in this thread
        aside.submit(asyncio.run, once()).result()
    return line.said


def a_post(**headers):
    return a_scope(method="POST", headers=[("content-length", "3"), *headers.items()])


def test_a_request_is_described_as_wsgi_wants_it():
    environ = environment(a_scope(), b"")
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/k/tô"
    assert (environ["REMOTE_ADDR"], environ["SERVER_PORT"]) == ("::1", "8000")
    assert (environ["HTTP_HOST"], environ["HTTP_COOKIE"], environ["HTTP_X_A"]) == ("sonla.example", "a=1; b=2", "1")


def test_a_visitor_cannot_write_a_proxy_header_under_another_name():
    headers = [("x-forwarded-for", "203.0.113.7"), ("x_forwarded_for", "6.6.6.6"), ("x_probe", "1")]
    environ = environment(a_scope(headers=headers), b"")
    assert environ["HTTP_X_FORWARDED_FOR"] == "203.0.113.7"
    assert "HTTP_X_PROBE" not in environ


def test_a_body_comes_whole_and_the_reply_goes_back():
    assert asked(a_post(), Line(b"abc")) == (200, b"abc!")


def test_a_body_that_never_ends_is_told_so_and_costs_no_thread():
    assert asked(a_post(), Line(), application=None) == (408, b"")


def test_a_body_of_unknown_or_huge_length_is_refused_unread():
    assert asked(a_scope(method="POST", headers=[]), Line(), application=None) == (411, b"")
    assert asked(a_scope(method="POST", headers=[("content-length", "2000000")]), Line(), None) == (413, b"")


def test_a_fault_beside_the_application_is_a_reply_and_the_thread_lives_on():
    assert asked(a_post(), Line(b"abc"), lambda *_: 1 / 0) == (500, b"")


def test_a_reply_is_closed_after_it_was_read():
    closed = []

    class Parts(list):
        def close(self):
            closed.append(True)

    def application(_environ, start):
        start("303 SEE OTHER", [("Location", "/")])
        return Parts([b"a", b"b"])

    assert respond(application, {}) == (303, [("location", "/")], b"ab")
    assert closed == [True]


def test_many_who_wait_to_sign_in_keep_no_visitors_thread():
    """Sixteen sign-ins that never end, and one thread for visitors: a visitor is answered all the same."""
    enough = threading.Event()

    def application(environ, start):
        if environ["PATH_INFO"] == "/desk/login" and environ["REQUEST_METHOD"] == "POST":
            enough.wait(30)
        return echo(environ, start)

    async def all_at_once():
        gathering = Gathering(application, threads=1)
        gathering.__rsgi_init__(asyncio.get_running_loop())
        post = {"method": "POST", "path": "/desk/login", "headers": [("content-length", "3")]}
        waiting = [asyncio.create_task(gathering.__rsgi__(a_scope(**post), Line(b"abc"))) for _ in range(16)]
        visitor = Line()
        await asyncio.wait_for(gathering.__rsgi__(a_scope(), visitor), 20)
        assert not any(one.done() for one in waiting)
        enough.set()
        await asyncio.gather(*waiting)
        return visitor.said

    with ThreadPoolExecutor(1) as aside:
        assert aside.submit(asyncio.run, all_at_once()).result() == (200, b"!")


def test_a_server_that_is_stopped_writes_down_the_ways_that_its_workers_hold(database, settings):
    """Seven are too few of a place to leave a worker's memory by themselves before the night."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, opens_on=clock.today())
    server = Server(settings.home)
    try:
        assert [post(server.port, a_body()) for _ in range(7)] == [303] * 7
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
    finally:
        server.kill()
    with database.reading() as session:
        assert all_ways_of(session.connection(), settings.home, 1).total() == 7

"""A bad line: requests cut before, during and after the reply. Sent again under the same id, each is stored once."""

from __future__ import annotations

import concurrent.futures
import random
import socket
import struct
import time

import pytest

from sipas.intake import stored
from tests.make import all_comments
from tests.serving import Server, a_body, post

TIMES = 25
AT_ONCE = struct.pack("ii", 1, 0)  # closing tears the line down, and what was not read is lost


@pytest.fixture
def server(place):
    settings, _, _ = place
    address = {"SIPAS_DATABASE_URL": settings.database_url} if settings.database_url else {}
    made = Server(settings.home, **address)
    yield made
    made.kill()


def sent(port, body, upto=None, read=0, ends=False):
    """Sends the bytes of a form up to a place, reads so many of the reply, and tears the line down."""
    head = "POST /k/to-hieu-1/vi HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    data = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        line.sendall(data[:upto])
        if ends:  # the line is only half closed: who ended in the middle still hears the reply
            line.shutdown(socket.SHUT_WR)
        return line.recv(read) if read else b""


def count(place):
    """Answers and comments."""
    settings, database, _ = place
    comments = len(all_comments(database, settings))
    with database.reading() as session:
        return stored(session, 1), comments


def test_half_a_form_is_refused_and_not_taken_for_a_whole_one(place, server):
    """The server below hands on what came before the line broke, as if it were all."""
    for upto in range(250, 700, 20):
        assert sent(server.port, a_body(comment="Tốt" * 50), upto=upto, read=20, ends=True)[9:12] == b"400"
        sent(server.port, a_body(comment="Tốt" * 50), upto=upto)
    time.sleep(2)
    assert count(place) == (0, 0)


def test_a_request_cut_before_its_end_stores_nothing_and_counts_when_it_comes_whole(place, server):
    luck = random.Random(5)
    for number in range(1, TIMES + 1):
        body = a_body(comment="Tốt" * 50)
        sent(server.port, body, upto=luck.randrange(1, 500))
        assert post(server.port, body) == 303
        time.sleep(0.02)  # whatever the cut one did, it has done by now
        assert count(place) == (number, number)


def test_a_line_cut_while_the_server_works_or_replies_leaves_an_answer_that_counts_once(place, server):
    luck = random.Random(6)
    for _ in range(TIMES):
        body = a_body(comment="Tốt")
        sent(server.port, body, read=luck.choice([0, 1, 20]))
        assert post(server.port, body) == 303
    assert count(place) == (TIMES, TIMES)


def test_a_reply_lost_on_its_way_and_five_resends_at_once_count_once(place, server):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for _ in range(TIMES):
            body = a_body()
            cut = pool.submit(sent, server.port, body)
            replies = [pool.submit(post, server.port, body) for _ in range(5)]
            cut.result()
            assert {one.result() for one in replies} == {303}
    assert count(place) == (TIMES, 0)

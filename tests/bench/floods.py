"""What a stranger's flood costs others: `sipas serve` on this machine, and 10,000 addresses told by a named proxy."""

from __future__ import annotations

import http.client
import itertools
import random
import statistics
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from sipas.config.settings import Settings
from sipas.fieldwork import invitation_codes
from sipas.migrations import create
from sipas.registry.importing import load_registry
from tests.make import a_point, a_wave, some_codes
from tests.officers import PASSWORD, an_account
from tests.serving import FORM, Server

ADDRESSES, RATE, SECONDS = 10_000, 200, 30
MEDIAN, WORST, SIGN_IN = 2.0, 10.0, 5.0  # seconds; the limits


def floods(folder: Path, line: Callable[..., None]) -> None:
    """Prints what good codes and right passwords waited while wrong ones came."""
    settings = Settings(home=folder / "floods")
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    a_point(database, "to-hieu-phone", form="short", channel="phone")
    a_wave(database, settings)
    new, old = some_codes(database, settings, count=50), old_codes(database, settings, 50)
    database.engine.dispose()
    for what, length, good in (("12", invitation_codes.LENGTH, new), ("8", invitation_codes.SHORT, old)):
        waits, said = codes_among_wrong_ones(settings, length, good)
        name = f"{RATE} wrong codes of {what} a second, {ADDRESSES:,} addresses: a good one waited"
        line(f"{name}, median", statistics.median(waits), MEDIAN, f"at most 1; {said}",
             statistics.median(waits) / MEDIAN, statistics.median(waits) <= MEDIAN)  # fmt: skip
        line(f"{name}, worst", max(waits), WORST, "at most 1", max(waits) / WORST, max(waits) <= WORST)
    for what, word, seen in (
        ("chosen", PASSWORD, False),
        ("chosen, seen", PASSWORD, True),
    ):
        waited, visits, said = password_among_wrong_ones(settings, word, seen)
        line(f"1,000 wrong passwords: the right one ({what}) came in after", waited, SIGN_IN, f"at most 1; {said}",
             waited / SIGN_IN, waited <= SIGN_IN)  # fmt: skip
        line("meanwhile a visitor's page, worst", max(visits), MEDIAN, "at most 1", max(visits) / MEDIAN,
             max(visits) <= MEDIAN)  # fmt: skip


def old_codes(database, settings, count: int) -> list[str]:  # type: ignore[no-untyped-def]
    """Codes of eight characters, as they were issued until November 2026."""
    length, invitation_codes.LENGTH = invitation_codes.LENGTH, invitation_codes.SHORT
    try:
        return some_codes(database, settings, count=count)
    finally:
        invitation_codes.LENGTH = length


def a_wrong_code(length: int) -> str:
    """A code that reads well."""
    first = "".join(random.choices(invitation_codes.ALPHABET, k=length - 1))
    return first + invitation_codes.check(first)


def codes_among_wrong_ones(settings: Settings, length: int, good: list[str]) -> tuple[list[float], str]:
    """How long good codes waited, one a second, while wrong ones came; and what was said to the wrong ones."""
    server = Server(settings.home, alone=True, SIPAS_PROXY="127.0.0.1")
    said: dict[int, int] = {}
    waits = []
    try:
        stop, start = threading.Event(), time.monotonic() + 0.2
        numbers = itertools.count()

        def guess() -> None:
            link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            while not stop.is_set():
                time.sleep(max(0.0, start + next(numbers) / RATE - time.monotonic()))
                status = ask(link, "GET", f"/q/{a_wrong_code(length)}", address=an_address())
                said[status] = said.get(status, 0) + 1

        guessers = [threading.Thread(target=guess) for _ in range(32)]
        for one in guessers:
            one.start()
        for number, code in zip(range(SECONDS), itertools.cycle(good), strict=False):
            time.sleep(max(0.0, start + 1 + number - time.monotonic()))
            begun = time.monotonic()
            link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            if ask(link, "GET", f"/q/{code}", address=f"203.0.113.{number}") != 200:
                waits.append(60.0)
            waits.append(time.monotonic() - begun)
        stop.set()
        for one in guessers:
            one.join()
    finally:
        server.kill()
    return waits, f"wrong ones: {said}"


def password_among_wrong_ones(settings: Settings, word: str, seen: bool) -> tuple[float, list[float], str]:
    """How long the right password took, trying again where it is told to, from an address that nobody knows, while a
    thousand wrong ones come from a thousand addresses, and visitors' pages meanwhile; `seen`: after somebody had
    signed in."""
    an_account(settings, "hoa", "leader", factor=False)
    server = Server(settings.home, alone=True, SIPAS_PROXY="127.0.0.1")
    said: dict[int, int] = {}
    try:
        if seen:
            for _ in range(20):  # both workers have met the password
                sign_in(server.port, word, "203.0.113.1")
        numbers = iter(range(1_000))

        def guess() -> None:
            for number in numbers:
                status = sign_in(server.port, f"wrong {number}", an_address())
                said[status] = said.get(status, 0) + 1

        guessers = [threading.Thread(target=guess) for _ in range(50)]
        for one in guessers:
            one.start()
        time.sleep(0.5)
        begun, times = time.monotonic(), 1
        while sign_in(server.port, word, "203.0.113.2") != 303:
            times += 1
            time.sleep(1)
        waited, visits = time.monotonic() - begun, []
        while not visits or any(one.is_alive() for one in guessers):
            begun = time.monotonic()
            ask(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60), "GET", "/q/")
            visits.append(time.monotonic() - begun)
            time.sleep(0.2)
        for one in guessers:
            one.join()
    finally:
        server.kill()
    return waited, visits, f"tried {times} times; wrong ones: {said}"


def sign_in(port: int, word: str, address: str) -> int:
    """The status of an attempt."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    return ask(link, "POST", "/desk/login", urllib.parse.urlencode({"name": "hoa", "password": word}), address)


def an_address() -> str:
    """One of ten thousand."""
    number = random.randrange(ADDRESSES)
    return f"10.0.{number // 256}.{number % 256}"


def ask(link: http.client.HTTPConnection, method: str, path: str, body: str = "", address: str = "") -> int:
    """The status of the reply; 0 where none came."""
    try:
        link.request(method, path, body or None, {**(FORM if body else {}), "X-Forwarded-For": f"6.6.6.6, {address}"})
        reply = link.getresponse()
        reply.read()
        return reply.status
    except (OSError, http.client.HTTPException):
        link.close()
        return 0

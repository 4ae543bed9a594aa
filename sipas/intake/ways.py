"""How answers came: from an enrolled screen, with an invitation code, or by an address that is open to everybody.

A script may send as many inconspicuous answers as the limits of an open address allow, and nothing in the answers
tells it. So each way is counted; no row says by which one its answer came. The counts keep their distance from the
rows in time as well, for images of a disk tell which rows came between them:

- in the memory of the process, until `TOGETHER` answers of one place have come or the night begins (`NIGHT`);
- then in the file `ways.counts`, overwritten in place: equal counts are equal bytes, in whatever order they came;
- then in the table `way_count`: the night adds those of each place of which at least `TOGETHER` wait, all in one
  transaction, and the rest once the wave is frozen.

A process that is killed forgets what it held in memory; a lost count is tolerable, one that could be joined is not.
"""

from __future__ import annotations

import atexit
import datetime as dt
import fcntl
import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from sipas import clock
from sipas.errors import N_
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import read_state
from sipas.intake.models import WayCount
from sipas.storage.database import Database

EVENTS = logging.getLogger("sipas-events")
TOGETHER = 10
NIGHT = dt.time(2, 0)  # half an hour before the nightly upkeep, in the province
BLOCK = 4096

Place = tuple[int, int, int]  # wave, point, unit, as the row has them: point 0 where several places receive
Key = tuple[int, int, int, int]  # a place and a way

COUNTED = {
    "wave": N_("in which survey answers were given"),
    "point": N_("at which receiving point, where the answers themselves say it"),
    "unit": N_("for which office"),
    "way": N_("whether on a screen that the survey set up, with a code, or by an address that is open to everybody"),
    "number": N_("how many came in that way, never which"),
}
"""What the table says: all of it, as the kiosk's privacy page prints it. A test compares it with the columns."""


def _upsert(insert: Any, greatest: Any) -> Any:
    """A total replaces a smaller one."""
    number = greatest(WayCount.number, insert.excluded.number)
    return insert.on_conflict_do_update(index_elements=list(WayCount.__table__.primary_key), set_={"number": number})


_UPSERT = {
    "postgresql": _upsert(postgresql.insert(WayCount), func.greatest),
    "sqlite": _upsert(sqlite.insert(WayCount), func.max),
}


class Way(IntEnum):
    """By what an answer came; one read from a file came by none of them and is not counted."""

    SCREEN = 1  # sealed and signed by an enrolled device
    CODE = 2  # with an invitation code, which it spent
    OPEN = 3  # by anything else


@dataclass(frozen=True)
class Books:
    """The file's content: counts that wait, and the totals that a night has begun to write into the table."""

    waiting: Mapping[Key, int] = field(default_factory=dict)
    leaving: Mapping[Key, int] = field(default_factory=dict)


class Held:
    """Counts in the memory of this process, of one installation."""

    def __init__(
        self, home: Path, night: Callable[[], float] = lambda: clock.seconds_until(NIGHT, clock.now())
    ) -> None:
        self._file, self._night = File(home), night
        self._counts: dict[Place, Counter[Key]] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, place: Place, way: Way) -> None:
        """Counts an answer that has been stored."""
        with self._lock:
            counts = self._counts.setdefault(place, Counter())
            counts[(*place, int(way))] += 1
            if counts.total() % TOGETHER == 0:
                self._write([place])
            elif self._timer is None:
                self._timer = threading.Timer(self._night(), self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Writes all that is held into the file: as the night begins, and when the process ends."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._write(list(self._counts))

    def _write(self, places: list[Place]) -> None:
        counts: Counter[Key] = sum((self._counts[place] for place in places), Counter())
        try:
            if counts:
                self._file.add(counts)
        except OSError as error:  # no visitor waits or fails for a count; what could not be written is held on
            EVENTS.warning("ways of answers not written", extra={"facts": {"kind": type(error).__name__}})
            return
        for place in places:
            del self._counts[place]


class File:
    """The file of an installation, shared by all processes; one of them at a time."""

    def __init__(self, home: Path) -> None:
        self._path = HomePaths(home).way_counts

    def books(self) -> Books:
        """As it is now."""
        if not self._path.exists():
            return Books()
        with self._locked() as file:
            return _read(file)

    def add(self, counts: Mapping[Key, int]) -> None:
        """More counts wait."""
        with self._locked() as file:
            books = _read(file)
            _write(file, Books(Counter(books.waiting) + Counter(counts), books.leaving))

    def leave(self, totals: Callable[[Mapping[Key, int]], Mapping[Key, int]]) -> Mapping[Key, int]:
        """Takes those of which `totals` gives the number to be written into the table out of what waits; where an
        earlier night was cut off in between, gives what it had taken out."""
        with self._locked() as file:
            books = _read(file)
            if not books.leaving and (leaving := totals(books.waiting)):
                waiting = {key: number for key, number in books.waiting.items() if key not in leaving}
                books = Books(waiting, leaving)
                _write(file, books, durable=True)
            return books.leaving

    def left(self, leaving: Mapping[Key, int]) -> None:
        """What was taken out is in the table."""
        with self._locked() as file:
            books = _read(file)
            if books.leaving == leaving:
                _write(file, Books(books.waiting), durable=True)

    def clear(self) -> None:
        """Forgets all: the answers that were counted are no longer in the database."""
        if self._path.exists():
            with self._locked() as file:
                _write(file, Books(), durable=True)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


@cache  # of one process: called first by a worker or the upkeep, never before a fork, which would count twice
def held(home: Path) -> Held:
    """What this process holds of an installation."""
    made = Held(home)
    atexit.register(made.flush)
    return made


def settle_ways(database: Database, home: Path) -> int:
    """Adds what may leave the file to the table, all in one transaction; gives the number of places and ways.

    What is written are totals, which only grow: done again after a crash it changes nothing. Whoever takes both locks,
    as a restore does too, takes the database's before the file's.
    """
    held(home).flush()
    with database.engine.connect() as connection:
        if not as_the_night_leaves(connection, home):
            return 0
    file, on_postgresql = File(home), database.engine.dialect.name == "postgresql"
    with database.writing() as session:
        connection = session.connection()
        if on_postgresql:
            connection.execute(text("lock table way_count in exclusive mode"))
        leaving = file.leave(lambda waiting: _totals(connection, waiting))
        if leaving:
            columns = WayCount.__table__.columns.keys()
            rows = [dict(zip(columns, (*key, leaving[key]), strict=True)) for key in sorted(leaving)]
            connection.execute(_UPSERT["postgresql" if on_postgresql else "sqlite"], rows)
    file.left(leaving)
    return len(leaving)


def as_the_night_leaves(connection: Connection, home: Path) -> list[tuple[int, int, int, int, int]]:
    """The rows that the next night would write: place, way and total, in the order of their keys."""
    books = File(home).books()
    totals = books.leaving or _totals(connection, books.waiting)
    return sorted((*key, number) for key, number in totals.items())


def ways_of(connection: Connection, wave: int) -> Counter[Key]:
    """What the table says of a wave."""
    rows = connection.execute(select(WayCount.__table__).where(WayCount.wave == wave)).all()
    return Counter({(row.wave, row.point, row.unit, row.way): row.number for row in rows})


def all_ways_of(connection: Connection, home: Path, wave: int) -> Counter[Key]:
    """The same with what waits for the night: for a wave that is closed, so that its number tells of no single one."""
    books, found = File(home).books(), ways_of(connection, wave)
    found |= Counter({key: number for key, number in books.leaving.items() if key[0] == wave})
    return found + Counter({key: number for key, number in books.waiting.items() if key[0] == wave})


def _totals(connection: Connection, waiting: Mapping[Key, int]) -> dict[Key, int]:
    """Of the places of which enough wait, or whose wave is frozen: the numbers that the table will then hold. What
    waits for a wave that is not there, as a process held it while an older database was restored, is not written."""
    states = {row.id: row.state for row in connection.execute(text("select id, state from wave"))}
    frozen = {wave for wave, state in states.items() if state == "frozen"}
    due = _due({key: number for key, number in waiting.items() if key[0] in states}, frozen)
    known = {wave: ways_of(connection, wave) for wave in {key[0] for key in due}}
    return {key: known[key[0]][key] + waiting[key] for key in due}


def _due(waiting: Mapping[Key, int], frozen: Collection[int]) -> list[Key]:
    places: Counter[Place] = Counter()
    for key, number in waiting.items():
        places[key[:3]] += number
    return [key for key in waiting if places[key[:3]] >= TOGETHER or key[0] in frozen]


def _read(file: int) -> Books:
    """The content; nothing waits where a power cut left it half written."""
    data = os.pread(file, os.fstat(file).st_size, 0)
    try:
        return _parsed(data)
    except (ValueError, TypeError, AttributeError, IndexError):
        EVENTS.warning("ways of answers unreadable; counted anew", extra={"facts": {"bytes": len(data)}})
        return Books()


def check(home: Path) -> None:
    """Raises Damaged where the file cannot be read; an empty one is one that a process has just made."""
    damaged = N_(
        "The file {file} in SIPAS_HOME is damaged: by which way today's answers came is forgotten. The next ones are "
        "counted in it anew."
    )
    read_state(HomePaths(home).way_counts, _parsed, damaged)


def _parsed(data: bytes) -> Books:
    said = json.loads(data) if data.strip(b" ") else {}
    books = {name: {tuple(row[:4]): int(row[4]) for row in said.get(name, [])} for name in ("waiting", "leaving")}
    return Books(**books)


def _write(file: int, books: Books, durable: bool = False) -> None:
    """In place and never shorter: what was there before is overwritten, not left in a block that is free."""
    said = {name: [[*key, counts[key]] for key in sorted(counts)] for name, counts in vars(books).items()}
    data = json.dumps(said, separators=(",", ":")).encode()
    size = max(os.fstat(file).st_size, -(-len(data) // BLOCK) * BLOCK)
    os.pwrite(file, data.ljust(size, b" "), 0)
    if durable:
        os.fdatasync(file)

"""What the raw disk still tells: blocks that a file system was given back, read by whoever holds the disk.

Five trials on an ext4 of their own need root and loop devices. Everywhere else a preloaded shim keeps a copy of all
bytes that are freed, which is what such blocks hold (`tests/given_back.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from sipas import clock
from sipas.config.settings import Settings
from sipas.importing.spool import row_spool
from sipas.intake.maintenance import maintain
from sipas.storage.database import Database
from tests.boundaries.test_order_of_arrival import _rho, arrive
from tests.disk import has_compiler
from tests.given_back import Shim
from tests.make import a_point, a_row, a_wave
from tests.needles import Needles
from tests.serving import Server, a_body, post

TRIALS, ANSWERS, VISITS = 5, 300, 60
IMAGE, BLOCK = 96 * 2**20, 4096
PROGRAMS = ("losetup", "mkfs.ext4", "mount", "umount")
needs_compiler = pytest.mark.skipif(not has_compiler(), reason="what is freed is not seen: no gcc to make the shim")


def has_loop_devices() -> bool:
    """Whether an image can be mounted here."""
    return os.geteuid() == 0 and os.path.exists("/dev/loop-control") and all(map(shutil.which, PROGRAMS))


class RawDisk:
    """An ext4 in an image file, and all of its bytes."""

    def __init__(self, folder: Path) -> None:
        self.image, self.place = folder / "image", folder / "mounted"
        self.place.mkdir()
        with self.image.open("wb") as file:
            file.truncate(IMAGE)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-b", str(BLOCK), self.image], check=True)

    @contextmanager
    def mounted(self):
        """Mounts it for a block."""
        subprocess.run(["mount", "-o", "loop", self.image, self.place], check=True)
        try:
            yield self.place
        finally:
            subprocess.run(["umount", self.place], check=True)

    def freed(self, file):
        """The blocks that hold something but are none of a living file's, joined."""
        with self.mounted() as place:
            alive = {bytes(BLOCK), *blocks((place / file).read_bytes())}
        return b"".join(block for block in blocks(self.image.read_bytes()) if block not in alive)


def blocks(data):
    """Cut into pieces of a block's size."""
    return [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)]


def sightings(data, order):
    """The known keys in some bytes, each time that one stands there, in the order of their places."""
    found = []
    for key, first in Needles(order).places(data).items():
        place = first
        while place >= 0:
            found.append((place, key))
            place = data.find(key, place + 1)
    return [key for _, key in sorted(found)]


def guesses(data, order):
    """The orders of arrival that an attacker reads from some bytes: by the first place in which he sees each person, by
    the last, by how often (who came early stands in many copies of a page). Whom he does not see he guesses by key."""
    seen, rest = sightings(data, order), sorted(order)
    often = Counter(seen)
    for known in (seen, seen[::-1], sorted(often, key=lambda key: (-often[key], key))):
        guess = list(dict.fromkeys([*known, *rest]))
        yield [order[key] for key in guess]


def neighbours_in_order(arrival):
    """The share of neighbours of whom the second came later: by chance a half, with 300 people up to 56%."""
    return sum(first < second for first, second in pairwise(arrival)) / (len(arrival) - 1)


@pytest.mark.long
@pytest.mark.skipif(not has_loop_devices(), reason="an image of ext4 needs root and loop devices")
@pytest.mark.parametrize("trial", range(TRIALS))
def test_on_ext4_the_raw_disk_tells_nothing_of_the_order_of_300_people(tmp_path, settings, trial, capsys):
    """After a thousand earlier people and their night. In the middle of the day the server stops, and the last
    connection goes with it."""
    disk = RawDisk(tmp_path)
    with disk.mounted() as place:
        home = place / "home"
        shutil.copytree(settings.home, home)
        database = Database.of(Settings(home=home))
        earlier = arrive(database, 1000, 1_000_000)
        assert maintain(database, home)
        half = ANSWERS // 2
        order = arrive(database, half, ANSWERS * trial)
        database.engine.dispose()
        order |= {key: half + number for key, number in arrive(database, half, ANSWERS * trial + half).items()}
        assert maintain(database, home)
        database.engine.dispose()
    freed = disk.freed("home/sipas.sqlite")
    for arrival in guesses(freed, order):
        rank, share = _rho(arrival), neighbours_in_order(arrival)
        with capsys.disabled():
            print(f"\nrank correlation {rank:.3f}, neighbours in order {share:.1%}", end="")
        assert abs(rank) < 0.113
        assert share <= 0.56
    assert sightings(freed, order | earlier) == []


@needs_compiler
def test_nothing_that_is_freed_holds_an_answer(settings, database, tmp_path):
    """A server that takes answers, is stopped and started; the night, a backup, a restoring, the commands between."""
    a_point(database, form="short")
    a_wave(database, settings, opens_on=clock.today())
    database.engine.dispose()
    shim = Shim.of(tmp_path, settings.home)

    def command(*words):
        environment = {**os.environ, **shim.environment(), "SIPAS_HOME": str(settings.home)}
        subprocess.run([sys.executable, "-m", "sipas.cli", *words], env=environment, check=True, capture_output=True)

    def visits(comment):
        server = Server(settings.home, **shim.environment())
        assert {post(server.port, a_body(comment=comment)) for _ in range(VISITS)} == {303}
        server.process.terminate()
        server.process.wait(30)

    visits("Bàn hướng dẫn ở xa cửa")
    command("backup")
    command("wave", "list")
    command("maintain")
    visits("Ghế chờ ít quá")
    (copy,) = (settings.home / "backups").glob("*.sqlite")
    known = keys_of(database)
    command("restore", str(copy), "--force")
    command("maintain")
    freed = shim.given_back()
    known |= keys_of(database)
    assert len(known) == 2 * VISITS
    assert len(freed) > 500_000  # the shim was there
    assert Needles(known).places(freed) == {}
    assert [words for words in ("Bàn hướng dẫn", "Ghế chờ") if words.encode() in freed] == []


def keys_of(database):
    """The keys of all answers."""
    with database.engine.connect() as connection:
        found = {bytes(key) for (key,) in connection.execute(text("select key from response"))}
    database.engine.dispose()
    return found


EVERY = pytest.param((), id="every", marks=pytest.mark.long)
HALF = [0, pytest.param(1, marks=pytest.mark.long)]


@needs_compiler
@pytest.mark.parametrize("half", HALF)
@pytest.mark.parametrize("steps", [pytest.param((1, 40, 90, 150, 200, 1000), id="some"), EVERY])
def test_kill_9_at_any_step_of_the_night_loses_no_thanked_answer(settings, tmp_path, steps, half):
    """While answers come in; who writes them is killed as well. `half`: in the middle of what was written last."""
    assert killed("night", settings, tmp_path, steps, half) > 150


@needs_compiler
@pytest.mark.parametrize("half", HALF)
@pytest.mark.parametrize("steps", [pytest.param((1, 7, 13, 19, 1000), id="some"), EVERY])
def test_kill_9_at_any_step_of_closing_loses_no_thanked_answer(settings, tmp_path, steps, half):
    """As when a server stops: whoever closes last overwrites the log."""
    assert killed("close", settings, tmp_path, steps, half) > 20


def killed(deed, settings, tmp_path, steps, half):
    """The first step that was one too many; after each kill everything was sound (`tests/killed_at.py`)."""
    database = Database.of(settings)
    order = arrive(database, 200)
    template, home = tmp_path / "template", tmp_path / "killed"
    shutil.copytree(settings.home, template)  # with a log that nobody closed
    database.engine.dispose()
    shim = Shim.of(tmp_path, home)
    run = subprocess.run(
        [sys.executable, "-m", "tests.killed_at", deed, template, home, str(half), *map(str, steps)],
        env={**os.environ, **shim.environment()},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    known = [bytes(key) for key in (*order, *(a_row(f"{number:032x}").key for number in range(1_000_000, 1_000_300)))]
    freed = shim.given_back()
    assert Needles(known).places(freed) == {}
    return int(run.stdout)


def test_rows_of_an_import_wait_on_the_disk_under_a_key_that_nobody_has(tmp_path):
    """In the order of the file, in blocks that are freed as they are; also where the import is killed."""
    import numpy as np

    rows = np.array([(b"k%013d" % number, number) for number in range(1000)], [("key", "S16"), ("number", "i4")])
    with row_spool(tmp_path) as checked:
        checked.add(rows[:400])
        checked.add(rows[400:])
        checked._file.flush()
        on_disk = os.pread(checked._file.fileno(), 1 << 20, 0)
        for _ in range(2):
            assert np.concatenate([part for _, part in checked]).tolist() == rows.tolist()
    assert len(on_disk) == rows.nbytes
    assert not [number for number in range(1000) if b"k%013d" % number in on_disk]

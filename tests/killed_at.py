"""`kill -9` at each step of `maintain` while answers come in, or as the last connection closes; run under the shim of
`tests.given_back` as `python -m tests.killed_at night|close TEMPLATE HOME HALF STEP…` (no step: all of them).

Every process that opens the database is a fork of its own, for what is under test is what the next one finds.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from sqlalchemy import text

from sipas.config.settings import Settings
from sipas.intake import record
from sipas.intake.maintenance import maintain
from sipas.storage.database import Database
from tests.make import a_row

SHIM = ctypes.CDLL(None)
OFTEN = 3  # answers that were thanked before the night begins
KEY = 15  # bytes


def main(deed: str, template: Path, home: Path, half: int, steps: Iterable[int]) -> None:
    """Prints the first step that was one too many; ends with an error where something was lost."""
    for step in steps:
        _fresh(template, home)
        end, thanked = _killed(deed, home, half, step)
        assert len(thanked) >= OFTEN
        assert _ended(_forked(_check, home, thanked)) == 0, f"after step {step}"
        if end == 0:
            print(step)
            return
        assert os.WIFSIGNALED(end), f"it failed by itself at step {step}"


def _killed(deed: str, home: Path, half: int, step: int) -> tuple[int, set[bytes]]:
    """How the deed ended, and the keys of all answers that were thanked until whoever wrote them was killed too."""
    reading, writing = os.pipe()
    visitors = _forked(_answer, home, writing)
    os.close(writing)
    thanked = b"".join(os.read(reading, KEY) for _ in range(OFTEN))
    if deed == "close":  # the last one alone closes the log
        os.kill(visitors, signal.SIGKILL)
        os.waitid(os.P_PID, visitors, os.WEXITED | os.WNOWAIT)
    end = _ended(_forked({"night": _night, "close": _close}[deed], home, step, half))
    os.kill(visitors, signal.SIGKILL)
    _ended(visitors)
    while more := os.read(reading, 1 << 16):
        thanked += more
    os.close(reading)
    return end, {thanked[at : at + KEY] for at in range(0, len(thanked) - KEY + 1, KEY)}


def _fresh(template: Path, home: Path) -> None:
    kept = os.environ.pop("SHIM_KEPT")  # what we remove here nobody gave back
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template, home)
    os.environ["SHIM_KEPT"] = kept


def _forked(deed: Callable[..., object], *arguments: object) -> int:
    number = os.fork()
    if not number:
        try:
            deed(*arguments)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return number


def _ended(process: int) -> int:
    return os.waitpid(process, 0)[1]


def _answer(home: Path, thanks: int) -> None:
    database = Database.of(Settings(home=home))
    for number in itertools.count(1_000_000):
        row = a_row(f"{number:032x}")
        assert database.write_plainly(lambda short, row=row: record(short, row))
        os.write(thanks, row.key)


def _night(home: Path, step: int, half: int) -> None:
    database = Database.of(Settings(home=home))
    SHIM.arm(ctypes.c_long(step), half)
    assert maintain(database, home)
    SHIM.arm(ctypes.c_long(0), 0)


def _close(home: Path, step: int, half: int) -> None:
    database = Database.of(Settings(home=home))
    with database.engine.connect() as connection:
        connection.execute(text("select count(*) from response"))
    SHIM.arm(ctypes.c_long(step), half)
    database.engine.dispose()
    SHIM.arm(ctypes.c_long(0), 0)
    assert not (home / "sipas.sqlite-wal").exists()


def _check(home: Path, thanked: set[bytes]) -> None:
    database = Database.of(Settings(home=home))
    with database.engine.connect() as connection:
        assert connection.execute(text("pragma integrity_check")).scalar_one() == "ok"
        stored = {bytes(row[0]) for row in connection.execute(text("select key from response"))}
    assert thanked <= stored
    assert maintain(database, home) or len(stored) == int((home / "maintained").read_text())
    assert not [path.name for path in home.glob("sipas.sqlite.*")]
    assert (home / "sipas.sqlite-wal").stat().st_size == 0
    with database.engine.connect() as connection:
        assert connection.execute(text("pragma integrity_check")).scalar_one() == "ok"
        assert stored == {bytes(row[0]) for row in connection.execute(text("select key from response"))}
    database.engine.dispose()


if __name__ == "__main__":
    deed, template, home, half, *given = sys.argv[1:]
    main(deed, Path(template), Path(home), int(half), map(int, given) if given else itertools.count(1))

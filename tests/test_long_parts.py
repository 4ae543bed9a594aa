"""`make test-long` runs by part; the parts together are all that is long."""

from __future__ import annotations

import re
from pathlib import Path

import tests

TESTS = Path(tests.__file__).parent
IS_LONG = re.compile(r"\bmark\.long\b|\beach_once\(")
MAKEFILE = (TESTS.parent / "Makefile").read_text("utf-8")


def test_every_long_test_lies_in_a_part():
    parts = dict(re.findall(r"^LONG_(\w+) = tests/(\S+)$", MAKEFILE, re.MULTILINE))
    assert f"\nLONG = {' '.join(parts)}\n" in MAKEFILE
    long = [
        path for path in TESTS.rglob("test_*.py") if path != Path(__file__) and IS_LONG.search(path.read_text("utf-8"))
    ]
    assert len(long) > 10
    assert [path for path in long if not any(TESTS / part in path.parents for part in parts.values())] == []

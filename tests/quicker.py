"""What every application of a process makes anew, made once for all tests: templates, addresses, SQL's text.

None of it depends on the installation, so that a test meets what a server meets that has run for a while.
"""

from __future__ import annotations

import cProfile
import gc
import inspect
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

import analysis

STATISTICS = f"{Path(analysis.__file__).parent}/"


class _Compiled(BytecodeCache):
    """Templates as they were compiled; the key of each holds its source's digest."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if found := self.known.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


def templates_compile_once() -> None:
    """All applications share what their templates compile to."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Compiled()}


def addresses_compile_once() -> None:
    """All applications share the function that builds an address: werkzeug compiles one for every rule, 94 in ours."""
    true, known = Rule._compile_builder, {}

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Any:
        if rule.defaults:
            return true(rule, append_unknown)
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in known:
            known[key] = true(rule, append_unknown)
        return known[key]

    Rule._compile_builder = compile_builder  # type: ignore[method-assign]


def statements_compile_once() -> None:
    """All databases of SQLite share what their statements compile to: SQLAlchemy keeps it by engine, and by dialect."""
    compiled: LRUCache[Any, Any] = LRUCache(20_000)
    true = Engine.__init__

    def shared(engine: Engine, *words: Any, **more: Any) -> None:
        true(engine, *words, **more)
        if type(engine.dialect) is SQLiteDialect_pysqlite:
            engine._compiled_cache = compiled

    Engine.__init__ = shared  # type: ignore[method-assign]
    SQLiteDialect_pysqlite.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[assignment,method-assign]
    SQLiteDialect_pysqlite.__hash__ = lambda one: hash(type(one))  # type: ignore[assignment,method-assign]


def collector_passes_over_what_stays() -> None:
    """Garbage is sought among what tests make, no longer among modules and thousands of collected tests."""
    gc.collect()
    gc.freeze()


class CallsCounted:
    """The Python functions that this thread calls from here to `end`, counted in C. Where another profiler runs, such
    as that of `tests.way`, nothing is counted."""

    def __init__(self) -> None:
        self.profile = None if sys.getprofile() else cProfile.Profile(builtins=False, subcalls=False)
        if self.profile:
            self.profile.enable()

    def end(self) -> tuple[int, list[str]]:
        """How many calls there were, and which functions of `analysis` were among them. Generators are left out: one of
        an earlier computation that the garbage collector closes meanwhile counts as a call and computes nothing."""
        if self.profile is None:
            return 0, []
        self.profile.disable()
        found = [(one.code, one.callcount) for one in self.profile.getstats() if not isinstance(one.code, str)]
        ours = [code for code, _ in found if code.co_filename.startswith(STATISTICS)]
        names = {code.co_qualname for code in ours if not code.co_flags & inspect.CO_GENERATOR}
        return sum(count for _, count in found), sorted(names)

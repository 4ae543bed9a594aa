"""What every application of a process makes anew, made once for all tests: templates, addresses, SQL's text.

None of it depends on the installation, so that a test meets what a server meets that has run for a while.
"""

from __future__ import annotations

import gc
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


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


def collector_passes_over_what_stays() -> None:
    """Garbage is sought among what tests make, no longer among modules and thousands of collected tests."""
    gc.collect()
    gc.freeze()

"""How a finding is marked: a sign, and a sentence. Knows nobody."""

from __future__ import annotations

GOOD, WARN, BAD = "ok", "!", "x"
Finding = tuple[str, str]

FULL = "full"  # why something failed: the disk

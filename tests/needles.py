"""Where keys stand in what lies on a disk: one look at the bytes, however many keys are looked for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class Needles:
    """Keys of four bytes or more that are looked for together.

    >>> Needles([b"wave", b"lost", b"codes"]).places(b"a wave of codes and a wave")
    {b'wave': 2, b'codes': 10}
    """

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._wanted: dict[bytes, list[bytes]] = {}
        for needle in dict.fromkeys(needles):
            assert len(needle) >= 4, needle
            self._wanted.setdefault(needle[:4], []).append(needle)
        self._heads = np.array(sorted(int.from_bytes(head, "little") for head in self._wanted), np.uint32)
        self._low, self._high = np.zeros(2**16, bool), np.zeros(2**16, bool)
        self._low[self._heads & 0xFFFF], self._high[self._heads >> 16] = True, True

    def places(self, data: bytes) -> dict[bytes, int]:
        """The first place of every one that stands anywhere in the data, as `data.find` gives it, in their order."""
        found: dict[bytes, int] = {}
        for shift in range(min(4, max(0, len(data) - 3))):
            words = np.frombuffer(data, np.uint32, (len(data) - shift) // 4, shift)
            near = np.flatnonzero(self._low[words & 0xFFFF])
            near = near[self._high[words[near] >> 16]]
            for place in (4 * near[np.isin(words[near], self._heads)] + shift).tolist():
                for needle in self._wanted[data[place : place + 4]]:
                    if data.startswith(needle, place) and place < found.get(needle, len(data)):
                        found[needle] = place
        return dict(sorted(found.items(), key=lambda one: one[1]))

"""Which file system a folder lies on, and whether it overwrites in place."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

COPYING = {"btrfs", "zfs", "bcachefs", "nilfs2", "f2fs"}  # write each change elsewhere, and free the old place as it is
GET_FLAGS, NO_COPY = 0x80086601, 0x00800000  # FS_IOC_GETFLAGS, FS_NOCOW_FL: what `chattr +C` sets on btrfs


@dataclass(frozen=True)
class Mount:
    """A mounted file system: its kind, and the options it was mounted with."""

    kind: str
    options: tuple[str, ...] = ()

    @property
    def copies(self) -> str:
        """In what way it keeps the old content of what is overwritten; empty where it does not, as far as we know."""
        if self.kind in COPYING:
            return self.kind
        return f"{self.kind}, data=journal" if "data=journal" in self.options else ""


def mount_of(folder: Path, table: str | None = None) -> Mount:
    """The file system of a folder, from Linux's table of mounts; of no kind where there is none to ask."""
    if table is None:
        try:
            table = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return Mount("")
    place, best, found = folder.resolve(), -1, Mount("")
    for line in table.splitlines():
        mounted, _, system = line.partition(" - ")
        point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), mounted.split(" ")[4]))
        if place.is_relative_to(point) and len(point.parts) >= best:  # of two at one place the later lies on top
            kind, _source, options = system.split(" ", 2)
            best, found = len(point.parts), Mount(kind, tuple(options.split(",")))
    return found


def is_in_place(folder: Path) -> bool:
    """Whether new files in a folder of btrfs are overwritten in place (`chattr +C`)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            flags = fcntl.ioctl(handle, GET_FLAGS, struct.pack("l", 0))
            return bool(struct.unpack("l", flags)[0] & NO_COPY)
        return False
    finally:
        os.close(handle)

"""A disk as slow as an office's: a preloaded shim that counts `fsync` and `fdatasync`, and makes each take longer."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void note(void) {
    static volatile long *count = 0;
    if (!count) {
        int file = open(getenv("SHIM_COUNT"), O_RDWR);
        void *seen = file < 0 ? MAP_FAILED : mmap(0, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        static long nowhere;
        count = seen == MAP_FAILED ? &nowhere : seen;
    }
    __sync_fetch_and_add(count, 1);
    const char *delay = getenv("SHIM_MICROSECONDS");
    if (delay) usleep(atoi(delay));
}

int fsync(int fd) {
    static int (*real)(int) = 0;
    if (!real) real = (int (*)(int)) dlsym(RTLD_NEXT, "fsync");
    note();
    return real(fd);
}

int fdatasync(int fd) {
    static int (*real)(int) = 0;
    if (!real) real = (int (*)(int)) dlsym(RTLD_NEXT, "fdatasync");
    note();
    return real(fd);
}
"""


@dataclass(frozen=True)
class Disk:
    """The shim, ready to be preloaded, and where it counts."""

    library: Path
    counter: Path

    @classmethod
    def of(cls, folder: Path) -> Disk:
        """Compiles the shim into a folder."""
        source, library, counter = folder / "shim.c", folder / "shim.so", folder / "syncs"
        source.write_text(SOURCE)
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        counter.write_bytes(bytes(8))
        counter.chmod(0o666)  # a database server may run as another user
        return cls(library, counter)

    def environment(self, milliseconds: float = 0) -> dict[str, str]:
        """What a process must find in its environment to write to this disk."""
        return {
            "LD_PRELOAD": str(self.library),
            "SHIM_COUNT": str(self.counter),
            "SHIM_MICROSECONDS": str(round(1000 * milliseconds)),
        }

    @property
    def syncs(self) -> int:
        """How often something was made durable since the shim was compiled."""
        return struct.unpack("q", self.counter.read_bytes())[0]


def has_compiler() -> bool:
    """Whether the shim can be made here."""
    return shutil.which("gcc") is not None and os.uname().sysname == "Linux"

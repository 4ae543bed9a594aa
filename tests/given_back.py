"""What a file system is given back, and a death at any step: a preloaded shim that keeps a copy of every byte that is
freed (cut off, removed, replaced), and kills the process at the call that is asked for.

A file system's freed blocks keep exactly these bytes, so whoever holds the copies sees what a thief of the raw disk
sees, without root and whatever the file system.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(name) static typeof(&name) real; if (!real) real = (typeof(real)) dlsym(RTLD_NEXT, #name)

static long steps = 0, last = 0, halfway = 0;

void arm(long step, int half) { steps = 0; last = step; halfway = half; }
long made(void) { return steps; }

static int is_watched(int fd) {
    char link[64], path[PATH_MAX];
    const char *home = getenv("SHIM_WATCHED");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = home ? readlink(link, path, sizeof path - 1) : -1;
    return length > 0 && !strncmp(path, home, strlen(home));
}

static int dies(void) { return ++steps == last; }
static void step(void) { if (dies()) kill(getpid(), SIGKILL); }

static void copy(int fd, off_t from) {
    static long number = 0;
    const char *folder = getenv("SHIM_KEPT");
    struct stat found;
    if (!folder || !is_watched(fd) || fstat(fd, &found) || !S_ISREG(found.st_mode) || found.st_size <= from) return;
    char name[PATH_MAX], link[64], *data = malloc(found.st_size - from);
    snprintf(name, sizeof name, "%s/%d-%ld", folder, getpid(), __sync_fetch_and_add(&number, 1));
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int again = open(link, O_RDONLY), kept = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ssize_t size = pread(again, data, found.st_size - from, from);
    if (size > 0 && write(kept, data, size) != size) abort();
    syscall(SYS_close, again); syscall(SYS_close, kept); free(data);
}

static void copy_named(const char *path) {
    struct stat found;
    if (stat(path, &found) || !S_ISREG(found.st_mode) || found.st_nlink > 1) return;
    int fd = open(path, O_RDONLY);
    if (fd >= 0) { copy(fd, 0); syscall(SYS_close, fd); }
}

static int is_below(const char *path) {
    const char *home = getenv("SHIM_WATCHED");
    return home && !strncmp(path, home, strlen(home));
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    if (is_watched(fd)) { step(); copy(fd, size); }
    return real(fd, size);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int unlink(const char *path) {
    REAL(unlink);
    if (is_below(path)) { step(); copy_named(path); }
    return real(path);
}
int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    if (path[0] == '/' && is_below(path)) { step(); copy_named(path); }
    return real(folder, path, flags);
}
int rename(const char *from, const char *to) {
    REAL(rename);
    if (is_below(to)) { step(); copy_named(to); }
    return real(from, to);
}

int close(int fd) {  /* of a nameless file */
    REAL(close);
    struct stat found;
    if (getenv("SHIM_KEPT") && !fstat(fd, &found) && S_ISREG(found.st_mode) && !found.st_nlink) copy(fd, 0);
    return real(fd);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t place) {
    REAL(pwrite64);
    if (is_watched(fd) && dies()) {
        if (halfway) real(fd, data, size / 2, place);
        kill(getpid(), SIGKILL);
    }
    return real(fd, data, size, place);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t place) { return pwrite64(fd, data, size, place); }

int fsync(int fd) { REAL(fsync); if (is_watched(fd)) step(); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); if (is_watched(fd)) step(); return real(fd); }
"""


@dataclass(frozen=True)
class Shim:
    """The shim, ready to be preloaded; it watches one folder, and keeps what that gives back."""

    library: Path
    kept: Path
    watched: Path

    @classmethod
    def of(cls, folder: Path, watched: Path) -> Shim:
        """Compiles it into a folder."""
        source, library, kept = folder / "given_back.c", folder / "given_back.so", folder / "kept"
        source.write_text(SOURCE)
        kept.mkdir()
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        return cls(library, kept, watched)

    def environment(self) -> dict[str, str]:
        """What a process must find in its environment."""
        return {
            "LD_PRELOAD": str(self.library),
            "SHIM_KEPT": str(self.kept),
            "SHIM_WATCHED": str(self.watched),
        }

    def given_back(self) -> bytes:
        """All that was freed since the shim was compiled."""
        return b"".join(path.read_bytes() for path in self.kept.iterdir())

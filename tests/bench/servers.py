"""Three ways to serve the application, on one core each: `python -m tests.bench.servers` (not part of `make bench`).

`sipas serve` (granian and `sipas.web.request_buffering`), waitress, which buffers whole requests by design, and
granian's own WSGI. Waitress is not among our packages: SIPAS_BENCH_WAITRESS names the Python of an environment with it.
"""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench import served
from tests.make import a_kiosk_at_work
from tests.serving import FORM, free_port

PATH, THREADS, CLIENTS, SECONDS, SLOW = "/k/to-hieu-1/vi", 8, 8, 15, 200
WAITRESS = os.environ.get("SIPAS_BENCH_WAITRESS", sys.executable)
WAYS = {
    "granian, request_buffering": [sys.executable, "-m", "sipas.cli", "serve", "--workers", "1", "--port", "PORT"],
    "waitress": [WAITRESS, "-m", "waitress", f"--threads={THREADS}", "--connection-limit=4096", "--asyncore-use-poll",
                 "--listen=127.0.0.1:PORT", "sipas.wsgi:app"],
    "granian, its own WSGI": [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1",
                              "--blocking-threads", str(THREADS), "--port", "PORT", "--no-ws", "sipas.wsgi:app"],
}  # fmt: skip


@contextmanager
def server(words: list[str], home: Path) -> Iterator[tuple[int, int]]:
    """A server on core 0, in a process group of its own; gives its port and the group."""
    port = free_port()
    process = subprocess.Popen(
        ["taskset", "-c", "0", *(word.replace("PORT", str(port)) for word in words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "SIPAS_HOME": str(home), "SIPAS_POINT_BURST": "1000000", "SIPAS_POINT_DAY": "10000000"},
    )
    try:
        for _ in range(300):
            if served._is_up(port):
                break
            time.sleep(0.1)
        yield port, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def memory_of(group: int) -> float:
    """MiB of memory that a group's processes have for themselves or share (PSS)."""
    total = 0
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getpgid(int(path.name)) == group:
                rows = (path / "smaps_rollup").read_text().splitlines()
                total += next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total / 1024


def posts(port: int, seconds: float, clients: int, patience: float = 20) -> tuple[list[float], int]:
    """How long each of the stored answers took, in seconds, and how many came to nothing."""
    took: list[float] = []
    failed: list[int] = []
    end = time.monotonic() + seconds

    def client() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        while time.monotonic() < end:
            start = time.monotonic()
            try:
                line.request("POST", PATH, served.a_full_form(), FORM)
                reply = line.getresponse()
                reply.read()
                (took if reply.status == 303 else failed).append(time.monotonic() - start)  # type: ignore[arg-type]
            except OSError:
                failed.append(1)
                line.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took, len(failed)


def trickling(port: int, count: int, stop: threading.Event) -> list[socket.socket]:
    """So many connections that send the body of a form byte by byte, one every half second."""
    lines = []
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    for _ in range(count):
        line = socket.create_connection(("127.0.0.1", port), timeout=5)
        line.sendall(f"{head}Content-Length: 1000\r\n\r\nid={secrets.token_hex(8)}".encode())
        lines.append(line)

    def drip() -> None:
        while not stop.wait(0.5):
            for line in lines:
                with suppress(OSError):
                    line.send(b"a")

    threading.Thread(target=drip, daemon=True).start()
    return lines


def main() -> None:
    """Print the table, every way twice, in turns."""
    print(f"{'':28} {'POSTs/s':>8} {'CPU ms':>7} {'MiB':>6} | {SLOW} slow: {'POSTs/s':>8} {'median':>7} {'worst':>7} "
          f"{'failed':>6} {'MiB':>6}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        settings, database = a_kiosk_at_work(Path(folder) / "home")
        database.engine.dispose()
        for name, words in [*WAYS.items()] * 2:
            with server(words, settings.home) as (port, group):
                posts(port, 3, CLIENTS)
                before, start = served.cpu_of(group), time.monotonic()
                took, failed = posts(port, SECONDS, CLIENTS)
                rate = len(took) / (time.monotonic() - start)
                cpu, memory = 1000 * (served.cpu_of(group) - before) / max(1, len(took)), memory_of(group)
                stop = threading.Event()
                lines = trickling(port, SLOW, stop)
                time.sleep(1)
                slow, lost = posts(port, SECONDS, 2, patience=10)
                print(f"{name:28} {rate:8.0f} {cpu:7.2f} {memory:6.0f} | {'':9}{len(slow) / SECONDS:9.0f} "
                      f"{statistics.median(slow or [0]):7.3f} {max(slow, default=0):7.2f} "
                      f"{failed + lost:6} {memory_of(group):6.0f}", flush=True)  # fmt: skip
                stop.set()
                for line in lines:
                    line.close()


if __name__ == "__main__":
    main()

"""What the first page of the results costs a fresh worker, with fifty releases of a whole province on the shelf."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.make_release import a_release

RELEASES = 50
WARD, FIELDS, FACTORS, ITEMS = 75, 12, 5, 22  # as many figures as a half-year of the whole province has
LIMIT = 150.0  # milliseconds of CPU
FRESH = """
import resource, time
start = time.process_time()
from sipas.wsgi import app
from werkzeug.test import EnvironBuilder
ready = time.process_time()
environ = EnvironBuilder(path="/results", headers={"Accept-Encoding": "gzip"}).get_environ()
said = []
page = b"".join(app(environ, lambda status, headers, info=None: said.append(status) or (lambda data: None)))
assert said == ["200 OK"], said
spent = time.process_time() - ready
print(1000 * spent, ready - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def main() -> int:
    """Prints the line; 1 where the limit was missed."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        a_shelf(home)
        first, start, memory = fresh_worker(home)
    print(f"\n{'a fresh worker, ' + str(RELEASES) + ' releases on the shelf':66} {'ours':>9} {'limit':>9} {'ratio':>9}")
    met = first <= LIMIT
    print(f"{'/results, its first page: ms of CPU':66} {first:>9.1f} {LIMIT:>9.1f} {first / LIMIT:>9.2f}  at most 1"
          f"{'' if met else '  MISSED'}")  # fmt: skip
    print(f"{'its start with the warm page, s of CPU; peak memory in MiB':66} {start:>9.2f} {memory:>9.0f}")
    return int(not met)


def a_shelf(home: Path, releases: int = RELEASES) -> None:
    """So many releases as large as the province's, each with a code of its own."""
    factors = [f"B{n}" for n in range(1, FACTORS + 1)]
    under = [(factors[n % FACTORS], n) for n in range(ITEMS)]
    first = a_release(
        home,
        units=tuple((f"{n:05}", f"Xã số {n}", f"Commune {n}", "commune") for n in range(WARD)),
        services=tuple((f"f{n}", f"Lĩnh vực {n}", f"Field {n}") for n in range(FIELDS)),
        factors=tuple((code, f"Yếu tố {code}", f"Factor {code}") for code in factors),
        items=tuple((f"{code}.{n}", f"Tiêu chí {n}", f"Item {n}", code) for code, n in under),
    )
    for number in range(2, releases + 1):
        copied(first, f"2026-1-r{number}")


def copied(folder: Path, code: str) -> Path:
    """The release once more under another code, as it would have been published."""
    target = shutil.copytree(folder, folder.with_name(code))
    manifest, sums = target / "release.json", target / "SHA256SUMS"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(told | {"release": code}, ensure_ascii=False), encoding="utf-8")
    old, new = (hashlib.sha256((one / manifest.name).read_bytes()).hexdigest() for one in (folder, target))
    sums.write_text(sums.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return target


def fresh_worker(home: Path) -> tuple[float, float, float]:
    """The first page's CPU in milliseconds, that of the start in seconds, and the peak memory in MiB."""
    environment = {**os.environ, "SIPAS_HOME": str(home), "SIPAS_PARTS": "results"}
    run = subprocess.run([sys.executable, "-c", FRESH], check=True, capture_output=True, text=True, env=environment)
    first, start, memory = map(float, run.stdout.split())
    return first, start, memory


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.mutants [ROOM ...]`: draws a sample of mutants in each room and asks the tests that cover them."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from .accepted import Named, named_in
from .copies import Copy
from .covering import Covering, learn
from .operators import Mutant, mutants_of
from .trials import Verdict, tried

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "mutants"
SHARE_KILLED, SHARE_EQUIVALENT = 0.85, 0.10
SUITES = {  # the folders that are mutated -> the tests that may kill them
    "analysis": ["analysis", "tests/analysis", "tests/reference"],
    "sipas": [
        *("sipas/intake", "sipas/publishing"),
        *(f"tests/sipas/{name}" for name in ("intake", "publishing", "inviting", "kiosk", "results")),
        *("tests/sipas/importing", "tests/sipas/files", "tests/sipas/migrations", "tests/sipas/desk/test_comments.py"),
        *("tests/boundaries/test_tampering.py", "tests/boundaries/test_destruction.py"),
    ],
}


def rooms() -> list[str]:
    """Return the folders that are mutated: each of `analysis`, its loose modules, and two of `sipas`."""
    inner = [path.name for path in (ROOT / "analysis").iterdir() if (path / "__init__.py").exists()]
    return ["analysis", *(f"analysis/{name}" for name in sorted(inner)), "sipas/intake", "sipas/publishing"]


def main() -> int:
    """Run the trials that the command line asks for; 1 where a room falls short."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help="folders, such as analysis/variance; default: all")
    parser.add_argument("--seed", type=int, default=13, help="another seed draws another sample (default 13)")
    parser.add_argument("--sample", type=int, default=120, help="mutants of each room (default 120)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="only those that were not killed the last time")
    parser.add_argument("--only", default="", help="only those whose name holds this text, sampled or not")
    options = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ.setdefault("SIPAS_REFERENCE", str(ROOT.parent / "shared" / "reference"))
    BUILD.mkdir(parents=True, exist_ok=True)
    first = Copy.of(ROOT, BUILD / "copy")
    chosen = [room.rstrip("/") for room in options.rooms] or rooms()
    known = {area: _learnt(area, first) for area in sorted({room.split("/")[0] for room in chosen})}
    copies = [Copy.of(first.root, BUILD / f"copy-{os.getpid()}-{number}") for number in range(options.processes)]
    try:
        enough = [_room(room, known[room.split("/")[0]], copies, options) for room in chosen]
        return int(not all(enough))
    finally:
        for copy in copies:
            copy.remove()


def _learnt(area: str, copy: Copy) -> Covering:
    begun = time.monotonic()
    folders = [room for room in rooms() if room.split("/")[0] == area]
    covering = learn(copy, folders, SUITES[area], BUILD / f"{area}.json")
    for name in covering.imported:
        with suppress(ImportError):
            importlib.import_module(name)
    print(f"{area}: {len(covering.seconds)} tests known after {time.monotonic() - begun:.0f} s", flush=True)
    for test in covering.failed:
        print(f"  left out, since it fails or is skipped without a mutant: {test}")
    return covering


def _room(room: str, covering: Covering, copies: list[Copy], options: argparse.Namespace) -> bool:
    """Try a room's sample, print what lives, and return whether enough was killed."""
    begun, spent = time.monotonic(), _processor()
    every = mutants_of(ROOT, room)
    sample = sorted(every, key=lambda mutant: mutant.rank(options.seed))[: options.sample]
    if options.only:
        sample = [mutant for mutant in every if options.only in mutant.name]
    report = BUILD / f"{room.replace('/', '-')}.json"
    last = json.loads(report.read_text()) if report.exists() else {}
    verdicts: dict[str, Verdict] = {}
    if options.again:
        verdicts = {
            mutant.name: Verdict(**last[mutant.name]) for mutant in sample if last.get(mutant.name, {}).get("killed")
        }
    asked = [mutant for mutant in sample if mutant.name not in verdicts]
    for mutant, verdict in tried(room, asked, covering, copies, BUILD):
        verdicts[mutant.name] = verdict
        last[mutant.name] = vars(verdict)
        report.write_text(json.dumps(last, indent=1, ensure_ascii=False))
        if not verdict.killed:
            print(f"  lives: {mutant.path}:{_line(mutant)}: {mutant.name} ({verdict.by})", flush=True)
        elif options.only:
            print(f"  dies: {mutant.name} ({verdict.by})", flush=True)
    took = f"{(time.monotonic() - begun) / 60:.1f} minutes ({(_processor() - spent) / 60:.1f} of processor)"
    return _told(room, sample, every, verdicts, took)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _line(mutant: Mutant) -> int:
    return (ROOT / mutant.path).read_bytes()[: mutant.start].count(b"\n") + 1


def _told(room: str, sample: list[Mutant], every: list[Mutant], verdicts: dict[str, Verdict], took: str) -> bool:
    named = [one for one in named_in() if one.room == room]
    living = {mutant.name for mutant in sample if not verdicts[mutant.name].killed}
    equal = {one.name for one in named if one.equivalent} & living
    killed, judged = len(sample) - len(living), len(sample) - len(equal)
    share = killed / judged if judged else 1.0
    unnamed = len(living - {one.name for one in named})
    print(
        f"{room}: {len(sample)} of {len(every)} mutants, {killed} killed, {len(equal)} equivalent, "
        f"{len(living) - len(equal)} survivors ({unnamed} without a reason), {share:.0%} killed, {took}",
        flush=True,
    )
    complaints = _complaints(named, {mutant.name for mutant in every}, len(equal), len(sample), share)
    for complaint in complaints:
        print(f"  {complaint}")
    return not complaints


def _complaints(named: list[Named], known: set[str], equal: int, sampled: int, share: float) -> list[str]:
    said = [f"no such mutant any more, strike it from the list: {one.name}" for one in named if one.name not in known]
    if equal > SHARE_EQUIVALENT * sampled:
        said.append(f"{equal} of {sampled} are called equivalent; at most one in ten may be")
    if share < SHARE_KILLED:
        said.append(f"fewer than {SHARE_KILLED:.0%} were killed")
    return said


if __name__ == "__main__":
    sys.exit(main())

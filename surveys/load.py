"""Find an instrument by its code, read it, and refuse a bad file with all its errors at once.

A file is named `<code>.v<version>.yaml`. What a file may hold is said in `shape.py`, what must agree in `check.py`.
"""

import hashlib
from functools import cache
from pathlib import Path

from surveys.errors import N_, BadInstrument, UnknownInstrument
from surveys.instrument import Instrument

INSTRUMENTS = Path(__file__).parent / "instruments"


def catalogue(folder: Path = INSTRUMENTS) -> dict[str, tuple[int, ...]]:
    """The code of every instrument, with its versions, oldest first."""
    versions: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.v*.yaml")):
        code, _, version = path.stem.rpartition(".v")
        if version.isdecimal():
            versions.setdefault(code, []).append(int(version))
    return {code: tuple(sorted(numbers)) for code, numbers in versions.items()}


def retired(code: str, version: int, folder: Path = INSTRUMENTS) -> int | None:
    """The version that took the place of one that no new wave may ask with; None where it may.

    >>> retired("onestop-2018", 1), retired("onestop-2018", 2)
    (2, None)
    """
    listed = folder / "RETIRED"
    lines = listed.read_text().splitlines() if listed.exists() else []
    successors = dict(line.split() for line in lines)
    successor = successors.get(f"{code}.v{version}")
    return None if successor is None else int(successor)


@cache  # a released file never changes; a changed draft is seen by the next process
def load(code: str, version: int | None = None, folder: Path = INSTRUMENTS) -> Instrument:
    """The instrument of that code, in its latest version unless another is named.

    >>> load("service-2024").factor_of("B1.1")
    'B1'
    """
    known = catalogue(folder)
    if code not in known:
        codes = ", ".join(known) or "-"
        raise UnknownInstrument(N_("there is no instrument `{code}`; there are: {codes}"), code=code, codes=codes)
    version = known[code][-1] if version is None else version
    if version not in known[code]:
        raise UnknownInstrument(
            N_("instrument `{code}` has no version {version}; it has: {versions}"),
            code=code,
            version=version,
            versions=", ".join(map(str, known[code])),
        )
    return read(folder / f"{code}.v{version}.yaml")


def read(path: Path) -> Instrument:
    """Read one instrument file, wherever it lies; `BadInstrument` carries every complaint about it."""
    from surveys.check import disagreements
    from surveys.shape import built, misshapen
    from surveys.source import parse

    content = path.read_bytes()
    source = parse(path.name, content)
    complaints = source.complaints or [
        source.complaint(*found) for found in (*misshapen(source.tree), *disagreements(source.tree, path.name))
    ]
    if complaints:
        raise BadInstrument(source.file, complaints)
    return built(source.tree, digest=hashlib.sha256(content).hexdigest())

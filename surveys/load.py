"""Find an instrument by its code, read it, and refuse a bad file with all its errors at once.

A file is named `<code>.v<version>.yaml`. What a file may hold is said in `shape.py`, what must agree in `check.py`.
Instruments lie in this package, and in one folder more if an application names it (`also_from`).
"""

import hashlib
from functools import cache
from pathlib import Path

from surveys.errors import N_, BadInstrument, SurveyError, UnknownInstrument
from surveys.instrument import Instrument, is_own, version_order

INSTRUMENTS = Path(__file__).parent / "instruments"
DIGESTS = "DIGESTS"

_also: Path | None = None


class ChangedInstrument(SurveyError):
    """A file in the other folder that is not the file that was made there."""


def also_from(folder: Path | None) -> None:
    """From now on this process finds versions made at an installation too: in this folder, in place of any other.

    Only files numbered from 1001 on are looked at there, so that none can stand in the place of a released one, and
    only as its list `DIGESTS` knows them. None takes the folder away.
    """
    global _also
    _also = folder


def own_folder() -> Path | None:
    """The folder in which this process finds the versions that were made at its installation."""
    return _also


def catalogue(folder: Path | None = None) -> dict[str, tuple[int, ...]]:
    """The code of every instrument, with its versions, oldest first (`version_order`); of one folder, or of all."""
    versions: dict[str, list[int]] = {}
    for one in [folder] if folder else _folders():
        for path in sorted(one.glob("*.v*.yaml")):
            code, _, version = path.stem.rpartition(".v")
            if version.isdecimal() and (folder or is_own(int(version)) == (one == _also)):
                versions.setdefault(code, []).append(int(version))
    return {code: tuple(sorted(numbers, key=version_order)) for code, numbers in sorted(versions.items())}


def retired(code: str, version: int, folder: Path = INSTRUMENTS) -> int | None:
    """The version that took the place of one that no new wave may ask with; None where it may. Other words for a
    retired version, made at an installation, are retired with it.

    >>> retired("onestop-2018", 1), retired("onestop-2018", 1001), retired("onestop-2018", 2)
    (2, 2, None)
    """
    listed = folder / "RETIRED"
    lines = listed.read_text().splitlines() if listed.exists() else []
    successors = dict(line.split() for line in lines)
    successor = successors.get(f"{code}.v{version_order(version)[0]}")
    return None if successor is None else int(successor)


def load(code: str, version: int | None = None, folder: Path | None = None) -> Instrument:
    """The instrument of that code, in its latest version unless another is named.

    Raises UnknownInstrument, BadInstrument, or ChangedInstrument where a file made here is not as it was made.

    >>> load("service-2024").factor_of("B1.1")
    'B1'
    """
    if version is not None:
        try:
            return _load(code, version, folder or (_also if is_own(version) and _also else INSTRUMENTS))
        except FileNotFoundError:
            pass  # said below, with what there is
    known = catalogue(folder)
    if code not in known:
        codes = ", ".join(known) or "-"
        raise UnknownInstrument(N_("there is no instrument `{code}`; there are: {codes}"), code=code, codes=codes)
    if version is not None:
        raise UnknownInstrument(
            N_("instrument `{code}` has no version {version}; it has: {versions}"),
            code=code,
            version=version,
            versions=", ".join(map(str, known[code])),
        )
    return load(code, known[code][-1], folder)


def sound(path: Path) -> None:
    """Raise ChangedInstrument where a file is not listed in the `DIGESTS` beside it, or is another than listed."""
    try:
        lines = (path.parent / DIGESTS).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    if f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" not in lines:
        raise ChangedInstrument(
            N_(
                "{file} is not the questionnaire that was made here: its digest is another than in {digests}. Put the "
                "file of a backup in its place; what was answered to other words must not be read by these."
            ),
            file=path.name,
            digests=DIGESTS,
        )


@cache  # a released file never changes; a changed draft is seen by the next process
def _load(code: str, version: int, folder: Path) -> Instrument:
    path = folder / f"{code}.v{version}.yaml"
    if is_own(version) and path.exists():
        sound(path)
    return read(path)


def read(path: Path) -> Instrument:
    """Read one instrument file, wherever it lies; `BadInstrument` carries every complaint about it."""
    content = path.read_bytes()
    return read_bytes(path.name, content)


def read_bytes(name: str, content: bytes) -> Instrument:
    """The instrument that a file of that name and content is; raises BadInstrument."""
    from surveys.check import disagreements
    from surveys.shape import built, misshapen
    from surveys.source import parse

    source = parse(name, content)
    complaints = source.complaints or [
        source.complaint(*found) for found in (*misshapen(source.tree), *disagreements(source.tree, name))
    ]
    if complaints:
        raise BadInstrument(source.file, complaints)
    return built(source.tree, digest=hashlib.sha256(content).hexdigest())


def _folders() -> list[Path]:
    return [INSTRUMENTS, *([_also] if _also else [])]

"""What lies in the home held against the database: each difference named, with its way out.

An older backup that was restored knows less than the folders: waves that were frozen since are open again, releases
are public that it does not list, keys and snapshots belong to waves it never heard of. None of these is mended by
itself, for only a person knows which side is right. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.errors import N_, SipasError
from sipas.fieldwork.ended import frozen_on, was_frozen
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import is_wave_code, waves
from sipas.files.home_paths import HomePaths
from sipas.intake import stored, unfinished
from sipas.intake.invitations import Invitation
from sipas.intake.models import Response
from sipas.intake.record import PEOPLE
from sipas.intake.redemption_journal import RedemptionJournal
from sipas.keyring import wave_keys
from sipas.logs import deeds
from sipas.publishing.bundle import ChangedFiles, check_files
from sipas.publishing.cluster_labels import cluster_labels
from sipas.publishing.disorder import disorder
from sipas.publishing.models import DestructionStop, Release, SnapshotRecord

LOOKED_AT = 200  # answers of a wave whose labels are tried with its key

OPEN = N_(
    "Wave {wave} is open in this database, but it was frozen: {sign}. Its points take no answer. Restore a backup that "
    "was made after the freeze; where there is none, run `sipas wave close {wave}`, then `sipas freeze {wave}`."
)
CLOSED = N_(
    "Wave {wave} is closed in this database, but it was frozen: {sign}. Restore a backup that was made after the "
    "freeze; where there is none, run `sipas freeze {wave}`, which takes the snapshot up."
)
NO_SNAPSHOT = N_(
    "Wave {wave} was frozen on {day} or before, as deeds.log says, but this database holds it as {state}, and "
    "snapshots/{file} is missing. Its key was destroyed on purpose; no copy may bring it back. Restore a backup that "
    "was made after the freeze, and the snapshot from where you keep it."
)
SIGN_FILE = N_("snapshots/{file} lies here (if that is no file of this wave, move it away)")
SIGN_KEY = N_("snapshots/{file} lies here, and its key was destroyed on purpose")
NO_WAVE = N_(
    "snapshots/{file} is of a wave that this database does not know, as after the restore of an older backup. Restore "
    "the newest backup; where there is none, keep the file: it is all there is of that wave."
)
KEYS_WITHOUT_WAVE = N_(
    "Keys of wave {wave} lie in the folder keys ({kinds}), and this database does not know the wave, as after the "
    "restore of an older backup. Restore the newest backup; where there is none, keep them as long as a screen may "
    "hold answers of that wave."
)
OTHER_KEY = N_(
    "No answer of wave {wave} that was looked at ({number}) was stored under the cluster key that lies here: the "
    "backup may be another installation's, or the key was made anew. See whose keys these are before it is frozen."
)
CUT_OFF = N_(
    "Wave {wave}: {number} of {rows} frozen answers are left in the database; the dropping of its rows was begun and "
    "not ended. Run: sipas wave drop {wave}"
)
DROPPED = N_(
    "The answers of wave {wave} were dropped on {day}, and this database holds them again, as after the restore of an "
    "older backup. Run: sipas wave drop {wave}"
)
STOP = N_(
    "Two people stopped the destruction of wave {wave} until {day}, and this database does not know it. Restore a "
    "backup that was made after that; else say it again before the next night: sipas wave stop-destruction {wave}"
)
DRAFT_GONE = N_(
    "The {state} {release} is in the database, but the folder drafts/{release} is missing. Restore it from a backup, "
    "or build another: sipas release build {wave} --account NAME"
)
DRAFT_CHANGED = N_(
    "The {state} {release} is not as it was built ({problem}) Restore the folder drafts/{release} from a backup, or "
    "build another: sipas release build {wave} --account NAME"
)
DRAFT_UNKNOWN = N_(
    "The database knows nothing of the draft in drafts/{folder}, as after the restore of an older backup. Restore the "
    "newest backup; where there is none, build it again and delete the folder."
)
UNKNOWN_CODES = N_(
    "{number} invitation codes that were spent since the last night are unknown to this database, as after the restore "
    "of an older backup. Restore the newest backup; where there is none, the codes issued since it are void: issue "
    "others with `sipas invitations issue`."
)


@dataclass(frozen=True)
class Mismatch:
    """Something about which home and database differ: of which wave, release or folder, and what to do."""

    about: str
    error: SipasError


def mismatches(session: Session, home: Path) -> Iterator[Mismatch]:
    """Everything about which home and database differ; reads every release and draft to its end."""
    yield from at_a_glance(session, home)
    known = {one.id: one.code for one in waves(session)}
    yield from _drafts(session, home, known)
    for wave in waves(session):
        yield from _answers(session, home, wave)
        yield from _foreign_key(session, home, wave)
    yield from (Mismatch(code, error) for code, error in disorder(session, home))


def asks_for_backup(found: Iterable[Mismatch]) -> bool:
    """Whether any of these sentences says to restore a backup, so that it is good to know which there is."""
    return any("Restore " in one.error.template for one in found)


def at_a_glance(session: Session, home: Path) -> Iterator[Mismatch]:
    """What the names of files and `deeds.log` tell by themselves; quick enough for a page."""
    every = waves(session)
    for wave in every:
        if wave.state != "frozen" and (error := _ended(home, wave)):
            yield Mismatch(wave.code, error)
    codes = {one.code for one in every}
    yield from _snapshots(home, codes)
    yield from _keys(home, codes)
    yield from _stops(session, home, {one.code: one.id for one in every})
    yield from _codes(session, home)


def _ended(home: Path, wave: Wave) -> SipasError | None:
    if not was_frozen(home, wave):
        return None
    file = HomePaths(home).snapshot(wave.code)
    if not file.exists():
        day = frozen_on(home, wave.code)
        return SipasError(NO_SNAPSHOT, wave=wave.code, day=day, state=wave.stage, file=file.name)
    is_gone = wave_keys.find(home, wave.code, "cluster") is None
    sign = SipasError(SIGN_KEY if is_gone else SIGN_FILE, file=file.name)
    return SipasError(OPEN if wave.state == "open" else CLOSED, wave=wave.code, sign=sign)


def _snapshots(home: Path, codes: set[str]) -> Iterator[Mismatch]:
    for path in sorted(HomePaths(home).snapshots.glob("*.parquet")):
        of = path.stem.rpartition(".")[0]  # a file that `freeze` kept beside another: WAVE.DIGEST.parquet
        if not path.name.startswith(".") and path.stem not in codes and of not in codes:
            yield Mismatch(path.stem, SipasError(NO_WAVE, file=path.name))


def _keys(home: Path, codes: set[str]) -> Iterator[Mismatch]:
    lying: dict[str, list[str]] = {}
    for path in sorted(HomePaths(home).keys.glob("*.*.key")):
        wave, kind, _ending = path.name.rsplit(".", 2)
        if wave not in codes and is_wave_code(wave):
            lying.setdefault(wave, []).append(kind)
    for wave, kinds in lying.items():
        yield Mismatch(wave, SipasError(KEYS_WITHOUT_WAVE, wave=wave, kinds=", ".join(kinds)))


def _stops(session: Session, home: Path, ids: dict[str, int]) -> Iterator[Mismatch]:
    today = str(clock.today())
    for told in deeds(home):
        code, until = str(told.get("wave")), str(told.get("until", ""))
        is_ours = told["event"] == "destruction stopped" and until >= today and code in ids
        if is_ours and session.get(DestructionStop, ids[code]) is None:
            yield Mismatch(code, SipasError(STOP, wave=code, day=until))


def _codes(session: Session, home: Path) -> Iterator[Mismatch]:
    spent = RedemptionJournal(home).spent()
    known = {
        one
        for piece in _pieces(spent)
        for one in session.scalars(select(Invitation.key).where(Invitation.key.in_(piece)))
    }
    if number := len(set(spent) - known):
        yield Mismatch("invitations", SipasError(UNKNOWN_CODES, number=number))


def _pieces(codes: list[bytes], size: int = 500) -> Iterator[list[bytes]]:
    return (codes[start : start + size] for start in range(0, len(codes), size))


def _drafts(session: Session, home: Path, known: dict[int, str]) -> Iterator[Mismatch]:
    paths = HomePaths(home)
    rows = session.scalars(select(Release).where(Release.state != "published").order_by(Release.id)).all()
    for one in rows:
        folder, facts = paths.draft(one.code), {"release": one.code, "wave": known.get(one.wave_id, "")}
        if not folder.is_dir() and paths.release(one.code).is_dir():
            continue  # it is public; `disorder` says how it comes back
        if not folder.is_dir():
            yield Mismatch(one.code, SipasError(DRAFT_GONE, state=one.state, **facts))
            continue
        try:
            check_files(folder, one.digest)
        except ChangedFiles as problem:
            yield Mismatch(one.code, SipasError(DRAFT_CHANGED, state=one.state, problem=problem, **facts))
    codes = set(session.scalars(select(Release.code)))
    for folder in sorted(paths.drafts.iterdir()) if paths.drafts.is_dir() else ():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in codes:
            yield Mismatch(folder.name, SipasError(DRAFT_UNKNOWN, folder=folder.name))


def _answers(session: Session, home: Path, wave: Wave) -> Iterator[Mismatch]:
    """Rows of a frozen wave that are half dropped, or there although they were dropped."""
    record = session.get(SnapshotRecord, wave.id)
    if wave.state != "frozen" or record is None or wave.dropped_on:
        return
    told = [one for one in deeds(home) if one.get("wave") == wave.code]
    whole = stored(session, wave.id)
    with_unfinished = whole + unfinished(session, wave.id)
    ended = [one for one in told if one["event"] == "answers dropped"]
    if ended and with_unfinished:
        yield Mismatch(wave.code, SipasError(DROPPED, wave=wave.code, day=ended[-1]["day"]))
        return
    frozen = next((int(one["kept"]) for one in reversed(told) if "kept" in one), record.rows)
    if frozen not in (whole, with_unfinished):
        yield Mismatch(wave.code, SipasError(CUT_OFF, wave=wave.code, number=with_unfinished, rows=frozen))


def _foreign_key(session: Session, home: Path, wave: Wave) -> Iterator[Mismatch]:
    """Whether the answers of a wave that is not frozen bear labels of the cluster key that lies here."""
    key = wave_keys.find(home, wave.code, "cluster")
    if wave.state == "frozen" or key is None or was_frozen(home, wave):
        return
    some = select(Response.cluster).where(Response.wave == wave.id, PEOPLE).limit(LOOKED_AT)
    seen = set(session.scalars(some))
    if seen and not {one.hex() for one in seen} & cluster_labels(session, wave, key, clock.today()).keys():
        yield Mismatch(wave.code, SipasError(OTHER_KEY, wave=wave.code, number=len(seen)))

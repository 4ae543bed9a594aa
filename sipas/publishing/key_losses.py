"""Two people say that keys of a wave are lost: then it goes on with new ones, or is frozen without them.

Which keys, who and why stand in the database, in `deeds.log` and in the manifest of every release of the wave. The two
are typed names, as those of `stops.py` are. What the loss means for figures is for `clusters.py` and `key_words.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sipas.errors import N_, NotReady, SamePerson, WaveState
from sipas.fieldwork.ended import was_frozen
from sipas.fieldwork.key_losses import losses
from sipas.fieldwork.models import Device, KeyLoss, Wave, WavePoint
from sipas.fieldwork.waves import hold, wave_of
from sipas.intake.invitations import InvitationBatch
from sipas.intake.models import Unopened
from sipas.keyring import wave_keys
from sipas.logs import keep
from sipas.publishing.people import person, same_person
from sipas.storage.database import Database

REASON = 500  # characters


class KeysLost(NotReady):
    """A wave that would be frozen has not all its keys, and nobody has said that they are lost."""


@dataclass(frozen=True)
class Saying:
    """Who says that the keys are lost, and why; nobody, where an older command renews them that asks for no names."""

    people: tuple[str, str] = ("", "")
    reason: str = ""

    @classmethod
    def of(cls, people: Sequence[str], reason: str) -> Saying:
        """Raises SamePerson where it is not two people, NotReady without a reason."""
        if len(people) != 2:
            raise SamePerson(N_("Two people must say it: two accounts."))
        first, second = (person(name) for name in people)
        if same_person(first, second):
            raise SamePerson(
                N_("“{first}” and “{second}” are one person; two must say it."), first=first, second=second
            )
        words = " ".join(reason.split())
        if not words or len(words) > REASON:
            raise NotReady(N_("Give the reason with --reason, in 1 to {most} characters."), most=REASON)
        return cls((first, second), words)


def needed(session: Session, wave: Wave, today: dt.date) -> tuple[str, ...]:
    """The keys that a wave needs as it stands now: all while it asks, the codes' only where there are codes."""
    if wave.state == "frozen":
        return wave_keys.AFTER_GRACE if wave.grace_until and today <= wave.grace_until else ()
    has_codes = session.scalar(select(InvitationBatch.id).where(InvitationBatch.wave == wave.id).limit(1)) is not None
    return wave_keys.EVERY if wave.state == "open" and has_codes else wave_keys.KINDS


def lost(session: Session, home: Path, wave: Wave, today: dt.date) -> tuple[str, ...]:
    """Those of the needed keys that are missing or damaged, and of which nobody has said that the wave does without.

    A frozen wave has a key of ids even where the one of before was given up: late answers are counted once by it.
    """
    last = {one.kind: one.renewed for one in losses(session, wave.id)}
    gone = (kind for kind in needed(session, wave, today) if wave_keys.find(home, wave.code, kind) is None)
    return tuple(kind for kind in gone if last.get(kind, True) or (kind == "id" and wave.state == "frozen"))


def refuse_lost(session: Session, home: Path, wave: Wave, today: dt.date) -> None:
    """Raises KeysLost where a wave that is to be frozen has lost a key."""
    if kinds := lost(session, home, wave, today):
        raise KeysLost(
            _LOST_WITH_SEAL if "seal" in kinds else _LOST,
            wave=wave.code,
            kinds=", ".join(kinds),
        )


_LOST = N_(
    "Keys of wave {wave} are missing or damaged in the folder `keys` of SIPAS_HOME: {kinds}. Copy them back from the "
    "old machine; if they are lost for good, two people say so: "
    '`sipas freeze {wave} --keys-lost --account … --account … --reason "…"`. See `sipas manual operator`, '
    "“The keys of a wave”."
)
_LOST_WITH_SEAL = N_(
    "Keys of wave {wave} are missing or damaged in the folder `keys` of SIPAS_HOME: {kinds}. Copy them back from the "
    "old machine; the seal key comes back from its sealed copy too: `sipas wave key-restore {wave}.seal.copy --with "
    "office.key`. If they are lost for good, two people say so: "
    '`sipas freeze {wave} --keys-lost --account … --account … --reason "…"`. See `sipas manual operator`, '
    "“The keys of a wave”."
)


def say_lost(session: Session, home: Path, wave: Wave, saying: Saying, today: dt.date) -> tuple[str, ...]:
    """Note that a wave which is to be frozen does without the keys that are lost; gives them.

    Raises WaveState where none is.
    """
    kinds = lost(session, home, wave, today)
    if not kinds and not any(not one.renewed for one in losses(session, wave.id)):
        raise WaveState(
            N_("Every key of wave {wave} is here; freeze it without --keys-lost."),
            wave=wave.code,
        )
    _note(session, home, wave, kinds, saying, today, renewed=False)
    return kinds


def renewable(session: Session, home: Path, wave: Wave, today: dt.date) -> tuple[str, ...]:
    """The lost keys of a wave that can be made anew, one at least.

    Raises WaveState where none is lost, a snapshot says that the cluster key was destroyed on purpose, the wave is
    closed, or is frozen and its days of grace are over. A closed wave asks nobody any more: a new key would widen its
    intervals for nothing, and its releases would say that it was replaced while people were asked. A frozen one gets a
    new key of ids alone: what was sealed under a lost key counts as late without being opened.
    """
    kinds = lost(session, home, wave, today)
    found = tuple(kind for kind in kinds if wave.state != "frozen" or kind == "id")
    if not found:
        raise WaveState(N_("No key of wave {wave} is lost that could be renewed now."), wave=wave.code)
    if "cluster" in found and was_frozen(home, wave):
        raise WaveState(
            N_(
                "snapshots/{wave}.parquet says that wave {wave} was frozen: its cluster key is not lost, but was "
                "destroyed then. Restore a backup that was made after the freeze, or close the wave and say `sipas "
                "freeze {wave}`, which takes the file up where it holds the same answers."
            ),
            wave=wave.code,
        )
    if wave.state == "closed":
        raise WaveState(
            N_(
                "Wave {wave} is closed and asks nobody any more, so it gets no new keys. Copy the lost ones back; if "
                "they are lost for good, two people say so as it is frozen: "
                '`sipas freeze {wave} --keys-lost --account … --account … --reason "…"`.'
            ),
            wave=wave.code,
        )
    return found


def renew(database: Database, home: Path, code: str, saying: Saying, today: dt.date) -> tuple[str, ...]:
    """Make new keys in place of those that a wave has lost, and note it; gives their kinds. Raises as `renewable`."""
    with database.writing() as session:
        wave = wave_of(session, code)
        hold(session.connection(), wave.id, alone=True)
        session.refresh(wave)
        renewed = renewable(session, home, wave, today)
        _note(session, home, wave, renewed, saying, today, renewed=True)
        make_anew(home, wave.code, renewed)
    return renewed


def make_anew(home: Path, wave: str, kinds: Iterable[str]) -> None:
    """New keys; what is left of damaged ones is overwritten first."""
    for kind in kinds:
        if wave_keys.find(home, wave, kind) is None:
            wave_keys.destroy(home, wave, (kind,))
            wave_keys.make(home, wave, (kind,))


def sealed_forms_lost(session: Session, wave: Wave) -> int:
    """How many forms can no longer be opened, if the key to them is lost, at most: those that wait at screens of its
    points, as the screens said last, and those that came once the key was another. Each form is two messages."""
    said = losses(session, wave.id)
    messages = 0
    if any(one.kind == "seal" and one.renewed for one in said):
        messages += session.scalar(
            select(func.count()).select_from(Unopened).where(Unopened.wave == wave.code, Unopened.reason == "damaged")
        ) or 0  # fmt: skip
    if any(one.kind == "seal" and not one.renewed for one in said):
        places = select(WavePoint.point_id).where(WavePoint.wave_id == wave.id)
        messages += session.scalar(select(func.sum(Device.waiting)).where(Device.point.in_(places))) or 0
    return -(-messages // 2)


def consequences(session: Session, wave: Wave, clusters: str) -> tuple[tuple[str, str], ...] | None:
    """What the losses mean for the figures, as the codebook says it; None where they mean nothing."""
    found = {"cluster": clusters} if clusters else {}
    if forms := sealed_forms_lost(session, wave):
        found["seal"] = str(forms)
    found |= {
        one.kind: "renewed"
        for one in losses(session, wave.id)
        if one.renewed and one.kind in ("id", wave_keys.INVITATION)
    }
    return tuple(sorted(found.items())) or None


def notes(session: Session, wave: int) -> list[dict[str, Any]]:
    """What the manifest of a wave's release says of its lost keys: one note for all that were said together."""
    together: dict[tuple[object, ...], list[str]] = {}
    for one in losses(session, wave):
        said = (str(one.said_on), one.renewed, one.first_person, one.second_person, one.reason)
        together.setdefault(said, []).append(one.kind)
    return [
        {"kind": "keys lost", "keys": kinds, "on": on, "renewed": renewed, "by": [first, second], "reason": reason}
        for (on, renewed, first, second, reason), kinds in together.items()
    ]


def _note(
    session: Session,
    home: Path,
    wave: Wave,
    kinds: Sequence[str],
    saying: Saying,
    today: dt.date,
    *,
    renewed: bool,
) -> None:
    if not kinds:
        return
    first, second = saying.people
    session.add_all(
        KeyLoss(
            wave_id=wave.id,
            kind=kind,
            said_on=today,
            renewed=renewed,
            first_person=first,
            second_person=second,
            reason=saying.reason,
        )
        for kind in kinds
    )
    session.flush()
    facts: Mapping[str, object] = {
        "wave": wave.code,
        "keys": list(kinds),
        "by": [first, second],
        "reason": saying.reason,
    }
    keep(home, "lost keys renewed" if renewed else "frozen without lost keys", today, **facts)

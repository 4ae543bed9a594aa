"""Whether a wave was frozen although this database does not know it, as after the restore of an older backup.

The home tells it: the wave's snapshot lies in `snapshots/`, or its cluster key is gone and `deeds.log` says that it was
destroyed. Such a wave takes no answer: the file that counts is made, and is never made again with other answers in it.
"""

from __future__ import annotations

from pathlib import Path

from sipas.errors import N_, WaveState
from sipas.fieldwork.models import Wave
from sipas.files.home_paths import HomePaths
from sipas.keyring import wave_keys
from sipas.logs import deeds

FROZEN = "frozen"
DESTROYED = "keys destroyed"


def was_frozen(home: Path, wave: Wave) -> bool:
    """Whether the home holds that the wave was frozen, of which the database says that it is open or closed."""
    if wave.is_ended:
        return False
    if HomePaths(home).snapshot(wave.code).exists():
        return True
    return wave_keys.find(home, wave.code, "cluster") is None and frozen_on(home, wave.code) is not None


def frozen_on(home: Path, code: str) -> str | None:
    """The day on which the log of deeds first says that the wave's keys were destroyed, so that it was frozen."""
    told = (one for one in deeds(home) if one.get("wave") == code and one["event"] in (FROZEN, DESTROYED))
    return next((str(one["day"]) for one in told), None)


def refuse_frozen(home: Path, wave: Wave) -> None:
    """Raise WaveState where the wave was frozen although the database does not know it."""
    if was_frozen(home, wave):
        raise WaveState(
            N_(
                "Wave {wave} was frozen, of which this database does not know; it takes no answer any more. See "
                "`sipas doctor`."
            ),
            wave=wave.code,
        )


def refuse_old_snapshot(home: Path, code: str) -> None:
    """Raise WaveState where a wave of that code was frozen here, so that a new one could take no answer."""
    path = HomePaths(home).snapshot(code)
    if path.exists():
        raise WaveState(
            N_(
                "snapshots/{file} lies in SIPAS_HOME: a wave “{wave}” was frozen here. Choose another code; or, if "
                "nobody needs that file any more, move it away first."
            ),
            wave=code,
            file=path.name,
        )

"""What `/health` and `/ready` say: words of a fixed list, nothing of what is stored or where."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.exc import DBAPIError

from sipas import clock
from sipas.backups.daily import last_backup_made
from sipas.config.settings import Settings
from sipas.errors import SipasError
from sipas.files.disk_space import Disk
from sipas.i18n import catalog
from sipas.monitoring import answering, nightly
from sipas.monitoring.findings import ALLOWANCE
from sipas.monitoring.servers import SOON, Running, servers
from sipas.storage.database import Database

OK, DOWN, NONE = "ok", "down", "none"

Report = dict[str, str | int | None]


class Health:
    """The health of one process; whoever asks often is told what a look within the last second found."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._rehearsals = answering.Rehearsals(database, settings)

    def report(self) -> Report:
        """Every state, `status` first: ok, warn (something needs the operator) or down (no answer can be stored; on a
        server without kiosks: the database does not answer)."""
        if "kiosk" in self._settings.parts:
            reason = self._rehearsals.reason()
            states: Report = {"answers": reason or OK}
            is_down, no_database = bool(reason), reason in (answering.AWAY, answering.VERSION)
        else:
            reason, states = "", {}
            is_down = no_database = not _answers(self._database)
        states |= {"database": DOWN if no_database else OK, **_state_of_home(self._settings)}
        if reason == answering.FULL:
            states["disk"] = "full"
        amiss = any(states[name] not in (OK, NONE) for name in ("disk", "night", "certificate", "backup"))
        return {"status": DOWN if is_down else "warn" if amiss else OK, **states}


def readiness(database: Database) -> Report:
    """Whether this server can begin its work: the database fits the program, the words are there."""
    states: Report = {
        "database": OK if _answers(database) else DOWN,
        "words": OK if catalog("vi", "messages").info() and catalog("en", "instruments").info() else "missing",
    }
    return {"status": OK if set(states.values()) == {OK} else DOWN, **states}


def _answers(database: Database) -> bool:
    try:
        database.check()
    except (SipasError, DBAPIError, OSError):
        return False
    return True


def _state_of_home(settings: Settings) -> Report:
    now, running = clock.now(), servers(settings.home)
    found: Report = {
        "disk": "low" if Disk.of(settings.home).is_low else OK,
        "night": _night(settings, running, now),
        "certificate": _certificate(running, now),
        "backup": _backup(settings, now),
    }
    if "kiosk" in settings.parts:  # a server that shows results alone knows nothing of points
        from sipas.fieldwork.silence import last_look

        watch = last_look(settings.home)
        found["silent"] = len(watch.silent) if watch else None
    return found


def _night(settings: Settings, running: list[Running], now: dt.datetime) -> str:
    if any(not one.is_starting for one in running) and not nightly.is_alive(settings.home):
        return "dead"
    known = nightly.last_record(settings.home)
    if known is None:
        return NONE
    return "failed" if known.failed else "late" if known.is_late(now) else OK if known.good else NONE


def _certificate(running: list[Running], now: dt.datetime) -> str:
    ends = [one.certificate.ends for one in running if one.certificate]
    if not ends:
        return NONE
    return "ended" if min(ends) <= now else "ends" if min(ends) - now <= SOON else OK


def _backup(settings: Settings, now: dt.datetime) -> str:
    made = last_backup_made(settings.paths.backups) if settings.backup_days else None
    if made is None:
        return NONE
    return OK if now - made <= dt.timedelta(days=settings.backup_days) + ALLOWANCE else "old"

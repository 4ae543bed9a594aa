"""What ends by itself after a freeze: the keys, when the days of grace are over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sqlalchemy import select

from sipas import keys
from sipas.database import Database
from sipas.fieldwork.models import Wave


def end_grace(database: Database, home: Path, today: dt.date) -> list[str]:
    """Destroys every key whose time is over, and gives the waves it was done for; done twice it does nothing.

    Also the key of the clusters of a frozen wave, where a power cut kept `freeze` from it.
    """
    done = []
    with database.reading() as session:
        frozen = session.scalars(select(Wave).where(Wave.state == "frozen").order_by(Wave.id)).all()
    for wave in frozen:
        is_over = wave.grace_until is None or today > wave.grace_until
        kinds = set(keys.KINDS if is_over else keys.AT_FREEZE) & set(keys.held(home, wave.code))
        if kinds:
            keys.destroy(home, wave.code, kinds)
            done.append(wave.code)
    return done

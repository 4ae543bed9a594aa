"""The doors through which tables enter, each with tables as they should be and the figure that comes of one."""

from tests.sipas.tables.doors.door import Door, Here
from tests.sipas.tables.doors.known import KNOWN
from tests.sipas.tables.doors.platform import PLATFORM
from tests.sipas.tables.doors.surveys import SURVEYS

DOORS: dict[str, Door] = {**SURVEYS, **KNOWN, **PLATFORM}

__all__ = ["DOORS", "Door", "Here"]

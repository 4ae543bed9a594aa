"""What waits for the night beside the database, in files without order: the comments of the day and its spent codes.

A backup takes both along as the night would leave them: comments among the other comments, codes marked as spent, all
in the order of their keys. So no backup says which of them are of this day, and the database itself, with its log, is
not touched: carrying them over earlier, for the backup's sake, would write there what came before and after which
answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sipas.database import HEAD, Database
from sipas.intake.inbox import Inbox
from sipas.intake.models import Comment
from sipas.intake.spent import Marks


@dataclass(frozen=True)
class Day:
    """Comments that wait, and hashes of codes that were spent, since the last night."""

    comments: Sequence[Comment] = ()
    codes: Sequence[bytes] = ()

    def __bool__(self) -> bool:
        return bool(self.comments or self.codes)

    @classmethod
    def of(cls, home: Path, database: Database) -> Day:
        """As the files are now. A database of an older version is copied as it is: its tables may be other ones."""
        if not database.exists() or database.version() != HEAD:
            return cls()
        return cls(Inbox(home).waiting(), Marks(home).spent())

"""What waits for the night beside the database, in files without order: comments of the day, spent codes, ways counted.

A backup takes them along as the night would leave them: comments among the other comments, codes marked as spent, of
the ways the totals that the night would write, all in the order of their keys. So no backup says which of them are of
this day, and the database itself, with its log, is not touched: carrying them over earlier, for the backup's sake,
would write there what came before and after which answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from sipas.intake.comment_spool import CommentSpool
from sipas.intake.models import StoredComment
from sipas.intake.redemption_journal import RedemptionJournal
from sipas.intake.ways import as_the_night_leaves
from sipas.storage.database import HEAD, Database


@dataclass(frozen=True)
class Day:
    """Comments that wait, hashes of codes that were spent, and rows of `way_count`, since the last night."""

    comments: Sequence[StoredComment] = ()
    codes: Sequence[bytes] = ()
    ways: Sequence[tuple[int, ...]] = ()

    def __bool__(self) -> bool:
        return bool(self.comments or self.codes or self.ways)

    @classmethod
    def of(cls, home: Path, database: Database, connection: Connection | None = None) -> Day:
        """As the files are now. A database of an older version is copied as it is: its tables may be other ones.

        `connection` reads where nobody else can, as during a restore."""
        if not database.exists() or database.version() != HEAD:
            return cls()
        with nullcontext(connection) if connection else database.engine.connect() as connection:
            ways = as_the_night_leaves(connection, home)
        return cls(CommentSpool(home).waiting(), RedemptionJournal(home).spent(), ways)

"""Every file and folder of SIPAS_HOME, named once; the rest of the code asks for them here and writes no name out.

Who writes and who reads each, and what is lost without it, stands in the operator's manual, “The files of SIPAS_HOME”;
`tests/words/test_home_files.py` holds that table to this list. A function that is given a home says
`HomePaths(home).snapshots`; whatever has the installation at hand says `installation().paths.snapshots`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class Entry:
    """A name that is the same in every home: `HomePaths(home).reserve` is where that home has it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, paths: HomePaths, _owner: type) -> Path:
        return paths.home / self.name


@dataclass(frozen=True)
class HomePaths:
    """Where things lie in one home.

    >>> HomePaths(Path("/srv")).rate_limits, HomePaths(Path("/srv")).wave_key("2026-1", "id").name
    (PosixPath('/srv/run/rate_limits'), '2026-1.id.key')
    """

    home: Path

    # the database, and how to reach it
    sqlite = Entry("sipas.sqlite")
    write_lock = Entry("write.lock")
    settings = Entry("settings.conf")
    authority = Entry("authority.pem")

    # secrets
    keys = Entry("keys")
    desk_store = Entry("desk.sqlite")
    log_head = Entry("keys/log.head")
    desk_password = Entry("keys/desk.password")
    demo_password = Entry("keys/demo.password")
    smtp_password = Entry("keys/smtp.password")
    ended_sessions = Entry("keys/desk.ended")

    # questionnaires in words of the province's own (`DIGESTS` beside them)
    instruments = Entry("instruments")

    # what names and heads in the offices' forms of dossiers mean, as somebody said once
    form_meanings = Entry("dossier-forms.json")

    # the day's comments, spent codes and counts, which no database's log may join with an answer
    comment_spool = Entry("comments.inbox")
    redemption_journal = Entry("invitations.marks")
    way_counts = Entry("ways.counts")

    # what the nights leave for one another
    heard = Entry("heard.json")
    maintained = Entry("maintained")
    nights = Entry("nights.json")
    retention = Entry("retention.json")
    upkeep = Entry("upkeep.json")
    notified = Entry("notified.json")
    deeds = Entry("deeds.log")

    # what running processes share
    run = Entry("run")
    upkeep_lock = Entry("run/upkeep")
    rate_limits = Entry("run/rate_limits")
    reserve = Entry("reserve")

    # what is made of answers
    snapshots = Entry("snapshots")
    drafts = Entry("drafts")
    releases = Entry("releases")
    release_codes = Entry("release-codes")
    backups = Entry("backups")

    # the demo's own
    demo = Entry("demo")
    demo_codes = Entry("codes.csv")
    demo_strips = Entry("codes.pdf")

    def wave_key(self, wave: str, kind: str) -> Path:
        """Return where a wave's key of that kind lies."""
        return self.home / f"keys/{wave}.{kind}.key"

    def secret(self, name: str) -> Path:
        """Return where a secret of the installation lies, such as "desk"."""
        return self.home / f"keys/{name}.secret"

    def snapshot(self, wave: str) -> Path:
        """Return where a wave's snapshot lies once the wave is frozen."""
        return self.home / f"snapshots/{wave}.parquet"

    def draft(self, code: str) -> Path:
        """Return the folder of a draft."""
        return self.home / "drafts" / code

    def release(self, code: str) -> Path:
        """Return the folder of a published release."""
        return self.home / "releases" / code

    def server(self, process: int) -> Path:
        """Return where a running server says what it runs with."""
        return self.home / f"run/server-{process}"

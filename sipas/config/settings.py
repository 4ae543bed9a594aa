"""All settings in one frozen record, each with a default for a laptop, a sentence of help and a reader of its text.

They lie in the home (`sipas.config.home_file`); the environment goes before it (`sipas.config.sources`). A further
setting is a further field here, and no more; one with "secret" in its metadata is never shown.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sipas.config import notifying, values
from sipas.config.values import PARTS, Network
from sipas.errors import N_
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import read_state, write_new
from sipas.i18n.languages import COMPLETE


def default_home(environ: Mapping[str, str]) -> Path:
    data = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME", "/")) / ".local/share")
    return Path(data) / "sipas"


@dataclass(frozen=True)
class Settings:
    """Where things lie and which parts are served."""

    home: Path = field(
        default_factory=lambda: default_home(os.environ),
        metadata={
            "read": values.path,
            "help": N_("Folder of the database, keys, snapshots and releases; default ~/.local/share/sipas"),
        },
    )
    database_url: str = field(
        default="",
        metadata={
            "read": values.database_url,
            "help": N_("SQLAlchemy address of the database; empty: the file sipas.sqlite in the home folder"),
        },
    )
    parts: tuple[str, ...] = field(
        default=PARTS,
        metadata={
            "read": values.parts,
            "help": N_("Which parts this server shows: kiosk, desk, results (comma-separated)"),
        },
    )
    languages: tuple[str, ...] = field(
        default=COMPLETE,
        metadata={
            "read": values.languages,
            "help": N_(
                "Languages that kiosks offer, Vietnamese always among them (comma-separated); one that is not yet "
                "translated enough waits, see `sipas words missing`"
            ),
        },
    )
    workers: int = field(default=2, metadata={"read": values.workers, "help": N_("Worker processes of `sipas serve`")})
    patience: float = field(
        default=2.0,
        metadata={
            "read": values.seconds,
            "help": N_("Seconds that an answer may wait for the database before its page offers to send it again"),
        },
    )
    point_rate: int = field(
        default=200,
        metadata={
            "read": values.count,
            "help": N_("Answers a second that all browsers together may send to one point"),
        },
    )
    point_burst: int = field(
        default=1000, metadata={"read": values.count, "help": N_("Answers that may come to one point all at once")}
    )
    point_day: int = field(
        default=20_000,
        metadata={"read": values.count, "help": N_("Answers a day that all browsers together may send to one point")},
    )
    device_day: int = field(
        default=5_000, metadata={"read": values.count, "help": N_("Answers a day that one enrolled device may send")}
    )
    grace: int = field(
        default=30,
        metadata={
            "read": values.days,
            "help": N_("Days after a freeze in which late answers are still recognised and counted"),
        },
    )
    retention: int = field(
        default=365,
        metadata={
            "read": values.days,
            "help": N_("Days after a freeze in which the wave's answers and comments stay in the database"),
        },
    )
    closed_days: tuple[dt.date, ...] = field(
        default=(),
        metadata={
            "read": values.closed_days,
            "help": N_(
                "Working days on which offices are closed, so that nobody wonders at their silence (comma-separated; "
                "a stretch as first/last), such as 2027-04-30,2027-09-01/2027-09-02"
            ),
        },
    )
    address: str = field(
        default="",
        metadata={
            "read": values.address,
            "help": N_("Address at which citizens reach this server, such as https://sonla.example.vn; for QR codes"),
        },
    )
    other_addresses: tuple[str, ...] = field(
        default=(),
        metadata={
            "read": values.addresses,
            "help": N_(
                "Further addresses of this server (comma-separated), such as http://sipas.lan:8000, where screens use "
                "another name; forms from pages at other names are refused. Numbers and localhost need no mention"
            ),
        },
    )

    proxy: tuple[Network, ...] = field(
        default=(),
        metadata={
            "read": values.networks,
            "help": N_(
                "Addresses of web servers before this one, whose X-Forwarded-For says for whom they ask "
                "(comma-separated; networks too), such as 127.0.0.1,10.0.0.0/28; nobody else's is believed"
            ),
        },
    )

    authority: str = field(
        default="",
        metadata={
            "read": values.as_it_stands,
            "help": N_(
                "Certificate of the office's own authority (PEM), by which commands know this server over HTTPS; "
                "`sipas config set authority ca.pem` keeps a copy in the home folder"
            ),
        },
    )
    backup_days: int = field(
        default=1,
        metadata={
            "read": values.days,
            "help": N_(
                "Days that may lie between two backups before `sipas doctor` complains; 0: somebody else sees to them"
            ),
        },
    )
    smtp_host: str = field(
        default="",
        metadata={
            "read": values.as_it_stands,
            "help": N_("Mail server by which `sipas doctor --notify` sends; empty: no mail"),
        },
    )
    smtp_port: int = field(
        default=587, metadata={"read": notifying.port, "help": N_("Port of the mail server, such as 587, 465 or 25")}
    )
    smtp_security: str = field(
        default="starttls",
        metadata={
            "read": notifying.security,
            "help": N_("How the line to the mail server is protected: starttls, tls (port 465) or none"),
        },
    )
    smtp_user: str = field(
        default="",
        metadata={
            "read": values.as_it_stands,
            "help": N_("Name at the mail server; its password stands in the file keys/smtp.password"),
        },
    )
    mail_from: str = field(
        default="", metadata={"read": notifying.mail, "help": N_("Address from which `sipas doctor --notify` writes")}
    )
    mail_to: tuple[str, ...] = field(
        default=(),
        metadata={
            "read": notifying.mails,
            "help": N_("Addresses to which `sipas doctor --notify` writes (comma-separated)"),
        },
    )
    webhook: str = field(
        default="",
        metadata={
            "read": notifying.webhook,
            "secret": True,
            "help": N_("Address that `sipas doctor --notify` posts to (JSON with the field “text”), such as a chat's"),
        },
    )

    @property
    def paths(self) -> HomePaths:
        """Where each file of the home lies."""
        return HomePaths(self.home)

    @property
    def url(self) -> str:
        """The database's address; no absolute path is ever stored in the home folder."""
        return self.database_url or f"sqlite:///{self.paths.sqlite}"

    @property
    def authority_file(self) -> Path | None:
        """Where the authority's certificate lies; a name without a path is a file of the home."""
        return self.home / Path(self.authority).expanduser() if self.authority else None

    def secret(self, name: str) -> str:
        """A secret of this installation, made at first use, readable by its owner only; raises Damaged where the file
        holds anything else, for under an empty secret anybody could sign."""
        path = self.paths.secret(name)
        while (secret := read_state(path, _secret, DAMAGED_SECRET)) is None:
            try:
                write_new(path, secrets.token_hex(32).encode())
            except FileExistsError:  # another process was faster: its secret holds
                continue
        return secret


DAMAGED_SECRET = N_(
    "keys/{file} in SIPAS_HOME is damaged. Put back a copy of it if you have one. Else delete it and start again: a "
    "new one is made, and at the desk everybody signs in once more and sets up the second factor anew."
)


def _secret(data: bytes) -> str:
    if not re.fullmatch(b"[0-9a-f]{64}", data):
        raise ValueError
    return data.decode()

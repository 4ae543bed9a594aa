"""All settings in one frozen record, each with a default for a laptop and a sentence of help.

The environment is read here and nowhere else (but for the language of the command line, in `sipas.i18n`).
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

from sipas.client_address import Network
from sipas.config import notifying
from sipas.errors import N_, NotReady
from sipas.i18n_languages import COMPLETE, KNOWN
from sipas.state_files import read, write_new

PARTS = ("kiosk", "desk", "results")


def _default_home(environ: Mapping[str, str]) -> Path:
    data = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME", "/")) / ".local/share")
    return Path(data) / "sipas"


@dataclass(frozen=True)
class Settings:
    """Where things lie and which parts are served."""

    home: Path = field(
        default_factory=lambda: _default_home(os.environ),
        metadata={"help": N_("Folder of the database, keys, snapshots and releases; default ~/.local/share/sipas")},
    )
    database_url: str = field(
        default="",
        metadata={"help": N_("SQLAlchemy address of the database; empty: the file sipas.sqlite in the home folder")},
    )
    parts: tuple[str, ...] = field(
        default=PARTS, metadata={"help": N_("Which parts this server shows: kiosk, desk, results (comma-separated)")}
    )
    languages: tuple[str, ...] = field(
        default=COMPLETE,
        metadata={
            "help": N_(
                "Languages that kiosks offer, Vietnamese always among them (comma-separated); one that is not yet "
                "translated enough waits, see `sipas words missing`"
            )
        },
    )
    workers: int = field(default=2, metadata={"help": N_("Worker processes of `sipas serve`")})
    patience: float = field(
        default=2.0,
        metadata={
            "help": N_("Seconds that an answer may wait for the database before its page offers to send it again")
        },
    )
    point_rate: int = field(
        default=200, metadata={"help": N_("Answers a second that all browsers together may send to one point")}
    )
    point_burst: int = field(default=1000, metadata={"help": N_("Answers that may come to one point all at once")})
    point_day: int = field(
        default=20_000, metadata={"help": N_("Answers a day that all browsers together may send to one point")}
    )
    device_day: int = field(default=5_000, metadata={"help": N_("Answers a day that one enrolled device may send")})
    grace: int = field(
        default=30,
        metadata={"help": N_("Days after a freeze in which late answers are still recognised and counted")},
    )
    retention: int = field(
        default=365,
        metadata={"help": N_("Days after a freeze in which the wave's answers and comments stay in the database")},
    )
    closed_days: tuple[dt.date, ...] = field(
        default=(),
        metadata={
            "help": N_(
                "Working days on which offices are closed, so that nobody wonders at their silence (comma-separated; "
                "a stretch as first/last), such as 2027-04-30,2027-09-01/2027-09-02"
            )
        },
    )
    province: str = field(default="Sơn La", metadata={"help": N_("Name of the province, as pages print it")})
    address: str = field(
        default="",
        metadata={
            "help": N_("Address at which citizens reach this server, such as https://sonla.example.vn; for QR codes")
        },
    )
    other_addresses: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": N_(
                "Further addresses of this server (comma-separated), such as http://sipas.lan:8000, where screens use "
                "another name; forms from pages at other names are refused. Numbers and localhost need no mention"
            )
        },
    )

    proxy: tuple[Network, ...] = field(
        default=(),
        metadata={
            "help": N_(
                "Addresses of web servers before this one, whose X-Forwarded-For says for whom they ask "
                "(comma-separated; networks too), such as 127.0.0.1,10.0.0.0/28; nobody else's is believed"
            )
        },
    )
    backup_days: int = field(
        default=1,
        metadata={
            "help": N_(
                "Days that may lie between two backups before `sipas doctor` complains; 0: somebody else sees to them"
            )
        },
    )
    smtp_host: str = field(
        default="", metadata={"help": N_("Mail server by which `sipas doctor --notify` sends; empty: no mail")}
    )
    smtp_port: int = field(default=587, metadata={"help": N_("Port of the mail server, such as 587, 465 or 25")})
    smtp_security: str = field(
        default="starttls",
        metadata={"help": N_("How the line to the mail server is protected: starttls, tls (port 465) or none")},
    )
    smtp_user: str = field(
        default="",
        metadata={"help": N_("Name at the mail server; its password stands in the file keys/smtp.password")},
    )
    mail_from: str = field(default="", metadata={"help": N_("Address from which `sipas doctor --notify` writes")})
    mail_to: tuple[str, ...] = field(
        default=(), metadata={"help": N_("Addresses to which `sipas doctor --notify` writes (comma-separated)")}
    )
    webhook: str = field(
        default="",
        metadata={
            "help": N_("Address that `sipas doctor --notify` posts to (JSON with the field “text”), such as a chat's")
        },
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads SIPAS_HOME, SIPAS_DATABASE_URL and so on: SIPAS_ and the name of the setting.

        Raises NotReady, naming the variable, when a value makes no sense.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, object] = {"home": _default_home(environ)}
        for setting in fields(cls):
            name = f"SIPAS_{setting.name.upper()}"
            text = environ.get(name, "").strip()
            if text:
                values[setting.name] = _READ[setting.name](name, text)
        return cls(**values)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """The database's address; no absolute path is ever stored in the home folder."""
        return self.database_url or f"sqlite:///{self.home / 'sipas.sqlite'}"

    def secret(self, name: str) -> str:
        """A secret of this installation, made at first use, readable by its owner only; raises Damaged where the file
        holds anything else, for under an empty secret anybody could sign."""
        path = self.home / "keys" / f"{name}.secret"
        while (secret := read(path, _secret, DAMAGED_SECRET)) is None:
            try:
                write_new(path, secrets.token_hex(32).encode())
            except FileExistsError:  # another process was faster: its secret holds
                continue
        return secret


DAMAGED_SECRET = N_(
    "keys/{file} in SIPAS_HOME is damaged. Delete it and start again: a new one is made, and whoever was signed in at "
    "the desk signs in once more."
)


def _secret(data: bytes) -> str:
    if not re.fullmatch(b"[0-9a-f]{64}", data):
        raise ValueError
    return data.decode()


def _home(name: str, text: str) -> Path:
    return Path(text).expanduser().absolute()


def _parts(name: str, text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in parts:
        if part not in PARTS:
            raise NotReady(
                N_("{name}: there is no part “{part}”; choose from {known}."),
                name=name,
                part=part,
                known=", ".join(PARTS),
            )
    return parts


def _languages(name: str, text: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(("vi", *(code.strip() for code in text.split(",") if code.strip()))))
    for code in codes:
        if code not in KNOWN:
            raise NotReady(
                N_("{name}: there is no language “{code}”; choose from {known}."),
                name=name,
                code=code,
                known=", ".join(KNOWN),
            )
    return codes


def _workers(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise NotReady(N_("{name} is “{text}”; give a whole number from 1 to 64."), name=name, text=text)
    return int(text)


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10**9:
        raise NotReady(N_("{name} is “{text}”; give a whole number above zero."), name=name, text=text)
    return int(text)


def _days(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) > 3660:
        raise NotReady(N_("{name} is “{text}”; give a whole number of days from 0 to 3660."), name=name, text=text)
    return int(text)


def _closed(name: str, text: str) -> tuple[dt.date, ...]:
    days: list[dt.date] = []
    for part in filter(None, map(str.strip, text.split(","))):
        first, _, last = part.partition("/")
        try:
            start, end = dt.date.fromisoformat(first.strip()), dt.date.fromisoformat((last or first).strip())
        except ValueError:
            start, end = dt.date.max, dt.date.min
        if not 0 <= (end - start).days <= 366:
            raise NotReady(
                N_("{name}: “{part}” is neither a day such as 2027-04-30 nor a stretch such as 2027-02-05/2027-02-11."),
                name=name,
                part=part,
            )
        days += [start + dt.timedelta(days=one) for one in range((end - start).days + 1)]
    return tuple(sorted(set(days)))


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0.1 <= seconds <= 60:
        raise NotReady(N_("{name} is “{text}”; give a number of seconds from 0.1 to 60."), name=name, text=text)
    return seconds


def _database_url(name: str, text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise NotReady(
            N_(
                "{name} is “{text}”; give an address such as postgresql+psycopg://user@host/sipas, or leave it empty "
                "for the file sipas.sqlite in the home folder."
            ),
            name=name,
            text=text.split("@")[-1],  # what stands before may hold a password
        )
    return text


def _address(name: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:  # brackets or a port that are none
        is_whole = False
    if not is_whole or "@" in text or parts.path.strip("/") or parts.query or parts.fragment:
        raise NotReady(
            N_("{name} is “{text}”; give the address of a server, such as https://sonla.example.vn."),
            name=name,
            text=text,
        )
    return f"{parts.scheme}://{parts.netloc}"


def _proxy(name: str, text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise NotReady(
            N_("{name} is “{text}”; give addresses or networks, such as 127.0.0.1,10.0.0.0/28."), name=name, text=text
        ) from None


def _addresses(name: str, text: str) -> tuple[str, ...]:
    return tuple(_address(name, part.strip()) for part in text.split(",") if part.strip())


def _as_it_stands(name: str, text: str) -> str:
    return text


_READ = {
    "home": _home,
    "database_url": _database_url,
    "parts": _parts,
    "languages": _languages,
    "workers": _workers,
    "patience": _seconds,
    "point_rate": _count,
    "point_burst": _count,
    "point_day": _count,
    "device_day": _count,
    "grace": _days,
    "retention": _days,
    "closed_days": _closed,
    "province": _as_it_stands,
    "address": _address,
    "proxy": _proxy,
    "other_addresses": _addresses,
    "backup_days": _days,
    "smtp_host": _as_it_stands,
    "smtp_port": notifying.port,
    "smtp_security": notifying.security,
    "smtp_user": _as_it_stands,
    "mail_from": notifying.mail,
    "mail_to": notifying.mails,
    "webhook": notifying.webhook,
}

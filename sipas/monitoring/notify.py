"""Telling somebody who does not look by himself: one mail, or one message to a webhook. No secret leaves by either."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from sipas.config.permissions import OTHERS
from sipas.config.settings import Settings
from sipas.errors import N_, NotReady
from sipas.files.home_paths import HomePaths

SECONDS = 20.0  # that a mail server or a webhook may take


class NotSent(NotReady):
    """What was to be told was not; `what` says by which way, and why."""


@dataclass(frozen=True)
class Notice:
    """What is told: a line, and a text of as many as it takes."""

    subject: str
    text: str


Way = Callable[[Notice], None]


def notification_ways(settings: Settings) -> list[Way]:
    """How somebody is told here; raises NotReady where no way is set, or one only half."""
    found: list[Way] = []
    if settings.smtp_host:
        if not (settings.mail_from and settings.mail_to):
            raise NotReady(N_("smtp_host is set; mail_from and mail_to are needed too. See `sipas config list`."))
        found.append(lambda message: mail(settings, message))
    if settings.webhook:
        found.append(lambda message: post(settings, message))
    if not found:
        raise NotReady(
            N_(
                "Nobody can be told: set smtp_host, mail_from and mail_to, or webhook (`sipas config set`). See "
                "`sipas manual operator`, “Telling somebody”."
            )
        )
    return found


def installation_name(settings: Settings) -> str:
    """The name under which this installation is known to who is told."""
    return settings.address or socket.gethostname()


def mail(settings: Settings, message: Notice) -> None:
    """Sends one mail; raises NotSent."""
    written = EmailMessage()
    written["From"], written["To"] = settings.mail_from, ", ".join(settings.mail_to)
    written["Subject"], written["Date"] = message.subject, formatdate(localtime=True)
    written["Message-ID"] = make_msgid(domain=settings.mail_from.rpartition("@")[2])
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(message.text)
    password = _password(settings.home) if settings.smtp_user else ""
    try:
        with _line(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, password)
            server.send_message(written)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(
            N_("The mail was not sent by {host}:{port}: {reason}"),
            host=settings.smtp_host,
            port=settings.smtp_port,
            reason=_reason(error),
        ) from None


def post(settings: Settings, message: Notice) -> None:
    """Posts JSON with the field `text`, which the chats' webhooks take; raises NotSent, without the address."""
    data = json.dumps({"text": f"{message.subject}\n\n{message.text}"}, ensure_ascii=False).encode()
    request = urllib.request.Request(  # noqa: S310 - the setting's reader allows http and https alone
        settings.webhook, data, {"Content-Type": "application/json; charset=utf-8", "User-Agent": "SIPAS"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS, context=_trusting(settings)):  # noqa: S310
            pass
    except (OSError, ValueError) as error:
        raise NotSent(N_("The webhook was not reached: {reason}"), reason=_reason(error)) from None


def _line(settings: Settings) -> smtplib.SMTP:
    place = (settings.smtp_host, settings.smtp_port)
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(*place, timeout=SECONDS, context=_trusting(settings))
    server = smtplib.SMTP(*place, timeout=SECONDS)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=_trusting(settings))
        except BaseException:
            server.close()
            raise
    return server


def _trusting(settings: Settings) -> ssl.SSLContext:
    """By the system's authorities, and the office's own; raises NotSent where that cannot be read."""
    from sipas.web.certificates import trusting

    try:
        return trusting(settings.authority_file)
    except NotReady as error:
        raise NotSent(error.template, **error.values) from None


def _password(home: Path) -> str:
    path = HomePaths(home).smtp_password
    try:
        if path.stat().st_mode & OTHERS:
            raise NotSent(
                N_(
                    "keys/smtp.password in SIPAS_HOME can be read by other users of this machine. Run: chmod 600 {path}"
                ),
                path=path,
            )
        return path.read_text(encoding="utf-8").strip("\r\n")
    except FileNotFoundError:
        raise NotSent(
            N_("smtp_user is set, and its password is missing: write it into keys/smtp.password in SIPAS_HOME.")
        ) from None
    except UnicodeDecodeError:
        raise NotSent(N_("keys/smtp.password in SIPAS_HOME is no text in UTF-8; write it anew.")) from None


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return ", ".join(f"{who}: {code}" for who, (code, _said) in error.recipients.items())
    return str(error) or type(error).__name__

"""`sipas doctor --notify`: a mail or a message where something is amiss, once and not each hour, in Vietnamese."""

from __future__ import annotations

import base64
import datetime as dt
import http.server
import json
import socketserver
import ssl
import threading
from email import message_from_bytes, policy

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from sipas import clock
from sipas.cli import group
from sipas.config.home_file import put, take_away
from sipas.fieldwork.models import PopulationCount
from sipas.files.disk_space import keep_reserve
from sipas.monitoring import nightly
from sipas.monitoring.servers import running
from sipas.monitoring.signs import BAD, GOOD, WARN
from sipas.monitoring.told import Told, name_of, news
from tests.make import a_wave
from tests.sipas.monitoring.papers import a_pair

NOW = dt.datetime(2026, 11, 29, 3, tzinfo=dt.timezone.utc)
HOUR = dt.timedelta(hours=1)


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks enough SMTP to take mails; with `pair` it offers STARTTLS, with `password` it asks for that."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, pair=None, password="") -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.pair, self.password, self.mails, self.logins = pair, password, [], []
        self.refuses = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word in ("EHLO", "HELO"):
                offers = ["STARTTLS"] if self.server.pair and not isinstance(self.connection, ssl.SSLSocket) else []
                self._say(*(f"250-{one}" for one in ("here", *offers, "AUTH PLAIN")), "250 SMTPUTF8")
            elif word == "STARTTLS":
                self._say("220 go on")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self.server.pair)
                try:
                    self.connection = context.wrap_socket(self.connection, server_side=True)
                except (ssl.SSLError, OSError):
                    return
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            elif word == "AUTH":
                self.server.logins.append(base64.b64decode(line.split()[2]).decode().split("\0")[1:])
                self._say("235 yes" if self.server.logins[-1][1] == self.server.password else "535 no")
            elif word == "DATA":
                self._say("354 go on")
                lines = []
                while (one := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(one)
                self.server.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("451 later" if self.server.refuses else "250 yes")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@pytest.fixture
def mails():
    with MailServer() as server:
        yield server
        server.shutdown()


@pytest.fixture
def home(settings, database, monkeypatch, mails):
    """An installation over which a server runs, and the settings of a mail server."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    put(settings.home, "smtp_host", "127.0.0.1")
    put(settings.home, "smtp_port", str(mails.port))
    put(settings.home, "smtp_security", "none")
    put(settings.home, "mail_from", "sipas@sonla.example.vn")
    put(settings.home, "mail_to", "hoa@sonla.example.vn, an@sonla.example.vn")
    monkeypatch.setattr("sipas.files.disk_space.Disk.is_low", False)
    keep_reserve(settings.home)
    a_wave(database, settings)
    with database.writing() as session:  # they name wards for what departments handle, which is worth a warning
        session.execute(delete(PopulationCount))
    with running(settings.home, None), nightly.alive(settings.home):
        yield settings.home


def doctor(*words):
    return CliRunner().invoke(group, ["doctor", *(words or ["--notify"])])


def text_of(mail) -> str:
    return mail.get_content()


def test_where_all_is_well_nobody_is_told_unless_that_is_asked_for(home, mails):
    assert (doctor().exit_code, mails.mails) == (0, [])
    assert doctor("--notify-always").exit_code == 0
    (mail,) = mails.mails
    assert mail["To"] == "hoa@sonla.example.vn, an@sonla.example.vn"
    assert "SIPAS" in mail["Subject"]
    assert "mọi việc bình thường" in mail["Subject"]


def test_a_fault_is_told_at_once_each_day_and_when_it_is_mended_and_not_each_hour(home, mails, monkeypatch):
    path = home / "keys" / "w1.id.key"
    path.rename(path.with_suffix(".away"))
    assert doctor().exit_code == 1
    (mail,) = mails.mails
    assert "cần xử lý" in mail["Subject"]
    assert "thiếu" in text_of(mail)
    assert "w1" in text_of(mail)
    start = clock.now()
    for hours in (1, 2, 10, 22):
        monkeypatch.setattr(clock, "now", lambda hours=hours: start + hours * HOUR)
        assert doctor().exit_code == 1
    assert len(mails.mails) == 1
    monkeypatch.setattr(clock, "now", lambda: start + 24 * HOUR)
    doctor()
    assert len(mails.mails) == 2, "a day later it is told once more"
    path.with_suffix(".away").rename(path)
    assert doctor().exit_code == 0
    assert len(mails.mails) == 3
    assert "đã khắc phục" in mails.mails[-1]["Subject"]
    assert "w1" in text_of(mails.mails[-1])
    doctor()
    assert len(mails.mails) == 3


def test_a_server_that_does_not_run_is_a_fault_to_the_timer_alone(settings, database, monkeypatch, mails, home):
    monkeypatch.setattr("sipas.monitoring.servers.servers", lambda _home: [])
    assert doctor("--mend-permissions").exit_code == 0
    assert doctor().exit_code == 1
    assert "systemctl status sipas" in text_of(mails.mails[0])


def test_a_mail_server_that_refuses_or_is_away_is_said_and_tried_again_next_hour(home, mails, monkeypatch):
    (home / "keys" / "w1.id.key").unlink()
    mails.refuses = True
    told = doctor()
    assert told.exit_code == 3
    assert "451 later" in told.output
    mails.refuses = False
    assert doctor().exit_code == 1
    assert len(mails.mails) == 1
    put(home, "smtp_port", "1")
    assert doctor("--notify-always").exit_code == 3


def test_a_password_is_read_from_the_home_and_only_where_nobody_else_can(home, mails, monkeypatch):
    mails.password = "bí mật"
    put(home, "smtp_user", "sipas")
    assert "keys/smtp.password" in (told := doctor("--notify-always")).output
    assert told.exit_code == 3
    path = home / "keys" / "smtp.password"
    path.write_text("bi-mat\n")
    mails.password = "bi-mat"
    path.chmod(0o644)
    told = doctor("--notify-always")
    assert told.exit_code == 3
    assert "chmod 600" in told.output
    path.chmod(0o600)
    assert doctor("--notify-always").exit_code == 0
    assert mails.logins == [["sipas", "bi-mat"]]
    assert "bi-mat" not in str(mails.mails[0])
    path.write_text("wrong")
    told = doctor("--notify-always")
    assert (told.exit_code, "535" in told.output, "wrong" in told.output) == (3, True, False)


def test_a_line_that_cannot_be_trusted_carries_neither_password_nor_mail(home, monkeypatch, tmp_path):
    put(home, "smtp_user", "sipas")
    path = home / "keys" / "smtp.password"
    path.write_text("bi-mat")
    path.chmod(0o600)
    with MailServer(a_pair(tmp_path, dt.timedelta(days=100)), "bi-mat") as forged:
        put(home, "smtp_port", str(forged.port))
        put(home, "smtp_security", "starttls")
        assert doctor("--notify-always").exit_code == 3
        assert (forged.logins, forged.mails) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))  # the authority of the machine
        assert doctor("--notify-always").exit_code == 0
        assert len(forged.mails) == 1
        forged.shutdown()


def test_a_webhook_is_given_the_same_words(home, monkeypatch):
    came = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            came.append((self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/broken" else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    take_away(home, "smtp_host")
    (home / "keys" / "w1.id.key").unlink()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        put(home, "webhook", f"http://127.0.0.1:{server.server_port}/secret-hook")
        assert doctor().exit_code == 1
        ((kind, data),) = came
        assert kind.startswith("application/json")
        assert "cần xử lý" in json.loads(data)["text"]
        put(home, "webhook", f"http://127.0.0.1:{server.server_port}/broken")
        told = doctor("--notify-always")
        assert told.exit_code == 3
        assert "broken" not in told.output
        server.shutdown()


def test_where_nobody_can_be_told_that_is_said_after_what_was_found(home, monkeypatch):
    take_away(home, "smtp_host")
    told = doctor()
    assert told.exit_code == 3
    assert "webhook (`sipas config set`)" in told.output
    assert "[ok]" in told.output
    put(home, "smtp_host", "127.0.0.1")
    take_away(home, "mail_to")
    assert "mail_from và mail_to" in doctor().output


def told_at(moment: dt.datetime, *found) -> dict[str, Told]:
    return {name_of(sentence): Told(sign, sentence, moment) for sign, sentence in found}


def test_a_number_that_changes_makes_no_news_and_another_point_does():
    before = told_at(NOW, (WARN, "3.2 GB of 10.0 GB are free."), (WARN, "Point to-hieu-1 is silent: 4 working days."))
    same = [(WARN, "3.1 GB of 10.0 GB are free."), (WARN, "Point to-hieu-1 is silent: 5 working days.")]
    assert not news(before, same, NOW + 30 * HOUR).due
    assert news(before, [*same, (WARN, "Point to-hieu-2 is silent: 4 working days.")], NOW + HOUR).due


def test_a_warning_that_goes_is_no_news_and_one_that_becomes_a_fault_is():
    before = told_at(NOW, (WARN, "The disk is low."))
    assert not news(before, [(GOOD, "The disk has room.")], NOW + HOUR).due
    assert news(before, [(BAD, "The disk is low.")], NOW + HOUR).due


def test_a_clock_that_was_set_back_does_not_silence_a_fault():
    assert news(told_at(NOW, (BAD, "x")), [(BAD, "x")], NOW - 900 * HOUR).due

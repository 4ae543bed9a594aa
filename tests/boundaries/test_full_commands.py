"""A full disk at every command: one sentence that says so, and the way on; never “unforeseen”, never a trace."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess

import pytest
from click.testing import CliRunner

from sipas import clock
from sipas.backups import backup
from sipas.cli import group, main
from sipas.config.settings import Settings
from sipas.files import disk_space
from sipas.migrations import create
from sipas.registry.importing import load_registry
from tests.boundaries.test_full import small_disk
from tests.make import a_point, a_response, a_wave, some_codes
from tests.officers import an_account
from tests.sipas.cli.test_cli import every_command
from tests.sipas.fieldwork.dossier_form.making import a_form
from tests.wordings import exported, filled_in

TODAY = dt.date(2026, 9, 30)
MEGABYTES = 24
CALLS = {
    "init": "init --registry son-la",
    "migrate": "migrate",
    "doctor": "doctor",
    "probe": "probe p-1",
    "maintain": "maintain",
    "backup": "backup --replace",
    "restore": "restore {home}/backups/day.sqlite --force",
    "registry load": "registry load son-la",
    "registry close": "registry close unit 04246 --on 2026-12-31",
    "registry rename": "registry rename unit 03646 --name X",
    "registry template": "registry template {disk}/registry",
    "config set": "config set grace 31",
    "frame template": "frame template --out {disk}/dossiers.xlsx",
    "responses template": "responses template --wave w1 --out {disk}/answers.xlsx",
    "point add": "point add p-9 --unit 03646",
    "point set": "point set p-1 --form full",
    "point close": "point close p-2",
    "point poster": "point poster p-1 --out {disk}/poster.pdf",
    "invitations issue": "invitations issue --point p-phone --count 300 --out {disk}/codes.csv",
    "invitations sheet": "invitations sheet {files}/codes.csv --out {disk}/strips.pdf",
    "keypair": "keypair {disk}/office.key",
    "device enrol-code": "device enrol-code p-1",
    "instrument wording export": "instrument wording export service-2024 -o {disk}/sentences.xlsx",
    "instrument wording import": "instrument wording import {files}/sentences-None.csv --by A --basis B",
    "wave open": "wave open w2 --instrument demo --coarsest --point p-2",
    "wave close": "wave close w1",
    "wave key-copy": "wave key-copy w1 --to {files}/office.key.pub --out {disk}/w1.copy",
    "wave key-restore": "wave key-restore {files}/w1.copy --with {files}/office.key",
    "frame load": "frame load {files}/dossiers.csv --source x",
    "frame form": "frame form {files}/form.xlsx --field X=dat-dai --yes",
    "frame save": "frame save {disk}/frame.csv",
    "responses import": "responses import {files}/paper.csv --wave w1",
    "responses take-back": "responses take-back {files}/taken.csv --wave w1 --by A --by B --emergency Thu",
    "responses export": "responses export w1 --form short --out {disk}/out.parquet",
    "freeze": "freeze w0",
    "user add": "user add an --person An --role leader",
    "user roles": "user roles hoa --role leader",
    "user rename": "user rename hoa --person Hoa",
    "user rest": "user rest hoa",
    "user return": "user return hoa",
    "user reset": "user reset hoa",
    "user deputy": "user deputy hoa binh --from 2026-10-01 --to 2026-10-02",
    "log save": "log save {disk}/log.csv",
    "log restored": "log restored",
    "service install": "service install --user nobody --folder {disk}",
    "estimate": "estimate {files}/w0.parquet --by unit --out {disk}/e.xlsx",
    "quality": "quality {files}/w0.parquet --out {disk}/q.csv",
    "sample allocate": "sample allocate {files}/frame.csv --total 600 --out {disk}/a.csv",
}
READING = {  # these write nothing, or the same file as one above
    *("registry list", "point list", "invitations list", "device list", "wave list", "release list", "words missing"),
    *("compare", "rank", "trend", "improve", "small-areas", "selection"),
    *("sample size", "sample change", "sample reference", "sample draw"),
    *("comments list", "comments export", "manual", "config list", "instrument list", "instrument show"),
    *("user list", "log list", "log head"),
    *("onestop template", "onestop points"),  # as `frame template` and `estimate`
}
ELSEWHERE = {  # tried in other tests, or not an installation's
    "release build": "test_full_publishing",
    "release approve": "test_full_publishing",
    "release publish": "test_full_publishing",
    "release adopt": "writes what `publish` writes",
    "serve": "below",
    "demo": "below",
    "wave stop-destruction": "one row, as `wave close`; only in the days of grace",
    "wave drop": "only after the days of grace",
    "device revoke": "needs an enrolled screen",
    "config unset": "writes the file that `config set` writes",
    "registry remove": "one row, as `registry rename`",
    "registry clear": "only where nothing is used yet",
    "wave key-renew": "writes what `freeze --keys-lost` and `wave open` write",
    "words collect": "writes into the project",
}


def test_no_command_is_left_out():
    known = {name for name, _command in every_command()}
    assert known - {"settings"} <= {*CALLS, *READING, *ELSEWHERE}, "say here how the new command meets a full disk"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A home with a wave that asks and one that is closed, and the files that commands take."""
    folder = tmp_path_factory.mktemp("template")
    files = folder / "files"
    files.mkdir()
    settings = Settings(home=folder / "home")
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    for code, unit in (("p-1", "03646"), ("p-2", "03664")):
        a_point(database, code, unit, form="short")
    a_wave(database, settings, "w0", opens_on=dt.date(2026, 7, 1))
    day = dt.datetime(2026, 7, 1, 3, tzinfo=dt.timezone.utc)
    for number in range(60):
        a_response(database, settings, ("p-1", "p-2")[number % 2], moment=day + dt.timedelta(days=number % 29))
    _run(settings.home, "wave close w0")
    shutil.copytree(settings.home, folder / "frozen")
    _run(folder / "frozen", "freeze w0")
    shutil.copy(folder / "frozen/snapshots/w0.parquet", files)
    a_wave(database, settings, "w1", opens_on=dt.date(2026, 9, 2))
    some_codes(database, settings, "p-phone", 20, today=TODAY)
    for number in range(60):
        moment = dt.datetime(2026, 9, 2 + number % 20, 3, tzinfo=dt.timezone.utc)
        a_response(database, settings, ("p-1", "p-2")[number % 2], moment=moment, comment=f"Sạch sẽ, nhanh {number}")
    for name in ("hoa", "binh"):
        an_account(settings, name, "leader", factor=False)
    backup(settings, database, "day")
    _run(settings.home, f"keypair {files}/office.key")
    _run(settings.home, f"wave key-copy w1 --to {files}/office.key.pub --out {files}/w1.copy")
    (files / "dossiers.csv").write_text(
        "unit,field,month,dossiers\n" + "03646,ho-tich,2026-08,40\n03664,ho-tich,2026-08,50\n"
    )
    a_form(files / "form.xlsx", period="Kỳ báo cáo: Tháng 7/2026", days="")
    _run(settings.home, f"invitations issue --point p-phone --count 30 --out {files}/codes.csv")
    _run(settings.home, f"frame save {files}/frame.csv")
    rows = "\n".join(f"p-1,ho-tich,2026-09-{2 + n % 20:02},4" for n in range(400))
    (files / "paper.csv").write_text(f"point,field,date,B1.2\n{rows}\n")
    (files / "taken.csv").write_text("point,field,date,B1.2\n" + "p-2,ho-tich,2026-09-03,4\n" * 400)
    filled_in(exported(files))
    _run(settings.home, f"responses import {files}/taken.csv --wave w1")
    database.engine.dispose()
    return folder


def _run(home, line):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIPAS_HOME", str(home))
        patch.setenv("SIPAS_ADDRESS", "https://sonla.example.vn")
        patch.setattr(clock, "today", lambda: TODAY)
        done = CliRunner().invoke(group, line.split())
    assert done.exit_code == 0, done.exception


def _free(folder) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


@pytest.mark.parametrize("room", [0, 12_000, 100_000])
@pytest.mark.parametrize("name", CALLS)
def test_a_full_disk_is_told_in_a_sentence(name, room, template, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    monkeypatch.setattr(disk_space, "RESERVE", 2**16)
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    if "probe" not in name:
        monkeypatch.setenv("SIPAS_ADDRESS", "https://sonla.example.vn")
    with small_disk(tmp_path / "disk", MEGABYTES * 1024) as small:
        home = small / "home"
        if name != "init":
            shutil.copytree(template / ("frozen" if name == "wave open" else "home"), home)
        monkeypatch.setenv("SIPAS_HOME", str(home))
        (small / "other").write_bytes(bytes(max(0, _free(small) - room)))
        words = CALLS[name].format(home=home, disk=small, files=template / "files").split()
        monkeypatch.setattr("sys.argv", ["sipas", *words])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = ended.code or 0
        said = capfd.readouterr()
        assert "Traceback" not in said.err, said.err
        assert "unforeseen" not in said.err, said.err
        if status and name not in ("doctor", "probe"):
            assert "disk is full" in said.err, said.err
        if name == "doctor" and room == 0:
            assert "[ x] No answer can be stored now: the disk is full." in said.out, said.out
        (small / "other").unlink()
        if status and name not in ("doctor", "init"):
            monkeypatch.setattr("sys.argv", ["sipas", *words])
            try:
                main()
            except SystemExit as ended:
                status = ended.code or 0
            assert not status, capfd.readouterr().err


def test_a_full_disk_at_the_command_of_the_demo_and_of_the_server(template, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    with small_disk(tmp_path / "disk", 1024) as small:
        monkeypatch.setenv("SIPAS_HOME", str(small / "home"))
        monkeypatch.setattr("sys.argv", ["sipas", "demo", "--no-serve"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        assert "disk is full" in (err := capfd.readouterr().err), err


@pytest.mark.parametrize("words", ["registry list units --json", "wave list --json"], ids=["long", "short"])
def test_what_is_printed_into_a_file_on_a_full_disk_is_not_passed_over(template, tmp_path, words):
    with small_disk(tmp_path / "disk", 64) as small:
        (small / "other").write_bytes(bytes(_free(small)))
        with (small / "list.json").open("w") as file:
            run = subprocess.run(
                [os.sys.executable, "-m", "sipas.cli", *words.split()],
                env={**os.environ, "SIPAS_HOME": str(template / "home"), "SIPAS_LANGUAGE": "en"},
                stdout=file,
                stderr=subprocess.PIPE,
                text=True,
            )
    assert run.returncode == 1
    assert "disk is full" in run.stderr
    assert "Exception" not in run.stderr


def test_what_was_printed_before_the_disk_was_full_may_be_half_and_is_said_so(template, tmp_path):
    with small_disk(tmp_path / "disk", 64) as small:
        (small / "other").write_bytes(bytes(max(0, _free(small) - 8192)))
        with (small / "list.json").open("w") as file:
            run = subprocess.run(
                [os.sys.executable, "-m", "sipas.cli", "registry", "list", "units", "--json"],
                env={**os.environ, "SIPAS_HOME": str(template / "home"), "SIPAS_LANGUAGE": "en"},
                stdout=file,
                stderr=subprocess.PIPE,
                text=True,
            )
        half = (small / "list.json").read_text(encoding="utf-8", errors="replace")
    assert (run.returncode, half.strip()[-1:] == "]", len(half) > 1000) == (1, False, True)
    assert run.stderr.startswith(
        "The disk is full, so the command was not finished, and a file that it was writing may be incomplete. Make room"
    )

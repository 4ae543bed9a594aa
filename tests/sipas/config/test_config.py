"""`sipas config`: what the home says holds for whoever types and for the server; a slip is named by file and line."""

from __future__ import annotations

import json
import subprocess
import threading

import pytest
from click.testing import CliRunner

from sipas import i18n
from sipas.cli import group, main
from sipas.config.home_file import put, take_away
from sipas.config.sources import IN_HOME, load_settings, origins
from sipas.errors import NotReady, SipasError
from tests.serving import Server


@pytest.fixture
def sipas(settings, monkeypatch):
    """The program as somebody calls it in whose shell nothing but the home is named."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    for name in IN_HOME:
        monkeypatch.delenv(f"SIPAS_{name.upper()}", raising=False)
    monkeypatch.delenv("SIPAS_PROVINCE", raising=False)
    return lambda *words, **more: CliRunner().invoke(group, list(words), **more)


def listed(sipas) -> dict[str, dict[str, str]]:
    return {one["name"]: one for one in json.loads(sipas("config", "list", "--json").stdout)}


def told_by_main(monkeypatch, capsys, *words) -> str:
    """What a person reads of a refusal."""
    monkeypatch.setattr("sys.argv", ["sipas", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.count("\n") == 1, said
    return said


def test_a_setting_is_kept_in_the_home_for_whoever_types(sipas, settings):
    done = sipas("config", "set", "address", "https://laocai.example.vn/")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "address is set" in done.stderr
    assert load_settings({"SIPAS_HOME": str(settings.home)}).address == "https://laocai.example.vn"
    assert settings.paths.settings.stat().st_mode & 0o077 == 0
    assert listed(sipas)["address"]["source"] == "home"
    assert sipas("config", "unset", "address").exit_code == 0
    assert load_settings({"SIPAS_HOME": str(settings.home)}).address == ""
    assert "was not set" in sipas("config", "unset", "address").stderr


def test_every_setting_is_listed_with_value_source_and_help(sipas):
    sipas("config", "set", "workers", "4")
    found = listed(sipas)
    assert set(found) == {"home", *IN_HOME}
    assert all(one["help"] for one in found.values())
    assert (found["workers"]["value"], found["workers"]["source"], found["workers"]["default"]) == ("4", "home", "2")
    table = sipas("config", "list").stdout
    assert "workers = 4  (home)" in table
    assert "Worker processes of `sipas serve`" in table
    assert "grace = 30  (default)" in table


def test_everything_but_the_home_itself_can_lie_in_the_home(settings):
    given = {
        "database_url": "postgresql+psycopg://x@/s", "parts": "kiosk", "languages": "vi", "workers": "7",
        "patience": "0.5", "point_rate": "5", "point_burst": "50", "point_day": "500", "device_day": "100",
        "grace": "14", "retention": "90", "closed_days": "2027-04-30", "address": "https://laocai.example.vn",
        "other_addresses": "http://sipas.lan:8000", "proxy": "127.0.0.1", "authority": "authority.pem",
        "backup_days": "2", "smtp_host": "mail.example.vn", "smtp_port": "465", "smtp_security": "tls",
        "smtp_user": "sipas", "mail_from": "a@example.vn", "mail_to": "b@example.vn", "webhook": "https://c.vn/x",
    }  # fmt: skip
    assert set(given) == set(IN_HOME)
    for name, value in given.items():
        put(settings.home, name, value)
    found = origins({"SIPAS_HOME": str(settings.home)})
    assert {name: one.source for name, one in found.items() if name != "home"} == dict.fromkeys(IN_HOME, "home")
    assert found["database_url"].value == "postgresql+psycopg://x@/s"
    assert found["parts"].value == ("kiosk",)


def test_the_environment_goes_before_the_home_and_the_commands_say_so(sipas, monkeypatch):
    sipas("config", "set", "address", "https://laocai.example.vn")
    monkeypatch.setenv("SIPAS_ADDRESS", "https://elsewhere.example.vn")
    assert listed(sipas)["address"] | {"help": ""} == {
        "name": "address", "value": "https://elsewhere.example.vn", "source": "environment", "default": "", "help": "",
    }  # fmt: skip
    assert "Here SIPAS_ADDRESS goes before it" in sipas("config", "set", "address", "https://b.example.vn").stderr
    monkeypatch.setenv("SIPAS_ADDRESS", "")
    assert listed(sipas)["address"]["source"] == "home"


def test_the_doctor_says_where_environment_and_home_disagree(sipas, monkeypatch):
    assert "[ok] Settings: 0 kept in the home" in sipas("doctor").stdout
    sipas("config", "set", "retention", "90")
    monkeypatch.setenv("SIPAS_RETENTION", "90")
    assert "SIPAS_RETENTION" not in sipas("doctor").stdout
    monkeypatch.setenv("SIPAS_RETENTION", "100")
    monkeypatch.setenv("SIPAS_PATIENCE", "3")
    monkeypatch.setenv("SIPAS_WORKERS", "4")
    monkeypatch.setenv("SIPAS_ADRESS", "https://laocai.example.vn")
    told = sipas("doctor").stdout
    assert "[ !] SIPAS_RETENTION in this environment says 100, the home says 90." in told
    assert "[ !] Only this environment says SIPAS_PATIENCE;" in told
    assert "[ !] SIPAS_ADRESS means nothing to SIPAS" in told
    assert "[ok] Settings" not in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "adress", "https://a.vn"), "there is no setting “adress”; choose from database_url, parts"),
        (("set", "address", "a.vn"), "address is “a.vn”; give the address of a server"),
        (("set", "workers", "0"), "workers is “0”; give a whole number from 1 to 64."),
        (("set", "address", ""), "address has no value"),
        (("set", "address", '"https://a.vn"'), "address stands in quotation marks"),
        (("set", "address", "https://a.vn\nworkers = 3"), "one line of text"),
        (("set", "province", "Lào Cai"), "It is the unit of the kind “province” in the registry"),
        (("set", "home", "/srv"), "the environment does, by SIPAS_HOME"),
        (("unset", "adress"), "there is no setting “adress”"),
        (("set", "authority", "ca.pem"), "ca.pem cannot be read: No such file or directory."),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(sipas, settings, words, said):
    sipas("config", "set", "grace", "14")
    before = settings.paths.settings.read_bytes()
    refused = sipas("config", *words)
    assert isinstance(refused.exception, SipasError)
    assert said in str(refused.exception)
    assert settings.paths.settings.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers = 4\ngrace = ever\n", "{file}, line 2: grace is “ever”; give a whole number of days"),
        ("# by hand\r\nadress = https://a.vn\r\n", "{file}, line 2: there is no setting “adress”; choose from"),
        ("grace = 3\n\ngrace = 4\n", "{file}, line 3: grace stands in line 1 already"),
        ("grace\n", "{file}, line 1: a line reads “name = value”"),
        ("grace =\n", "{file}, line 1: grace has no value"),
        ("address = 'https://a.vn'\n", "{file}, line 1: address stands in quotation marks"),
        ("province = Lào Cai\n", "{file}, line 1: the province's name is no setting"),
        ("home = /srv\n", "{file}, line 1: the home folder cannot name itself"),
        ("grace = 4\0\n", "{file}, line 1: grace: a value is one line of text."),
    ],
)
def test_a_slip_by_hand_is_named_by_file_line_and_setting(sipas, settings, monkeypatch, capsys, text, said):
    settings.paths.settings.write_text(text, encoding="utf-8")
    assert said.format(file=settings.paths.settings) in told_by_main(monkeypatch, capsys, "point", "list")


def test_the_sentence_is_vietnamese_to_its_end(sipas, settings, monkeypatch, capsys):
    settings.paths.settings.write_text("grace = ever\n", encoding="utf-8")
    i18n.speak("vi")
    said = told_by_main(monkeypatch, capsys, "point", "list")
    assert f"{settings.paths.settings}, dòng 1: grace" in said
    assert "line" not in said


def test_a_damaged_file_is_one_sentence_and_never_passes_for_nothing(sipas, settings, monkeypatch, capsys):
    settings.paths.settings.write_bytes(b"\xff\xfe\x00grace")
    for words in (("doctor",), ("config", "list"), ("config", "set", "grace", "3")):
        assert "is damaged: it is no text in UTF-8" in told_by_main(monkeypatch, capsys, *words)
    assert settings.paths.settings.read_bytes() == b"\xff\xfe\x00grace"


def test_a_line_that_makes_no_sense_is_mended_by_command(sipas, settings):
    settings.paths.settings.write_text("adress = https://a.vn\ngrace = ever\n", encoding="utf-8")
    sipas("config", "unset", "adress")
    assert sipas("config", "set", "grace", "14").exit_code == 0
    assert listed(sipas)["grace"]["value"] == "14"


def test_remarks_and_order_of_a_file_that_was_edited_by_hand_stay(settings):
    settings.paths.settings.write_text("\ufeff# ours\r\nworkers = 3\r\n\r\ngrace=7\r\n", encoding="utf-8")
    put(settings.home, "workers", "4")
    put(settings.home, "patience", "3")
    assert take_away(settings.home, "grace")
    assert settings.paths.settings.read_text(encoding="utf-8").splitlines() == [
        "# ours",
        "workers = 4",
        "",
        "patience = 3",
    ]


def test_two_commands_at_once_lose_nothing(settings):
    names = [name for name in IN_HOME if name.startswith(("point", "device"))]
    threads = [threading.Thread(target=put, args=(settings.home, name, "5")) for name in names]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = origins({"SIPAS_HOME": str(settings.home)})
    assert {found[name].source for name in names} == {"home"}


def test_a_password_is_not_shown_and_can_come_by_standard_input(sipas, settings):
    address = "postgresql+psycopg://hoa:geheim@db.example.vn/sipas"
    assert sipas("config", "set", "database_url", "-", input=address + "\n").exit_code == 0
    assert load_settings({"SIPAS_HOME": str(settings.home)}).database_url == address
    for words in (("config", "list"), ("config", "list", "--json")):
        told = sipas(*words).output
        assert "geheim" not in told
        assert "***@db.example.vn/sipas" in told


def test_a_server_does_not_start_while_others_can_read_the_settings(sipas, settings, monkeypatch):
    monkeypatch.setattr("sipas.cli.operator.serve.run", lambda *_: None)
    sipas("config", "set", "grace", "14")
    settings.paths.settings.chmod(0o644)
    with pytest.raises(NotReady, match=r"settings\.conf in SIPAS_HOME can be read by other users"):
        sipas("serve", catch_exceptions=False)
    assert sipas("doctor", "--mend-permissions").exit_code == 0
    assert settings.paths.settings.stat().st_mode & 0o077 == 0


def test_settings_go_with_the_home(sipas, settings, tmp_path):
    sipas("config", "set", "address", "https://laocai.example.vn")
    settings.home.rename(tmp_path / "moved")
    assert load_settings({"SIPAS_HOME": str(tmp_path / "moved")}).address == "https://laocai.example.vn"


def test_a_running_server_and_commands_never_disagree_in_silence(sipas, settings):
    sipas("config", "set", "grace", "14")
    server = Server(settings.home, SIPAS_RETENTION="90", SIPAS_WORKERS="1")
    try:
        assert "The running server still" not in sipas("doctor").stdout
        done = sipas("config", "set", "grace", "20")
        assert "A server is running by the former settings; restart it" in done.stderr
        told = sipas("doctor").stdout
        assert "[ !] The running server still goes by another value of grace" in told
        assert "[ !] The running server goes by a SIPAS_RETENTION of its own environment" in told
    finally:
        server.kill()
    assert "restart" not in sipas("config", "set", "grace", "21").stderr
    assert "running server" not in sipas("doctor").stdout


def test_a_worker_that_is_started_anew_goes_by_the_settings_of_its_server(settings):
    put(settings.home, "closed_days", "2027-04-30")
    held = {"SIPAS_HOME": str(settings.home), "SIPAS_HELD_SETTINGS": "grace = 14\n"}
    assert load_settings(held).grace == 14
    assert load_settings(held).closed_days == ()


def test_the_workers_of_a_server_get_its_settings(sipas, settings):
    sipas("config", "set", "grace", "14")
    server = Server(settings.home, alone=True)
    try:
        said = subprocess.run(["ps", "eww", "-o", "args", *map(str, server.workers())], capture_output=True, text=True)
    finally:
        server.kill()
    assert "SIPAS_HELD_SETTINGS=" in said.stdout

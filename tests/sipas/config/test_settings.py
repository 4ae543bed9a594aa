"""Settings: one record, each value with its help, the environment read in one place."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import sipas
from sipas.config.settings import Settings
from sipas.config.sources import SETTINGS, load_settings
from sipas.config.values import text_of
from sipas.errors import NotReady


def test_every_setting_has_a_sentence_of_help():
    for setting in fields(Settings):
        assert setting.metadata["help"]


def test_the_default_home_follows_the_user():
    assert load_settings({"HOME": "/home/hoa"}).home == Path("/home/hoa/.local/share/sipas")
    assert load_settings({"XDG_DATA_HOME": "/data"}).home == Path("/data/sipas")


def test_every_setting_can_be_given_in_the_environment():
    given = {
        "home": "/srv/s",
        "database_url": "postgresql+psycopg://x@/s",
        "parts": "kiosk,desk",
        "languages": "vi,hmn",
        "workers": "7",
        "patience": "0.5",
        "point_rate": "5",
        "point_burst": "50",
        "point_day": "500",
        "device_day": "100",
        "grace": "14",
        "retention": "90",
        "closed_days": "2027-04-30, 2027-02-05/2027-02-07",
        "address": "https://sonla.example.vn/",
        "proxy": "127.0.0.1, 10.0.0.0/28,::1",
        "other_addresses": "http://sipas.lan:8000/, https://192.168.1.10",
        "backup_days": "2",
        "smtp_host": "mail.sonla.example.vn",
        "smtp_port": "465",
        "smtp_security": "tls",
        "smtp_user": "sipas",
        "mail_from": "sipas@sonla.example.vn",
        "mail_to": "hoa@sonla.example.vn, an@sonla.example.vn",
        "webhook": "https://chat.sonla.example.vn/hooks/abc",
        "authority": "authority.pem",
    }
    assert set(given) == {setting.name for setting in fields(Settings)}
    read = load_settings({"HOME": "/x", **{f"SIPAS_{name.upper()}": text for name, text in given.items()}})
    assert read.address == "https://sonla.example.vn"
    assert read.other_addresses == ("http://sipas.lan:8000", "https://192.168.1.10")
    assert [f"{day}" for day in read.closed_days] == ["2027-02-05", "2027-02-06", "2027-02-07", "2027-04-30"]
    assert [f"{network}" for network in read.proxy] == ["127.0.0.1/32", "10.0.0.0/28", "::1/128"]
    assert (read.url, read.workers) == ("postgresql+psycopg://x@/s", 7)
    assert read.authority_file == Path("/srv/s/authority.pem")


def test_the_environment_is_heard():
    read = load_settings({"HOME": "/x", "SIPAS_HOME": "/srv/s", "SIPAS_PARTS": "kiosk", "SIPAS_WORKERS": "3"})
    assert (read.home, read.parts, read.workers) == (Path("/srv/s"), ("kiosk",), 3)
    assert read.url == "sqlite:////srv/s/sipas.sqlite"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIPAS_PARTS", "kiosk,lobby"),
        ("SIPAS_WORKERS", "many"),
        ("SIPAS_WORKERS", "0"),
        ("SIPAS_PATIENCE", "soon"),
        ("SIPAS_CLOSED_DAYS", "tet"),
        ("SIPAS_CLOSED_DAYS", "2027-02-11/2027-02-05"),
        ("SIPAS_CLOSED_DAYS", "2027-02-30"),
        ("SIPAS_ADDRESS", "sonla.example.vn"),
        ("SIPAS_ADDRESS", "https://sonla.example.vn/sipas"),
        ("SIPAS_OTHER_ADDRESSES", "https://sonla.example.vn, sipas.lan"),
        ("SIPAS_OTHER_ADDRESSES", "http://sipas.lan:port"),
        ("SIPAS_ADDRESS", "http://[sipas"),
        ("SIPAS_ADDRESS", "https://hoa@sonla.example.vn"),
        ("SIPAS_POINT_DAY", "0"),
        ("SIPAS_PROXY", "nginx"),
        ("SIPAS_PROXY", "10.0.0.1/28"),
    ],
)
def test_a_value_without_sense_names_its_variable(name, value):
    with pytest.raises(NotReady, match=name):
        load_settings({"HOME": "/x", name: value})


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path):
    settings = Settings(home=tmp_path)
    assert settings.secret("desk") == settings.secret("desk")
    assert (tmp_path / "keys" / "desk.secret").stat().st_mode & 0o077 == 0


def test_the_manual_explains_every_setting_with_its_default():
    manual = (Path(sipas.__file__).parent / "docs/operator.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", manual, re.MULTILINE))
    for name, setting in SETTINGS.items():
        if name != "home":
            default = text_of(setting.default)
            assert rows[name].find(default if default else "default") > 0, name

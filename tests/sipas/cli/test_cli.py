"""The command line as a person and a script meet it: streams, exit status, plain words."""

from __future__ import annotations

import json
import os
import re
import socket

import click
import pytest

from sipas import cli
from sipas.cli import COMMANDS, Commands, group
from tests import commands

CONTEXT = click.Context(group)


def every_command():
    for name in COMMANDS:
        command = Commands.get_command(group, CONTEXT, name)
        yield from below(name, command)


def below(name, command):
    """The commands of a group, however deep, each by its whole name."""
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from below(f"{name} {word}", inner)
    else:
        yield name, command


def sipas(home, *words, how=commands.run, **environment):
    return how(*words, environ={**os.environ, "SIPAS_HOME": str(home), "LANG": "C.UTF-8", **environment})


def alone(home, *words, **environment):
    """As a person starts it, interpreter and all."""
    return sipas(home, *words, how=commands.alone, **environment)


@pytest.mark.parametrize(
    ("name", "command"), list(every_command()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_has_help_and_an_example_that_calls_it(name, command):
    assert command.help
    assert f"sipas {name}" in command.epilog
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_the_first_help_shows_every_command_with_its_example(tmp_path):
    told = alone(tmp_path, "--help").stdout
    for name, _command in every_command():
        assert f"sipas {name}:" in told
    assert told.count("Example:") == len(list(every_command()))


def test_an_office_works_through_a_wave_by_command(tmp_path):
    home = tmp_path / "home"
    for words in (
        ["init", "--registry", "son-la"],
        ["point", "add", "to-hieu-1", "--unit", "03646"],
        ["wave", "open", "w1", "--instrument", "demo", "--coarsest", "--series", "trial"],
    ):
        run = sipas(home, *words)
        assert (run.returncode, run.stdout) == (0, ""), run.stderr
    (wave,) = json.loads(sipas(home, "wave", "list", "--json").stdout)
    assert {key: wave[key] for key in ("wave", "state", "series", "instrument", "responses")} == {
        "wave": "w1",
        "state": "open",
        "series": "trial",
        "instrument": "demo",
        "responses": 0,
    }
    (point,) = json.loads(sipas(home, "point", "list", "--json").stdout)
    assert (point["point"], point["unit"], point["channel"], point["open"], point["url"]) == (
        "to-hieu-1",
        "03646",
        "kiosk",
        True,
        "/k/to-hieu-1",
    )
    assert json.loads(sipas(home, "release", "list", "--json").stdout) == []
    assert re.search(r"w1 +open +trial", sipas(home, "wave", "list").stdout)
    assert sipas(home, "freeze", "w1").returncode == 1
    assert sipas(home, "wave", "close", "w1").returncode == 0
    assert alone(home, "doctor").returncode == 0


def test_a_wave_without_dossier_counts_is_refused_with_both_ways_on(tmp_path):
    home = tmp_path / "home"
    sipas(home, "init", "--registry", "son-la")
    sipas(home, "point", "add", "to-hieu-1", "--unit", "03646")
    run = sipas(home, "wave", "open", "w1", "--instrument", "demo")
    assert run.returncode == 1
    assert "sipas frame load" in run.stderr
    assert "--coarsest" in run.stderr
    assert json.loads(sipas(home, "wave", "list", "--json").stdout) == []


def test_a_refusal_is_one_sentence_on_the_error_stream_and_status_1(tmp_path):
    run = alone(tmp_path / "nothing", "wave", "list")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.count("\n") == 1
    assert "sipas init" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_wrong_call_has_status_2(tmp_path):
    assert alone(tmp_path, "wave", "opn").returncode == 2
    assert sipas(tmp_path, "wave", "open").returncode == 2


def test_messages_are_vietnamese_where_the_locale_is(tmp_path):
    run = alone(tmp_path / "nothing", "wave", "list", LANG="vi_VN.UTF-8")
    assert "cơ sở dữ liệu" in run.stderr.lower()


def test_a_taken_port_is_told_before_anything_starts(tmp_path):
    home = tmp_path / "home"
    sipas(home, "init", "--registry", "son-la")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = alone(home, "serve", "--port", str(port))
    assert run.returncode == 1
    assert str(port) in run.stderr
    assert "Traceback" not in run.stderr


def test_no_absolute_path_lies_in_the_home_folder(tmp_path):
    home = tmp_path / "home"
    sipas(home, "init", "--registry", "son-la")
    sipas(home, "point", "add", "to-hieu-1", "--unit", "03646")
    sipas(home, "wave", "open", "w1", "--instrument", "demo", "--coarsest")
    for path in home.rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes(), path
    moved = tmp_path / "moved"
    home.rename(moved)
    assert json.loads(sipas(moved, "wave", "list", "--json").stdout)[0]["wave"] == "w1"


def test_the_doctor_looks_on_past_what_is_broken(tmp_path):
    home = tmp_path / "home"
    sipas(home, "init", "--registry", "son-la")
    sipas(home, "point", "add", "to-hieu-1", "--unit", "03646")
    for wave in ("w1", "w2"):
        sipas(home, "wave", "open", wave, "--instrument", "demo", "--coarsest")
        (home / "keys" / f"{wave}.id.key").unlink()
        sipas(home, "wave", "close", wave)
    run = sipas(home, "doctor")
    assert run.returncode == 1
    assert "w1" in run.stdout
    assert "w2" in run.stdout
    (home / "sipas.sqlite").write_bytes(b"junk" * 5000)
    run = sipas(home, "doctor")
    assert (run.returncode, run.stderr) == (1, "")
    assert "[ x]" in run.stdout


@pytest.mark.parametrize("words", [("serve", "--port", "99999"), ("serve", "--workers", "0"), ("demo", "--port", "0")])
def test_numbers_out_of_range_are_wrong_calls(tmp_path, words):
    assert sipas(tmp_path, *words).returncode == 2


@pytest.mark.parametrize("unit", ["14", "tp-son-la"])
def test_a_unit_that_receives_nobody_gets_no_point(tmp_path, unit):
    home = tmp_path / "home"
    sipas(home, "init", "--registry", "son-la")
    run = sipas(home, "point", "add", "p-1", "--unit", unit)
    assert (run.returncode, run.stdout) == (1, "")
    assert "receives nobody" in run.stderr


def test_a_long_import_tells_now_and_then_how_far_it_is(monkeypatch, capsys):
    from sipas.cli.operator import responses

    monkeypatch.setattr(responses, "PATIENCE", 0.0)
    with responses._progress() as progress:
        progress("check", 65_536, 1_000_000)
        progress("store", 65_536, 998_000)
    told = capsys.readouterr()
    assert told.out == ""
    assert "65,536 of about 1,000,000 lines checked" in told.err
    assert "65,536 of 998,000 answers stored" in told.err


def test_what_nobody_foresaw_is_not_said_to_have_left_everything_whole(monkeypatch, capsys):
    """A command of several steps may have done some of them."""

    def fails(**_more):
        raise RuntimeError("a bolt")

    monkeypatch.setattr(cli, "group", fails)
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    monkeypatch.delenv("SIPAS_DEBUG", raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "Something unforeseen happened (RuntimeError: a bolt) and stopped the command; a part of its work may be done. "
        "See `sipas doctor`. Set SIPAS_DEBUG=1 and run the same command again to see where, and please report it.\n"
    )

"""What a commune officer reads is Vietnamese to the last word: codes in words, placeholders too, and one address."""

from __future__ import annotations

import datetime as dt
import json
import re

import click
import pytest
from click.testing import CliRunner

from sipas.accounts.decisions import typed
from sipas.cli import group
from sipas.fieldwork.waves import close_wave
from sipas.i18n import say, speaking
from sipas.i18n.code_labels import WORDS, Code, Codes, with_code, word
from sipas.importing import import_responses
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from surveys import catalogue, load, texts
from tests.make import a_csv, a_point, a_response, a_wave, some_codes, some_dossiers
from tests.sipas.cli.test_cli import every_command
from tests.words.test_catalogs import EVERY, ROOT, forms

TODAY = dt.date(2026, 9, 30)
YOU = re.compile(r"(?<!\w)(các )?bạn(?!\w)", re.IGNORECASE)
CODES = {code for words in WORDS.values() for code in words} - {"web", "id", "f", "m", "vi", "en"} - {"language", "age"}
BARE = re.compile(rf"(?<![\w./-])({'|'.join(sorted(CODES, key=len, reverse=True))})(?![\w./-])")
TYPED = re.compile(r"cột [a-z]+:|\([^()]*\)|`[^`]*`|'[^']*'|sipas [^\n]*|--[\w-]+|\[[^\]]*\]|\{[^}]*\}|keys/\S+")


def test_nobody_is_addressed_as_a_friend():
    """Citizens and officers are Ông/Bà, or nobody is addressed."""
    said = [text for message in EVERY for text in forms(message.string)]
    said += [text for code in catalogue() for _, text in texts(load(code))]
    said += [page.read_text("utf-8") for page in (*ROOT.rglob("sipas/**/*.md"), *ROOT.rglob("sipas/**/*.html"))]
    assert [text[:200] for text in said if YOU.search(text)] == []
    assert YOU.search("Câu trả lời của bạn chưa gửi được")
    assert not YOU.search("Ủy ban nhân dân, bạn bè"[:17])


def test_every_code_has_a_word_in_vietnamese_that_is_not_the_code():
    with speaking("vi"):
        same = {code for kind, words in WORDS.items() for code in words if word(kind, code) == code}
    assert same == set()


def test_a_code_is_read_in_words_with_what_is_typed_behind():
    with speaking("vi"):
        assert with_code("channel", "phone") == "điện thoại của người dân (phone)"
        assert Code("form", "short").spoken() == "ngắn (short)"
        assert Codes("series", ("main", "trial")).spoken() == "chính (main), thử (trial)"
        assert with_code("channel", "pigeon") == "pigeon"
    with speaking("en"):
        assert with_code("channel", "phone") == "phone"
        assert (str(Code("form", "short")), str(Codes("form", ("short", "full")))) == ("short", "short, full")


def plain(text):
    """A text without what is typed: options, commands, quoted codes, and codes behind their words in parentheses."""
    return TYPED.sub(" ", text)


@pytest.fixture
def home(database, settings, monkeypatch):
    """A frozen wave with a draft and an open one, at points of several channels, with codes."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    for number in range(12):
        a_point(database, f"p{number}", ("03646", "03664", "03670")[number % 3], form="short")
    a_point(database, "q1", "03679", form="short", channel="paper")
    with database.writing() as session:
        some_dossiers(session, ("03646", "03664", "03670", "03679"), "2026-09")
    a_wave(database, settings)
    for number in range(156):
        place = "q1" if number % 13 == 12 else f"p{number % 13}"
        levels = zip(("O", "B1.2", "B2.2", "B3.2", "B4.1", "B5.2"), (1, 2, 3, 5, 7, 11), strict=True)
        answers = {code: str(1 + number // times % 5) for code, times in levels}
        moment = dt.datetime(2026, 9, 2 + number % 20, 3, tzinfo=dt.timezone.utc)
        a_response(database, settings, place, moment=moment, answers=answers)
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    freeze(database, settings.home, "w1", TODAY)
    build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    a_wave(database, settings, "w2", opens_on=dt.date(2026, 10, 1), series="trial")
    some_codes(database, settings, today=dt.date(2026, 10, 1))
    return settings.home


def said_of(*arguments):
    """Both streams of a command in Vietnamese, with the refusal it ended in."""
    with speaking("vi"):
        result = CliRunner().invoke(group, [str(one) for one in arguments])
        refused = result.exception
        told = say(refused) if refused is not None and not isinstance(refused, SystemExit) else ""
    assert not told or hasattr(refused, "template"), refused
    return result.output + told


def test_no_code_stands_bare_in_what_a_command_says(home, tmp_path):
    snapshot, counts = home / "snapshots" / "w1.parquet", tmp_path / "dossiers.csv"
    commands = [
        ("point", "list"), ("point", "set", "p1", "--form", "full"), ("point", "set", "q1", "--channel", "phone"),
        ("point", "set", "q1", "--invitation", "required"), ("wave", "list"), ("wave", "close", "w1"),
        ("wave", "open", "w3", "--instrument", "demo", "--series", "nothing"),
        ("wave", "open", "w3", "--instrument", "demo", "--partial", "nothing"), ("device", "list"),
        ("device", "enrol-code", "q1"), ("release", "list"), ("release", "publish", "w1-r1"), ("freeze", "w2"),
        ("registry", "list", "units", "to hieu"), ("registry", "list", "services"), ("invitations", "list"),
        ("comments", "list", "w1"), ("instrument", "list"), ("instrument", "show", "service-2024"),
        ("frame", "save", counts), ("frame", "load", counts), ("estimate", snapshot, "--by", "unit", "--by", "channel"),
        ("estimate", snapshot, "--by", "field,month", "--frame", counts), ("estimate", snapshot, "--by", "form"),
        ("compare", snapshot, "--by", "unit"), ("compare", snapshot, "--of", "B1", "--of", "overall"),
        ("rank", snapshot, "--by", "unit"), ("quality", snapshot, "--by", "unit", "--frame", counts),
        ("improve", snapshot), ("small-areas", snapshot, "--by", "unit"),
        ("sample", "allocate", counts, "--total", "100"), ("doctor",),
        ("responses", "template", "--wave", "w2", "--out", tmp_path / "a.xlsx"),
        ("frame", "template", "--out", tmp_path / "d.xlsx"),
    ]  # fmt: skip
    bare = {}
    for command in commands:
        said = said_of(*command)
        found = {match[0] for line in said.splitlines() for match in BARE.finditer(plain(line))}
        if found:
            bare[" ".join(map(str, command))] = (found, said[:1500])
    assert bare == {}


def test_the_walk_would_notice_a_code():
    assert BARE.findall(plain("kênh phone, phiếu short, mã mời required, unit 03646")) == [
        "phone", "short", "required", "unit"
    ]  # fmt: skip
    assert BARE.findall(plain("kênh điện thoại của người dân (phone), điểm kiosk-03646, `wave close`, --form")) == []


def test_json_keeps_the_codes(home):
    with speaking("vi"):
        points = json.loads(CliRunner().invoke(group, ["point", "list", "--json"]).stdout)
        waves = json.loads(CliRunner().invoke(group, ["wave", "list", "--json"]).stdout)
    assert {(one["channel"], one["form"]) for one in points} >= {("kiosk", "short"), ("paper", "short")}
    assert [(one["state"], one["series"], one["keys"][:1]) for one in waves] == [
        ("frozen", "main", ["id"]), ("open", "trial", ["cluster"])
    ]  # fmt: skip


def test_what_a_file_says_wrongly_is_answered_in_words(database, settings, tmp_path):
    a_wave(database, settings)
    path = a_csv(tmp_path, "point,field,date,channel,O\nto-hieu-1,ho-tich,2026-09-16,pigeon,5\n")
    with pytest.raises(Exception, match="pigeon") as told:
        import_responses(database, settings.home, path, "w1", None, TODAY)
    with speaking("vi"):
        assert "phiếu giấy (paper)" in say(told.value)


@pytest.mark.parametrize(
    ("name", "command"), list(every_command()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_stands_for_a_value_in_usage_and_help_is_vietnamese(name, command):
    context = click.Context(command, info_name=name)
    with speaking("vi"):
        pieces = command.collect_usage_pieces(context)
        pieces += [one.make_metavar(context) for one in command.params if not getattr(one, "is_flag", False)]
    assert [piece for piece in pieces if re.search(r"(?<!\w)[A-Z]{2,}(?!\w)(?!\.yaml)", piece)] == []
    with speaking("en"):
        assert not re.search("[À-ỹ]", " ".join(command.collect_usage_pieces(context)))


@pytest.mark.parametrize(
    "arguments",
    [
        ("pont",),
        ("point", "ad"),
        ("point", "add"),
        ("point", "add", "x", "--unit"),
        ("point", "add", "x", "--unit", "03646", "--chanel", "phone"),
        ("point", "set", "x", "y"),
        ("point", "set", "x", "--channel", "pigeon"),
        ("wave", "open", "x", "--instrument", "demo", "--from", "tomorrow"),
        ("sample", "size", "--margin", "few"),
        ("sample", "draw", "nothing.csv", "-n", "0"),
        ("registry", "list", "people"),
        ("estimate", "."),
    ],
)
def test_a_wrong_call_is_answered_in_vietnamese(arguments):
    with speaking("vi"):
        result = CliRunner().invoke(group, arguments, env={"LANGUAGE": "vi"})
    assert result.exit_code == 2
    assert not re.search(
        r"(?i)\b(is|not|one of|missing|unexpected|requires?|such|did you|error|usage|try)\b", plain(result.output)
    )

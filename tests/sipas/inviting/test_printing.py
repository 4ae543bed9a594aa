"""Posters and strips as people get them: one page, our letters, both languages, QR codes that say what they should."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import segno
from click.testing import CliRunner

from sipas import i18n
from sipas.cli import group
from sipas.errors import NotReady
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.models import Point
from sipas.inviting import printing
from sipas.inviting.printing import BadSheet, Imprint, poster, strips
from sipas.registry.province import ProvinceName
from tests.make import a_point, a_wave

SON_LA = ProvinceName("Tỉnh Sơn La", "Sơn La province")
ADDRESS = "https://sonla.example.vn"
OURS = Imprint(ADDRESS, SON_LA)
NEEDS_POPPLER = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext: poppler-utils")


def a_place(**more):
    usual = {
        "code": "to-hieu-phone",
        "name": "Trung tâm Phục vụ hành chính công phường Tô Hiệu",
        "name_en": "Tô Hiệu ward public service centre",
        "unit": "03646",
        "channel": "phone",
        "form": "short",
        "invitation": "none",
    }
    return Point(**{**usual, **more})


def read(pdf, tmp_path, program="pdftotext", *options):
    path = tmp_path / "printed.pdf"
    path.write_bytes(pdf)
    words = [program, *options, str(path)] + (["-"] if program == "pdftotext" else [])
    return " ".join(subprocess.run(words, check=True, capture_output=True, text=True).stdout.split())


@NEEDS_POPPLER
@pytest.mark.parametrize("size", ["A4", "A3"])
def test_a_poster_is_one_page_in_both_languages_with_the_address_in_words(tmp_path, size):
    pdf = poster(a_place(), OURS, size)
    told = read(pdf, tmp_path)
    for words in ("Tỉnh Sơn La", "Ông/Bà được phục vụ thế nào?", "Khoảng 90 giây", "Không ghi tên", "Tự nguyện",
                  "How were you served?", "Staff here cannot see", "sonla.example.vn/q/to-hieu-phone"):  # fmt: skip
        assert words in told
    about = read(pdf, tmp_path, "pdfinfo")
    assert "Pages: 1 " in about
    assert f"({size})" in about
    assert "Tagged: yes" in about


@NEEDS_POPPLER
def test_it_is_printed_in_our_own_letters(tmp_path):
    fonts = read(poster(a_place(), OURS), tmp_path, "pdffonts").split("---")[-1]
    assert set(re.findall(r"\+([\w-]+)", fonts)) == {"Noto-Sans", "Noto-Sans-Bold"}


@NEEDS_POPPLER
@pytest.mark.parametrize("simulated", [False, True])
def test_the_longest_names_still_fit_on_the_page(tmp_path, simulated):
    place = a_place(name=LONG, code="x" * 40, name_en=LONG_EN)
    required = a_place(name=LONG, name_en=LONG_EN, invitation="required")
    for one in (place, required, a_place()):
        pdf = poster(one, replace(OURS, simulated=simulated))
        assert "Pages: 1 " in read(pdf, tmp_path, "pdfinfo")
        told = read(pdf, tmp_path, "pdftotext", "-bbox")
        bottoms = [float(y) for y in re.findall(r'yMax="([\d.]+)"', told)]
        assert max(bottoms) < 842 - 10
        ends = {word: float(y) for y, word in re.findall(r'yMax="([\d.]+)">([^<]+)</word>', told)}
        tops = {word: float(y) for y, word in re.findall(r'yMin="([\d.]+)"[^>]*>([^<]+)</word>', told)}
        address = next(y for word, y in ends.items() if word.startswith("sonla"))
        assert address < tops["Cán"]  # the foot does not run into the address


def test_a_point_that_requires_codes_says_so_on_its_poster(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(printing, "_pdf", lambda template, **values: seen.update(values) or b"")
    for invitation in ("none", "optional", "required"):
        poster(a_place(invitation=invitation, form="full"), OURS)
        assert seen["needs_code"] == (invitation == "required")
    vi, en = seen["words"]
    assert (vi.facts[0][1], en.facts[0][1]) == ("Khoảng 3 phút", "About 3 minutes")


def test_the_qr_code_is_that_of_the_address_square_by_square():
    side, squares = printing._qr(f"{ADDRESS}/q/2345CFHM").split("|")
    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", squares)}
    matrix = segno.make(f"{ADDRESS}/q/2345CFHM", error="m", micro=False).matrix
    assert int(side) == len(matrix)
    assert dark == {(x, y) for y, row in enumerate(matrix) for x, bit in enumerate(row) if bit}


@NEEDS_POPPLER
@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="no zbarimg: apt-get install zbar-tools")
def test_every_printed_code_can_be_scanned(tmp_path):
    some = invitation_codes.fresh(13)
    (tmp_path / "printed.pdf").write_bytes(strips(a_place(), some, 202702, OURS))
    # Seen from three distances, as a phone that moves sees them: of a whole sheet in one picture zbar misses one code
    # in some hundred, now this and now that, whatever the resolution.
    for dots in ("150", "200", "250"):
        subprocess.run(
            ["pdftoppm", "-r", dots, "-gray", "-png", "printed.pdf", f"sheet{dots}"], cwd=tmp_path, check=True
        )
    scanned = subprocess.run(
        ["zbarimg", "-q", "--raw", *sorted(path.name for path in tmp_path.glob("sheet*.png"))],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert set(scanned) == {f"{ADDRESS}/q/{code}" for code in some}


@NEEDS_POPPLER
def test_strips_carry_each_code_once_and_say_how_and_until_when(tmp_path):
    some = invitation_codes.fresh(25)
    pdf = strips(a_place(), [invitation_codes.spaced(code).lower() for code in some], 202702, OURS)
    told = read(pdf, tmp_path)
    assert "Pages: 3 " in read(pdf, tmp_path, "pdfinfo")
    for code in some:
        assert told.count(invitation_codes.spaced(code)) == 1
    assert told.count("Dùng một lần, đến hết tháng 02/2027") == 25
    assert told.count("sonla.example.vn/q") == 50  # once in each language


LONG = "Điểm tiếp nhận và trả kết quả thủ tục hành chính số 2, Trung tâm Phục vụ hành chính công xã Mường Bú"
LONG_EN = "Receiving point 2 of the public service centre of Mường Bú commune"
MM = 72 / 25.4
TALL = 1.362  # of our letters, from the highest mark to the lowest, in their size


@NEEDS_POPPLER
@pytest.mark.parametrize("simulated", [False, True])
def test_everything_on_a_strip_lies_within_its_lines(tmp_path, simulated):
    """Also the longest name, the longest address and the mark of a simulation: ten strips, five below each other."""
    imprint = Imprint("https://hailong.sonla.example.vn", SON_LA, simulated)
    place = a_place(name=LONG, name_en=LONG_EN, form="full")
    told = read(strips(place, invitation_codes.fresh(10), 202712, imprint), tmp_path, "pdftotext", "-bbox")
    found = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)"', told)
    assert len(found) > 10 * 30
    for left, top, right, bottom in ([float(one) / MM for one in box] for box in found):
        row, column = int((top - 11) // 54.75), int((left - 7) // 97.75)
        assert row in range(5)
        assert column in range(2)
        assert bottom < 11 + 54.75 * (row + 1) - 0.5, (row, bottom)
        assert right < 7 + 97.75 * (column + 1) - 0.5, (column, right)


@NEEDS_POPPLER
def test_letters_on_a_strip_are_of_9_points_at_least(tmp_path):
    pdf = strips(a_place(), invitation_codes.fresh(10), 202702, replace(OURS, simulated=True))
    told = read(pdf, tmp_path, "pdftotext", "-bbox")
    heights = [float(low) - float(top) for top, low in re.findall(r'yMin="([\d.]+)"[^>]*yMax="([\d.]+)"', told)]
    assert len(heights) > 10 * 30
    assert min(heights) / TALL > 8.99
    assert max(heights) / TALL > 15  # the code itself


@NEEDS_POPPLER
def test_a_sheet_of_a_simulation_says_so_in_both_languages_and_no_other_does(tmp_path):
    some = invitation_codes.fresh(10)
    for simulated, times in ((True, 1), (False, 0)):
        imprint = replace(OURS, simulated=simulated)
        told = read(poster(a_place(), imprint), tmp_path)
        assert told.count("MÔ PHỎNG / SIMULATED") == times
        assert told.count("Không phải khảo sát thật / Not a real survey") == times
        told = read(strips(a_place(), some, 202702, imprint), tmp_path)
        assert told.count("MÔ PHỎNG / SIMULATED") == 10 * times


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (lambda: poster(a_place(), Imprint("", SON_LA)), "sipas config set address"),
        (lambda: strips(a_place(), ["2345CFHM"], 202702, Imprint("", SON_LA)), "sipas config set address"),
        (lambda: poster(a_place(), OURS, "B5"), "A4, A3"),
        (lambda: strips(a_place(), [], 202702, OURS), "no code"),
        (lambda: strips(a_place(), ["2345CFHT"], 202702, OURS), "not as printed"),
    ],
)
def test_what_cannot_be_printed_is_said(deed, words):
    with pytest.raises((NotReady, BadSheet, invitation_codes.Misread), match=words):
        deed()


def test_without_pango_only_the_printing_fails_and_says_what_to_install(monkeypatch):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(NotReady, match="apt-get install -y libpango"):
        poster(a_place(), OURS)


@NEEDS_POPPLER
def test_by_command_codes_become_strips_and_a_point_gets_its_poster(database, settings, tmp_path, monkeypatch):
    a_point(database, "to-hieu-phone", form="short", channel="phone")
    a_wave(database, settings)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_ADDRESS", ADDRESS)
    i18n.speak("en")
    run = CliRunner().invoke
    names = {name: str(tmp_path / name) for name in ("codes.csv", "now.pdf", "later.pdf", "poster.pdf")}
    assert run(group, ["point", "set", "to-hieu-phone", "--invitation", "optional"]).exit_code == 0
    issue = ["invitations", "issue", "--point", "to-hieu-phone", "--count", "3", "--out", names["codes.csv"]]
    assert run(group, [*issue, "--sheet", names["now.pdf"]]).exit_code == 0
    assert run(group, ["invitations", "sheet", names["codes.csv"], "--out", names["later.pdf"]]).exit_code == 0
    now, later = ((tmp_path / name).read_bytes() for name in ("now.pdf", "later.pdf"))
    assert now == later
    told = read(now, tmp_path)
    printed = (tmp_path / "codes.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert all(line.split(",")[0] in told for line in printed)
    assert (tmp_path / "now.pdf").stat().st_mode & 0o077 == 0
    assert run(group, ["point", "poster", "to-hieu-phone", "--out", names["poster.pdf"], "--size", "A3"]).exit_code == 0
    printed = read((tmp_path / "poster.pdf").read_bytes(), tmp_path)
    assert "to-hieu-phone" in printed
    assert "SIMULATED" not in told + printed


@NEEDS_POPPLER
@pytest.mark.parametrize("whose", ["the wave's", "the demo's"])
def test_what_is_printed_for_a_simulation_is_marked_by_every_command(database, settings, tmp_path, monkeypatch, whose):
    a_point(database, "to-hieu-phone", form="short", channel="phone")
    a_wave(database, settings, simulated=whose == "the wave's")
    if whose == "the demo's":
        settings.paths.demo.touch()
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_ADDRESS", ADDRESS)
    run = CliRunner().invoke
    names = {name: str(tmp_path / name) for name in ("codes.csv", "now.pdf", "later.pdf", "poster.pdf")}
    run(group, ["point", "set", "to-hieu-phone", "--invitation", "optional"])
    issue = ["invitations", "issue", "--point", "to-hieu-phone", "--count", "3", "--out", names["codes.csv"]]
    assert run(group, [*issue, "--sheet", names["now.pdf"]]).exit_code == 0
    assert run(group, ["invitations", "sheet", names["codes.csv"], "--out", names["later.pdf"]]).exit_code == 0
    assert run(group, ["point", "poster", "to-hieu-phone", "--out", names["poster.pdf"]]).exit_code == 0
    for name, times in (("now.pdf", 3), ("later.pdf", 3), ("poster.pdf", 1)):
        told = read((tmp_path / name).read_bytes(), tmp_path)
        assert told.count("MÔ PHỎNG / SIMULATED") == times, name
    head, *lines = (tmp_path / "codes.csv").read_text(encoding="utf-8-sig").splitlines()
    assert head == "code,link,point,until,simulated"
    assert [line.rpartition(",")[2] for line in lines] == ["MÔ PHỎNG / SIMULATED"] * 3


def test_where_strips_could_not_be_printed_no_code_is_issued(database, settings, tmp_path, monkeypatch):
    a_point(database, "to-hieu-phone", form="short", channel="phone")
    a_wave(database, settings)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    run = CliRunner().invoke
    run(group, ["point", "set", "to-hieu-phone", "--invitation", "optional"])
    told = run(group, ["invitations", "issue", "--point", "to-hieu-phone", "--count", "3",
                       "--out", str(tmp_path / "codes.csv"), "--sheet", str(tmp_path / "s.pdf")])  # fmt: skip
    assert told.exit_code == 1
    assert not (tmp_path / "codes.csv").exists()


def test_a_file_that_is_no_list_of_codes_is_refused(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    path = tmp_path / "codes.csv"
    run = CliRunner().invoke
    for text in (
        "code,link\n2345 CFHM,x\n",
        "",
        "code,link,point,until\n2345 CFHM,x,a,2026-12\n2345 CFHM,x,b,2026-12\n",
    ):
        path.write_text(text)
        told = run(group, ["invitations", "sheet", str(path), "--out", str(tmp_path / "s.pdf")])
        assert told.exit_code == 1
        assert "codes.csv" in str(told.exception)

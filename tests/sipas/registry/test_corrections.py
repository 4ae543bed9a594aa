"""A registry that can be corrected: whose it is, what a load changes, what may go and what has to stay."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from sipas import clock
from sipas.cli import group
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.points import close_point
from sipas.fieldwork.waves import close_wave
from sipas.publishing.freeze import freeze
from sipas.registry.importing import OURS
from sipas.registry.models import KINDS, Competence, CrosswalkRow, Service, Unit
from sipas.registry.template import COLUMNS
from tests.make import A_MORNING, a_frame, a_point, a_response, a_wave
from tests.manuals import LANGUAGES, read, spans

LAND = "ward,dat-dai,@receiver,,"
LAO_CAI = {
    "units": "code,name,kind,parent\n15,Tỉnh Lào Cai,province,\nso-y-te,Sở Y tế,department,15\n"
    "02647,Phường Lào Cai,ward,15\n",
    "services": "code,name\nho-tich,Hộ tịch\ny-te,Y tế\n",
    "competence": "receiver,service,responsible\nward,ho-tich,@receiver\nward,y-te,so-y-te\n",
    "crosswalk": "old,new,share,source\n",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home that is yet to be made."""
    monkeypatch.setenv("SIPAS_HOME", str(tmp_path / "new"))
    return tmp_path / "new"


@pytest.fixture
def here(settings, monkeypatch):
    """The home with Sơn La's registry."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setattr(clock, "now", lambda: A_MORNING)
    return settings.home


@pytest.fixture
def lao_cai(tmp_path):
    return files(tmp_path / "lao-cai", LAO_CAI)


@pytest.fixture
def ours(tmp_path):
    """A copy of Sơn La's files, to be edited."""
    shutil.copytree(OURS, tmp_path / "ours")
    return tmp_path / "ours"


def files(folder, texts):
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def sipas(*words):
    return CliRunner().invoke(group, [str(word) for word in words])


def done(*words) -> str:
    run = sipas(*words)
    assert run.exit_code == 0, (words, run.output, str(run.exception))
    return run.output


def refused(*words) -> str:
    run = sipas(*words)
    assert run.exit_code == 1, (words, run.output)
    return str(run.exception)


def units() -> int:
    return len(json.loads(sipas("registry", "list", "units", "--json").stdout))


def edit(folder, name, before, after):
    path = folder / f"{name}.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


# Whose registry


def test_a_new_home_takes_no_registry_that_was_not_named(home, lao_cai):
    told = done("init")
    assert "The registry is empty" in told
    assert "Sơn La: sipas registry load son-la" in told
    assert units() == 0
    done("registry", "load", lao_cai)
    assert units() == 3


def test_the_registry_of_son_la_is_loaded_by_its_name(home, lao_cai):
    assert "Tỉnh Sơn La, 103 units" in done("init", "--registry", "son-la")
    done("registry", "clear")
    assert units() == 0


def test_a_new_home_takes_the_registry_that_is_named(home, lao_cai):
    assert "Tỉnh Lào Cai, 3 units" in done("init", "--registry", lao_cai)
    assert units() == 3


def test_a_registry_that_is_refused_leaves_no_half_made_home(home, lao_cai):
    edit(lao_cai, "units", "department", "ministry")
    assert "ministry" in refused("init", "--registry", lao_cai)
    assert not (home / "sipas.sqlite").exists()


@pytest.mark.parametrize("again", [["init"], ["init", "--registry", "son-la"], ["registry", "load", "son-la"]])
def test_nothing_pours_one_province_into_another(home, lao_cai, again):
    done("init", "--registry", lao_cai)
    told = sipas(*again)
    assert "Lào Cai" in told.output + str(told.exception)
    assert (told.exit_code == 0) is (again == ["init"])
    assert units() == 3


def test_init_over_an_empty_registry_loads_nothing(home):
    done("init", "--without-registry")
    assert "sipas registry load FOLDER" in done("init")
    assert units() == 0


def test_load_without_a_folder_is_a_wrong_call(here):
    run = sipas("registry", "load")
    assert run.exit_code == 2
    assert "son-la" in run.output
    assert "sipas registry template" in run.output


def test_a_registry_in_use_is_not_emptied(here, database):
    a_point(database)
    assert "1 receiving points" in refused("registry", "clear")
    assert units() == 103


# What a load changes


def test_a_dry_run_says_what_would_change_in_each_table_and_changes_nothing(here, ours, database):
    edit(ours, "units", "Phường Tô Hiệu", "Phường Tô Hiệu (mới)")
    edit(ours, "units", "thanh-tra-tinh,", "thanh-tra,")
    edit(ours, "competence", "thanh-tra-tinh,khac,thanh-tra-tinh,,", "thanh-tra,khac,thanh-tra,2026-10-01,")
    told = done("registry", "load", ours, "--dry-run").splitlines()
    for line in (
        "units.csv: 1 new, 1 changed (0 of them closed), 101 unchanged, 1 in the database only",
        "  ~ 03646 Phường Tô Hiệu (mới): name “Phường Tô Hiệu” → “Phường Tô Hiệu (mới)”",
        "services.csv: 0 new, 0 changed (0 of them closed), 12 unchanged, 0 in the database only",
        "  + tthcc-thanh-tra khac thanh-tra [2026-10-01 – …]",
        "Nothing was changed (--dry-run).",
    ):
        assert line in told, told
    (absent,) = (line for line in told if line.startswith("  = thanh-tra-tinh"))
    assert "stays as it is" in absent
    with database.reading() as session:
        assert session.scalar(select(Unit.name).where(Unit.code == "03646")) == "Phường Tô Hiệu"
        assert session.scalar(select(func.count()).select_from(Unit)) == 103


def test_a_load_says_the_same_and_does_it(here, ours, database):
    edit(ours, "units", "Phường Tô Hiệu", "Phường Tô Hiệu (mới)")
    dry = done("registry", "load", ours, "--dry-run").splitlines()[:-1]
    assert done("registry", "load", ours).splitlines()[: len(dry)] == dry
    with database.reading() as session:
        assert session.scalar(select(Unit.name).where(Unit.code == "03646")) == "Phường Tô Hiệu (mới)"


def test_who_is_responsible_from_when_is_listed(here, ours):
    edit(
        ours, "competence", "ward,dat-dai,@receiver,,", "ward,dat-dai,@receiver,,\nward,dat-dai,so-xay-dung,2026-10-01,"
    )
    done("registry", "load", ours)
    listed = json.loads(sipas("registry", "list", "competence", "dat-dai", "--json").stdout)
    assert [(one["responsible"], one["valid_from"]) for one in listed if one["receiver"] == "ward"] == [
        ("@receiver", None),
        ("so-xay-dung", "2026-10-01"),
    ]


def test_a_receiver_that_is_nothing_yet_is_told(here, ours):
    edit(ours, "competence", "ward,dat-dai,@receiver,,", "ward,dat-dai,@receiver,,\nphuong,dat-dai,@receiver,,")
    assert "no unit and no point yet: phuong." in done("registry", "load", ours)


def test_a_code_that_excel_robbed_of_its_zero_is_told(here, ours):
    edit(ours, "units", "03646,", "3646,")
    assert "“3646” looks like 03646 without its zero" in refused("registry", "load", ours)


def test_shares_in_the_wrong_direction_are_told(here, ours):
    text = "old,new,share,source\n03664,03646,0.6,x\n03670,03646,0.4,x\n"
    (ours / "crosswalk.csv").write_text(text, encoding="utf-8")
    told = refused("registry", "load", ours)
    assert "The shares of 03664 make 0.6, not 1" in told
    assert "part of the old unit" in told


# What may go


def test_what_nothing_uses_is_removed(here, ours, database):
    edit(ours, "units", "14,Tỉnh Sơn La", "x1,Xã Thừa,,commune,,,,\n14,Tỉnh Sơn La")
    edit(ours, "services", "khac,", "thua,Thừa,,,,,,\nkhac,")
    (ours / "crosswalk.csv").write_text("old,new,share,source\n03664,03646,1,x\n", encoding="utf-8")
    done("registry", "load", ours)
    done("registry", "remove", "unit", "x1")
    done("registry", "remove", "service", "thua")
    done("registry", "remove", "crosswalk", "03664", "03646")
    done("registry", "remove", "competence", "ward", "van-hoa")
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Unit)) == 103
        assert session.scalar(select(func.count()).select_from(Service)) == 12
        assert session.scalar(select(func.count()).select_from(CrosswalkRow)) == 0
        assert session.scalar(select(func.count()).select_from(Competence)) == 42


def test_what_is_used_stays_and_everything_that_uses_it_is_named(here, database, settings):
    a_point(database, "chieng-an-1", "03664")
    a_wave(database, settings)
    a_response(database, settings, "chieng-an-1")
    with database.writing() as session:
        session.add(CrosswalkRow(old="03670", new="03664", share=1, source="x"))
        close_wave(session, "w1", A_MORNING.date())
    freeze(database, settings.home, "w1", A_MORNING.date())
    told = refused("registry", "remove", "unit", "03664")
    for part in ("receiving points (1): chieng-an-1", "crosswalk rows (1): 03670 03664"):
        assert part in told
    for part in ("stored answers (1)", "the snapshot of wave w1", "sipas registry close"):
        assert part in told
    assert "units below it (102)" in refused("registry", "remove", "unit", "14")
    assert "rules of competence (2): commune ho-tich" in refused("registry", "remove", "service", "ho-tich")


def test_a_rule_by_which_people_were_asked_is_not_removed(here, database, settings):
    a_wave(database, settings)
    assert "w1" in refused("registry", "remove", "competence", "ward", "ho-tich")


@pytest.mark.parametrize("words", [["unit", "x9"], ["service", "x9"], ["competence", "ward", "x9"]])
def test_what_is_not_there_is_told(here, words):
    assert "sipas registry list" in refused("registry", "remove", *words)


def test_a_name_is_changed_and_a_printed_release_keeps_its_own(here, database):
    done("registry", "rename", "unit", "03646", "--name", "Phường Mới", "--name-en", "New ward")
    done("registry", "rename", "service", "khac", "--name", "Khác")
    with database.reading() as session:
        assert session.scalar(select(Unit.name_en).where(Unit.code == "03646")) == "New ward"
        assert session.scalar(select(Service.name_en).where(Service.code == "khac")) == "Other fields"


# A merged commune


def test_a_merged_commune_ends_once_nothing_needs_it(here, ours, database, settings):
    a_point(database, "chieng-an-1", "03664")
    a_wave(database, settings)
    edit(ours, "competence", "ward,dat-dai,@receiver,,", "ward,dat-dai,@receiver,,\ncommune,dat-dai,03664,2026-10-01,")
    done("registry", "load", ours)
    told = refused("registry", "close", "unit", "03664", "--on", "2026-12-31")
    assert "point chieng-an-1 would still receive at 03664 on 2027-01-01" in told
    assert "03664 would still be responsible for dat-dai" in told
    done("point", "close", "chieng-an-1", "--on", "2026-12-31")
    done("registry", "remove", "competence", "commune", "dat-dai", "--from", "2026-10-01")
    done("registry", "close", "unit", "03664", "--on", "2026-12-31")
    with database.reading() as session:
        assert session.scalar(select(Unit.valid_to).where(Unit.code == "03664")) == dt.date(2026, 12, 31)


def test_a_unit_does_not_end_before_people_were_asked_there(here, database, settings):
    a_point(database, "chieng-an-1", "03664")
    a_wave(database, settings)
    with database.writing() as session:
        close_point(session, "chieng-an-1", A_MORNING.date())
    assert "w1" in refused("registry", "close", "unit", "03664", "--on", "2026-09-10")


def test_a_service_ends_with_a_month(here, database):
    assert "2026-12-31" in refused("registry", "close", "service", "khac", "--on", "2026-12-10")
    done("registry", "close", "service", "khac", "--on", "2026-12-31")


def test_counts_that_a_correction_leaves_at_the_wrong_office_are_told(here, ours, database):
    with database.writing() as session:
        a_frame(session, 5, month="2026-01")
    edit(ours, "competence", "ward,dat-dai,@receiver,,", "ward,dat-dai,so-xay-dung,,")
    told = done("registry", "load", ours)
    assert "03646, dat-dai, 2026-01: 5 dossiers are counted there" in told
    assert "so-xay-dung" in told


# Files that explain themselves


def test_the_template_explains_every_column_and_is_passed_over_when_it_is_loaded(home, tmp_path):
    done("registry", "template", tmp_path / "mine")
    done("init", "--without-registry")
    for name, text in LAO_CAI.items():
        path = tmp_path / "mine" / f"{name}.csv"
        raw = path.read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")  # so that Excel sees UTF-8
        head, explained, *examples = csv.reader(raw.decode("utf-8-sig").splitlines(), delimiter=";")
        assert explained[0].startswith("# ")
        assert len(explained) == len(head)
        assert all(explained)
        assert len(examples) >= 2
        with path.open("a", encoding="utf-8") as file:
            for row in csv.DictReader(text.splitlines()):
                file.write(";".join(row.get(name, "") for name in head) + "\r\n")
    done("registry", "load", tmp_path / "mine")
    assert units() == 3


def test_a_template_is_not_written_over_files(tmp_path, here):
    done("registry", "template", tmp_path / "mine")
    (tmp_path / "mine" / "units.csv").unlink()
    run = sipas("registry", "template", tmp_path / "mine")
    assert isinstance(run.exception, FileExistsError)
    assert not (tmp_path / "mine" / "units.csv").exists()


def test_an_empty_template_is_told(home, tmp_path):
    done("registry", "template", tmp_path / "mine")
    done("init", "--without-registry")
    assert "units.csv holds explanations only" in refused("registry", "load", tmp_path / "mine")


def test_receiver_may_be_written_without_its_sign_and_dates_as_excel_writes_them(home, lao_cai):
    rules = "receiver,service,responsible,valid_from\nward,ho-tich,receiver,01/10/2026\nward,y-te,so-y-te,\n"
    files(lao_cai, {"competence": rules})
    done("init", "--registry", lao_cai)
    listed = json.loads(sipas("registry", "list", "competence", "ho-tich", "--json").stdout)
    assert [(one["responsible"], one["valid_from"]) for one in listed] == [("@receiver", "2026-10-01")]


def test_the_doctor_names_two_provinces_and_dossiers_at_the_wrong_office(here, database):
    with database.writing() as session:  # as an earlier program let happen
        session.add(Unit(code="15", name="Tỉnh Lào Cai", name_en="Lào Cai", kind="province", note=""))
        session.add(PopulationCount(unit="03646", field="van-hoa", month="2026-01", dossiers=7, source=""))
    told = sipas("doctor").output
    assert told.count("several provinces") == 1
    assert "Tỉnh Sơn La (14), Tỉnh Lào Cai (15)" in told
    assert "03646, van-hoa, 2026-01: 7 dossiers are counted there" in told


def test_opening_a_wave_tells_who_becomes_responsible_in_its_days(here, ours, database):
    a_point(database)
    with database.writing() as session:
        a_frame(session, month="2026-08")
    edit(ours, "competence", LAND, f"{LAND}\nward,dat-dai,so-ngoai-vu,2026-10-01,2026-10-31")
    done("registry", "load", ours)
    told = done("wave", "open", "w1", "--instrument", "demo", "--until", "2026-12-31", "--dry-run")
    assert "to-hieu-1, dat-dai: from 2026-10-01 on so-ngoai-vu is responsible, until then 03646" in told
    assert "to-hieu-1, dat-dai: from 2026-11-01 on 03646 is responsible, until then so-ngoai-vu" in told


def test_a_change_within_an_open_wave_tells_what_is_stored_coarser_for_it(here, ours, database, settings):
    a_wave(database, settings)
    edit(ours, "competence", LAND, f"{LAND}\nward,dat-dai,so-ngoai-vu,2026-10-01,")
    told = done("registry", "load", ours)
    assert "wave w1 stores the answers for so-ngoai-vu without field, month and profile" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manual_explains_every_column_and_its_examples_are_loaded(home, lao_cai, language):
    (section,) = (one for one in read("operator", language) if any("`units.csv`" in b.text for b in one.blocks[-1:]))
    explained = spans(section.blocks[-1].text)
    assert explained >= {f"{table}.csv" for table in COLUMNS} | {name for one in COLUMNS.values() for name in one}
    kinds = spans(next(row for row in section.blocks[-1].rows if "`kind`" in row[1])[2])
    assert kinds == set(KINDS)
    examples = [b.code for one in read("operator", language) for b in one.blocks if b.kind == "code csv"]
    rules, change, crosswalk = (text for text in examples if not text.startswith("unit"))
    new = "".join(f"{code},Xã {code},commune,15\n" for code in ("09801", "09802", "09803", "09901", "09902", "09903"))
    land = "so-nong-nghiep-moi-truong,Sở Nông nghiệp và Môi trường,department,15\n"
    texts = {"units": LAO_CAI["units"] + new + land, "services": LAO_CAI["services"] + "dat-dai,Đất đai\n"}
    together = rules + "\n" + change.partition("\n")[2] + "\n"
    files(lao_cai, texts | {"competence": together, "crosswalk": crosswalk + "\n"})
    done("init", "--registry", lao_cai)
    listed = json.loads(sipas("registry", "list", "competence", "--json").stdout)
    assert len(listed) == 6
    assert len(json.loads(sipas("registry", "list", "crosswalk", "--json").stdout)) == 4

"""The registry of Sơn La, and of any other province."""

import datetime as dt
import json
import shutil

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from sipas.cli import group
from sipas.errors import ManyErrors, UnknownCode
from sipas.registry.importing import OURS, load_registry
from sipas.registry.models import CrosswalkRow, Unit
from sipas.registry.units import services_of, unit, units_on


def count(session, kind, day):
    return sum(one.kind == kind for one in units_on(session, day))


def test_son_la_has_75_units_since_july_2025_and_none_of_the_12_districts(database):
    with database.reading() as session:
        now, before = dt.date(2025, 7, 1), dt.date(2025, 6, 30)
        assert count(session, "ward", now) == 8
        assert count(session, "commune", now) == 67
        assert count(session, "department", now) == 14
        assert count(session, "district", now) == 0
        assert count(session, "district", before) == 12
        assert count(session, "ward", before) == 0
        assert count(session, "commune", before) == 7  # those that the reorganisation left as they were


def test_codes_keep_their_zeros_and_names_their_accents(database):
    with database.reading() as session:
        assert unit(session, "03646").name == "Phường Tô Hiệu"
        with pytest.raises(UnknownCode):
            unit(session, "3646")


def test_names_that_nobody_verified_say_so(database):
    with database.reading() as session:
        for one in session.scalars(select(Unit).where(Unit.note.contains("not verified"))):
            assert "chưa kiểm chứng" in one.name
            assert "not verified" in one.name_en


def test_the_crosswalk_is_empty_until_somebody_knows(database):
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CrosswalkRow)) == 0


def test_who_is_responsible_follows_from_point_and_service(database):
    day = dt.date(2026, 9, 16)
    with database.reading() as session:
        ward = {service.code: who for service, who in services_of(session, "any", "03646", day)}
        counter = {service.code: who for service, who in services_of(session, "tthcc-so-tu-phap", "tthcc", day)}
    assert ward["ho-tich"] == "03646"
    assert ward["ly-lich-tu-phap"] == "so-tu-phap"
    assert next(iter(ward)) == "ho-tich"  # most used first
    assert set(counter.values()) == {"so-tu-phap"}


def test_loading_again_changes_nothing(database):
    with database.writing() as session:
        before = session.scalar(select(func.count()).select_from(Unit))
        load_registry(session)
        assert session.scalar(select(func.count()).select_from(Unit)) == before


def test_a_bad_registry_is_refused_whole_with_every_bad_line(database, tmp_path):
    folder = tmp_path / "registry"
    shutil.copytree(OURS, folder)
    with (folder / "units.csv").open("a", encoding="utf-8") as file:
        file.write("x1,Xã Mới,,village,14,,,\nx2,Xã Khác,,commune,99,2026-13-01,,\nx2,Xã Khác,,commune,14,,,\n")
    with pytest.raises(ManyErrors) as refused, database.writing() as session:
        load_registry(session, folder)
    told = str(refused.value)
    for part in ("line 105", "village", "line 106", "99", "2026-13-01", "line 107", "x2"):
        assert part in told
    with database.reading() as session, pytest.raises(UnknownCode):
        unit(session, "x1")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (["units", "to hieu"], "03646"),
        (["units", "Tô Hiệu"], "03646"),
        (["units", "so-noi-vu"], "so-noi-vu"),
        (["services", "land"], "dat-dai"),
        (["services", "Dat dai"], "dat-dai"),
    ],
)
def test_codes_are_found_by_a_word_of_the_name_with_marks_or_without(settings, monkeypatch, asked, code):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    plain = CliRunner().invoke(group, ["registry", "list", *asked])
    assert code in plain.stdout.splitlines()[2].split()
    listed = json.loads(CliRunner().invoke(group, ["registry", "list", *asked, "--json"]).stdout)
    assert code in {one["code"] for one in listed}
    assert len(listed) < 5


def test_whoever_misses_a_code_is_told_which_command_lists_them(settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    refused = CliRunner().invoke(group, ["point", "add", "p-1", "--unit", "3646"])
    assert "sipas registry list units" in str(refused.exception)

"""A new key is not a new thing: what a load refuses, what it says, what the doctor names, and what may go again."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from sipas import clock
from sipas.cli import group
from sipas.fieldwork.counted import frame_between
from sipas.fieldwork.models import Detail, PopulationCount, Wave
from sipas.publishing.earlier import frame_digest
from sipas.publishing.models import Release
from sipas.registry.importing import OURS
from sipas.registry.models import Service, Unit
from tests.make import A_MORNING, a_frame, a_wave

TO_HIEU = "03646,Phường Tô Hiệu,Tô Hiệu ward,ward,14,2025-07-01,,"


@pytest.fixture
def here(settings, monkeypatch):
    """The home with Sơn La's registry."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setattr(clock, "now", lambda: A_MORNING)
    return settings.home


@pytest.fixture
def ours(tmp_path):
    """A copy of Sơn La's files, to be edited."""
    shutil.copytree(OURS, tmp_path / "ours")
    return tmp_path / "ours"


def edit(folder, table, old, new):
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def sipas(*words):
    return CliRunner().invoke(group, [str(word) for word in words])


def done(*words) -> str:
    run = sipas(*words)
    assert run.exit_code == 0, (words, run.output, str(run.exception))
    return run.output


def refused(*words) -> str:
    run = sipas(*words)
    assert run.exit_code != 0, run.output
    return run.output + str(run.exception)


def a_phantom(database, code="3646", kind="ward"):
    """As an earlier program let in from a file that Excel had saved."""
    with database.writing() as session:
        session.add(Unit(code=code, name="Phường Tô Hiệu", name_en="Tô Hiệu ward", kind=kind, note=""))


# What is refused


def test_a_file_saved_by_excel_is_refused_in_one_sentence_that_names_file_line_and_next_step(here, ours, database):
    path = ours / "units.csv"
    path.write_text("\n".join(line.removeprefix("0") for line in path.read_text("utf-8").splitlines()), "utf-8")
    told = refused("registry", "load", ours)
    assert told.count("looks like") == 1
    assert "units.csv, line 18, column code: “3646” looks like 03646 without its zero" in told
    assert "The same in 74 more rows, lines 19, 20," in told
    assert "Format the column as text" in told
    with database.reading() as session:
        assert len(session.scalars(select(Unit)).all()) == 103


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("3646", "“3646” looks like 03646 without its zero"),
        ("003646", "“003646” is 03646 of the registry but for the zeros before it"),
    ],
)
@pytest.mark.parametrize("kind", ["ward", "department"])
def test_a_code_that_is_a_known_one_but_for_zeros_is_no_new_unit(here, ours, code, told, kind):
    edit(ours, "units", TO_HIEU, TO_HIEU + f"\n{code},Sở Mới,,{kind},14,,,")
    assert told in refused("registry", "load", ours)


def test_two_new_codes_that_differ_in_zeros_are_told_with_the_line_of_the_first(here, ours):
    edit(ours, "units", TO_HIEU, TO_HIEU + "\n07,Sở Mới,,department,14,,,\n7,Sở Mới hơn,,department,14,,,")
    assert "line 20, column code: “7” and 07 in line 19 differ in the zeros before them only" in refused(
        "registry", "load", ours
    )


def test_a_service_and_a_rule_are_held_to_the_same(here, ours, database):
    with database.writing() as session:
        session.add(Service(code="01", name="Một", name_en="One", rank=99, note=""))
    edit(ours, "services", "khac,", "1,Một,,,,,,\nkhac,")
    assert "services.csv, line 13, column code: “1” looks like 01" in refused("registry", "load", ours)
    edit(ours, "services", "1,Một,,,,,,\n", "")
    edit(ours, "competence", "ward,dat-dai,@receiver,,", "ward,dat-dai,@receiver,,\n3646,dat-dai,3664,2026-12-01,")
    told = refused("registry", "load", ours)
    assert "column receiver: “3646” looks like 03646" in told
    assert "column responsible: “3664” looks like 03664" in told


def test_a_row_without_a_name_is_refused(here, ours):
    edit(ours, "units", "03646,Phường Tô Hiệu", "03646, ")
    edit(ours, "units", "03664,Phường Chiềng An", "03664,")
    told = refused("registry", "load", ours)
    assert "units.csv, line 18, column name: This row has no name." in told
    assert "The same in 1 more rows, lines 19." in told
    edit(ours, "units", "03646, ", "03646,Phường Tô Hiệu")
    edit(ours, "units", "03664,", "03664,Phường Chiềng An")
    edit(ours, "services", "khac,Lĩnh vực khác", "khac,")
    assert "services.csv, line 13, column name: This row has no name." in refused("registry", "load", ours)


@pytest.mark.parametrize(("language", "sum_"), [("vi", "0,9"), ("en", "0.9")])
def test_shares_of_an_old_unit_make_one(here, ours, monkeypatch, language, sum_):
    monkeypatch.setenv("SIPAS_LANGUAGE", language)
    text = "old;new;share;source\n03646;03664;0,6;NQ\n03646;03670;0,3;NQ\n"
    (ours / "crosswalk.csv").write_text(text, encoding="utf-8")
    from sipas.i18n import say, speaking

    error = sipas("registry", "load", ours).exception
    with speaking(language):
        told = say(error)
    assert "crosswalk.csv" in told
    assert "03646" in told
    assert sum_ in told


# What is said


def test_a_load_reports_what_is_new_changed_and_closed(here, ours):
    edit(
        ours,
        "units",
        TO_HIEU,
        TO_HIEU.replace("2025-07-01,", "2025-07-01,2027-06-30") + "\n09999,Xã Mới,,commune,14,,,",
    )
    edit(ours, "units", "Phường Chiềng An", "Phường Chiềng An (mới)")
    told = done("registry", "load", ours, "--dry-run")
    assert "units.csv: 1 new, 2 changed (1 of them closed), 101 unchanged, 0 in the database only" in told
    assert "  + 09999 Xã Mới" in told


def test_a_new_code_with_a_standing_name_is_doubted(here, ours):
    edit(ours, "units", TO_HIEU, TO_HIEU + "\n09999,Phường  Tô Hiệu ,,ward,14,,,")
    told = done("registry", "load", ours, "--dry-run")
    assert "09999 is new and bears the name of 03646" in told
    assert "bears the name" not in done("registry", "load", OURS, "--dry-run")


# What may go again


def test_the_doctor_names_phantoms_and_its_command_takes_them_out_with_their_counts(here, database):
    with database.writing() as session:
        a_frame(session, 7, month="2026-01")
    a_phantom(database)
    with database.writing() as session:
        session.add(PopulationCount(unit="3646", field="ho-tich", month="2026-01", dossiers=7, source=""))
        session.add(PopulationCount(unit="3646", field="ho-tich", month="2026-02", dossiers=8, source=""))
    told = sipas("doctor").output
    assert "3646 = 03646 Phường Tô Hiệu" in told
    command = told[told.index("sipas registry remove unit") :].splitlines()[0]
    assert command == "sipas registry remove unit 3646"
    told = done(*command.split()[1:])
    assert "2 rows of dossier counts went, 15 dossiers, months 2026-01 to 2026-02" in told
    assert "but for the zeros" not in sipas("doctor").output
    with database.reading() as session:
        assert not session.scalars(select(PopulationCount).where(PopulationCount.unit == "3646")).all()
        assert session.scalars(select(PopulationCount).where(PopulationCount.unit == "03646")).all()


def test_counts_that_a_wave_settled_on_keep_their_unit(here, database, settings):
    a_phantom(database)
    a_wave(database, settings)  # with counts of every unit
    with database.writing() as session:
        phantom = session.scalar(select(Unit.id).where(Unit.code == "3646"))
        assert session.scalars(select(Detail).where(Detail.unit_id == phantom)).all()
    told = refused("registry", "remove", "unit", "3646")
    assert "what waves settled of how finely answers are stored (8)" in told
    assert "are used" in sipas("doctor").output
    with database.reading() as session:
        assert session.scalars(select(PopulationCount).where(PopulationCount.unit == "3646")).all()


@pytest.mark.parametrize("state", ["published", "approved", "draft"])
def test_counts_that_a_release_was_made_with_stay_and_a_draft_is_told(here, database, settings, state):
    a_wave(database, settings)
    a_phantom(database)  # after the wave was opened, so that it settled on nothing of it
    with database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        month = f"{wave.opens_on:%Y-%m}"
        session.add(PopulationCount(unit="3646", field="ho-tich", month=month, dossiers=90, source=""))
        session.flush()
        told = {"frame": {"digest": frame_digest(frame_between(session, month, "9999-99"))}}
        session.add(
            Release(code="w1-r1", wave_id=wave.id, state=state, built_by="A", built_on=dt.date(2026, 9, 1), digest="")
        )
    folder = settings.home / ("releases" if state == "published" else "drafts") / "w1-r1"
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps(told), encoding="utf-8")
    if state == "draft":
        assert "The draft w1-r1 was built with counts that are gone now" in done("registry", "remove", "unit", "3646")
        return
    assert "release w1-r1, whose figures stand for its dossiers (90)" in refused("registry", "remove", "unit", "3646")
    (folder / "release.json").write_text(json.dumps({"frame": {"digest": "another"}}), encoding="utf-8")
    done("registry", "remove", "unit", "3646")


def test_of_several_units_all_go_or_none_and_each_is_told(here, database):
    a_phantom(database)
    a_phantom(database, "x1", "commune")
    told = refused("registry", "remove", "unit", "3646", "x1", "14", "03646", "so-tu-phap")
    assert "of these are used, so nothing was removed" in told
    assert "14: units below it" in told
    with database.reading() as session:
        assert {"3646", "x1"} <= set(session.scalars(select(Unit.code)))
    assert "Removed: unit 3646 x1." in done("registry", "remove", "unit", "3646", "x1")


# Names as they look


def test_names_are_stored_without_what_nobody_sees(here, ours, database):
    edit(ours, "units", "Phường Tô Hiệu", "Phường\u00a0Tô\u200b  Hiệu")
    assert "units.csv: 0 new, 0 changed" in done("registry", "load", ours)
    with database.reading() as session:
        assert session.scalar(select(Unit.name).where(Unit.code == "03646")) == "Phường Tô Hiệu"


def test_a_new_unit_whose_name_looks_like_a_standing_ones_is_told(here, ours):
    edit(ours, "units", TO_HIEU, TO_HIEU + "\n09999,PHƯỜNG TÔ\u00a0HIỆU,,ward,14,2025-07-01,,")
    assert "09999 is new and bears the name of 03646" in done("registry", "load", ours)


def test_a_first_day_that_may_be_the_first_of_another_month_is_doubted(here, ours):
    edit(ours, "units", TO_HIEU, TO_HIEU + "\n09999,Xã Mới,,commune,14,07/01/2025,,")
    told = done("registry", "load", ours, "--explain")
    assert "“07/01/2025” is read as 2025-01-07, day before month" in told
    assert "write 2025-07-01" in told
    assert "units.csv: dates of column valid_from: " in told

"""Where few people come, answers are stored coarser: by one rule, at both doors, from the first write."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sipas import i18n
from sipas.cli import group
from sipas.fieldwork.models import PopulationCount, Wave
from sipas.fieldwork.small_cells.fields import NoFrame, detailed, newest_months
from sipas.fieldwork.small_cells.report import settled
from sipas.fieldwork.waves import close_wave, open_wave
from sipas.importing import import_responses
from sipas.intake import Outcome
from sipas.intake.models import Response
from sipas.publishing.freeze import freeze
from sipas.registry.models import Service
from tests.make import A_MORNING, OPENING, a_csv, a_frame, a_point, a_response, a_wave, all_comments

FEW, MANY = "ho-tich", "chung-thuc"


@pytest.fixture
def few(database, settings):
    """A wave in whose office few come for civil status and for land (four dossiers each), and many for the rest."""
    with database.writing() as session:
        a_frame(session, 50, ho_tich=4, dat_dai=4)
    a_wave(database, settings)


def rows(database):
    with database.reading() as session:
        return list(session.scalars(select(Response)))


def test_a_wave_without_dossier_counts_opens_only_where_the_coarsest_rule_is_meant(database, settings):
    a_point(database)
    with pytest.raises(NoFrame, match="--coarsest"), database.writing() as session:
        open_wave(session, "w1", "service-2024", 1, opens_on=OPENING)
    a_wave(database, settings, coarsest=True)
    with database.reading() as session:
        assert session.scalar(select(Wave.detail)) == "coarsest"
    a_response(database, settings, service=MANY, sex=1, age=2)
    (row,) = rows(database)
    assert (row.field, row.month, row.language, row.sex, row.age) == (0, 0, 0, 0, 0)


def test_where_few_come_field_month_language_and_profile_are_not_stored_and_the_office_is(database, settings, few):
    a_response(database, settings, service=FEW, sex=1, age=2, comment="Chờ lâu")
    a_response(database, settings, service=MANY, sex=1, age=2, comment="Nhanh")
    coarse, fine = sorted(rows(database), key=lambda row: row.field)
    assert (coarse.field, coarse.month, coarse.language, coarse.sex, coarse.age) == (0, 0, 0, 0, 0)
    assert (fine.month, fine.sex, fine.age) == (202609, 1, 2)
    assert fine.field
    assert fine.language
    for name in ("wave", "point", "unit", "channel", "form", "answers"):
        assert getattr(coarse, name) == getattr(fine, name)
    assert coarse.cluster != fine.cluster  # a shared label would tell the month that the other row keeps
    told = {comment.text: (comment.unit, comment.field, comment.month) for comment in all_comments(database, settings)}
    assert told["Chờ lâu"] == (0, 0, 0)
    assert all(told["Nhanh"])


def test_a_file_and_a_kiosk_store_the_same_of_the_same_visit(database, settings, few, tmp_path, today):
    head = "point,field,date,channel,sex,age,O\n"
    lines = [f"to-hieu-1,{service},2026-09-16,kiosk,f,18-24,4\n" for service in (FEW, MANY)]
    import_responses(database, settings.home, a_csv(tmp_path, head + "".join(lines)), "w1", "full", today)
    imported = {row.field: row for row in rows(database)}
    coarse, fine = sorted(imported.values(), key=lambda row: row.field)
    assert (coarse.field, coarse.month, coarse.language, coarse.sex, coarse.age) == (0, 0, 0, 0, 0)
    assert (fine.month, fine.sex, fine.age) == (202609, 1, 1)
    for service in (FEW, MANY):
        outcome = a_response(database, settings, service=service, moment=A_MORNING, answers={"O": 4}, sex=1, age=1)
        assert outcome is Outcome.STORED
    visited = {row.field: row for row in rows(database) if row.key not in {one.key for one in imported.values()}}
    columns = set(Response.__table__.columns.keys()) - {"key"}
    assert set(imported) == set(visited)
    for field, row in imported.items():
        assert {c: getattr(row, c) for c in columns} == {c: getattr(visited[field], c) for c in columns}


def test_the_file_says_which_cells_kept_their_detail_and_how_the_others_are_weighted(database, settings, few, today):
    a_response(database, settings, service=FEW)
    a_response(database, settings, service=MANY)
    with database.writing() as session:
        close_wave(session, "w1", today)
    snapshot = freeze(database, settings.home, "w1", today)
    table, book = snapshot.table(), snapshot.codebook
    kept = {field for unit, field in book.detailed if unit == "03646"}
    assert MANY in kept
    assert FEW not in kept
    told = dict(zip(table["field"].to_pylist(), table["month"].to_pylist(), strict=True))
    assert told == {"coarse": "wave", MANY: "2026-09"}
    assert None in table["language"].to_pylist()
    open_weeks = len([psu for psu in book.psus if psu[0] == "03646"])
    assert open_weeks == 2 * 3  # three weeks, each with a label for those with detail and one for those without


def test_a_single_small_field_is_joined_by_the_next_so_that_nobody_is_alone_in_it():
    counts = {("u", "a"): {"m": 90}, ("u", "b"): {"m": 40}, ("u", "c"): {"m": 2}}
    assert detailed(counts) == {("u", "a")}
    assert detailed(counts | {("u", "d"): {"m": 3}}) == {("u", "a"), ("u", "b")}


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("uv"), st.sampled_from("abcdef")),
        st.dictionaries(st.sampled_from(["1", "2", "3"]), st.integers(0, 12), min_size=1),
        min_size=1,
    )
)
def test_no_cell_and_no_pool_has_fewer_dossiers_in_any_month_than_the_rule_says(counts):
    kept = detailed(counts)
    for unit in {unit for unit, _ in counts}:
        months = [month for (owner, _), cell in counts.items() if owner == unit for month in cell]
        fields = {field for one, field in counts if one == unit}
        pool = {field for field in fields if (unit, field) not in kept}
        groups = [{field} for field in fields - pool] + ([pool] if pool and pool != fields else [])
        for together in groups:
            for month in months:
                assert sum(counts[unit, field].get(month, 0) for field in together) >= 5


def counted(session, unit: str, months: str, fields=("ho-tich", "chung-thuc"), dossiers: int = 50) -> None:
    """Rows of the frame for some fields of a unit."""
    session.add_all(
        PopulationCount(unit=unit, field=field, month=month, dossiers=dossiers, source="")
        for field in fields
        for month in months.split()
    )


HALF_A_YEAR = "2026-01 2026-02 2026-03 2026-04 2026-05 2026-06"


def outcome_of(database, code="w1"):
    with database.writing() as session:
        wave = open_wave(session, code, "service-2024", 1, opens_on=OPENING)
        found = settled(session, wave)
        session.rollback()
    return found


def test_one_row_of_another_office_in_a_newer_month_takes_nothing_from_anybody(database):
    a_point(database)
    with database.writing() as session:
        every = session.scalars(select(Service.code)).all()
        counted(session, "03646", HALF_A_YEAR, every)
        counted(session, "03664", HALF_A_YEAR, every)
    before = outcome_of(database)
    assert before.kept > 5
    with database.writing() as session:
        counted(session, "03664", "2026-08", ["ho-tich"], 3)
    after = outcome_of(database)
    assert (after.fields, after.kept) == (before.fields, before.kept)


def test_an_office_that_loses_everything_is_named_with_the_reason(database):
    for code, unit in (("a-1", "03646"), ("b-1", "03664"), ("c-1", "03670"), ("d-1", "03679")):
        a_point(database, code, unit)
    with database.writing() as session:
        every = session.scalars(select(Service.code)).all()
        counted(session, "03646", HALF_A_YEAR, every)
        counted(session, "03664", HALF_A_YEAR.replace("2026-03 ", ""), every)
        counted(session, "03670", HALF_A_YEAR, every, dossiers=4)
    reasons = {one.code: str(one.reason) for one in outcome_of(database).bare}
    assert "03646" not in reasons
    assert "nothing is loaded for 2026-03," in reasons["03664"]
    assert "none of its fields counts 5 dossiers" in reasons["03670"]
    assert "no dossier counts are loaded" in reasons["03679"]


def test_a_missing_row_that_costs_a_field_its_detail_is_told_and_counts_that_end_early_too(database):
    a_point(database)
    with database.writing() as session:
        every = session.scalars(select(Service.code)).all()
        counted(session, "03646", HALF_A_YEAR, [one for one in every if one != "ho-tich"])
        counted(session, "03646", HALF_A_YEAR.replace("2026-04 ", ""), ["ho-tich"])
        counted(session, "03664", "2026-07", ["ho-tich"])
    told = [str(remark) for remark in outcome_of(database).remarks]
    assert any("03646, field ho-tich: no row for 2026-04" in one for one in told)
    assert "03646: its counts end with 2026-06, others reach 2026-07" in told


@pytest.mark.parametrize(("dossiers", "keeps"), [(15, True), (14, False)])
def test_a_third_of_a_quarter_rounded_down_is_held_against_the_rule(database, dossiers, keeps):
    """14 dossiers are 4.67 a month, and 4 by the rule; the months of other fields stand beside quarters."""
    a_point(database)
    with database.writing() as session:
        every = session.scalars(select(Service.code)).all()
        counted(session, "03646", "2026-Q1 2026-Q2", [one for one in every if one != "ho-tich"], 300)
        counted(session, "03646", "2026-Q1", ["ho-tich"], dossiers)
        counted(session, "03646", "2026-04 2026-05 2026-06", ["ho-tich"], 100)
        wave = open_wave(session, "w1", "service-2024", 1, opens_on=OPENING)
        counts, found = newest_months(session, wave), settled(session, wave)
        session.rollback()
    assert list(counts["03646", "ho-tich"].items())[:4] == [
        *((f"2026-0{month}", dossiers // 3) for month in (1, 2, 3)),
        ("2026-04", 100),
    ]
    assert counts["03646", "chung-thuc"] == dict.fromkeys(HALF_A_YEAR.split(), 100)
    assert (("03646", "ho-tich") in detailed(counts)) is keeps
    assert ("03646" in {one.code for one in found.bare}, found.remarks) == (False, ())


def test_a_dry_run_says_what_would_be_kept_and_opens_nothing(database, settings, monkeypatch):
    a_point(database)
    with database.writing() as session:
        counted(session, "03646", HALF_A_YEAR)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    asked = ["wave", "open", "w1", "--instrument", "service-2024"]
    done = CliRunner().invoke(group, [*asked, "--dry-run"])
    assert done.exit_code == 0, done.output
    assert " pairs of office and service field, answers are stored with month" in done.stderr
    assert "no dossier counts are loaded for it" in done.stderr
    with database.reading() as session:
        assert session.scalar(select(Wave.id)) is None
    assert not list((settings.home / "keys").glob("w1*"))
    opened = CliRunner().invoke(group, asked)
    assert done.stderr.partition("Nothing was opened")[0] in opened.stderr
    looked = CliRunner().invoke(group, ["doctor"])
    first = done.stderr.partition(" pairs of office")[0].removeprefix("At ")
    assert f"Wave w1: {first} fields keep their detail. Offices that keep none" in looked.stdout


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_privacy_page_says_what_is_not_stored_where_few_come(app, few, language):
    page = app.test_client().get(f"/k/to-hieu-1/{language}/privacy").text
    with i18n.speaking(language):
        assert page.count(i18n._("not where few people come")) == 5

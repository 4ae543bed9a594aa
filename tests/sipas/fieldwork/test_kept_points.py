"""A point is stored only where the counts of office and field speak of the people who came to it."""

from __future__ import annotations

import datetime as dt

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sipas import clock, i18n
from sipas.cli import group
from sipas.desk.progress import of_wave
from sipas.fieldwork.models import Point, Wave
from sipas.fieldwork.small_cells.points import fineness, kept_points
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.importing import import_responses
from sipas.intake import PLACELESS, Outcome, late_by_point
from sipas.intake.models import Response
from sipas.publishing.freeze import freeze
from sipas.registry.models import EVER, Competence
from tests.make import A_MORNING, OPENING, a_csv, a_frame, a_point, a_response, a_wave

OWN, FOR_ANOTHER = "ho-tich", "giao-thong"  # a ward's own field, and one that every ward takes in for a department


@pytest.fixture
def wards(database, settings):
    """Two wards that ask; every other ward of the province takes in the same without asking."""
    a_point(database, "to-hieu-1", "03646")
    a_point(database, "chieng-an-1", "03664")
    a_wave(database, settings)


def rows(database):
    with database.reading() as session:
        return list(session.scalars(select(Response)))


def one_row(database, settings, **visit):
    """The row of one more visit."""
    known = {row.key for row in rows(database)}
    assert a_response(database, settings, **visit) is Outcome.STORED
    (row,) = [row for row in rows(database) if row.key not in known]
    return row


def test_what_a_ward_takes_in_for_a_department_is_stored_as_of_any_ward(database, settings, wards):
    here = one_row(database, settings, service=FOR_ANOTHER, sex=1, age=2)
    there = one_row(database, settings, service=FOR_ANOTHER, sex=1, age=2, point="chieng-an-1")
    assert {c.key for c in Response.__table__.columns if getattr(here, c.key) != getattr(there, c.key)} == {"key"}
    assert [getattr(here, name) for name in PLACELESS] == [0] * len(PLACELESS)
    for name in ("unit", "field", "month", "language", "sex", "age"):
        assert getattr(here, name), name


def test_what_a_ward_takes_in_for_itself_keeps_its_point(database, settings, wards):
    here = one_row(database, settings, service=OWN)
    there = one_row(database, settings, service=OWN, point="chieng-an-1")
    assert 0 < here.point != there.point > 0
    assert here.channel == 1


def test_the_label_of_an_answer_without_a_point_tells_neither_the_point_nor_its_other_rows(database, settings, wards):
    own = one_row(database, settings, service=OWN)
    another = one_row(database, settings, service=FOR_ANOTHER)
    next_week = one_row(database, settings, service=FOR_ANOTHER, moment=A_MORNING + dt.timedelta(days=7))
    assert len({own.cluster, another.cluster, next_week.cluster}) == 3


def test_a_wave_at_one_ward_alone_stores_no_point_either_for_others_take_in_the_same(database, settings):
    a_wave(database, settings)
    assert one_row(database, settings, service=FOR_ANOTHER).point == 0
    assert one_row(database, settings, service=OWN).point > 0


def test_where_one_counter_alone_takes_in_a_field_its_answers_keep_the_counter(database, settings):
    a_point(database, "tthcc-so-xay-dung", "tthcc")
    a_wave(database, settings)
    assert one_row(database, settings, point="tthcc-so-xay-dung", service="xay-dung").point > 0
    assert one_row(database, settings, point="tthcc-so-xay-dung", service=FOR_ANOTHER).point == 0


@pytest.mark.parametrize(("dossiers", "keeps"), [(10, True), (9, False)])  # five at each of two places
def test_a_ward_with_two_points_needs_enough_dossiers_for_both(database, settings, dossiers, keeps):
    with database.writing() as session:
        a_frame(session, 100, ho_tich=dossiers)
    a_point(database, "to-hieu-1", "03646")
    a_point(database, "to-hieu-2", "03646")
    a_wave(database, settings)
    row = one_row(database, settings, service=OWN)
    assert bool(row.point) is bool(row.channel) is keeps
    assert row.field
    assert row.month  # it is the point that goes, not what weights and figures rest on


def test_a_point_that_joins_takes_from_others_what_was_theirs_alone_and_never_gives(database, settings):
    with database.writing() as session:
        a_frame(session, 100, ho_tich=9)
    a_wave(database, settings)
    assert one_row(database, settings, service=OWN).point > 0
    a_point(database, "to-hieu-2", "03646")
    assert one_row(database, settings, service=OWN).point == 0
    assert one_row(database, settings, service=OWN, point="to-hieu-2").point == 0
    assert one_row(database, settings, service="dat-dai", point="to-hieu-2").point > 0
    with database.writing() as session:
        a_frame(session, 100, month="2026-01")  # newer counts: plenty
        wave = wave_of(session, "w1")
        before = fineness(session, wave)
    a_point(database, "chieng-an-1", "03664")
    assert one_row(database, settings, service=OWN).point == 0
    with database.reading() as session:
        after = fineness(session, wave_of(session, "w1"))
    assert after.taken - after.unplaced > before.taken - before.unplaced  # the newcomer's own


def test_a_competence_that_changes_on_the_way_leaves_no_point(database, settings, wards):
    with database.writing() as session:
        session.get(Competence, ("ward", OWN, EVER)).responsible = "so-tu-phap"
    assert one_row(database, settings, service=OWN).point == 0


def test_who_takes_in_the_same_later_in_the_wave_counts_from_its_first_day(database, settings):
    later = OPENING + dt.timedelta(days=20)
    with database.writing() as session:
        session.add(
            Competence(receiver="03646", service="xay-dung", responsible="so-xay-dung", valid_from=later)  # of the ward
        )
    a_point(database, "tthcc-so-xay-dung", "tthcc")
    a_wave(database, settings)
    assert one_row(database, settings, point="tthcc-so-xay-dung", service="xay-dung").point == 0


def test_a_file_and_a_kiosk_store_the_same_of_the_same_visit(database, settings, wards, tmp_path, today):
    head = "point,field,date,channel,O\n"
    lines = [f"to-hieu-1,{service},2026-09-16,kiosk,4\n" for service in (OWN, FOR_ANOTHER)]
    import_responses(database, settings.home, a_csv(tmp_path, head + "".join(lines)), "w1", "full", today)
    imported = {row.field: row for row in rows(database)}
    for service in (OWN, FOR_ANOTHER):
        row = one_row(database, settings, service=service, answers={"O": 4})
        twin = imported[row.field]
        assert {c.key for c in Response.__table__.columns if getattr(row, c.key) != getattr(twin, c.key)} == {"key"}
    assert {bool(row.point) for row in imported.values()} == {True, False}


def test_a_resend_counts_once_and_a_late_answer_counts_at_its_point(database, settings, wards, today, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: A_MORNING)
    assert a_response(database, settings, service=FOR_ANOTHER, submission="ab" * 16) is Outcome.STORED
    assert a_response(database, settings, service=FOR_ANOTHER, submission="ab" * 16) is Outcome.RESENT
    with database.writing() as session:
        close_wave(session, "w1", today)
    freeze(database, settings.home, "w1", today)
    late = {"service": FOR_ANOTHER, "point": "chieng-an-1", "wave": "w1"}
    assert a_response(database, settings, **late) is Outcome.LATE
    with database.reading() as session:
        place = session.scalar(select(Point.id).where(Point.code == "chieng-an-1"))
        assert late_by_point(session, 1) == {place: 1}


def test_the_file_names_the_pairs_without_a_point_and_lists_their_weeks_without_betraying_points(
    database, settings, wards, today
):
    for point in ("to-hieu-1", "chieng-an-1"):
        for service in (OWN, FOR_ANOTHER):
            a_response(database, settings, point=point, service=service)
    with database.writing() as session:
        close_wave(session, "w1", today)
    snapshot = freeze(database, settings.home, "w1", today)
    table, book = snapshot.table().to_pylist(), snapshot.codebook
    assert book.several == (("so-xay-dung", FOR_ANOTHER),)
    told = {(row["field"], row["stratum"], row["point"], row["channel"]) for row in table}
    assert told == {
        (OWN, "03646", "to-hieu-1", "kiosk"),
        (OWN, "03664", "chieng-an-1", "kiosk"),
        (FOR_ANOTHER, "several", "several", None),
    }
    weeks = {stratum: {label for s, label in book.psus if s == stratum} for stratum, _ in book.psus}
    assert {stratum: len(labels) for stratum, labels in weeks.items()} == {"03646": 3, "03664": 3, "several": 3}
    assert not weeks["several"] & (weeks["03646"] | weeks["03664"])
    assert len({row["psu"] for row in table if row["point"] == "several"}) == 1  # both wards', one week


def test_the_desk_and_the_command_line_count_such_answers_apart(database, settings, wards, app):
    for service in (OWN, FOR_ANOTHER, FOR_ANOTHER):
        a_response(database, settings, service=service)
    with database.reading() as session:
        progress = of_wave(session, wave_of(session, "w1"), OPENING)
        assert progress.without_point == 2
        assert progress.summary.answers == 3
        assert progress.summary.silent == 1  # Chiềng An has given none of its own
        told = {one.point.code: one.responses for unit in progress.units for one in unit.points}
        assert told == {"to-hieu-1": 1, "chieng-an-1": 0}


def test_a_counter_that_no_answer_can_name_is_not_called_silent(database, settings):
    a_point(database, "tthcc-so-van-hoa-the-thao-du-lich", "tthcc")
    a_wave(database, settings)
    with database.reading() as session:
        progress = of_wave(session, wave_of(session, "w1"), OPENING)
        assert progress.summary.silent == 0
        assert [one.told for unit in progress.units for one in unit.points] == [False]


def test_opening_a_wave_says_how_many_fields_are_stored_without_a_point(database, settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    with database.writing() as session:
        a_frame(session, 50, ho_tich=4, dat_dai=4)
    a_point(database)
    run = CliRunner().invoke(group, ["wave", "open", "w1", "--instrument", "service-2024"])
    assert run.exit_code == 0, run.output
    with database.reading() as session:
        fine = fineness(session, session.scalar(select(Wave)))
    assert (fine.taken, fine.unplaced) == (12, 4)
    assert "4 of 12 service fields" in run.output


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_privacy_page_says_what_is_not_stored_where_several_receive(app, database, settings, wards, language):
    page = app.test_client().get(f"/k/to-hieu-1/{language}/privacy").text
    with i18n.speaking(language):
        words = i18n._("not where several places receive such dossiers for the office responsible")
    assert page.count(words) == len(PLACELESS)


RECEIPTS = st.sets(st.tuples(st.sampled_from("RST"), st.sampled_from(["", "1", "2"]), st.sampled_from("uv"),
                             st.sampled_from("abc")), max_size=12)  # fmt: skip


@given(
    RECEIPTS.map(lambda found: {(unit, point and unit + point, who, field) for unit, point, who, field in found}),
    st.fixed_dictionaries({(unit, field): st.integers(0, 15) for unit in "uv" for field in "abc"}),
    st.sets(st.tuples(st.sampled_from("uv"), st.sampled_from("abc"))),
)
def test_a_kept_point_is_alone_with_what_was_counted_or_has_enough_beside_its_sisters(taken, dossiers, detailed):
    counts = {pair: {"2026-01": n} for pair, n in dossiers.items()}
    kept = kept_points(taken, counts, detailed)
    for _, unit, field in kept:
        group = [f for f in "abc" if f == field or not {(unit, f), (unit, field)} & detailed]
        if (unit, field) in detailed:
            group = [field]
        takes = {(receiver, point) for receiver, point, who, f in taken if who == unit and f in group}
        assert len({receiver for receiver, _ in takes}) == 1
        points = {point for _, point in takes if point}
        assert len(points) == 1 or sum(dossiers[unit, f] for f in group) >= 5 * len(points)

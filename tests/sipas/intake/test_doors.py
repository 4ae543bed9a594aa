"""Both doors, narrow and wide, on visits that are written out: what is stored where few come or several receive."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from sipas.intake import Answers
from sipas.intake.anonymise import anonymise, anonymise_many, cluster_label, comment_of
from sipas.intake.models import PROBE
from sipas.intake.submission_keys import keys_of_submissions, submission_key
from sipas.intake.visit import VisitCodes, Visits
from tests.make import a_visit

KEYS = {"cluster_key": b"c" * 32}
AT = dt.datetime(2026, 9, 30, 18, 30, tzinfo=dt.timezone.utc)  # 1 October in Sơn La
VISIT = {"wave": 3, "point": 7, "unit": 11, "field": 13, "channel": 2, "form": 1, "sex": 1, "age": 4}
WHOLE = {**VISIT, "month": 202610, "language": 1, "answers": b"\x05\x04"}


def narrow(coarse=0, several=0, **changed):
    visit = a_visit(Answers(b"\x05\x04"), AT, coarse=coarse, several=several, **{**VISIT, **changed})
    return anonymise(visit, key=submission_key(b"i" * 32, "s"), **KEYS)._asdict()


def columns(days, coarse, several, **changed):
    """So many visits as columns; what is the same for all is a column too."""
    told = {name: np.broadcast_to(value, len(days)) for name, value in {**VISIT, **changed}.items()}
    sex, age, wave = told.pop("sex"), told.pop("age"), changed.get("wave", VISIT["wave"])
    told |= {"wave": wave, "coarse": np.array(coarse), "several": np.array(several)}
    packed = np.array([[5, 4]] * len(days), np.uint8)
    return Visits(VisitCodes(**told), packed, np.array(days, "datetime64[D]"), np.ones(len(days), int), sex, age)


def wide(coarse=0, several=0, **changed):
    key = keys_of_submissions(b"i" * 32, ["s"])
    found = anonymise_many(columns(["2026-10-01"], [coarse], [several], **changed), key=key, **KEYS)[0]
    return {name: found[name].item() if hasattr(found[name], "item") else found[name] for name in found.dtype.names}


@pytest.mark.parametrize("door", [narrow, wide])
@pytest.mark.parametrize(
    ("coarse", "several", "left_out", "place"),
    [
        (0, 0, {}, 7),
        (1, 0, {"field": 0, "month": 0, "language": 0, "sex": 0, "age": 0}, 7),
        (0, 1, {"point": 0, "channel": 0}, 0),
        (1, 1, {"field": 0, "month": 0, "language": 0, "sex": 0, "age": 0, "point": 0, "channel": 0}, 0),
    ],
)
def test_what_is_not_stored_where_few_come_or_several_places_receive(door, coarse, several, left_out, place):
    row = door(coarse, several)
    assert bytes(row.pop("key")) == submission_key(b"i" * 32, "s")
    assert bytes(row.pop("cluster")) == cluster_label(b"c" * 32, place, "2026-W40/10", bool(coarse))
    assert bytes(row.pop("answers")) == b"\x05\x04"
    assert row == {name: value for name, value in (WHOLE | left_out).items() if name != "answers"}


def test_a_synthetic_answer_keeps_its_place_so_that_it_is_never_taken_for_a_persons():
    for door in (narrow, wide):
        row = door(0, 1, channel=PROBE)
        assert (row["point"], row["channel"]) == (7, PROBE)


@pytest.mark.parametrize("name", ["wave", "point", "unit", "field", "channel", "form", "sex", "age"])
def test_a_number_that_does_not_fit_its_column_is_no_other_number(name):
    for wrong in (40_000, 2**17, -40_000):
        for door in (narrow, wide):
            with pytest.raises(OverflowError):
                door(**{name: wrong})


def test_marks_and_labels_never_change_while_a_wave_is_open():
    """A server that is renewed in the middle of a wave recognises a resend, and puts an answer into its cluster."""
    assert submission_key(b"k" * 32, "ab" * 16).hex() == "429e431c2fbf796218a6d7455a42b8"
    assert cluster_label(b"k" * 32, 7, "2026-W40/10").hex() == "4f274e534d31b14d"
    assert cluster_label(b"k" * 32, 7, "2026-W40/10", True).hex() == "550c289efbf1355a"
    row = comment_of("x", a_visit(wave=3).codes, moment=AT, submission="ab" * 16, id_key=b"k" * 32)
    assert row.key.hex() == "875c58b174fef699d88b6c8b899709a8"


def test_labels_tell_places_weeks_and_kinds_apart_and_nothing_else():
    labels = {
        cluster_label(key, point, week, coarse)
        for key in (b"a" * 32, b"b" * 32)
        for point in (0, 1, 2)
        for week in ("2026-W40/09", "2026-W40/10")
        for coarse in (False, True)
    }
    assert len(labels) == 24
    assert {len(label) for label in labels} == {8}


def test_the_wide_door_labels_each_visit_by_its_own_week_place_and_kind():
    days = np.array(["2026-09-28", "2026-10-01", "2026-09-28", "2026-10-05", "2026-10-01"], "datetime64[D]")
    points, few = np.array([7, 7, 9, 7, 7]), np.array([0, 0, 0, 0, 1])
    visits, key = columns(days, few, 0, point=points), keys_of_submissions(b"i" * 32, list("abcde"))
    rows = anonymise_many(visits, key=key, **KEYS)
    weeks = ["2026-W40/09", "2026-W40/10", "2026-W40/09", "2026-W41/10", "2026-W40/10"]
    expected = [cluster_label(b"c" * 32, int(p), week, bool(f)) for p, week, f in zip(points, weeks, few, strict=True)]
    assert [row.tobytes() for row in rows["cluster"]] == expected
    assert rows["month"].tolist() == [202609, 202610, 202609, 202610, 0]


def test_a_comment_says_neither_office_nor_month_where_few_come():
    for coarse, told in ((0, (3, 11, 13, 202610)), (1, (3, 0, 0, 0))):
        codes = a_visit(wave=3, unit=11, field=13, coarse=coarse).codes
        row = comment_of("Chờ lâu", codes, moment=AT, submission="s", id_key=b"i" * 32)
        assert (row.wave, row.unit, row.field, row.month, row.text) == (*told, "Chờ lâu")
    same, other, none = (
        comment_of("x", a_visit(wave=3).codes, moment=AT, submission=submission, id_key=b"i" * 32).key
        for submission in ("s", "t", "")
    )
    assert same == row.key
    assert len({same, other, none}) == 3

"""A wave of a handful of people is not released: what was found, what is needed, and what to do are said at once."""

from __future__ import annotations

import datetime as dt

import pytest
from click.testing import CliRunner

from analysis.disclosure.policy import Policy
from sipas.accounts.decisions import typed
from sipas.cli import group
from sipas.fieldwork.waves import close_wave
from sipas.i18n import say
from sipas.publishing.build import build
from sipas.publishing.enough import TooFew
from sipas.publishing.freeze import freeze
from sipas.publishing.published import open_folder
from sipas.publishing.review import releases
from tests.make import a_point, a_response, a_wave

TODAY = dt.date(2026, 9, 30)
WEEKS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23, 29)]


def frozen(database, settings, people, weeks):
    """A wave at two points in two wards, answered in so many of its weeks."""
    for code, unit in (("one", "03646"), ("two", "03664")):
        a_point(database, code, unit, form="short")
    a_wave(database, settings)
    for number in range(people):
        level = "5" if number % 3 else "2"
        a_response(database, settings, ("one", "two")[number % 2], moment=WEEKS[number // 2 % weeks],
                   answers=dict.fromkeys(("O", "B1.2", "B2.2", "B3.2", "B4.1"), level))  # fmt: skip
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    freeze(database, settings.home, "w1", TODAY)


@pytest.mark.parametrize(
    ("people", "weeks", "found"), [(4, 2, "4 people and 2 degrees"), (99, 5, "99 people and 8 degrees"),
                                   (120, 4, "120 people and 6 degrees")],
)  # fmt: skip
def test_too_few_people_or_weeks_are_refused_in_one_sentence_and_nothing_is_built(
    database, settings, people, weeks, found
):
    frozen(database, settings, people, weeks)
    result = CliRunner().invoke(
        group, ["release", "build", "w1", "--by", "Hoa", "--emergency", "Thử"], env={"SIPAS_HOME": str(settings.home)}
    )
    assert isinstance(result.exception, TooFew)
    told = say(result.exception)
    assert f"Wave w1 has {found} of freedom" in told
    assert "needs at least 100 and 8" in told
    assert "`sipas estimate`" in told
    with database.reading() as session:
        assert releases(session) == []
    assert not list((settings.home / "drafts").glob("*"))


def test_a_hundred_people_and_eight_degrees_of_freedom_are_enough(database, settings):
    frozen(database, settings, 100, 5)
    code = build(database, settings, "w1", typed("Hoa"), TODAY)
    table = open_folder(settings.home / "drafts" / code).table
    assert (table.row("overall")["n"], table.policy.least_people, table.policy.least_df) == (100, 100, 8)


def test_the_thresholds_are_the_policys_and_written_into_the_table():
    assert Policy().suffices(100, 8)
    assert not Policy().suffices(99, 8)
    assert not Policy().suffices(100, 7)
    assert not Policy().suffices(100, None)
    assert Policy(least_people=30, least_df=3).suffices(30, 3)

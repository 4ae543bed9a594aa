"""Who said what: an attacker who knows everybody who answered, and when, tries to find each one's row.

He watched three receiving points for a month: for each visitor the day and the order, the point, the service, the sex
and the age group. He holds the database's files, the server's log and last week's backup; once also the keys. He has
one guess for each person. His success is printed beside blind guessing, and what may not help him is bounded.

The second attacker stood at one ward. Those who came there for a department's field are to be found no better than if
they had gone to any of the wards.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pytest
from sqlalchemy import select

from sipas import clock
from sipas.backups import backup
from sipas.fieldwork.asking import asking_at
from sipas.fieldwork.waves import close_wave
from sipas.intake import Answers, Visit, cluster_label, receive, ways
from sipas.intake.maintenance import maintain
from sipas.intake.models import Response, ResponseRow, WayCount
from sipas.intake.ways import Way, all_ways_of, held
from sipas.keyring import wave_keys
from sipas.publishing.freeze import freeze
from sipas.storage.database import Database
from surveys import load
from tests.make import a_point, a_wave
from tests.needles import Needles

DAYS = [dt.date(2026, 9, 1) + dt.timedelta(n) for n in range(28)]
BACKED_UP = 18  # days after the first: the backup that the attacker found is ten days old
POINTS = {"busy-1": 0.70, "quiet-1": 0.25, "small-1": 0.05}
SERVICES = {"ho-tich": 0.4, "chung-thuc": 0.3, "dat-dai": 0.2, "bao-tro-xa-hoi": 0.1}
LOGGED = 100  # answers that SQLite's live log holds at least
WAYS = {Way.SCREEN: 0.6, Way.CODE: 0.25, Way.OPEN: 0.15}
TOLD = 0.8  # of those who answer, how many give their sex and their age group


@dataclass(frozen=True)
class Person:
    """One visitor as the attacker saw her, and the row that she left: the solution, which he does not have."""

    arrival: int
    day: dt.date
    point: str
    service: str
    sex: int
    age: int
    answers: bytes
    way: Way


def a_month(database, settings, visitors, rng, on_the_way=lambda _day: None, points=POINTS, services=SERVICES):
    """Everybody answers, one after the other, at the kiosk's own door; each answer of its own kind is its solution."""
    with database.reading() as session:
        visits = {point: asking_at(session, point, DAYS[-1]) for point in points}
    instrument = load("service-2024")
    rated = [code for code in instrument.forms["short"] if instrument.item(code).kind == "rating"]
    offered = {point: [one.code for one, _ in visit.services] for point, visit in visits.items()}
    assert all(code in codes for codes in offered.values() for code in services)
    weights = list(services.values())
    levels = itertools.product(range(1, 6), repeat=6)
    people, came = [], random.Random(9).choices(list(WAYS), list(WAYS.values()), k=visitors)
    for number, day in enumerate(sorted(rng.choices(DAYS, k=visitors))):
        on_the_way(day)
        point, service = rng.choices(list(points), list(points.values()))[0], rng.choices(list(services), weights)[0]
        sex, age = rng.randint(1, 2), rng.randint(1, 4)
        said = {"F": "yes"} | dict(zip(rated, next(levels), strict=True))
        packed = Answers.of(instrument, "short", said)
        moment = dt.datetime.combine(day, dt.time(1 + number % 8), dt.timezone.utc)
        submission = f"{rng.getrandbits(128):032x}"
        told = {"sex": sex * (rng.random() < TOLD), "age": age * (rng.random() < TOLD)}
        receive(
            database,
            settings.home,
            Visit("w1", visits[point].codes(service), packed, moment, "vi", **told),
            submission=submission,
            way=came[number],
        )
        people.append(Person(number, day, point, service, sex, age, packed.packed, came[number]))
    return people, visits


def rows_of(database):
    with database.reading() as session:
        return list(session.scalars(select(Response)))


class Attack:
    """What the attacker knows, each time as a table: may this row (across) be this person's (down)?"""

    def __init__(self, people, rows, visits):
        self.people, self.rows, self.visits = people, rows, visits
        self.true = self._both(lambda p: p.answers, lambda row: row.answers)

    def _both(self, of_person, of_row, unknown=None):
        """Equal, or unknown in the row."""
        numbers = defaultdict(itertools.count().__next__)
        unknown = numbers[unknown]
        left = np.array([numbers[of_person(person)] for person in self.people])
        right = np.array([numbers[of_row(row)] for row in self.rows])
        return (left[:, None] == right) | (right == unknown)

    def _codes(self, person):
        return self.visits[person.point].codes(person.service)

    def attributes(self):
        """Point, month, office and service are in the row; sex and age group where she told them."""
        return (
            self._both(lambda p: self._codes(p).point, lambda row: row.point, 0)
            & self._both(lambda p: self._codes(p).unit, lambda row: row.unit)
            & self._both(lambda p: self._codes(p).field, lambda row: row.field, 0)
            & self._both(lambda p: p.day.year * 100 + p.day.month, lambda row: row.month, 0)
            & self._both(lambda p: p.sex, lambda row: row.sex, 0)
            & self._both(lambda p: p.age, lambda row: row.age, 0)
        )

    def _week(self, person):
        return self.visits[person.point].point.id, clock.cluster_week(person.day)

    def weeks_by_size(self):
        """A label may be any week of its point in which as many people came as it has rows."""
        came = Counter(map(self._week, self.people))
        sizes = Counter((row.point, row.cluster) for row in self.rows)
        return self._both(
            lambda p: (self._week(p)[0], came[self._week(p)]), lambda row: (row.point, sizes[row.point, row.cluster])
        )

    def weeks_by_key(self, key):
        """With the key of the labels every week is told for certain."""
        return self._both(lambda p: cluster_label(key, *self._week(p)), lambda row: row.cluster)

    def since(self, known, day):
        """A dated backup tells which rows came later."""
        return self._both(lambda p: p.day < day, lambda row: row.key in known)

    def by_ways(self, may_be, counted):
        """Of the rows that may be hers those likeliest to have come as she did: `counted` is (key of the row) -> how
        many answers, among those it was counted with, came by each way."""
        of_row = {way: np.array([counted[row.key][way] / counted[row.key].total() for row in self.rows]) for way in Way}
        likely = np.stack([of_row[person.way] for person in self.people]) * may_be
        return may_be & (likely >= likely.max(axis=1, keepdims=True) - 1e-12) & (likely > 0)

    def success(self, may_be):
        """The share of people whose row he names, choosing at random among those that may be hers."""
        return float(((may_be & self.true).sum(axis=1) / np.maximum(may_be.sum(axis=1), 1)).mean())


def counted_in_table(session, rows):
    """Key of a row -> the ways that were counted where whatever both tables say is equal."""
    shared = [name for name in ResponseRow._fields if name in WayCount.__table__.columns]
    found = defaultdict(Counter)
    for one in session.scalars(select(WayCount)):
        found[tuple(getattr(one, name) for name in shared)][Way(one.way)] += one.number
    return {row.key: found[tuple(getattr(row, name) for name in shared)] for row in rows}


class Copies:
    """The disk, copied after every answer: which row came between two copies, and which counts grew."""

    def __init__(self, database, settings):
        self._database, self._home = database, settings.home
        self._rows, self._counts, self.waiting, self.counted = {}, Counter(), defaultdict(list), {}

    def take(self):
        """What grew is of the rows that came at its place since it last grew: memory keeps nothing of a place then."""
        rows = {row.key: (1, row.point, row.unit) for row in rows_of(self._database)}
        for key in rows.keys() - self._rows.keys():
            self.waiting[rows[key]].append(key)
        with self._database.reading() as session:
            counts = all_ways_of(session.connection(), self._home, 1)
        grown = defaultdict(Counter)
        for (*place, way), number in (counts - self._counts).items():
            grown[tuple(place)][Way(way)] += number
        for place, batch in grown.items():
            self.counted |= dict.fromkeys(self.waiting.pop(place), batch)
        self._rows, self._counts = rows, counts


def hits_by_order(people: Iterable[Person], rows: Iterable[Response], place: Callable[[Response], float], classes):
    """He pairs people as they came with rows as they lie, among those who look alike; hits, classes, people in them.

    Where the order says nothing, each class gives one hit on average, with a variance of one, whatever its size.
    """
    alike = defaultdict(list)
    for person in people:
        alike[classes(person)].append(person)
    owner = {row.answers: row for row in rows}
    groups = [group for group in alike.values() if len(group) > 1]
    hits = 0
    for group in groups:
        lying = sorted((owner[person.answers] for person in group), key=place)
        hits += sum(row.answers == person.answers for person, row in zip(group, lying, strict=True))
    return hits, len(groups), sum(map(len, groups))


@pytest.mark.parametrize("visitors", [600, pytest.param(4000, marks=pytest.mark.long)])
def test_what_an_attacker_finds_who_knows_everybody_and_when_they_came(
    database, settings, visitors, capsys, caplog, tmp_path
):
    for point in POINTS:
        a_point(database, point, "03646", form="short")
    a_wave(database, settings)
    copies = []

    def on_the_way(day):
        if not copies and day >= DAYS[BACKED_UP]:
            copies.append(backup(settings, database, "last-week"))

    with caplog.at_level(logging.DEBUG):
        people, visits = a_month(database, settings, visitors, random.Random(4), on_the_way)
    rows = rows_of(database)
    assert len(rows) == len({row.answers for row in rows}) == visitors
    attack = Attack(people, rows, visits)

    columns = ("point", "unit", "field", "month", "cluster", "sex", "age")
    looks = {row.answers: tuple(getattr(row, name) for name in columns) for row in rows}
    seen = {person: looks[person.answers] for person in people}
    log = settings.home / "sipas.sqlite-wal"
    logged = log.read_bytes() if log.exists() else b""
    in_log_at = Needles(row.key for row in rows).places(logged)
    in_log = hits_by_order(people[-LOGGED:], rows, lambda row: in_log_at.get(row.key, -1), seen.get)
    key = wave_keys.load(settings.home, "w1", "cluster")
    of_backup = Database.of(type(settings)(home=settings.home, database_url=f"sqlite:///{copies[0]}"))
    known = {row.key for row in rows_of(of_backup)}
    of_backup.engine.dispose()

    with database.writing() as session:
        close_wave(session, "w1", DAYS[-1])
    freeze(database, settings.home, "w1", DAYS[-1])
    maintain(database, settings.home)
    file = (settings.home / "sipas.sqlite").read_bytes()
    in_file_at = Needles(row.key for row in rows).places(file)
    hits, classes, in_them = hits_by_order(people, rows, lambda row: in_file_at.get(row.key, -1), seen.get)

    plainly, week = attack.attributes(), attack.weeks_by_key(key)
    with database.reading() as session:
        counted = counted_in_table(session, rows)
        assert sum(session.scalars(select(WayCount.number))) == visitors
    owner = {person.answers: person for person in people}
    in_rows = attack._both(lambda p: p.way, lambda row: owner[row.answers].way)
    later = attack.since(known, DAYS[BACKED_UP])
    found = {
        "blind guessing": attack.success(np.ones_like(plainly)),
        "point, month, service, sex and age group": attack.success(plainly),
        "and the week, told by the size of its label": attack.success(plainly & attack.weeks_by_size()),
        "and the week, told by the key (until freeze)": attack.success(plainly & week),
        "the attributes and last week's backup": attack.success(plainly & later),
        "all of these, and the key": attack.success(plainly & week & later),
    }
    by_ways = {
        "the attributes": attack.success(plainly),
        "and the ways as they are counted": attack.success(attack.by_ways(plainly, counted)),
        "and the ways, if they stood in the rows": attack.success(plainly & in_rows),
    }
    with capsys.disabled():
        print(f"\n{visitors} people, known one by one; found with one guess each:")
        for what, share in [*found.items(), *by_ways.items()]:
            print(f"  {what:46} {share:6.1%}")
        print(f"  by order: {hits} of {in_them} who look alike, after `sipas maintain` (blind guessing {classes} ±"
              f" {math.sqrt(classes):.0f}); {in_log[0]} of the last {in_log[2]} in the live log (blind guessing"
              f" {in_log[1]})")  # fmt: skip

    blind, plain, by_size, by_key, by_backup, everything = found.values()
    assert blind == pytest.approx(1 / visitors)
    # nothing tells more than the columns on the privacy page; a label tells the week, and never more than its key does
    assert plain <= by_size <= by_key + 1e-9 <= everything + 2e-9
    assert plain <= by_backup <= everything + 1e-9
    assert by_key <= len(set(seen.values())) / visitors + 1e-9  # one hit a kind of row
    # the order: 3.5 standard errors, so one run of 4,000 fails by chance; and the smallest leak seen nine times of ten
    assert hits <= classes + 3.5 * math.sqrt(classes)
    assert (3.5 + 1.28) * math.sqrt(classes) / (in_them - classes) <= (0.25 if visitors < 1000 else 0.1)
    # the ways: no guess is gained by their count, many would be if they stood in the rows
    by_attributes, by_count, if_stored = by_ways.values()
    assert by_count == pytest.approx(by_attributes, abs=1e-12)
    assert if_stored > 1.5 * by_attributes
    assert not any(person.point in caplog.text or person.service in caplog.text for person in people)
    assert not any(row.key.hex() in caplog.text for row in rows)


@pytest.mark.parametrize("together", [10, 1])
def test_whoever_copies_the_disk_after_every_answer_gains_little_by_the_counts(
    database, settings, monkeypatch, capsys, together
):
    """He knows of everybody the day and the way, not the order, else the copies alone would tell all. Counted one by
    one (1) the file would tell him the way of each row; that the search finds."""
    monkeypatch.setattr(ways, "TOGETHER", together)
    for point in POINTS:
        a_point(database, point, "03646", form="short")
    a_wave(database, settings)
    copies = Copies(database, settings)
    people, visits = a_month(database, settings, 400, random.Random(4), lambda _day: copies.take())
    held(settings.home).flush()
    copies.take()
    rows, came = rows_of(database), {person.answers: person.day for person in people}
    attack = Attack(people, rows, visits)
    assert len(copies.counted) == len(rows)
    by_copies = attack.attributes() & attack._both(lambda p: p.day, lambda row: came[row.answers])
    alone, helped = attack.success(by_copies), attack.success(attack.by_ways(by_copies, copies.counted))
    with capsys.disabled():
        print(f"\na copy after every answer, counted by {together}: {alone:.1%} by the copies, {helped:.1%} with the"
              " counts")  # fmt: skip
    assert (helped < alone + 0.03) if together > 1 else (helped > alone + 0.1)


WARDS = {
    f"w{n}-1": unit for n, unit in enumerate(("03646", "03664", "03670", "03679", "03979", "03980", "03982", "04033"))
}
OTHERS = {"ho-tich": 0.6, "giao-thong": 0.2, "van-hoa": 0.2}  # one of the ward's own, two of departments


def test_whoever_stood_at_a_ward_finds_nobody_who_came_there_for_another_office(database, settings, capsys):
    """Compared with what he would find if the point stood in the row, as the solution knows it, and its label were its
    own."""
    for point, unit in WARDS.items():
        a_point(database, point, unit, form="short")
    a_wave(database, settings)
    people, visits = a_month(
        database, settings, 400, random.Random(5), points=dict.fromkeys(WARDS, 1.0), services=OTHERS
    )
    rows, key = rows_of(database), wave_keys.load(settings.home, "w1", "cluster")
    abroad = [person for person in people if person.service != "ho-tich"]
    owner = {person.answers: person for person in people}
    assert {row.point for row in rows if owner[row.answers].service != "ho-tich"} == {0}
    assert 0 not in {row.point for row in rows if owner[row.answers].service == "ho-tich"}

    attack = Attack(abroad, rows, visits)
    at = attack._both(lambda p: p.point, lambda row: owner[row.answers].point)
    week = attack._both(lambda p: cluster_label(key, 0, clock.cluster_week(p.day)), lambda row: row.cluster)
    points_week = at & attack._both(
        lambda p: clock.cluster_week(p.day), lambda row: clock.cluster_week(owner[row.answers].day)
    )
    plainly = attack.attributes()
    named = {row.point: row for row in rows if row.point}
    told, as_before = attack.success(plainly), attack.success(plainly & at)
    with_key, with_key_before = attack.success(plainly & week), attack.success(plainly & points_week)
    with capsys.disabled():
        print(f"\n{len(abroad)} people who came to {len(WARDS)} wards for departments; found with one guess each:"
              f"\n  by the attributes {told:.1%} (with the point {as_before:.1%}); and the key of the weeks"
              f" {with_key:.1%} (with the point {with_key_before:.1%})")  # fmt: skip
    assert len(named) == len(WARDS)
    assert told < as_before / 3
    assert with_key < with_key_before
    # no label, by name or by key, parts the wards: each week has one label, whichever ward it was
    labels = {}
    for row in rows:
        if not row.point:
            labels.setdefault(clock.cluster_week(owner[row.answers].day), set()).add(row.cluster)
    assert set(map(len, labels.values())) == {1}

"""What an enrolled device sends: taken once, told what became of it, lost never in silence."""

from __future__ import annotations

import datetime as dt
import fcntl
import re
import threading
import time

import pytest
from sqlalchemy import select

from sipas import clock
from sipas.backups import backup, restore
from sipas.cli.operator.doctor import survey_findings
from sipas.fieldwork.devices import devices, make_code, missing_messages, revoke
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.intake.comment_spool import flush_comments
from sipas.intake.models import Response, StoredComment, Unopened
from sipas.intake.record import late_by_point
from sipas.keyring import wave_keys
from sipas.kiosk.batch_receiver import placed
from sipas.kiosk.probe import probe_mark
from sipas.publishing.freeze import freeze
from sipas.registry.models import EVER, Competence, Unit
from sipas.web.installation import install, of_app
from tests.make import a_point, a_wave
from tests.sealing import Device, said, sealed


@pytest.fixture(autouse=True)
def kiosk(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, "w1", opens_on=clock.today())


@pytest.fixture
def device(client, database):
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    made = Device(client)
    assert made.enrols(code).status_code == 200
    return made


def rows(database, table=Response):
    if table is StoredComment:
        flush_comments(database, database.lock.parent)
    with database.reading() as session:
        return list(session.scalars(select(table)))


def book(database):
    with database.reading() as session:
        return devices(session)[-1].device


def outcomes(reply):
    assert reply.status_code == 200, reply.text
    return reply.json["outcomes"]


def test_an_answer_and_its_comment_come_in_as_a_kiosks(device, database, settings):
    answer = sealed(settings.home, said({"service": "ho-tich", "O": "5", "sex": "f"}))
    words = sealed(settings.home, said({"service": "ho-tich", "comment": "Nhanh, gọi 0912345678"}), kind="comment")
    assert outcomes(device.sends(answer)) == ["stored"]
    assert outcomes(device.sends(words)) == ["stored"]
    (row,), (comment,) = rows(database), rows(database, StoredComment)
    assert (row.answers[0], row.channel, row.sex, row.month) == (5, 1, 1, int(f"{clock.today():%Y%m}"))
    assert comment.text == "Nhanh, gọi […]"
    assert (len(row.key), len(comment.key)) == (15, 16)
    assert row.key != comment.key[:15]


def test_an_empty_comment_leaves_nothing(device, database, settings):
    words = sealed(settings.home, said({"service": "ho-tich", "comment": ""}), kind="comment")
    assert outcomes(device.sends(words)) == ["stored"]
    assert rows(database, StoredComment) == []


def test_a_batch_whose_reply_was_lost_counts_once(device, database, settings):
    batch = [sealed(settings.home, said()) for _ in range(3)]
    assert outcomes(device.sends(*batch, hears=False)) == ["stored"] * 3
    assert outcomes(device.sends(*reversed(batch))) == ["known"] * 3
    assert len(rows(database)) == 3
    assert outcomes(device.sends()) == []
    found = book(database)
    assert (found.settled, found.agrees, missing_messages(found)) == (3, True, 0)


def test_equal_answers_of_two_people_are_two(device, database, settings):
    assert outcomes(device.sends(sealed(settings.home, said()), sealed(settings.home, said()))) == ["stored"] * 2
    assert len(rows(database)) == 2


def test_an_old_batch_of_a_listener_is_refused(device, database, settings):
    first = sealed(settings.home, said())
    device.sends(first)
    device.sends()
    late = Device(device.client, id=device.id, key=device.key)  # what was sent first, again
    reply = late.sends(first)
    assert (reply.status_code, reply.json) == (409, {"batch": 2})


def test_a_busy_database_leaves_the_message_on_the_device(device, database, settings):
    answer = sealed(settings.home, said())
    with database.lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = threading.Timer(database.patience + 1, lambda: fcntl.flock(file, fcntl.LOCK_UN))
        end.start()
        assert device.sends(answer).status_code == 503
        end.join()
    assert rows(database, Unopened) == []
    assert outcomes(device.sends(answer)) == ["stored"]


def test_an_enrolment_waits_no_longer_than_an_answer(client, database):
    with database.queue():  # a long import
        start = time.monotonic()
        assert client.post("/k/to-hieu-1/vi/device", json={"code": "ABCD-EFGH", "key": ""}).status_code == 503
        assert time.monotonic() - start < 3 * database.patience


def test_a_missing_key_leaves_the_message_on_the_device(device, database, settings):
    answer = sealed(settings.home, said())
    key = settings.home / "keys" / "w1.cluster.key"
    kept = key.read_bytes()
    key.unlink()
    assert device.sends(answer).status_code == 503
    key.write_bytes(kept)
    assert outcomes(device.sends(answer)) == ["stored"]


def test_what_waited_on_a_device_for_a_wave_that_an_older_backup_reopened_is_late_and_counted_once(
    device, database, settings
):
    answers = [sealed(settings.home, said()) for _ in range(3)]
    assert outcomes(device.sends(answers[0])) == ["stored"]
    older = backup(settings, database, "older")
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    freeze(database, settings.home, "w1", clock.today())
    restore(settings, database, older, force=True)
    assert outcomes(device.sends(answers[1])) == ["late"]
    wave_keys.destroy(settings.home, "w1", ("seal",))  # the days of grace are over as well
    assert outcomes(device.sends(answers[2])) == ["late"]
    assert outcomes(device.sends(answers[1])) == ["late"]
    assert len(rows(database)) == 1
    with database.reading() as session:
        assert sum(late_by_point(session, 1).values()) == 2
    assert rows(database, Unopened) == []


ODD = ["[" * 60_000, '{"device": "\\ud800"}', '{"device": "\\u0000"}', '{"code": "\\ud800"}']


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("path", ["/k/to-hieu-1/vi/device", "/k/to-hieu-1/sealed"])
def test_odd_json_is_refused(client, path, body):
    assert client.post(path, data=body, content_type="application/json").status_code in (400, 403)


def test_a_message_nested_too_deep_holds_up_no_other(device, database, settings):
    batch = [sealed(settings.home, "[" * 1000), sealed(settings.home, said())]
    assert outcomes(device.sends(*batch)) == ["damaged", "stored"]
    assert outcomes(device.sends(sealed(settings.home, said()), wave="\ud800")) == ["damaged"]


def test_what_does_not_open_is_put_aside_and_counted(device, database, settings):
    good = sealed(settings.home, said())
    broken = bytes([good[0] ^ 1]) + good[1:]
    elsewhere = sealed(settings.home, said(), point="other-point")
    strange = sealed(settings.home, "{}")
    no_answer = sealed(settings.home, said({"service": "ho-tich"}))
    no_service = sealed(settings.home, said({"service": "nothing", "O": "3"}))
    half_a_letter = sealed(settings.home, said({"service": "HALF", "O": "HALF"}).replace("HALF", "\\ud800"))
    sent = [good, broken, elsewhere, strange, no_answer, no_service, half_a_letter]
    assert outcomes(device.sends(*sent)) == ["stored", *["damaged"] * 6]
    kept = {one.sealed: one.reason for one in rows(database, Unopened)}
    assert kept == {
        broken: "damaged",
        elsewhere: "damaged",
        strange: "strange",
        no_answer: "strange",
        no_service: "strange",
        half_a_letter: "strange",
    }
    assert outcomes(device.sends(broken, wave="no/where")) == ["damaged"]
    assert book(database).damaged == 7
    assert len(rows(database)) == 1


def test_whatever_stands_where_a_probe_proves_itself_holds_no_batch_up(device, database, settings):
    shown = ["\\ud800.\\ud800", "ơ.ơ", f".{probe_mark(settings, '')[:-1]}", "1"]
    batch = [sealed(settings.home, said(probe="SHOWN").replace("SHOWN", one)) for one in shown]
    assert outcomes(device.sends(*batch)) == ["stored"] * 4
    assert [row.channel for row in rows(database)] == [1] * 4  # people's answers


def test_answers_of_a_wave_that_is_not_known_here_wait_on_the_screen_and_the_operator_is_told(
    device, database, settings, today
):
    """As after an older backup was restored: the wave had been opened since."""
    wave_keys.make(settings.home, "w2")
    early, waits = (sealed(settings.home, said(), wave=wave) for wave in ("w1", "w2"))
    outcomes(device.sends(early))
    assert outcomes(device.sends(waits, wave="w2")) == ["unknown"]
    assert rows(database, Unopened) == []
    found = book(database)
    assert (found.unknown_wave, found.waiting, found.settled, found.damaged) == ("w2", 1, 1, 0)
    assert [
        line
        for sign, line in survey_findings.screen_findings(settings, database)
        if sign == survey_findings.WARN and "w2" in line
    ]
    with database.writing() as session:
        close_wave(session, "w1", today)
    a_wave(database, settings, "w2", opens_on=today)  # as after the newer backup
    assert outcomes(device.sends(waits, wave="w2")) == ["stored"]
    device.sends()
    found = book(database)
    assert (found.unknown_wave, found.settled, found.agrees, missing_messages(found)) == ("", 2, True, 0)


def test_a_late_answer_whose_reply_was_lost_counts_once(device, database, settings, today):
    answer, unreadable = (sealed(settings.home, said()) for _ in range(2))
    outcomes(device.sends(sealed(settings.home, said())))
    with database.writing() as session:
        close_wave(session, "w1", today)
    freeze(database, settings.home, "w1", today)
    for _ in range(2):
        assert outcomes(device.sends(answer, hears=False)) == ["late"]
    wave_keys.destroy(settings.home, "w1", ["seal"])
    for _ in range(2):
        assert outcomes(device.sends(unreadable, hears=False)) == ["late"]
    with database.reading() as session:
        assert late_by_point(session, 1) == {1: 2}


def test_a_message_that_is_missing_shows_by_count_and_one_that_was_swapped_by_the_sum(device, database, settings):
    device.sends(*[sealed(settings.home, said()) for _ in range(4)])
    device.made += 1  # it made one more, and that is gone
    device.sends()
    assert (missing_messages(book(database)), book(database).agrees) == (1, True)
    device.total += 1
    device.sends()
    assert not book(database).agrees


def test_nobody_but_the_device_itself_can_send_for_it(device, client, database, settings):
    message = sealed(settings.home, said())
    stranger = Device(client, id=device.id)
    assert stranger.sends(message).status_code == 403
    assert Device(client, id="0" * 32).sends(message).status_code == 403
    a_point(database, "chieng-an-1", "03664", form="short")
    moved = Device(client, "chieng-an-1", device.id, device.key)
    assert moved.sends(message).json["enrolled"] is False
    with database.writing() as session:
        revoke(session, device.id[:8])
    reply = device.sends(message)
    assert (reply.status_code, reply.json["enrolled"]) == (403, False)
    assert rows(database) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"device": 3}', b'{"messages": "x"}'],
    ids=["empty", "list", "nothing", "number", "text"],
)
def test_nonsense_is_refused_without_a_trace(client, database, body):
    reply = client.post("/k/to-hieu-1/sealed", data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (400, 403)
    assert rows(database, Unopened) == []


def test_an_answer_whose_reply_was_lost_counts_once_though_another_office_became_responsible_meanwhile(
    device, database, settings
):
    answer = sealed(settings.home, said({"service": "ho-tich", "O": "5"}))
    device.sends(answer, hears=False)
    (before,) = rows(database)
    with database.writing() as session:
        session.get(Competence, ("ward", "ho-tich", EVER)).responsible = "so-tu-phap"
    assert outcomes(device.sends(answer)) == ["known"]
    assert [row.key for row in rows(database)] == [before.key]


def test_an_answer_that_waited_over_a_change_of_competence_belongs_to_the_office_of_its_day(
    device, database, settings, monkeypatch
):
    before = clock.today()
    since = (before.replace(day=1) + dt.timedelta(days=31)).replace(day=1)
    with database.writing() as session:
        session.add(Competence(receiver="ward", service="ho-tich", responsible="so-tu-phap", valid_from=since))
    waiting = sealed(settings.home, said({"service": "ho-tich", "O": "5"}))
    later = dt.datetime.combine(since + dt.timedelta(days=9), dt.time(3), dt.timezone.utc)
    monkeypatch.setattr(clock, "now", lambda: later)
    since_then = sealed(settings.home, said({"service": "ho-tich", "O": "4"}, on=since + dt.timedelta(days=2)))
    assert outcomes(device.sends(waiting, since_then, clock=round(later.timestamp()))) == ["stored"] * 2
    with database.reading() as session:
        units = {one.id: one.code for one in session.scalars(select(Unit))}
    assert {row.answers[0]: units[row.unit] for row in rows(database)} == {5: "03646", 4: "so-tu-phap"}


def test_a_signed_batch_with_wrong_numbers_or_too_many_messages_is_refused(device, settings):
    message = sealed(settings.home, said())
    for wrong in ({"batch": -1}, {"made": "3"}, {"settled_sum": "00"}, {"clock": None}, {"messages": [1]}):
        assert device.sends(message, hears=False, **wrong).status_code == 400, wrong
    assert device.sends(*[message] * 21, hears=False).status_code == 400


def test_an_answer_given_before_the_wave_closed_is_taken_after_it(device, database, settings):
    before = sealed(settings.home, said())
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    reply = device.sends(before)
    assert outcomes(reply) == ["stored"]
    assert reply.json["wave"] == ""  # the device learns that nothing is asked any more


def test_a_clock_that_is_a_day_off_decides_no_month(device, database, settings):
    long_ago = clock.today() - dt.timedelta(days=200)
    answer = sealed(settings.home, said(on=long_ago))
    device.sends(answer, clock=round(clock.now().timestamp()) - 200 * 86400)
    assert [row.month for row in rows(database)] == [int(f"{clock.today():%Y%m}")]
    assert book(database).clock_off


def on(day: str) -> dt.date:
    return dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("week", "month", "believed", "expected"),
    [
        ("2026-W38", "2026-09", True, "2026-09-14"),
        ("2026-W36", "2026-09", True, "2026-09-02"),  # the wave began on a Wednesday
        ("2026-W40", "2026-09", True, "2026-09-28"),
        ("2026-W40", "2026-10", True, "2026-10-01"),
        ("2026-W38", "2026-09", False, "2026-10-02"),  # not believed: the server's day
        ("2026-W20", "2026-05", True, "2026-10-02"),  # before the wave
        ("2026-W50", "2026-12", True, "2026-10-02"),  # to come
        ("2026-W38", "2026-10", True, "2026-10-02"),  # no such days
    ],
)
def test_a_week_and_a_month_stand_for_their_first_day_in_the_wave(database, week, month, believed, expected):
    with database.reading() as session:
        wave = wave_of(session, "w1")
    wave.opens_on = on("2026-09-02")
    now = dt.datetime(2026, 10, 2, 3, tzinfo=dt.timezone.utc)
    assert clock.local(placed(wave, week, month, now, believed)).date() == on(expected)


def test_every_questionnaire_filled_in_to_the_full_fits_into_one_message(settings):
    import surveys
    from sipas.intake.sealed import LENGTH

    for code in surveys.catalogue():
        instrument = surveys.load(code)
        for form, asked in instrument.forms.items():
            fields: dict[str, object] = {"service": "x" * 40}
            for item in map(instrument.item, asked):
                several = [option.code for option in item.options]
                fields[item.code] = several if item.kind == "several" else max([*several, "9999"], key=len)
            fields |= {
                question.code: max((o.code for o in question.options), key=len) for question in instrument.profile
            }
            text = said(fields, form=form).replace(", ", ",").replace(": ", ":")
            assert len(text.encode()) <= LENGTH - 2, (code, form)


def test_the_seal_key_never_reaches_a_device(client, settings):
    private = wave_keys.load(settings.home, "w1", "seal")
    import base64

    for path in ("/k/to-hieu-1?shell=", "/k/to-hieu-1/vi?shell=", "/k/to-hieu-1/worker.js"):
        page = client.get(path).data
        assert private not in page
        assert base64.b64encode(private) not in page


def test_a_device_has_a_budget_for_the_day(device, app, database, settings):
    from dataclasses import replace

    install(app, replace(of_app(app), settings=replace(settings, device_day=3)))
    batch = [sealed(settings.home, said()) for _ in range(2)]
    assert outcomes(device.sends(*batch, hears=False)) == ["stored"] * 2
    assert outcomes(device.sends(batch[0])) == ["known"]  # what was stored before costs nothing
    assert outcomes(device.sends(sealed(settings.home, said()))) == ["stored"]
    assert device.sends(sealed(settings.home, said()), hears=False).status_code == 503  # it keeps it and comes again
    install(app, replace(of_app(app), settings=settings))
    assert outcomes(device.sends(sealed(settings.home, said()))) == ["stored"]


def test_the_page_of_a_screen_opens_while_nothing_is_asked(client, database):
    with database.writing() as session:
        close_wave(session, "w1", clock.today() - dt.timedelta(days=1))
    assert client.get("/k/to-hieu-1/device").headers["Location"] == "/k/to-hieu-1/vi/device"
    assert client.get("/k/to-hieu-1/en/device").status_code == 200
    assert client.get("/k/nowhere/en/device").status_code == 404


def late(database):
    with database.reading() as session:
        return late_by_point(session, 1)


def test_what_comes_after_the_freeze_is_late_and_counted_and_a_resend_is_known(device, database, settings):
    came, too_late = sealed(settings.home, said()), sealed(settings.home, said())
    comment = sealed(settings.home, said({"service": "ho-tich", "comment": "Muộn"}), kind="comment")
    device.sends(came)
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    freeze(database, settings.home, "w1", clock.today())
    assert outcomes(device.sends(came, too_late, comment)) == ["known", "late", "late"]
    assert (list(late(database).values()), rows(database, StoredComment)) == ([1], [])
    wave_keys.destroy(settings.home, "w1")  # the days of grace are over
    unopened = sealed_before_the_end
    assert outcomes(device.sends(unopened(), hears=False)) == ["late"]
    assert list(late(database).values()) == [2]
    assert rows(database, Unopened) == []


def sealed_before_the_end() -> bytes:
    """A message whose key is gone: any bytes of the right length."""
    from sipas.intake.sealed import SEALED_LENGTH

    return bytes(SEALED_LENGTH)


def test_what_was_given_after_the_waves_last_day_is_late(device, database, settings):
    after = sealed(settings.home, said())
    with database.writing() as session:
        wave = close_wave(session, "w1", clock.today())
        wave.opens_on = wave.closes_on = clock.today() - dt.timedelta(days=8)
    assert outcomes(device.sends(after)) == ["late"]
    assert (list(late(database).values()), rows(database)) == ([1], [])


def test_a_device_keeps_the_keyboard_too_which_pages_fetch_at_a_touch(client):
    script = client.get("/k/to-hieu-1/worker.js").get_data(as_text=True)
    for name in ("js/kiosk/keyboard", "js/kiosk/telex", "js/kiosk/advance", "fonts/noto-sans-bold", "css/device"):
        assert re.search(rf"/static/{name}\.[0-9a-f]{{10}}\.", script)

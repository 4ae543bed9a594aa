"""A citizen's own phone: from the slip or the poster to one stored answer."""

from __future__ import annotations

import ipaddress
import itertools
import re

import pytest
from sqlalchemy import select, text

from sipas import clock
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.points import set_invitation
from sipas.fieldwork.waves import close_wave
from sipas.intake.invitations import Invitation, flush_redemptions
from sipas.intake.models import Response
from sipas.inviting import guesses
from sipas.kiosk import pages
from sipas.web.installation import of_app
from sipas.web.rate_limits import UNKNOWN_CODES, Budget
from tests.make import a_point, a_wave, some_codes
from tests.people import Visitor
from tests.way import calls_of


@pytest.fixture
def phones(app, database, settings):
    """A point for phones that requires codes, and one on a poster that does not."""
    a_point(database, "to-hieu-phone", form="short", channel="phone")
    a_point(database, "poster", form="short", channel="web")
    a_wave(database, settings, opens_on=clock.today())
    return app.test_client()


@pytest.fixture
def code(phones, database, settings):
    return some_codes(database, settings)[0]


class Guest(Visitor):
    """A visitor who came by `/q/`."""

    def __init__(self, client, mark, language="vi"):
        super().__init__(client, mark, language)
        self.address = f"/q/{mark}/{language}"

    def opens(self):
        from tests.people import _Form

        self.form = _Form(self.client.get(self.address).text)
        self.said = dict(self.form.hidden)
        self.answers_everything(4)
        return self


def answers(database):
    with database.reading() as session:
        return list(session.scalars(select(Response)))


def test_the_code_from_a_receipt_gives_one_answer_by_phone(phones, database, code):
    first = phones.get(f"/q/{code}").text
    assert f'href="/q/{code}/vi"' in first
    assert f": {code[:4]} {code[4:8]} {code[8:]}." in first
    guest = Guest(phones, code).opens()
    guest.reads_thanks(guest.sends())
    (row,) = answers(database)
    assert row.channel == 2


def test_a_resend_is_thanked_and_a_second_answer_is_not_taken(phones, database, code):
    guest = Guest(phones, code).opens()
    assert guest.sends().status_code == guest.sends().status_code == 303
    other = Guest(phones, code).opens().sends()
    assert other.status_code == 409
    assert "Mỗi mã chỉ được tính một lần" in other.text
    assert len(answers(database)) == 1


def test_a_code_is_not_good_for_other_answers_under_the_same_id(phones, database, code):
    guest = Guest(phones, code).opens()
    assert guest.sends().status_code == 303
    for item, value in {"B1.2": "1", "B2.2": "1", "sex": "m"}.items():
        before = guest.said[item]
        guest.answers(item, value)
        assert guest.sends().status_code == 409
        guest.answers(item, before)
    assert guest.sends().status_code == 303
    assert len(answers(database)) == 1


def test_after_the_end_nobody_learns_which_codes_were_used(phones, database, settings, code):
    Guest(phones, code).opens().sends()
    resent, tried = Guest(phones, code).opens(), Guest(phones, some_codes(database, settings)[0]).opens()
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    phones.application.extensions["sipas.kiosk"]._known.clear()
    replies = [guest.sends() for guest in (resent, tried, resent, tried)]
    assert {reply.status_code for reply in replies} == {410}
    assert (
        len(
            {
                reply.text.replace(guest.address.split("/")[2], "")
                for reply, guest in zip(replies, (resent, tried) * 2, strict=True)
            }
        )
        == 1
    )


def test_after_the_night_it_is_still_spent(phones, database, settings, code):
    Guest(phones, code).opens().sends()
    assert flush_redemptions(database, settings.home) == 1
    assert Guest(phones, code).opens().sends().status_code == 409
    assert len(answers(database)) == 1


def test_looking_spends_nothing_and_tells_nobody_whether_a_code_is_spent(phones, database, code):
    def look():
        pages_seen = [phones.get(f"/q/{code}{path}").data for path in ("", "/vi", "/en", "/vi/privacy", "/vi/thanks")]
        return [re.sub(rb'"[0-9a-f]{32}"', b"", page) for page in pages_seen]

    for _ in range(3):
        before = look()
    assert phones.head(f"/q/{code}").status_code == 200
    assert Guest(phones, code).opens().sends().status_code == 303
    assert look() == before


def test_an_abandoned_visit_and_one_with_mistakes_cost_nothing(phones, database, code):
    guest = Guest(phones, code).opens()
    del guest.said["service"]
    assert guest.sends().status_code == 422
    assert Guest(phones, code, "en").opens().sends().status_code == 303


def test_a_failure_between_costs_nobody_her_vote(phones, app, database, code, monkeypatch):
    import sipas.kiosk.views as views

    guest, receive = Guest(phones, code).opens(), views.receive
    app.config["PROPAGATE_EXCEPTIONS"] = app.testing = False
    monkeypatch.setattr(views, "receive", lambda *_, **__: 1 / 0)
    assert guest.sends().status_code == 500
    busy = Guest(phones, code).opens().sends()
    assert busy.status_code == 503  # reserved to the first for some minutes; the answers stay on the page
    assert "phút" in busy.text
    assert busy.headers["Retry-After"] == "600"
    assert 'name="O" value="4"' in busy.text
    monkeypatch.setattr(views, "receive", receive)
    guest.reads_thanks(guest.sends())  # the same page, sent again
    assert len(answers(database)) == 1


def test_an_answer_that_is_refused_leaves_its_code_free(phones, database, code, monkeypatch):
    from sipas.errors import N_, NoOpenWave
    from sipas.fieldwork.asking import AskingPoint

    def closed(*_, **__):
        raise NoOpenWave(
            N_("This survey has just been closed, so this answer could not be taken. Thank you all the same.")
        )

    still_open = AskingPoint.still_open
    monkeypatch.setattr(AskingPoint, "still_open", closed)
    assert Guest(phones, code).opens().sends().status_code == 404
    monkeypatch.setattr(AskingPoint, "still_open", still_open)
    assert Guest(phones, code).opens().sends().status_code == 303


def test_the_questionnaire_is_the_same_bytes_whatever_the_code_and_names_none(phones, database, settings):
    ours, seen = some_codes(database, settings, count=5), set()
    pages._prepared.cache_clear()
    for code in ours:
        page = phones.get(f"/q/{code}/vi").text
        assert code not in page
        seen.add(re.sub(r'value="[0-9a-f]{32}"', "", page))
    assert len(seen) == 1
    assert pages._prepared.cache_info().misses == 1
    assert 'action="vi#errors"' in page


def test_the_links_of_the_questionnaire_lead_where_they_should(phones, code):
    page = phones.get(f"/q/{code}/vi").text
    assert 'href="./"' in page  # to /q/<code>/, the start
    assert phones.get(f"/q/{code}/").status_code == 200
    assert 'href="en"' in page
    assert not re.search(r'"/q/|"/k/', page)


@pytest.mark.parametrize("typed", ["{code}", " {lower} ", "{spaced}", "{lower} "])
def test_a_typed_code_leads_to_its_page(phones, code, typed):
    said = typed.format(code=code, lower=code.lower(), spaced=invitation_codes.spaced(code))
    reply = phones.post("/q/", data={"code": said})
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/q/{code}")
    assert phones.get(f"/q/{said}", follow_redirects=True).status_code == 200


def test_a_slip_is_told_beside_the_field_with_what_was_typed(phones, code):
    slipped = code[:2] + ("3" if code[2] != "3" else "4") + code[3:]
    for reply in (phones.post("/q/?lang=en", data={"code": slipped}), phones.get(f"/q/{slipped}?lang=en")):
        assert reply.status_code == 422
        assert "One character of this code is not as printed" in reply.text
        assert f'value="{slipped}"' in reply.text
        assert 'aria-describedby="code-error"' in reply.text
        assert reply.text.count("<h1") == 1
    assert phones.post("/q/", data={}).status_code == 422


def test_unknown_and_expired_codes_get_a_friendly_page(phones, database, code):
    unknown = next(one for one in invitation_codes.fresh(5) if one != code)
    reply = phones.get(f"/q/{unknown}")
    assert reply.status_code == 404
    assert 'name="code"' in reply.text
    with database.writing() as session:
        session.execute(text("update invitation_batch set expires = 202001"))
    for path in ("", "/vi"):
        assert phones.get(f"/q/{code}{path}").status_code == 410
    assert phones.post(f"/q/{code}/vi", data={}).status_code == 410


@pytest.fixture
def old_code(phones, database, settings, monkeypatch):
    """A code as they were issued until November 2026, of eight characters."""
    with monkeypatch.context() as earlier:
        earlier.setattr(invitation_codes, "LENGTH", 8)
        (code,) = some_codes(database, settings)
    assert len(code) == 8
    return code


def wrong_codes(count, known):
    """Old codes that nobody issued."""
    some = (f"{number:07}" for number in itertools.count())
    return list(
        itertools.islice((one for first in some if (one := first + invitation_codes.check(first)) != known), count)
    )


def few_guesses(monkeypatch, at_once):
    monkeypatch.setattr(guesses, "_SHORT", Budget.of_failures(at_once, 0))


def test_a_code_of_november_is_read_and_gives_one_answer(phones, database, old_code):
    assert f"{old_code[:4]} {old_code[4:]}" in phones.get(f"/q/{old_code}").text
    assert Guest(phones, old_code).opens().sends().status_code == 303
    assert Guest(phones, old_code).opens().sends().status_code == 409


def test_who_guesses_old_codes_waits_and_nobody_else_does(phones, old_code, code, monkeypatch):
    few_guesses(monkeypatch, 200)
    guesser, office = {"REMOTE_ADDR": "203.0.113.9"}, {"REMOTE_ADDR": "203.0.113.10"}
    seen = [phones.get(f"/q/{one}", environ_base=guesser).status_code for one in wrong_codes(30, old_code)]
    assert seen == [404] * 18 + [429] * 12  # a tenth of what is left
    told = phones.get(f"/q/{old_code}", environ_base=guesser)
    assert told.status_code == 429
    assert "phút" in told.text
    guest = Guest(phones, old_code).opens()
    kept = phones.post(guest.address, data=guest.said, environ_base=guesser)
    assert kept.status_code == 503
    assert f'name="id" value="{guest.said["id"]}"' in kept.text
    assert phones.get(f"/q/{code}", environ_base=guesser).status_code == 200  # one of today's length
    assert phones.get(f"/q/{old_code}", environ_base=office).status_code == 200
    assert phones.post(guest.address, data=guest.said, environ_base=office).status_code == 303


def test_where_all_guesses_of_a_day_are_used_up_codes_of_today_go_on(phones, old_code, code, monkeypatch):
    few_guesses(monkeypatch, 20)
    for number, one in enumerate(wrong_codes(20, old_code)):
        assert phones.get(f"/q/{one}", environ_base={"REMOTE_ADDR": f"198.51.100.{number}"}).status_code == 404
    fresh = {"REMOTE_ADDR": "203.0.113.10"}
    assert phones.get(f"/q/{old_code}", environ_base=fresh).status_code == 429
    assert phones.get(f"/q/{code}", environ_base=fresh).status_code == 200
    assert Guest(phones, code).opens().sends().status_code == 303
    unknown = next(one for one in invitation_codes.fresh(2) if one != code)
    assert {phones.get(f"/q/{unknown}", environ_base=fresh).status_code for _ in range(100)} == {404}


def test_a_point_named_like_a_code_before_codes_were_longer_is_still_found(phones, database, monkeypatch):
    name = next(
        one for last in invitation_codes.ALPHABET if invitation_codes.is_code(one := f"so-tu-phuc-120{last}".lower())
    )
    with monkeypatch.context() as earlier:
        earlier.setattr(invitation_codes, "is_code", lambda _code: False)
        a_point(database, name, form="short", channel="web")
    guest = Guest(phones, name).opens()
    guest.reads_thanks(guest.sends())
    assert phones.get(f"/q/{name}").status_code == 200
    assert of_app(phones.application).limits.used(UNKNOWN_CODES, clock.today()) == 0


def test_slips_that_the_check_character_catches_are_not_counted_as_guesses(phones, code):
    slipped = code[:2] + ("3" if code[2] != "3" else "4") + code[3:]
    for _ in range(30):
        assert phones.get(f"/q/{slipped}").status_code == 422
    assert phones.get(f"/q/{code}").status_code == 200
    assert of_app(phones.application).limits.used(UNKNOWN_CODES, clock.today()) == 0


def test_behind_a_named_proxy_people_are_told_apart(phones, old_code, monkeypatch):
    few_guesses(monkeypatch, 200)
    of_app(phones.application).limits._proxies = (ipaddress.ip_network("127.0.0.1"),)
    for one in wrong_codes(19, old_code):
        phones.get(f"/q/{one}", headers={"X-Forwarded-For": "198.51.100.4, 203.0.113.9"})
    assert phones.get(f"/q/{old_code}", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 429
    assert phones.get(f"/q/{old_code}", headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 200
    assert phones.get(f"/q/{old_code}", headers={"X-Forwarded-For": "198.51.100.4"}).status_code == 200


def test_the_poster_leads_to_the_same_questionnaire_without_a_code(phones, database):
    guest = Guest(phones, "poster").opens()
    guest.reads_thanks(guest.sends())
    (row,) = answers(database)
    assert row.channel == 2
    assert phones.get("/q/nowhere-at-all").status_code in (404, 422)


def test_where_codes_are_required_no_other_way_leads_to_an_answer(phones, database, settings, code):
    asked = phones.get("/q/to-hieu-phone")
    assert 'name="code"' in asked.text
    assert 'name="code"' in phones.get("/q/to-hieu-phone/vi").text
    for path in ("/k/to-hieu-phone", "/k/to-hieu-phone/vi", "/k/to-hieu-phone/vi/privacy"):
        assert phones.get(path).headers["Location"] == "/q/to-hieu-phone"
    guest = Guest(phones, code).opens()
    for door in ("/q/to-hieu-phone/vi", "/k/to-hieu-phone/vi"):
        assert phones.post(door, data=guest.said).status_code in (303, 403)
    assert answers(database) == []
    with database.writing() as session:
        set_invitation(session, "to-hieu-phone", "optional")
    app_visits = phones.application.extensions["sipas.kiosk"]
    app_visits._known.clear()
    assert 'href="/q/?lang=vi"' in phones.get("/q/to-hieu-phone").text  # who has a code finds the field for it
    assert 'href="/q/?lang=vi"' not in phones.get("/q/poster").text
    guest.address = "/q/to-hieu-phone/vi"
    guest.reads_thanks(guest.sends())
    assert len(answers(database)) == 1


def test_the_pages_of_a_phone_are_no_kiosks(phones, database, settings):
    a_point(database, "lobby", form="short")
    page = phones.get("/q/lobby/vi").text
    assert "data-kiosk" not in page
    assert "data-idle" not in page
    phones.get("/k/lobby/vi")
    assert "data-idle" in phones.get("/k/lobby/vi").text


def test_where_a_code_is_typed_in_a_demo_the_page_says_that_it_is_none(phones, settings):
    for demo in (False, True):
        if demo:
            settings.paths.demo.touch()
        for path in ("/q/", "/q/2345CFHJ678L"):
            page = phones.get(f"{path}?lang=en").text
            assert ("Demonstration: this is not a real survey." in page) == demo, (path, demo)


def test_the_privacy_page_says_what_is_kept_of_a_code(phones, code):
    assert "Of your code a mark is kept" in phones.get(f"/q/{code}/en/privacy").text
    assert "Of your code a mark is kept" not in phones.get("/q/poster/en/privacy").text


def test_a_code_withdrawn_meanwhile_is_not_taken(phones, database, code):
    guest = Guest(phones, code).opens()
    with database.writing() as session:
        session.execute(text("update invitation set spent = :yes"), {"yes": True})
        assert session.scalar(select(Invitation.spent)) is True
    assert guest.sends().status_code == 409
    assert answers(database) == []


def test_an_answer_that_comes_after_the_freeze_is_told_so_and_its_code_is_used_up(phones, database, settings, code):
    from sipas.fieldwork.waves import close_wave
    from sipas.publishing.freeze import freeze

    poster = Guest(phones, "poster").opens()
    poster.reads_thanks(poster.sends())  # a wave without any answer cannot be frozen
    guest, today = Guest(phones, code).opens(), clock.today()
    assert guest.said["wave"] == "w1"
    with database.writing() as session:
        close_wave(session, "w1", today)
    freeze(database, settings.home, "w1", today)
    phones.application.extensions["sipas.kiosk"]._known.clear()
    assert phones.get(f"/q/{code}").status_code == 410
    reply = guest.sends()
    assert reply.headers["Location"].startswith(f"/q/{code}/vi/late?wave=w1")
    assert phones.get(reply.headers["Location"]).status_code == 200
    assert len(answers(database)) == 1


@pytest.mark.parametrize("door", ["kiosk", "poster", "code"])
def test_point_clock_and_language_are_looked_up_once_for_a_form_that_is_sent(phones, database, settings, door):
    marks = some_codes(database, settings, count=2) if door == "code" else ["poster"] * 2
    for mark in marks:  # what a process does once is done by the first
        guest = Guest(phones, mark, "en")
        guest.address = guest.address.replace("/q/", "/k/") if door == "kiosk" else guest.address
        guest.opens()
        calls = calls_of(guest.sends)
    assert len(answers(database)) == 2
    assert [row.language for row in answers(database)] == [2, 2]
    for module, function in (
        ("fieldwork/asking", "AskingPoints.at"),
        ("clock", "now"),
        ("i18n/catalogs", "speak"),
        ("intake/receive", "receive"),
        ("intake/anonymise", "anonymise"),
    ):
        assert calls.of(module, function) == 1, function

"""A person's own phone: `/q/<code>` from the strip at her receipt, `/q/<point>` from the poster on the wall, and `/q/`
for whoever types a code. The same questionnaire as at the kiosk; its answers carry the channel `phone`.

No GET spends a code, nor tells whether it is spent: programs that preview links open them unasked, and whoever handed a
code out could watch for the moment of its use. Only a posted answer spends it (`sipas.intake.invitations`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from flask import Blueprint, g, make_response, render_template, request
from werkzeug.wrappers import Response

from sipas import i18n
from sipas.errors import N_, NoOpenWave, SipasError, UnknownPoint
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.asking import AskingPoint
from sipas.fieldwork.points import point as point_of
from sipas.intake import COARSER, PLACELESS, STORED, Outcome, Visit
from sipas.intake.invitations import CodeInUse, CodeSpent, redeeming
from sipas.intake.receive import identity_of
from sipas.intake.redemption_journal import PATIENCE
from sipas.intake.ways import COUNTED
from sipas.intake.ways import Way as Came
from sipas.inviting import CodeExpired, Invited, UnknownInvitation, guesses, invited
from sipas.inviting.guesses import TooManyGuesses
from sipas.keyring import wave_keys
from sipas.kiosk import nothing_asked, pages, retry_page
from sipas.kiosk.blueprint import (
    allow_its_style,
    leave_no_copy,
    look_at_the_clock,
    offered_here,
    speak_what_is_offered,
    ways_to_see_it,
    what_is_asked,
)
from sipas.kiosk.point_view import PointView
from sipas.kiosk.preset import Preset
from sipas.kiosk.views import LANGUAGE, remember_nothing, sent_by, store_visit
from sipas.kiosk.welcome import welcome
from sipas.web.installation import installation
from sipas.web.links import address, go, here
from sipas.web.request_language import province_of_request

phone = Blueprint("phone", __name__, template_folder="templates")
phone.after_request(leave_no_copy)
phone.after_request(allow_its_style)
phone.before_request(look_at_the_clock)
phone.before_request(speak_what_is_offered)
phone.context_processor(ways_to_see_it)
phone.add_app_template_filter(invitation_codes.spaced, "spaced")
retry_page.install(phone)
nothing_asked.install(phone)

ENDS = ("phone.send", "phone.thanks", "phone.late")  # of a page that may be older than the end of its wave


class NeedsInvitation(SipasError):
    """The point takes no answer without a code."""

    status = 403


@dataclass(frozen=True)
class Arrival:
    """By which a visitor came: to which point, and with which code, if any."""

    asking: AskingPoint
    place: PointView
    invited: Invited | None

    def redeeming(self, visit: Visit, submission: str) -> AbstractContextManager[None]:
        """The block in which the answer is stored; it spends the code.

        What was said is part of the submission, as it is of the row's key: other answers under the same id are another
        answer, and the code has none left for it.
        """
        if self.invited is not None:
            ours, invited = installation(), self.invited
            return redeeming(ours.database, ours.home, invited.key, invited.code, f"{submission}|{identity_of(visit)}")
        if self.must_bring_a_code:
            raise NeedsInvitation(N_("This survey asks for the code on the strip at your receipt."))
        return nullcontext()

    @property
    def must_bring_a_code(self) -> bool:
        """Whether this visitor may look, but not answer."""
        return self.invited is None and self.asking.point.invitation == "required"


def _way(mark: str) -> Arrival:
    """The way behind an address. Raises what can be wrong with a code, UnknownPoint or NoOpenWave."""
    opened_in = request.values.get("wave", "") if request.endpoint in ENDS else ""
    if invitation_codes.is_code(mark) and (guest := _guest(mark, opened_in)):
        asking = what_is_asked(guest.point, opened_in)
        if asking.wave.code != guest.wave:
            raise _over()
        return _kept(Arrival(asking, PointView.of(asking).on_own_phone(guest.code), guest))
    try:
        asking = what_is_asked(mark, opened_in)
    except UnknownPoint:
        invitation_codes.read(mark)  # says what is wrong with it
        raise
    return _kept(Arrival(asking, PointView.of(asking).on_own_phone(), None))


def _over() -> CodeExpired:
    return CodeExpired(N_("The time for answering with this code is over. Thank you for wanting to answer."))


def _kept(way: Arrival) -> Arrival:
    """The way, its place and preset remembered for whatever page is drawn."""
    g.place = way.place
    g.preset = Preset.sent(way.place) if request.method == "POST" else Preset.of(way.place)
    return way


def _guest(mark: str, opened_in: str) -> Invited | None:
    """Whom a code invites; None where it is the code of a point, made when codes of this length were not yet known."""
    ours, code = installation(), invitation_codes.read(mark)
    limits, address = ours.limits, ours.limits.address_of(request)
    guesses.check(limits, code, address)
    try:
        with installation().database.reading() as session:
            return invited(session, ours.home, code, g.today, opened_in)
    except UnknownInvitation:
        if _is_point(mark):
            return None
        guesses.wrong(limits, code, address, g.today)
        raise


def _is_point(mark: str) -> bool:
    try:
        with installation().database.reading() as session:
            return bool(point_of(session, mark))
    except UnknownPoint:
        return False


def _entry(typed: str = "", error: SipasError | None = None, place: PointView | None = None) -> str:
    g.preset = Preset.of(None)
    is_demo = installation().paths.demo.exists()  # before a code is typed no wave says whether it is simulated
    return render_template("kiosk/code.html", typed=typed, error=error, place=place, is_demo=is_demo)


def _say(error: SipasError) -> tuple[str, int] | Response:
    """What is wrong with a code, beside its field; answers that need but wait stay on their page."""
    if request.endpoint == "phone.send" and isinstance(error, CodeInUse | TooManyGuesses):
        return retry_page.page(60 * PATIENCE, i18n.say(error))
    typed = request.form.get("code") or (request.view_args or {}).get("point", "")
    return _entry(typed[:40], error), error.status


for kind in (invitation_codes.Misread, UnknownInvitation, CodeExpired, CodeSpent, CodeInUse, TooManyGuesses):
    phone.register_error_handler(kind, _say)


@phone.get("/")
def entry() -> str:
    """A field for the code."""
    return _entry()


@phone.post("/")
def find() -> Response:
    """Where a typed code leads; this spends nothing."""
    look = Preset.of(None).query
    return go(address(".start", point=invitation_codes.read(request.form.get("code", "")), **look))


@phone.get("/<point>", strict_slashes=False)
def start(point: str) -> str | Response:
    """Who asks, why, how long, and the choice of language."""
    if invitation_codes.is_code(point) and invitation_codes.read(point) != point and not _is_point(point):
        return go(here(point=invitation_codes.read(point)))
    way = _way(point)
    wave_keys.refuse_without(installation().home, way.asking.wave.code)
    if way.must_bring_a_code:
        return _entry(place=way.place)
    return render_template(
        "kiosk/start.html",
        place=way.place,
        invited=way.invited,
        has_codes=way.asking.point.invitation == "optional",
        welcome=welcome(way.place, province_of_request(), offered_here(), g.preset.service),
        way_in=pages.way_in(way.place, g.preset),
    )


@phone.get(f"/<point>/{LANGUAGE}")
def questionnaire(point: str, language: str) -> str | Response:
    """All questions in one document, which is the same whatever the code."""
    way = _way(point)
    wave_keys.refuse_without(installation().home, way.asking.wave.code)
    return _entry(place=way.place) if way.must_bring_a_code else pages.questionnaire(way.place, g.preset)


@phone.post(f"/<point>/{LANGUAGE}")
def send(point: str, language: str) -> Response:
    """Spends the code and takes the answers, or shows them again with what is missing."""
    way = _way(point)
    form = pages.form_of(way.place, request.form)
    if not form.validate():
        return pages.with_errors(way.place, g.preset, form)
    visit = sent_by(way.asking, form, channel="phone")
    try:
        with way.redeeming(visit, form.submission):
            outcome = store_visit(way.asking, visit, form, Came.CODE if way.invited else Came.OPEN)
    except (CodeSpent, CodeInUse, NoOpenWave) as error:
        if way.invited is None or way.asking.asks:
            raise
        raise _over() from error  # after the end one could try codes at no cost, and learn who had answered
    there = ".late" if outcome is Outcome.LATE else ".thanks"
    wave = None if way.asking.asks else way.asking.wave.code
    return go(address(there, point=point, language=language, wave=wave, anchor="done", **g.preset.query))


@phone.get(f"/<point>/{LANGUAGE}/late")
def late(point: str, language: str) -> str:
    """The end of a visit whose wave had been frozen."""
    return render_template("kiosk/late.html", place=_way(point).place)


@phone.get(f"/<point>/{LANGUAGE}/privacy")
def privacy(point: str, language: str) -> str:
    """What is stored of an answer, and what of a code."""
    way = _way(point)
    return render_template(
        "kiosk/privacy.html",
        place=way.place,
        invited=way.invited,
        stored=STORED,
        coarser=COARSER,
        placeless=PLACELESS,
        counted=COUNTED,
    )


@phone.get(f"/<point>/{LANGUAGE}/thanks")
def thanks(point: str, language: str) -> Response:
    """The end; with a code there is no way back to a form, for a second answer would find the code spent."""
    way = _way(point)
    page = render_template(
        "kiosk/thanks.html", place=way.place, invited=way.invited, results_at=nothing_asked.results_address()
    )
    return remember_nothing(make_response(page), "/q")


@phone.get("/<point>/stop")
def stop(point: str) -> Response:
    """A private way out, as at a kiosk."""
    return remember_nothing(go(address(".start", point=point)), "/q")

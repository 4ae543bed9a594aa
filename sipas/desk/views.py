"""What an officer sees: waves and their progress, drafts and releases, and the command for the next step."""

from __future__ import annotations

from pathlib import Path

from flask import render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from sipas import i18n
from sipas.accounts import audit_log
from sipas.accounts.decisions import Decider
from sipas.desk.blueprint import desk, may, officer, scope
from sipas.desk.own import WrongPassword
from sipas.desk.progress import WHOLE, of_wave, summaries
from sipas.desk.signing import WRONG_CODE, Page, code_is_right, code_of_a_demo
from sipas.desk.ways import Came, ways_by_place
from sipas.errors import N_, NotReady, SipasError
from sipas.expiry.trusted_date import look
from sipas.fieldwork.models import Point
from sipas.fieldwork.silence import last_look
from sipas.fieldwork.small_cells.report import settled
from sipas.fieldwork.waves import wave_of
from sipas.monitoring.findings import answers, service_findings
from sipas.monitoring.signs import BAD
from sipas.publishing import published, shortened
from sipas.publishing.endings import Ending, endings
from sipas.publishing.models import DestructionStop
from sipas.publishing.reconcile import at_a_glance
from sipas.publishing.release_view import ORDERS, ReleaseView
from sipas.publishing.review import approve, release_of, releases
from sipas.web.installation import installation
from sipas.web.links import go, link


@desk.get("")
def overview() -> str:
    """All waves and all releases."""
    watch = last_look(installation().home)
    with installation().database.reading() as session:
        return render_template(
            "desk/overview.html",
            waves=list(reversed(summaries(session, installation().today(), watch, scope()))),
            releases=list(reversed(releases(session))) if may("desk.release") else [],
            is_whole=scope() == WHOLE,
            ends={one.wave: one.due for one in reversed(_endings(session))},
            known=look(installation().home),
            today=installation().today(),
            amiss=_amiss(session) if scope() == WHOLE else [],
        )


@desk.get("/")
def with_a_slash() -> Response:
    """A slash too many is no reason to be turned away."""
    return go(link("desk.overview"), 302)


@desk.get("/wave/<code>")
def wave(code: str) -> str:
    """One wave: answers at each point, which of them are silent, and what the nights to come destroy."""
    watch = last_look(installation().home)
    with installation().database.reading() as session:
        one = wave_of(session, code)
        found = of_wave(session, one, installation().today(), watch, scope())
        return render_template(
            "desk/wave.html",
            progress=found,
            silent=found.silent,
            watch=watch,
            settled=settled(session, one) if scope() == WHOLE else None,
            ways=[came for came in ways_by_place(session, one) if scope().covers(_unit_of(came))],
            is_whole=scope() == WHOLE,
            endings=[each for each in _endings(session) if each.wave == code],
            stop=session.get(DestructionStop, one.id),
            known=look(installation().home),
            today=installation().today(),
        )


def _unit_of(came: Came) -> str:
    return came.place.unit if isinstance(came.place, Point) else came.place.code


@desk.get("/release/<code>")
def release(code: str) -> Page:
    """One release as its readers will see it, with what is still to be done."""
    return _release(code, "", 200)


@desk.post("/release/<code>/approve")
def approve_release(code: str) -> Page:
    """An approver's yes to a draft that another account built; her second factor is asked for once more."""
    ours, who = installation(), officer()

    try:
        if not code_is_right(who.name, request.form.get("code", "")):
            raise WrongPassword(WRONG_CODE)
        with audit_log.deed(ours.home, who.name, "release approve", code):
            approve(ours.database, ours.home, code, Decider(who.person, who.name), ours.today())
    except SipasError as error:
        return _release(code, i18n.say(error), 422)
    return go(link("desk.release", code=code))


def _release(code: str, problem: str, status: int) -> Page:
    with installation().database.reading() as session:
        record = release_of(session, code)
        issue = published.open_folder(_folder(record.code, record.state))
    order = request.args.get("sort", "")
    return render_template(
        "desk/release.html",
        record=record,
        edition=ReleaseView(issue.manifest, issue.table, i18n.language()),
        order=order if order in ORDERS else "registry",
        problem=problem,
        shown=code_of_a_demo(officer()) if record.state == "draft" and may("desk.approve_release") else "",
    ), status


def _amiss(session: Session) -> list[str]:
    """What concerns whoever runs the server: whether answers are stored, the night, where home and database differ."""
    ours = installation()
    found = (*answers(ours.database, ours.settings), *service_findings(ours.settings))
    told = [sentence for sign, sentence in found if sign == BAD]
    return told + [i18n.say(one.error) for one in at_a_glance(session, ours.home)]


def _endings(session: Session) -> list[Ending]:
    """What the nights of the next ten days destroy, soonest first."""
    ours = installation()
    held = shortened.look(ours.home, ours.settings.retention, ours.today())
    return endings(session, ours.home, held.days, ours.today())


def _folder(code: str, state: str) -> Path:
    paths = installation().paths
    folder = paths.release(code) if state == "published" else paths.draft(code)
    if not (folder / published.MANIFEST).is_file():
        raise NotReady(
            N_("The files of release {code} are missing from SIPAS_HOME/{folder}; restore them from a backup."),
            code=code,
            folder=folder.parent.name,
        )
    return folder

"""What an officer sees: waves and their progress, drafts and releases, and the command for the next step."""

from __future__ import annotations

from pathlib import Path

from flask import current_app, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from sipas import clock, i18n
from sipas.desk.blueprint import desk
from sipas.desk.progress import of_wave, summaries
from sipas.desk.ways import ways
from sipas.errors import N_, NotReady
from sipas.expiry.trusted_date import look
from sipas.fieldwork.silence import last_look
from sipas.fieldwork.small_cells.report import settled
from sipas.fieldwork.waves import wave_of
from sipas.monitoring.findings import answers, service
from sipas.monitoring.signs import BAD
from sipas.publishing import published, shortened
from sipas.publishing.endings import Ending, endings
from sipas.publishing.models import DestructionStop
from sipas.publishing.reconcile import at_a_glance
from sipas.publishing.release_view import ORDERS, ReleaseView
from sipas.publishing.review import release_of, releases
from sipas.web.links import go, link


@desk.get("")
def overview() -> str:
    """All waves and all releases."""
    watch = last_look(_home())
    with current_app.config["DATABASE"].reading() as session:
        return render_template(
            "desk/overview.html",
            waves=list(reversed(summaries(session, clock.today(), watch))),
            releases=list(reversed(releases(session))),
            ends={one.wave: one.due for one in reversed(_endings(session))},
            known=look(_home()),
            today=clock.today(),
            amiss=_amiss(session),
        )


@desk.get("/")
def with_a_slash() -> Response:
    """A slash too many is no reason to be turned away."""
    return go(link("desk.overview"), 302)


@desk.get("/wave/<code>")
def wave(code: str) -> str:
    """One wave: answers at each point, which of them are silent, and what the nights to come destroy."""
    watch = last_look(_home())
    with current_app.config["DATABASE"].reading() as session:
        one = wave_of(session, code)
        found = of_wave(session, one, clock.today(), watch)
        return render_template(
            "desk/wave.html",
            progress=found,
            silent=found.silent,
            watch=watch,
            settled=settled(session, one),
            ways=ways(session, one),
            endings=[each for each in _endings(session) if each.wave == code],
            stop=session.get(DestructionStop, one.id),
            known=look(_home()),
            today=clock.today(),
        )


@desk.get("/release/<code>")
def release(code: str) -> str:
    """One release as its readers will see it, with what is still to be done."""
    with current_app.config["DATABASE"].reading() as session:
        record = release_of(session, code)
        issue = published.open_folder(_folder(record.code, record.state))
    order = request.args.get("sort", "")
    return render_template(
        "desk/release.html",
        record=record,
        edition=ReleaseView(issue.manifest, issue.table, i18n.language()),
        order=order if order in ORDERS else "registry",
    )


def _amiss(session: Session) -> list[str]:
    """What concerns whoever runs the server: whether answers are stored, the night, where home and database differ."""
    where, database = current_app.config["SETTINGS"], current_app.config["DATABASE"]
    told = [sentence for sign, sentence in (*answers(database, where), *service(where)) if sign == BAD]
    return told + [i18n.say(one.error) for one in at_a_glance(session, _home())]


def _home() -> Path:
    return current_app.config["SETTINGS"].home


def _endings(session: Session) -> list[Ending]:
    """What the nights of the next ten days destroy, soonest first."""
    held = shortened.look(_home(), current_app.config["SETTINGS"].retention, clock.today())
    return endings(session, _home(), held.days, clock.today())


def _folder(code: str, state: str) -> Path:
    folder = _home() / ("releases" if state == "published" else "drafts") / code
    if not (folder / published.MANIFEST).is_file():
        raise NotReady(
            N_("The files of release {code} are missing from SIPAS_HOME/{folder}; restore them from a backup."),
            code=code,
            folder=folder.parent.name,
        )
    return folder

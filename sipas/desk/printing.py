"""Posters and strips from the desk: PDF files to download. Issuing codes is the one thing that the desk writes here."""

from __future__ import annotations

from flask import Response, request
from sqlalchemy.orm import Session

from sipas.desk.blueprint import desk, logged, own_point
from sipas.errors import N_
from sipas.fieldwork.models import Point
from sipas.fieldwork.waves import is_simulated_at
from sipas.inviting import issue, printing
from sipas.inviting.book import BadIssue
from sipas.registry.province import province
from sipas.web.installation import installation

MOST = 600  # strips at once: sixty sheets, some seconds


@desk.get("/poster")
def poster() -> Response:
    """A point's poster, on A4 or A3."""
    ours = installation()
    with ours.database.reading() as session:
        place = own_point(session, request.args.get("point", ""))
        imprint = _imprint(session, place)
    made = printing.poster(place, imprint, request.args.get("size", "A4"))
    return _file(made, f"poster-{place.code}.pdf")


@desk.post("/strips")
def strips() -> Response:
    """Fresh codes for a point, as strips for receipts; they stand in this file and nowhere else."""
    ours = installation()
    count = request.form.get("count", "")
    if not (count.isdecimal() and len(count) < 6) or not 1 <= int(count) <= MOST:
        raise BadIssue(N_("Between 1 and {most} codes can be issued at once."), most=MOST)
    printing.ready(ours.settings.address)
    with ours.database.writing() as session:
        place = own_point(session, request.form.get("point", ""))
        imprint = _imprint(session, place)
        made = issue(session, ours.home, place.code, int(count), ours.today())
    logged("codes issued", place.code, count=int(count))
    printed = printing.strips(place, made.codes, made.expires, imprint)
    return _file(printed, f"strips-{place.code}.pdf")


def _imprint(session: Session, place: Point) -> printing.Imprint:
    ours = installation()
    simulated = is_simulated_at(session, place, ours.home)
    return printing.Imprint(ours.settings.address, province(session, ours.today()), simulated)


def _file(pdf: bytes, name: str) -> Response:
    return Response(pdf, mimetype="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'})

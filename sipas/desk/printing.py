"""Posters and strips from the desk: PDF files to download. Issuing codes is the one thing that the desk writes here."""

from __future__ import annotations

from flask import Response, request

from sipas.desk.blueprint import desk
from sipas.errors import N_
from sipas.fieldwork.points import point
from sipas.inviting import issue, printing
from sipas.inviting.book import BadIssue
from sipas.registry.province import province
from sipas.web.installation import installation

MOST = 600  # strips at once: fifty sheets, some seconds


@desk.get("/poster")
def poster() -> Response:
    """A point's poster, on A4 or A3."""
    ours = installation()
    with ours.database.reading() as session:
        place = point(session, request.args.get("point", ""))
        asker = province(session, ours.today())
    made = printing.poster(place, ours.settings.address, asker, request.args.get("size", "A4"))
    return _file(made, f"poster-{place.code}.pdf")


@desk.post("/strips")
def strips() -> Response:
    """Fresh codes for a point, as strips for receipts; they stand in this file and nowhere else."""
    ours = installation()
    count = request.form.get("count", "")
    if not count.isdecimal() or not 1 <= int(count) <= MOST:
        raise BadIssue(N_("Between 1 and {most} codes can be issued at once."), most=MOST)
    printing.ready(ours.settings.address)
    with ours.database.writing() as session:
        asker, place = province(session, ours.today()), point(session, request.form.get("point", ""))
        made = issue(session, ours.home, place.code, int(count), ours.today())
    printed = printing.strips(place, made.codes, made.expires, ours.settings.address, asker)
    return _file(printed, f"strips-{place.code}.pdf")


def _file(pdf: bytes, name: str) -> Response:
    return Response(pdf, mimetype="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'})

"""The log of deeds, for administrators: newest first, by account and deed; as a file with its digests."""

from __future__ import annotations

import json

from flask import Response, render_template, request

from sipas.accounts import audit_log, directory
from sipas.desk.blueprint import desk, officer, store
from sipas.web.installation import installation


@desk.get("/log")
def log() -> str:
    """A hundred entries, and the way to older ones."""
    account, deed = request.args.get("account", ""), request.args.get("deed", "")
    newest = request.args.get("newest", type=int)
    newest = min(newest, 1 << 62) if newest is not None else None
    with store().reading() as reading:
        found = audit_log.entries(reading, account, deed, newest, audit_log.PAGE + 1)
        head, deeds = audit_log.head(reading), audit_log.deeds(reading)
        people = {one.name: one.person for one in directory.listed(reading)}
    shown = found[: audit_log.PAGE]
    return render_template(
        "desk/log.html",
        entries=[(one, json.loads(one.facts)) for one in shown],
        older=found[audit_log.PAGE].number if len(found) > audit_log.PAGE else None,
        account=account,
        deed=deed,
        deeds=deeds,
        people=people,
        head=head,
        faults=audit_log.faults(installation().home),
    )


@desk.get("/log.csv")
def log_file() -> Response:
    """The whole log."""
    with store().reading() as reading:
        file = audit_log.as_csv(reading)
    audit_log.note(installation().home, officer().name, "log exported")
    return Response(file, mimetype="text/csv", headers={"Content-Disposition": 'attachment; filename="sipas-log.csv"'})

"""The address `/`: what this server shows, and whether it is well."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, render_template
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response as AnyResponse

from sipas.disk import Disk
from sipas.errors import SipasError
from sipas.links import address, go
from sipas.settings import Settings

front = Blueprint("front", __name__)


@front.get("/")
def first() -> str | AnyResponse:
    """The public results where they are served, else one plain page."""
    if "results" in current_app.config["SETTINGS"].parts:
        return go(address("results.province"), 302)
    return render_template("front.html")


@front.get("/health")
def health() -> Response:
    """For the operator's monitor: whether the database answers, whether the disk has room, and how many points the last
    night found silent against their own pattern (null: no night has looked yet); nothing else."""
    settings = current_app.config["SETTINGS"]
    try:
        current_app.config["DATABASE"].check()
        database = "ok"
    except (SipasError, DBAPIError):
        database = "down"
    disk = "low" if Disk.of(settings.home).is_low else "ok"
    status = "down" if database == "down" else "warn" if disk == "low" else "ok"
    response = jsonify(status=status, database=database, disk=disk, **_silent(settings))
    response.status_code = 503 if status == "down" else 200  # a low disk still takes answers
    response.headers["Cache-Control"] = "no-store"
    return response


def _silent(settings: Settings) -> dict[str, int | None]:
    """Told by a server that has kiosks; one that shows results alone knows nothing of points."""
    if "kiosk" not in settings.parts:
        return {}
    from sipas.fieldwork.silence import last_look

    found = last_look(settings.home)
    return {"silent": found and len(found.silent)}

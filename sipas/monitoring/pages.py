"""The address `/`: what this server shows, and whether it is well."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from sipas.monitoring.health import Health, Report, readiness
from sipas.web.installation import installation, of_app
from sipas.web.links import go, link

front = Blueprint("front", __name__)


@front.record
def set_up(state: BlueprintSetupState) -> None:
    """Gives the application one health, which remembers for a second what it found."""
    ours = of_app(state.app)
    state.app.extensions["sipas.front"] = Health(ours.database, ours.settings)


def looks() -> Health:
    """What this application knows of its health."""
    found: Health = current_app.extensions["sipas.front"]
    return found


@front.get("/")
def first() -> AnyResponse:
    """The public results where they are served, else one plain page; in the language named, or the browser's own."""
    if "results" in installation().settings.parts:
        response: AnyResponse = go(link("results.province"), 302)
    else:
        response = make_response(render_template("front.html"))
    response.vary.add("Accept-Language")
    return response


@front.get("/health")
def health() -> Response:
    """For the operator's monitor: whether an answer can be stored now, and what needs the operator; nothing else."""
    report = looks().report()
    return _told(report, 503 if report["status"] == "down" else 200)


@front.get("/ready")
def ready() -> Response:
    """For whoever starts servers: whether this one can begin its work."""
    report = readiness(installation().database)
    return _told(report, 200 if report["status"] == "ok" else 503)


def _told(report: Report, status: int) -> Response:
    response = jsonify(report)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response

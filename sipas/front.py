"""The address `/`: what this server shows, and whether it is well."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

front = Blueprint("front", __name__)


@front.get("/")
def first() -> str | AnyResponse:
    """The public results where they are served, else one plain page."""
    if "results" in current_app.config["SETTINGS"].parts:
        return redirect(url_for("results.province"))
    return render_template("front.html")


@front.get("/health")
def health() -> Response:
    """For the operator's monitor: says that the database answers, and nothing else."""
    current_app.config["DATABASE"].check()
    return jsonify(status="ok")

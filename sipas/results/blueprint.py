"""The blueprint, what its templates may use, and what browsers and proxies may keep."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState

from sipas.publishing.charts import TEMPLATE_TOOLS
from sipas.web import assets

results = Blueprint("results", __name__, template_folder="templates")


@results.record
def give_tools(state: BlueprintSetupState) -> None:
    """Chart macros look these up."""
    state.app.jinja_env.globals.update(TEMPLATE_TOOLS)


@results.after_request
def keep_for_a_minute(response: Response) -> Response:
    """A page carries the digest of its bytes, so that asking again costs nothing while nothing has changed."""
    response = assets.pack(response)
    if response.status_code == 200 and not response.direct_passthrough and "ETag" not in response.headers:
        response.headers["Cache-Control"] = "public, max-age=60"
        response.add_etag()
        response.make_conditional(request)
    return response

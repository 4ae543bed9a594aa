"""Where nothing is asked at present: a plain word, what came out last time, and no button that leads nowhere."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from sipas import i18n
from sipas.errors import NoOpenWave
from sipas.i18n import _, plural
from sipas.publishing import published
from sipas.publishing.release_view import ReleaseView
from sipas.web import error_pages
from sipas.web.installation import installation
from sipas.web.links import link


def install(blueprint: Blueprint) -> None:
    """The pages of this blueprint say so where they meet no open wave."""
    blueprint.register_error_handler(NoOpenWave, _page)


def results_address() -> str:
    """Where results are read, as it is written on paper: `sonla.example.vn/results`; "" where it is not known."""
    given = installation().settings.address.partition("://")[2]
    return f"{given}/results" if given and "results.province" in current_app.view_functions else ""


def last_result() -> str:
    """The newest published figure of the province in a sentence; "" without a release, or where it cannot be shown."""
    issue = published.newest(installation().home)
    if issue is None:
        return ""
    view = ReleaseView(issue.manifest, issue.table, i18n.language())
    figure = view.figure()
    if figure.value is None or figure.low is None or figure.high is None:
        return ""
    said = _(
        "The last result of {province}: {share} of answers were satisfied (uncertainty counted in, {low} to {high}; "
        "{answers}).",
        province=view.province,
        share=i18n.percent(figure.value),
        low=i18n.percent(figure.low),
        high=i18n.percent(figure.high),
        answers=plural("one form", "{n} forms", view.responses),
    )
    return f"{_('SIMULATED')}: {said}" if view.simulated else said


def _page(error: NoOpenWave) -> Response:
    error_pages.speak_as_the_path_says()
    public = request.path.startswith("/q/") and "results.province" in current_app.view_functions
    return error_pages.page(
        error.status,
        lambda: i18n.say(error),
        error,
        last=last_result,
        results=link("results.province") if public else "",
    )

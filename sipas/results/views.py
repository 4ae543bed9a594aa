"""Pages of a release: the province, one unit, one service field, and how it was computed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flask import render_template, request
from werkzeug.wrappers import Response

from sipas import i18n
from sipas.publishing import published
from sipas.publishing.release_view import ORDERS, ReleaseView
from sipas.results.blueprint import results
from sipas.results.files import release_files
from sipas.results.plain_names import plain_names
from sipas.web.installation import installation
from sipas.web.links import address, asked, go, link


@results.get("")
def province() -> str:
    """The newest release of the main series, with a list of all; without one, a page that lists the others."""
    first = published.newest(_home())
    if first:
        return _province(first.code)
    return render_template("results/empty.html", releases=published.published_releases(_home()))


@results.get("/")
def with_a_slash() -> Response:
    """A slash too many is no reason to be turned away."""
    return go(address("results.province", **asked()), 302)


@results.get("/<release>/")
def release(release: str) -> str:
    """The province in one release."""
    return _province(release)


@results.get("/<release>/unit/<code>")
def unit(release: str, code: str) -> str:
    """One responsible unit: factors, service fields, questions."""
    edition = _edition(release)
    return render_template("results/unit.html", edition=edition, code=code, name=edition.name("units", code))


@results.get("/<release>/service/<code>")
def service(release: str, code: str) -> str:
    """One service field: factors, units, questions."""
    edition = _edition(release)
    name = edition.name("services", code)
    return render_template("results/service.html", edition=edition, code=code, name=name, order=_order(), sort=_sort)


@results.get("/<release>/method")
def method(release: str) -> str:
    """How the figures were computed, in words and in formulas."""
    return render_template("results/method.html", edition=_edition(release), files=release_files(_home(), release))


def _province(code: str) -> str:
    return render_template(
        "results/province.html",
        edition=_edition(code),
        releases=published.published_releases(_home()),
        files=release_files(_home(), code),
        order=_order(),
        sort=_sort,
        unverified=_unverified,
    )


def _unverified(edition: ReleaseView) -> list[str]:
    return [edition.name("units", code) for code in edition.manifest["unverified"]]


def _edition(code: str) -> ReleaseView:
    folder = published.published_release(_home(), code).folder
    return _cached(folder, published.stamp(folder), i18n.language())


@lru_cache(maxsize=8)  # each keeps its table; `_stamp` changes when a file of the release is written again
def _cached(folder: Path, _stamp: object, language: str) -> ReleaseView:
    issue = published.published_release(folder.parent.parent, folder.name)
    return ReleaseView(plain_names(issue.manifest), issue.table, language)


def _order() -> str:
    chosen = request.args.get("sort", "")
    return chosen if chosen in ORDERS else "registry"


def _sort(order: str) -> str:
    values = {**(request.view_args or {}), **({} if order == "registry" else {"sort": order})}
    return link(request.endpoint or "results.province", **values) + "#units"


def _home() -> Path:
    return installation().home

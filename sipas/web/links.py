"""Every address that a page or a reply names is built here, from names that are known beforehand.

`url_for` gives some names a meaning of their own (`_external`, `_method`), and any argument of a rule may be given to
it by name; so it must never see a name that a visitor wrote. `QUERY` states what a page understands of its query;
anything else is passed over. Templates have `address`, `link`, `here` and `switch`; neither they nor the views have
`url_for` (`tests/boundaries/test_links.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

import flask
from flask import Flask, current_app, request
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from sipas import i18n

LONGEST = 100  # characters of a value that is taken over from an address; none of ours is longer

_SEEN = ("look", "service")  # how a kiosk's page looks, and the field that a QR code chose
QUERY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("kiosk.start", "kiosk.questionnaire", "kiosk.privacy", "kiosk.device"), (*_SEEN, "shell")),
    **dict.fromkeys(("kiosk.send", "kiosk.stop", "kiosk.to_device"), _SEEN),
    **dict.fromkeys(("kiosk.thanks", "kiosk.late"), (*_SEEN, "shell", "wave")),
    **dict.fromkeys(("phone.start", "phone.questionnaire", "phone.send", "phone.privacy", "phone.stop"), _SEEN),
    **dict.fromkeys(("phone.thanks", "phone.late"), (*_SEEN, "wave")),
    **dict.fromkeys(("phone.entry", "phone.find"), ("look",)),
    **dict.fromkeys(("results.province", "results.with_a_slash", "results.release", "results.service"), ("sort",)),
    "desk.release": ("sort",),
    "desk.comments": ("unit", "page"),
    "desk.poster": ("point", "size"),
    "desk.log": ("account", "deed", "newest"),
}
"""What pages understand of a query beside `lang`, which every page understands whose path does not name a language."""


def install(app: Flask) -> None:
    """Templates get what makes addresses here, and lose what would take a visitor's word for a name of its own.
    Routing's own redirects, over a slash too many or too few, lose the name of the server that it adds."""
    app.jinja_env.globals.update(address=address, link=link, here=here, switch=switch)
    del app.jinja_env.globals["url_for"]

    @app.before_request
    def stay_here() -> Response | None:
        found = request.routing_exception
        if not isinstance(found, RequestRedirect):
            return None
        parts = urlsplit(found.new_url)
        query = f"?{parts.query}" if parts.query else ""
        return go("/" + parts.path.lstrip("/\\") + query, found.code)


def address(endpoint: str, *, anchor: str | None = None, **values: object) -> str:
    """The path of a page on this server, with its query and anchor; None stands for "not said".

    Raises TypeError where neither the page's path nor its query knows a name: a fault of the program.
    """
    endpoint = f"{request.blueprint}{endpoint}" if endpoint.startswith(".") else endpoint
    if unknown := values.keys() - _path(endpoint) - _query(endpoint):
        raise TypeError(f"the page {endpoint} understands no {', '.join(sorted(unknown))}")
    return flask.url_for(endpoint, _anchor=anchor, **values)  # type: ignore[arg-type]


def link(endpoint: str, **values: object) -> str:
    """The address of a page in the language now spoken (Vietnamese, the default, is not named)."""
    spoken = {} if i18n.language() == "vi" else {"lang": i18n.language()}
    return address(endpoint, **values, **spoken)  # type: ignore[arg-type]  # an anchor is none of them


def asked() -> dict[str, str]:
    """What this page's address asks that the page understands."""
    names = _query(request.endpoint or "") & request.args.keys()
    return {name: request.args[name] for name in sorted(names) if len(request.args[name]) <= LONGEST}


def here(*, keep: Collection[str] | None = None, **changes: object) -> str:
    """This page's address with changes in it. What its path says stays; so does what it asks (of that, what `keep`
    names, where it is given)."""
    kept = {name: value for name, value in asked().items() if keep is None or name in keep}
    return address(request.endpoint or "front.first", **{**kept, **(request.view_args or {}), **changes})


def switch(code: str) -> str:
    """This page in another language, with everything else that its address says and means."""
    if request.endpoint is None or request.method not in ("GET", "HEAD"):
        return f"?lang={code}"
    if "language" in _path(request.endpoint):  # the kiosk's addresses name it
        return here(language=code)
    is_first = request.endpoint == "front.first"  # which asks the browser where no language is named
    return here(lang=None if code == "vi" and not is_first else code)


def go(there: str, status: int = 303) -> Response:
    """A reply that leads to an address made here."""
    return flask.redirect(there, status)


def _path(endpoint: str) -> set[str]:
    """The arguments in the path of a page."""
    return set().union(*(rule.arguments for rule in current_app.url_map.iter_rules(endpoint)))


def _query(endpoint: str) -> set[str]:
    """What a page understands of its query."""
    return {*QUERY.get(endpoint, ()), *(() if "language" in _path(endpoint) else ("lang",))}

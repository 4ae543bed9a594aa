"""Addresses that keep the reader's language, for templates of every part."""

from __future__ import annotations

from flask import request, url_for

from sipas import i18n

KEPT = ("sort",)  # of a query; anything else could speak to `url_for` itself


def link(endpoint: str, **values: str) -> str:
    """The address of a page in the language now spoken (Vietnamese, the default, is not named)."""
    return url_for(endpoint, **values, **({} if i18n.language() == "vi" else {"lang": i18n.language()}))


def switch(code: str) -> str:
    """This page in another language, with everything else that its address says."""
    rest = {name: request.args[name] for name in KEPT if name in request.args}
    if request.endpoint is None or request.method != "GET":
        return f"?lang={code}"
    path = dict(request.view_args or {})
    if "language" in path:  # the kiosk's addresses name it
        return url_for(request.endpoint, **{**path, "language": code}, **rest)
    return url_for(request.endpoint, **path, **rest, **({} if code == "vi" else {"lang": code}))

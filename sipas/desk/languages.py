"""The desk's page of languages: which ones kiosks offer, and for a translator what is missing and where."""

from __future__ import annotations

from flask import abort, render_template

import surveys
from sipas.desk.blueprint import desk
from sipas.i18n import completeness
from sipas.i18n.languages import KNOWN
from sipas.web.installation import installation


@desk.get("/languages")
def languages() -> str:
    """Every language that we know of, with what stands between it and the kiosk."""
    enabled = installation().settings.languages
    rows = [
        {
            "language": one,
            "share": completeness.share(completeness.words(one.code)),
            "missing": len(completeness.missing(one.code)),
            "enabled": one.code in enabled,
            "asked": [code for code in surveys.catalogue() if completeness.enough(one.code, code)],
        }
        for one in KNOWN.values()
    ]
    return render_template("desk/languages.html", rows=rows)


@desk.get("/languages/<code>")
def language(code: str) -> str:
    """What one language lacks."""
    if code not in KNOWN:
        abort(404)
    return render_template("desk/language.html", one=KNOWN[code], missing=completeness.missing(code))

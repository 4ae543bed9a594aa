"""The desk's page of languages: which ones kiosks offer, and for a translator what is missing and where."""

from __future__ import annotations

from flask import abort, current_app, render_template

import surveys
from sipas import i18n_words
from sipas.desk.blueprint import desk
from sipas.i18n_languages import KNOWN


@desk.get("/languages")
def languages() -> str:
    """Every language that we know of, with what stands between it and the kiosk."""
    enabled = current_app.config["SETTINGS"].languages
    rows = [
        {
            "language": one,
            "share": i18n_words.share(i18n_words.words(one.code)),
            "missing": len(i18n_words.missing(one.code)),
            "enabled": one.code in enabled,
            "asked": [code for code in surveys.catalogue() if i18n_words.enough(one.code, code)],
        }
        for one in KNOWN.values()
    ]
    return render_template("desk/languages.html", rows=rows)


@desk.get("/languages/<code>")
def language(code: str) -> str:
    """What one language lacks."""
    if code not in KNOWN:
        abort(404)
    return render_template("desk/language.html", one=KNOWN[code], missing=i18n_words.missing(code))

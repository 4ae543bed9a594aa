"""The kiosk: what a visitor sees, on a screen in an office or on a phone. No session, nothing kept between pages.

The questionnaire is one document; its items are shown one at a time by CSS `:target`, and one post sends them all.
"""

from __future__ import annotations

from flask import Blueprint, Response

from sipas import assets, i18n
from sipas.i18n import _

kiosk = Blueprint("kiosk", __name__, template_folder="templates")


@kiosk.after_request
def leave_no_copy(response: Response) -> Response:
    """No cache keeps a visitor's page."""
    response.headers["Cache-Control"] = "no-store"
    return assets.pack(response)


@kiosk.context_processor
def other_languages() -> dict[str, object]:
    """The languages to change to, each with its own name and the warning in its own words."""
    others = [(code, name) for code, name in i18n.LANGUAGES.items() if code != i18n.language()]
    return {"switches": [(code, name, _in(code)) for code, name in others]}


def _in(code: str) -> str:
    with i18n.speaking(code):
        return _("starts again")


from sipas.kiosk import kept, views  # noqa: E402, F401  (the routes register themselves)

kept.install(kiosk)

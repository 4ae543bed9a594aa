"""What a fresh worker does before its first reader comes: the newest table read, its front page made once."""

from __future__ import annotations

from flask import Flask

from sipas import i18n
from sipas.publishing import published
from sipas.web.installation import of_app
from sipas.web.links import address


def warm(app: Flask) -> None:
    """Make the front page of the results in each offered language; does nothing where none is mounted or published.

    A page that cannot be made is in the log, as for any reader who asks for it: a worker starts all the same, for the
    kiosks need it.
    """
    if "results" not in app.blueprints or published.newest(of_app(app).home) is None:
        return
    with app.test_request_context():
        front = address("results.province")
    for language in i18n.LANGUAGES:
        app.test_client().get(front, query_string={"lang": language})

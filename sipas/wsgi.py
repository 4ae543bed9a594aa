"""The application for servers: `app` for any that speaks WSGI, `gathered` for the one that `sipas serve` runs."""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from sipas.web.request_buffering import Gathering


def _started() -> tuple["Flask", "Gathering"]:
    """The whole application, its first pages made, its modules imported while the garbage collector rests.

    What a worker reads at its start it keeps until its end. The collector would walk through it again and again while
    it grows, a fifth of the start, and later with each full collection: from here on it passes over it.
    """
    gc.disable()
    try:
        from sipas import create_app
        from sipas.files.state_files import only_for_us
        from sipas.intake.ways import held
        from sipas.results.warming import warm
        from sipas.web.installation import of_app
        from sipas.web.request_buffering import Gathering

        only_for_us()
        made = create_app()
        warm(made)
        return made, Gathering(made, ending=held(of_app(made).home).flush)
    finally:
        gc.freeze()
        gc.enable()


app, gathered = _started()

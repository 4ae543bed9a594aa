"""SIPAS: the application, on one screen. `create_app` puts the parts together; each part is a folder beside this file.

Flask is imported inside the function only, so that `sipas estimate` starts without a web server in its memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from sipas.config.settings import Settings

__version__ = "0.1.0"


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application for `settings` (default: the home's, the environment over it); mounts `settings.parts`."""
    from flask import Flask

    import surveys
    from sipas import logs
    from sipas.config.sources import load_settings
    from sipas.monitoring import pages
    from sipas.web import assets, error_pages, links, origins, request_language, security_headers
    from sipas.web.installation import Installation, install, of_app

    settings = settings or load_settings()
    app = Flask("sipas", static_folder=None)
    install(app, Installation.of(settings))
    surveys.also_from(settings.paths.instruments)
    app.before_request(lambda: surveys.also_from(of_app(app).paths.instruments))  # a process may hold several (tests)
    app.config.update(
        SECRET_KEY=settings.secret("desk") if "desk" in settings.parts else None,
        SESSION_COOKIE_NAME="desk",
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_PATH="/desk",
        MAX_CONTENT_LENGTH=64 * 1024,
        MAX_FORM_PARTS=400,
    )
    logs.install(app)
    request_language.install(app)  # first: whoever is refused is told so in her language
    origins.install(app)
    security_headers.install(app)
    links.install(app)
    error_pages.install(app)
    assets.install(app)
    app.register_blueprint(pages.front)
    if "kiosk" in settings.parts:
        from sipas.kiosk import kiosk
        from sipas.kiosk.phone import phone

        app.register_blueprint(kiosk, url_prefix="/k")
        app.register_blueprint(phone, url_prefix="/q")
    if "desk" in settings.parts:
        from sipas.desk.routes import desk
        from sipas.desk.sessions import DeskSessions

        app.session_interface = DeskSessions()
        app.register_blueprint(desk, url_prefix="/desk")
    if "results" in settings.parts:
        from sipas.results import results

        app.register_blueprint(results, url_prefix="/results")
    return app

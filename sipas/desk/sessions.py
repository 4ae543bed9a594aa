"""Sessions exist at the desk alone: no other page can read or set one, and none pays for opening it."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from sipas.web.origins import by_https


class DeskSessions(SecureCookieSessionInterface):
    """Flask's signed cookie under `/desk`; elsewhere a session that refuses everything."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Under HTTPS no other line may carry it."""
        return by_https()

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """None means none; Flask then makes one that can hold nothing."""
        return super().open_session(app, request) if request.path.startswith("/desk") else None

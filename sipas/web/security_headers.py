"""What every reply says to the browser.

Not among it: `Strict-Transport-Security`. It binds a whole host name, every port and program of it, for months, and an
office whose own certificate has run out could not go back; whoever owns the name sets it where HTTPS ends
(`docs/operator.md`).
"""

from __future__ import annotations

from flask import Flask, Response, abort, request


def policy(*styles: str) -> str:
    """What a page may load and do; `styles` are the hashes of the sheets that it holds itself, if it holds any."""
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(["style-src 'self'", *(f"'{style}'" for style in styles)]),
            "script-src 'self'",
            "font-src 'self'",
            "img-src 'self' data:",
            "media-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types sipas",
        )
    )


POLICY = policy()

BESIDES = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
"""No view says any of these itself."""
EVERYWHERE = (("Content-Security-Policy", POLICY), *BESIDES)


def install(app: Flask) -> None:
    """Headers on every reply; half a form is refused."""

    @app.before_request
    def refuse_cut_posts() -> None:
        """A line that broke in the middle of a form leaves half of it, which would count as another answer."""
        if request.method == "POST" and len(request.get_data()) != (request.content_length or 0):
            abort(400)

    @app.after_request
    def say(response: Response) -> Response:
        own = "Content-Security-Policy" in response.headers  # a page that holds its style; two policies would refuse it
        response.headers.extend(BESIDES if own else EVERYWHERE)
        return response

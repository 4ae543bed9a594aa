"""What every reply says to the browser, and who may post.

No token and no cookie guards the anonymous pages: a token would mark a browser, and there is no authority to abuse.
A forged post is recognised by `Sec-Fetch-Site`, or by `Origin` where a browser does not send that.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request


def policy(style: str = "") -> str:
    """What a page may load and do; `style` is the hash of the one sheet that it holds itself, if it holds one."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'self' '{style}'" if style else "style-src 'self'",
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
    """Headers on every reply; posts from other sites are refused."""

    @app.before_request
    def refuse_forged_posts() -> None:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if site is not None:
            allowed = site in ("same-origin", "none")
        else:
            allowed = origin is None or urlsplit(origin).netloc == request.host
        if not allowed:
            abort(403)

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

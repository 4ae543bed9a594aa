"""A synthetic answer that walks the whole way of a visit: the page, the form sent, the thanks.

It is stored under a channel of its own, which `freeze`, the desk and every count leave out. Whoever sends one proves it
by a mark that only this installation can make for that very form: no browser can choose the channel.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from sipas.config.settings import Settings
from sipas.errors import N_, SipasError

_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(name|value|type|id)="([^"]*)"')


class ProbeFailed(SipasError):
    """The way is broken; the sentence says where."""


@dataclass(frozen=True)
class Reply:
    """What a server said: the status, where it leads to (`""`: nowhere), the text."""

    status: int
    there: str
    text: str


# path, fields or bytes to post (None: a GET), headers -> reply
Ask = Callable[[str, Mapping[str, str] | bytes | None, Mapping[str, str]], Reply]


def probe_mark(settings: Settings, submission: str) -> str:
    """What the sender of a synthetic answer shows with it."""
    return hmac.digest(settings.secret("probe").encode(), submission.encode(), "sha256").hex()


def is_probe(settings: Settings, shown: str | None, submission: str) -> bool:
    """Whether this form was sent by `sipas probe` of this installation."""
    if not shown or not f"{shown}{submission}".isascii():  # a sealed one may hold any letter, or half of one
        return False
    return hmac.compare_digest(shown, probe_mark(settings, submission))


def sealed_probe(settings: Settings, shown: str) -> bool:
    """Whether a sealed answer was made by `sipas probe`: it brings an id and its mark, with a point between."""
    submission, _, mark = shown.partition(".")
    return is_probe(settings, mark, submission)


def walk(ask: Ask, settings: Settings, point: str, language: str = "vi", path: str = "") -> None:
    """Answers one question at a point as a visitor without scripts does, at `/k/` or another `path`; raises
    ProbeFailed, which names the step."""
    path = path or f"/k/{point}/{language}"
    page = ask(path, None, {})
    if page.status != 200 or "data-questionnaire" not in page.text:
        raise ProbeFailed(N_("{path} shows no questionnaire (status {status})."), path=path, status=page.status)
    fields = answered(page.text)
    sent = ask(path, fields, {"X-Probe": probe_mark(settings, fields["id"])})
    if sent.status != 303 or "/thanks" not in sent.there:
        raise ProbeFailed(N_("{path} did not take the answer (status {status})."), path=path, status=sent.status)
    thanks = ask(urlsplit(sent.there).path, None, {})
    if thanks.status != 200:
        raise ProbeFailed(N_("{path} does not thank (status {status})."), path=f"{path}/thanks", status=thanks.status)


def answered(page: str) -> dict[str, str]:
    """The fields of the form as they are posted, with the first service and the first answer of a question chosen; the
    page that an enrolled screen keeps has no id."""
    inputs = [dict(_ATTRIBUTE.findall(one)) for one in _INPUT.findall(page)]
    fields = {one["name"]: unescape(one.get("value", "")) for one in inputs if one.get("type") == "hidden"}
    chosen: dict[str, list[str]] = {}
    for one in inputs:
        if one.get("type") == "radio" and one.get("value"):
            chosen.setdefault(one["name"], []).append(unescape(one["value"]))
    question = next((name for name in chosen if name != "service"), "")
    if not re.fullmatch("([0-9a-f]{32})?", fields.get("id", "-")) or "service" not in chosen or not question:
        raise ProbeFailed(N_("The questionnaire lacks what a visitor needs to answer it."))
    return {**fields, "service": chosen["service"][0], question: chosen[question][0]}

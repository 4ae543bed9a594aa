"""The other ways of an answer, walked by a probe: sealed, as an enrolled screen sends, and with an invitation code.

Each makes what it needs (an enrolment, a code), uses it once, and takes it away again whatever happens: no list and no
count of screens or codes shows it. What is stored carries the probe's channel, which only this installation can ask
for.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Mapping
from html import unescape
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sipas import clock
from sipas.config.settings import Settings
from sipas.errors import N_
from sipas.fieldwork.devices import enrolled_key_gone, make_code
from sipas.fieldwork.models import ON_SCREENS, Point
from sipas.fieldwork.waves import wave_of
from sipas.intake.record import probes
from sipas.intake.sealed import Context, seal
from sipas.inviting.book import issue, withdraw
from sipas.kiosk.probe import Ask, ProbeFailed, answered, probe_mark, walk
from sipas.storage.database import Database

JSON = {"Content-Type": "application/json"}
_DATA = re.compile(r'\bdata-(key|wave|instrument|version|form)="([^"]*)"')


def ways(place: Point) -> tuple[str, ...]:
    """Which ways an answer can take at a point: `open`, `sealed` (an enrolled screen), `code` (an invitation)."""
    if place.channel in ON_SCREENS:
        return ("open", "sealed") if place.invitation == "none" else ("open", "sealed", "code")
    return {"none": ("open",), "optional": ("open", "code"), "required": ("code",)}[place.invitation]


def walk_with_a_code(ask: Ask, settings: Settings, database: Database, point: str, language: str = "vi") -> None:
    """Issues a code, answers with it, sees that it gives no second answer, and takes it back; raises ProbeFailed."""
    with database.writing() as session:
        made = issue(session, settings.home, point, 1, clock.today(), months=0)
    (code,) = made.codes
    path = f"/q/{code}/{language}"
    try:
        walk(ask, settings, point, language, path)
        fields = answered(ask(path, None, {}).text)
        again = ask(path, fields, {"X-Probe": probe_mark(settings, fields["id"])})
        if again.status != 409:
            raise ProbeFailed(
                N_("A second answer with one code was not refused (status {status})."), status=again.status
            )
    finally:
        with database.writing() as session:
            withdraw(session, settings.home, made.wave, code)


def walk_sealed(ask: Ask, settings: Settings, database: Database, point: str, language: str = "vi") -> None:
    """Enrols, seals an answer and an empty comment to the key that the page names, sends them signed, and sees that the
    answer is in the database; raises ProbeFailed, which names the step."""
    path = f"/k/{point}/{language}"
    page = _good(ask, f"{path}?shell=", "data-key=")
    _good(ask, f"/k/{point}/worker.js", "const KEPT")
    key = _device_key(settings)
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    with database.writing() as session:
        enrolled_key_gone(session, public)  # what an interrupted probe left
        code = make_code(session, point, clock.now())
    try:
        said = _said(ask, f"{path}/device", {"code": code, "key": base64.b64encode(public).decode()}, {})
        with database.reading() as session:
            wave = wave_of(session, _sealed_to(page)["wave"]).id
            before = probes(session, wave)
        batch = _batch(settings, page, point, said.get("device"), language)
        body = json.dumps(batch).encode()
        heard = _said(ask, f"/k/{point}/sealed", body, {"X-Signature": _signed(key, body)})
        with database.reading() as session:
            arrived = probes(session, wave) > before
        if heard.get("outcomes") != ["stored", "stored"] or not arrived:
            raise ProbeFailed(N_("What was sealed at {point} did not arrive."), point=point)
    finally:
        with database.writing() as session:
            enrolled_key_gone(session, public, code)


def _good(ask: Ask, path: str, sign: str) -> str:
    reply = ask(path, None, {})
    if reply.status != 200 or sign not in reply.text:
        raise ProbeFailed(N_("{path} is not what a screen keeps (status {status})."), path=path, status=reply.status)
    return reply.text


def _said(ask: Ask, path: str, body: bytes | Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The reply to JSON, as JSON; raises ProbeFailed where it is none."""
    reply = ask(path, body if isinstance(body, bytes) else json.dumps(body).encode(), {**JSON, **headers})
    try:
        said = json.loads(reply.text) if reply.status == 200 else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise ProbeFailed(
            N_("{path} did not take what a screen sends (status {status})."), path=path, status=reply.status
        )
    return said


def _device_key(settings: Settings) -> ec.EllipticCurvePrivateKey:
    """The probe's own key, the same each time, so that what an interrupted one left is found again."""
    number = int(probe_mark(settings, "the probe's device"), 16)
    return ec.derive_private_key(number % (2**255) + 1, ec.SECP256R1())


def _signed(key: ec.EllipticCurvePrivateKey, body: bytes) -> str:
    r, s = decode_dss_signature(key.sign(body, ec.ECDSA(hashes.SHA256())))
    return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


def _sealed_to(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _DATA.findall(page)}


def _batch(settings: Settings, page: str, point: str, device: object, language: str) -> dict[str, Any]:
    """The first batch of a screen: an answer and its comment, the empty one that is always made."""
    to, day, mark = _sealed_to(page), clock.today(), secrets.token_hex(16)
    fields = {name: value for name, value in answered(page).items() if name not in ("id", "wave")}
    common = {
        "language": language,
        "form": to["form"],
        "week": clock.week_of(day),
        "month": f"{day:%Y-%m}",
        "doubt": False,
    }
    texts = {
        "answer": common | {"fields": fields, "probe": f"{mark}.{probe_mark(settings, mark)}"},
        "comment": common | {"fields": {"service": fields["service"], "comment": ""}},
    }
    messages = [
        {"wave": to["wave"], "kind": kind, "sealed": _sealed(to, point, kind, text)} for kind, text in texts.items()
    ]
    return {
        "device": device,
        "point": point,
        "batch": 1,
        "made": len(messages),
        "waiting": len(messages),
        "settled": 0,
        "settled_sum": "0" * 64,
        "persistent": None,
        "software": "probe",
        "clock": round(time.time()),
        "messages": messages,
    }


def _sealed(to: Mapping[str, str], point: str, kind: str, text: Mapping[str, object]) -> str:
    context = Context(to["wave"], point, to["instrument"], to["version"], kind)
    return base64.b64encode(seal(json.dumps(text), base64.b64decode(to["key"]), context)).decode()

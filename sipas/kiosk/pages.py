"""The questionnaire as bytes. It is the same for everybody but for one slot, the random id under which an answer counts
once; so it is rendered and packed once for each place, form, language and look. A visit costs a fraction of that."""

from __future__ import annotations

import gzip
import re
import secrets
import struct
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache

from flask import Response, g, render_template, request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from sipas import i18n
from sipas.kiosk.blueprint import offered_here
from sipas.kiosk.fast_validation import Sent
from sipas.kiosk.forms import Questionnaire, form_for
from sipas.kiosk.nothing_asked import results_address
from sipas.kiosk.point_view import PointView
from sipas.kiosk.preset import Preset
from sipas.kiosk.screens import screens
from sipas.kiosk.shell import Seal
from sipas.kiosk.skip_sheet import skip_sheet

SLOT = "0" * 32  # where the id goes; as long as one
ANY = "QQQQQQQQ"  # any point or code: pages at /q/ name none, their links are relative


def form_of(place: PointView, posted: MultiDict | None = None, service: str = "") -> Questionnaire | Sent:
    """The form of this place, with what was posted, if anything; else with the service field that was chosen before."""
    form = form_for(place.instrument_code, place.instrument_version, place.form, i18n.language())
    if posted is not None:
        return Sent(form, place.services, posted, place.everyday)
    made = form()
    made.offer(place.services, place.everyday)
    if service:
        made.service.data = service
    return made


def way_in(place: PointView, preset: Preset) -> str | None:
    """The section with which a visit begins: past the service field where that was chosen before."""
    return place.way_in if preset.service else None


def questionnaire(place: PointView, preset: Preset) -> Response:
    """The empty questionnaire, with an id that nobody has had before."""
    _allow_skips(place)
    page = _prepared(
        place if place.door == "kiosk" else replace(place, code=ANY), preset, i18n.language(), tuple(offered_here())
    )
    submission = secrets.token_hex(16).encode()
    if "gzip" in request.accept_encodings:
        response = Response(page.gzipped(submission), mimetype="text/html")
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(page.before + submission + page.after, mimetype="text/html")
    response.headers["Vary"] = "Accept-Encoding"
    return response


def shell(place: PointView, seal: Seal) -> Response:
    """The same page for an enrolled device: without an id, with the key that its answers are sealed to."""
    _allow_skips(place)
    return Response(_shell(place, seal, i18n.language(), tuple(offered_here())), mimetype="text/html")


# Of the pages remembered here all that they say is in the key: the place with its names and services, the look, the
# languages offered. Templates, catalogs and questionnaires are files that a process reads once.
@lru_cache(maxsize=512)
def _shell(place: PointView, seal: Seal, language: str, _offered: tuple[str, ...]) -> str:
    return _render(place, Preset(), form_of(place), "", seal)


def thanks(place: PointView, preset: Preset) -> Response:
    """The end of a visit; finished bytes too, unless the address says more than where and how it looks."""
    if set(request.args) - {"look", "service"}:
        return Response(_thanked(place, preset, results_address()), mimetype="text/html")
    plain, packed = _thanks(place, preset, i18n.language(), tuple(offered_here()), results_address())
    is_packed = "gzip" in request.accept_encodings
    response = Response(packed if is_packed else plain, mimetype="text/html")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


@lru_cache(maxsize=512)
def _thanks(
    place: PointView, preset: Preset, language: str, _offered: tuple[str, ...], results_at: str
) -> tuple[bytes, bytes]:
    text = _thanked(place, preset, results_at).encode()
    return text, gzip.compress(text, 9, mtime=0)


def _thanked(place: PointView, preset: Preset, results_at: str) -> str:
    return render_template("kiosk/thanks.html", place=place, preset=preset, results_at=results_at)


def with_errors(place: PointView, preset: Preset, form: Questionnaire | Sent) -> Response:
    """The questionnaire as it was sent, with what is missing."""
    _allow_skips(place)
    return Response(_render(place, preset, form, form.submission), status=422, mimetype="text/html")


def _render(
    place: PointView, preset: Preset, form: Questionnaire | Sent, submission: str, seal: Seal | None = None
) -> str:
    return render_template(
        "kiosk/questionnaire.html",
        place=place,
        preset=preset,
        form=form,
        screens=list(screens(form, place.runs)),
        submission=submission,
        seal=seal,
        skip_sheet=Markup(skips_of(place)),  # noqa: S704  (of our own codes)
        shell=seal is not None,
    )


def skips_of(place: PointView) -> str:
    """The rules of skip logic that the page of this place holds, and of what an interviewer does not see."""
    return skip_sheet(place.instrument_code, place.instrument_version, place.form, place.runs)


def _allow_skips(place: PointView) -> None:
    """Has the reply's policy name the rules of skip logic (`blueprint.allow_its_style`)."""
    g.skip_sheet = skips_of(place)


@dataclass(frozen=True)
class Page:
    """A page with a gap, and both sides of the gap as pieces of one gzip stream."""

    before: bytes
    after: bytes
    packed_before: bytes
    packed_after: bytes

    @classmethod
    def of(cls, text: str) -> Page:
        before, after = text.encode().split(SLOT.encode())
        return cls(before, after, _deflated(before, zlib.Z_FULL_FLUSH), _deflated(after, zlib.Z_FINISH))

    def gzipped(self, middle: bytes) -> bytes:
        """The page as gzip; only the middle is new, and it is short enough to be stored as it is."""
        stored = struct.pack("<BHH", 0, len(middle), len(middle) ^ 0xFFFF) + middle
        check = zlib.crc32(self.after, zlib.crc32(middle, zlib.crc32(self.before)))
        length = len(self.before) + len(middle) + len(self.after)
        head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
        return head + self.packed_before + stored + self.packed_after + struct.pack("<II", check, length & 0xFFFFFFFF)


def _deflated(data: bytes, flush: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(flush)


@lru_cache(maxsize=512)
def _prepared(place: PointView, preset: Preset, language: str, _offered: tuple[str, ...]) -> Page:
    text = _render(place, preset, form_of(place, service=preset.service), SLOT)
    return Page.of(re.sub(rf'"/q/{ANY}(/?)', lambda found: '"' if found[1] else '"./', text))

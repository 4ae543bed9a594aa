"""What hangs on the wall and what is handed out with a receipt, as PDF: posters with an address, strips with codes.

WeasyPrint sets them, in our own fonts; where its system library Pango is missing, asking for a PDF says how to get it
and everything else works without. Vietnamese comes first and large, English below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sipas import i18n
from sipas.errors import N_, NotReady, SipasError
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.models import Point
from sipas.i18n import _
from sipas.registry.province import ProvinceName

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "static"
SIZES = {"A4": 10.0, "A3": 14.142}  # the root's letter size, in points: everything grows with it
ON_A_SHEET = 10  # strips: as many as leave room for letters of 9 pt, which a reader of sixty can read


class BadSheet(SipasError):
    """A sheet that cannot be printed as asked."""


@dataclass(frozen=True)
class Imprint:
    """What every sheet says beside its point: at which address this server is reached, who asks, and whether it is a
    simulation; then each sheet is marked so, that nobody takes it for a survey of the province."""

    address: str
    province: ProvinceName
    simulated: bool = False


@dataclass(frozen=True)
class Words:
    """What a poster or a strip says in one language."""

    language: str
    who: str
    place: str
    question: str
    scan: str
    type: str
    code: str
    facts: tuple[tuple[str, str], ...]
    why: str
    needs: str
    scan_or_type: str
    short: str
    until: str
    simulated: str  # the mark
    no_survey: str


def poster(place: Point, imprint: Imprint, size: str = "A4") -> bytes:
    """A point's poster: scanning it opens the questionnaire of this point. Raises BadSheet or NotReady."""
    if size not in SIZES:
        raise BadSheet(
            N_("There is no paper size {size} here; give one of {known}."), size=size, known=", ".join(SIZES)
        )
    link = f"{_checked(imprint.address)}/q/{place.code}"
    words = [_words(place, imprint.province, code) for code in i18n.LANGUAGES]
    return _pdf("poster.html", size=size, root=SIZES[size], words=words, code=_qr(link), link=link, plain=_plain(link),
                needs_code=place.invitation == "required", simulated=imprint.simulated)  # fmt: skip


def strips(place: Point, some: Sequence[str], expires: int, imprint: Imprint) -> bytes:
    """Strips for receipts, ten on an A4 sheet, each with its own code. Raises BadSheet or NotReady."""
    if not some:
        raise BadSheet(N_("There is no code to print."))
    address = _checked(imprint.address)
    words = [_words(place, imprint.province, code, expires) for code in i18n.LANGUAGES]
    cards = [
        (invitation_codes.spaced(code), _qr(f"{address}/q/{code}"), f"{address}/q/{code}")
        for code in map(invitation_codes.read, some)
    ]
    sheets = [cards[start : start + ON_A_SHEET] for start in range(0, len(cards), ON_A_SHEET)]
    return _pdf("strips.html", words=words, sheets=sheets, plain=_plain(f"{address}/q/"),
                simulated=imprint.simulated)  # fmt: skip


def _words(place: Point, province: ProvinceName, language: str, expires: int = 0) -> Words:
    with i18n.speaking(language):
        name = place.name if language == "vi" else place.name_en
        month = i18n.month(f"{expires // 100}-{expires % 100:02}")
        lasts = _("About 90 seconds") if place.form == "short" else _("About 3 minutes")
        return Words(
            language=language,
            who=_("{province} asks", province=province.called(language)),
            place=name,
            question=_("How were you served?"),
            scan=_("Scan with your phone"),
            type=_("or type this address:"),
            code=_("Your invitation code"),
            facts=(
                ("time", lasts),
                ("closed", _("Anonymous: no name, no time of day")),
                ("free", _("Voluntary: skip any question, stop at any time")),
            ),
            why=_("Staff here cannot see your answers. Together with those of others they show what to improve."),
            needs=_("You need the code on the slip at your receipt."),
            scan_or_type=_("Scan, or type the code at"),
            short=_("{lasts}, anonymous, voluntary.", lasts=lasts),
            until=_("For one answer, until the end of {month}", month=month),
            simulated=_("SIMULATED"),
            no_survey=_("Not a real survey"),
        )


def ready(address: str) -> None:
    """Raises NotReady where nothing could be printed: no address is set, or Pango is missing."""
    _checked(address)
    _html()


def _checked(address: str) -> str:
    if not address:
        raise NotReady(
            N_(
                "Nobody knows yet at which address citizens reach this server. Run `sipas config set address "
                "https://sonla.example.vn` with yours, restart the server, then print again."
            )
        )
    return address.rstrip("/")


def _plain(link: str) -> str:
    """An address as people type it.

    >>> _plain("https://sonla.example.vn/q/")
    'sonla.example.vn/q'
    """
    parts = urlsplit(link)
    return parts.netloc + parts.path.rstrip("/")


def _qr(link: str) -> str:
    """The QR code's drawing: one path of filled squares, which prints without seams."""
    import segno

    matrix = segno.make(link, error="m", micro=False).matrix
    squares = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark)
    return f"{len(matrix)}|{squares}"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals.update(_=_)
    return environment


def _pdf(template: str, **values: object) -> bytes:
    text = _environment().get_template(f"inviting/{template}").render(**values)
    return _html()(string=text, base_url=f"{STATIC.as_uri()}/").write_pdf(pdf_variant="pdf/ua-1")


def _html() -> Any:
    try:
        from weasyprint import HTML
    except OSError as error:
        raise NotReady(
            N_(
                "PDF files need the system library Pango. Install it, then print again: "
                "sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
            )
        ) from error
    return HTML

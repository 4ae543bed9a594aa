"""`sipas probe`: a synthetic answer goes every way that a point has, and counts nowhere."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipas.cli.common import database, example, note, settings
from sipas.errors import N_, SipasError
from sipas.i18n import _

if TYPE_CHECKING:
    from sipas.config.settings import Settings
    from sipas.kiosk.probe import Ask, Reply
    from sipas.storage.database import Database

PATIENCE = 20.0  # seconds for one page
WAYS = {
    "open": N_("page, form, storing, thanks"),
    "sealed": N_("enrolling, sealing, sending, storing"),
    "code": N_("code, form, storing, no second answer"),
}


@click.command(
    help=_(
        "Answer at POINT by every way that it has: as a visitor by page, form and thanks; at a kiosk also sealed, as "
        "an enrolled screen sends; where codes are asked, with one. It asks at the address that is set or --at, "
        "otherwise inside this program. The answers are stored under a channel of their own and left out of every "
        "count and figure."
    ),
    epilog=example("sipas probe to-hieu-1 --at http://127.0.0.1:8000"),
)
@click.argument("point")
@click.option("--at", "address", help=_("Address of the server to ask, such as https://sonla.example.vn."))
def probe(point: str, address: str | None) -> None:
    where = settings()
    for way in walks(database(where), where, asking(where, address), point):
        note(_("The way is whole at {point}: {way}.", point=point, way=_(WAYS[way])))


def walks(base: Database, where: Settings, ask: Ask, point: str) -> tuple[str, ...]:
    """Walks every way that a point has, and says which; raises ProbeFailed at the first that is broken."""
    from sipas.errors import UnknownPoint
    from sipas.fieldwork.points import point as find
    from sipas.kiosk.probe import walk
    from sipas.kiosk.probe_ways import walk_sealed, walk_with_a_code, ways

    try:
        with base.reading() as session:
            found = ways(find(session, point))
    except UnknownPoint:
        found = ("open",)  # where it ends is the finding
    for way in found:
        if way == "open":
            walk(ask, where, point)
        elif way == "sealed":
            walk_sealed(ask, where, base, point)
        else:
            walk_with_a_code(ask, where, base, point)
    return found


def asking(where: Settings, address: str | None = None) -> Ask:
    """How to ask: over the line where an address is known, else inside this program."""
    there = (address or where.address).rstrip("/")
    return _over_the_line(there, where.authority_file) if there else _inside(where)


def _inside(where: Settings) -> Ask:
    from sipas import create_app
    from sipas.kiosk.probe import Reply

    client = create_app(where).test_client()

    def ask(path: str, sent: Mapping[str, str] | bytes | None, headers: Mapping[str, str]) -> Reply:
        reply = client.open(path, method="GET" if sent is None else "POST", data=sent, headers=dict(headers))
        return Reply(reply.status_code, reply.headers.get("Location", ""), reply.text)

    return ask


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows nothing by itself: where a reply leads to is a finding."""

    def redirect_request(self, *_all: Any, **_named: Any) -> None:
        return None


def _over_the_line(address: str, authority: Path | None) -> Ask:
    from sipas.kiosk.probe import ProbeFailed, Reply
    from sipas.web.certificates import trusting

    handlers = [_Stays()] + [urllib.request.HTTPSHandler(context=trusting(authority))] * address.startswith("https:")
    opener = urllib.request.build_opener(*handlers)

    def ask(path: str, sent: Mapping[str, str] | bytes | None, headers: Mapping[str, str]) -> Reply:
        data = sent if sent is None or isinstance(sent, bytes) else urllib.parse.urlencode(sent).encode()
        asked = urllib.request.Request(address + path, data, dict(headers))  # noqa: S310
        try:
            with opener.open(asked, timeout=PATIENCE) as reply:
                return Reply(reply.status, "", reply.read().decode())
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.headers.get("Location", ""), "")
        except (OSError, ValueError) as error:
            if isinstance(refused := getattr(error, "reason", error), ssl.SSLCertVerificationError):
                raise _unknown_certificate(address, refused, authority) from None
            raise ProbeFailed(
                N_("{address} cannot be reached: {reason}."), address=address, reason=_reason(error)
            ) from None

    return ask


def _unknown_certificate(address: str, refused: ssl.SSLCertVerificationError, authority: Path | None) -> SipasError:
    """A server that this program does not know as the one it says it is."""
    from sipas.kiosk.probe import ProbeFailed

    about = {"address": address, "reason": refused.verify_message}
    if authority is None:
        return ProbeFailed(
            N_(
                "{address}: its certificate is not to be trusted here ({reason}). If it is one of your own authority, "
                "name that: sipas config set authority ca.pem"
            ),
            **about,
        )
    return ProbeFailed(
        N_(
            "{address}: its certificate is not to be trusted here ({reason}), by the authority in {file} neither. See "
            "`sipas manual kiosk-install`."
        ),
        file=authority,
        **about,
    )


def _reason(error: Exception) -> str:
    """What the system says, without the wrappings of the library: "Connection refused"."""
    inner = getattr(error, "reason", error)
    return str(getattr(inner, "strerror", None) or inner)

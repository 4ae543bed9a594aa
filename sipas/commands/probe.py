"""`sipas probe`: a synthetic answer goes the whole way, and counts nowhere."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from sipas.commands.common import database, example, note, settings
from sipas.errors import N_
from sipas.i18n import _

if TYPE_CHECKING:
    from sipas.kiosk.probe import Ask, Reply
    from sipas.settings import Settings

PATIENCE = 20.0  # seconds for one page


@click.command(
    help=_(
        "Answer once at POINT as a visitor does, by page, form and thanks: at SIPAS_ADDRESS or --at, otherwise inside "
        "this program. The answer is stored under a channel of its own and left out of every count and figure."
    ),
    epilog=example("sipas probe to-hieu-1 --at http://127.0.0.1:8000"),
)
@click.argument("point")
@click.option("--at", "address", help=_("Address of the server to ask, such as https://sonla.example.vn."))
def probe(point: str, address: str | None) -> None:
    from sipas.kiosk.probe import walk

    where = settings()
    database(where)
    there = (address or where.address).rstrip("/")
    walk(_over_the_line(there) if there else _inside(where), where, point)
    note(_("The way is whole at {point}: page, form, storing, thanks.", point=point))


def _inside(where: Settings) -> Ask:
    from sipas import create_app
    from sipas.kiosk.probe import Reply

    client = create_app(where).test_client()

    def ask(path: str, fields: Mapping[str, str] | None, headers: Mapping[str, str]) -> Reply:
        reply = client.open(path, method="GET" if fields is None else "POST", data=fields, headers=dict(headers))
        return Reply(reply.status_code, reply.headers.get("Location", ""), reply.text)

    return ask


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows nothing by itself: where a reply leads to is a finding."""

    def redirect_request(self, *_all: Any, **_named: Any) -> None:
        return None


def _over_the_line(address: str) -> Ask:
    from sipas.kiosk.probe import ProbeFailed, Reply

    opener = urllib.request.build_opener(_Stays)

    def ask(path: str, fields: Mapping[str, str] | None, headers: Mapping[str, str]) -> Reply:
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        asked = urllib.request.Request(address + path, data, dict(headers))  # noqa: S310
        try:
            with opener.open(asked, timeout=PATIENCE) as reply:
                return Reply(reply.status, "", reply.read().decode())
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.headers.get("Location", ""), "")
        except (OSError, ValueError) as error:
            raise ProbeFailed(
                N_("{address} cannot be reached: {reason}."), address=address, reason=str(error)
            ) from None

    return ask

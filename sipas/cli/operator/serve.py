"""`sipas serve`: a production server without a proxy."""

from __future__ import annotations

import errno
import os
import resource
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas.cli.common import asker, certificate_option, database, example, host_option, key_option, note, settings
from sipas.config.permissions import refuse_open_certificate_key, refuse_open_secrets
from sipas.config.settings import Settings
from sipas.errors import N_, NotReady
from sipas.files.disk_space import keep_reserve
from sipas.i18n import _, say
from sipas.logs import start

if TYPE_CHECKING:
    from sipas.storage.database import Database
    from sipas.web.certificates import Certificate

CONNECTIONS = 4096  # of each worker at a time; the server's own limit, 512, is what one laptop holds open
HEAD_SECONDS = 10  # in which the head of a request must have come, and for which an idle connection is kept


@click.command(help=_("Serve the kiosks, the desk and the public results."), epilog=example("sipas serve --port 8000"))
@host_option
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    envvar="PORT",
    help=_("Port to listen at."),
)
@click.option(
    "--workers", type=click.IntRange(1, 64), help=_("Worker processes (default: the setting workers, else 2).")
)
@certificate_option
@key_option
def serve(host: str, port: int, workers: int | None, certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        raise click.UsageError(_("--certificate and --key belong together; give both or neither"))
    where = settings()
    _say_whose(database(where))
    refuse_open_secrets(where.home)
    _refuse_damaged_secrets(where)
    if key is not None:
        refuse_open_certificate_key(key)
    run(host, port, workers or where.workers, certificate, key)


def _say_whose(base: Database) -> None:
    """Where the registry does not say whose province it is, or the environment still says another, it is said here."""
    from sipas.registry.province import NoProvince

    try:
        asker(base)
    except NoProvince as error:
        note(say(error))


def _refuse_damaged_secrets(where: Settings) -> None:
    """Said once, before the workers start, and not by each of them again and again."""
    from sipas.desk.access import former_hash

    if "desk" in where.parts:
        where.secret("desk")
        former_hash(where.home)
    if "kiosk" in where.parts:
        where.secret("probe")


def run(host: str, port: int, workers: int, certificate: Path | None = None, key: Path | None = None) -> None:
    """Serves until it is stopped; raises NotReady when the port is taken, or key and certificate do not fit."""
    from sipas.monitoring.servers import running
    from sipas.monitoring.supervision import every_night

    start()
    refuse_taken(host, port)
    served = _checked(certificate, key)
    home = settings().home
    keep_reserve(home)
    said = _hold_settings(home)
    _allow_files(workers * (CONNECTIONS + 200))
    scheme = "https" if certificate else "http"
    note(_("Serving on {address} (stop with Ctrl+C).", address=f"{scheme}://{host}:{port}"))
    with running(home, served, said), every_night():
        _serve(host, port, workers, certificate, key)


def _checked(certificate: Path | None, key: Path | None) -> Certificate | None:
    """What is served; said loudly where it ended or ends soon. It is served all the same: without a server nobody
    could answer at all, and screens keep their answers until the line is good again."""
    if certificate is None or key is None:
        return None
    from sipas.monitoring.findings import certificate_ends
    from sipas.web.certificates import check_pair, read_certificate

    check_pair(certificate, key)
    found = read_certificate(certificate)
    for _sign, sentence in certificate_ends(found):
        note(sentence)
    return found


def _serve(host: str, port: int, workers: int, certificate: Path | None, key: Path | None) -> None:
    from granian import Granian
    from granian.constants import Interfaces, SSLProtocols
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    Granian(
        "sipas.wsgi:gathered",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        respawn_failed_workers=True,
        workers_kill_timeout=5,  # one that does not stop by itself (seen on Ctrl+C) must not keep the others waiting
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000),
        log_access=False,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
        log_level=LogLevels.error,
    ).serve()


def _hold_settings(home: Path) -> dict[str, tuple[str, str]]:
    """Every process of this server goes by the settings of its start, one that is started anew in its midst too. Gives
    them as other commands may see them: name -> who says so, and the value."""
    from sipas.config import home_file
    from sipas.config.sources import origins

    os.environ[home_file.HELD] = home_file.held(os.environ, home)
    return {name: (one.source, one.compared(name)) for name, one in origins().items()}


def _allow_files(wanted: int) -> None:
    """Each connection is an open file; systems allow 1,024 where nobody asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def refuse_taken(host: str, port: int) -> None:
    """Says clearly that a port is taken, or that we may not use it, before any worker starts."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise NotReady(
                    N_("Port {port} is taken by another program. Choose another, such as --port {other}."),
                    port=port,
                    other=port + 1,
                ) from None
            raise NotReady(
                N_("Cannot listen at {host}:{port}: {reason}."),
                host=host,
                port=port,
                reason=os.strerror(error.errno or 0),
            ) from None

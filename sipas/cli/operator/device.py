"""`sipas device`: enrolling a kiosk's screen, looking after it, revoking it."""

from __future__ import annotations

from typing import Any

import click

from sipas import clock
from sipas.cli.common import database, example, json_option, note, print_json, print_table, settings
from sipas.i18n import _


@click.group(help=_("Kiosk screens that may work without the line."))
def device() -> None:
    """Group of commands."""


@device.command(
    "enrol-code",
    help=_("Make a code with which one screen can be enrolled at a kiosk's POINT, once, within 24 hours."),
    epilog=example("sipas device enrol-code to-hieu-1"),
)
@click.argument("point")
def enrol_code(point: str) -> None:
    from sipas.fieldwork.devices import make_code

    where = settings()
    with database(where).writing() as session:
        code = make_code(session, point, clock.now())
    click.echo(code)
    note(
        _(
            "On the kiosk, open {url} over HTTPS and type this code; it serves once and for a day.",
            url=f"/k/{point}/device",
        )
    )


@device.command(
    "list",
    help=_("List the devices: what waits on each, and whether anything it made is missing."),
    epilog=example("sipas device list --json"),
)
@json_option
def list_devices(as_json: bool) -> None:
    from sipas.fieldwork.devices import devices, missing_messages

    with database().reading() as session:
        listed: list[dict[str, Any]] = [
            {
                "device": one.device.id,
                "point": one.point.code,
                "enrolled": one.device.enrolled,
                "revoked": one.device.revoked,
                "last_contact": str(one.device.last_contact or ""),
                "waiting": one.device.waiting,
                "missing": missing_messages(one.device),
                "damaged": one.device.damaged,
                "unknown_wave": one.device.unknown_wave,
                "persistent": one.device.persistent,
                "clock_off": one.device.clock_off,
                "software": one.device.software,
            }
            for one in devices(session)
        ]
    if as_json:
        print_json(listed)
        return
    print_table(
        [
            _("device"),
            _("point"),
            _("enrolled"),
            _("state"),
            _("last contact"),
            _("waiting"),
            _("missing"),
            _("damaged"),
        ],
        [
            [
                one["device"][:8],
                one["point"],
                one["enrolled"],
                _("revoked") if one["revoked"] else _("enrolled"),
                one["last_contact"],
                one["waiting"],
                one["missing"],
                one["damaged"],
            ]
            for one in listed
        ],
    )


@device.command(
    help=_("Revoke a device: nothing is taken from it any more. DEVICE is its id, or the start of it."),
    epilog=example("sipas device revoke 3f9a02c1"),
)
@click.argument("device_id", metavar="DEVICE")
def revoke(device_id: str) -> None:
    from sipas.fieldwork.devices import revoke as run

    with database().writing() as session:
        gone = run(session, device_id)
    note(
        _(
            "Device {device} was revoked. What it had sealed stays on it; once it is enrolled at the same point again, "
            "that will be sent.",
            device=gone.id[:8],
        )
    )

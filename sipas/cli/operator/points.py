"""`sipas point`: where people are asked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from sipas import clock
from sipas.cli.common import asker, database, example, json_option, note, print_json, print_table, settings
from sipas.cli.destinations import writes_to
from sipas.i18n import _
from sipas.i18n.code_labels import with_code

# As `fieldwork.models` has them, which a test sees to: importing those takes long.
CHANNELS = ("kiosk", "phone", "web", "paper", "telephone", "import", "interview")
FORMS, INVITATIONS = ("short", "full"), ("none", "optional", "required")


@click.group(help=_("Receiving points: kiosks, links, desks for paper."))
def point() -> None:
    """Group of commands."""


@point.command(
    "list",
    help=_("List the points; `open` says whether a survey is open there today."),
    epilog=example("sipas point list --json"),
)
@json_option
def list_points(as_json: bool) -> None:
    from sipas.errors import NoOpenWave
    from sipas.fieldwork.points import points
    from sipas.fieldwork.waves import open_wave_at

    where = settings()
    with database(where).reading() as session:
        listed: list[dict[str, Any]] = []
        for place in points(session):
            try:
                open_wave_at(session, place.code, clock.today(), where.home)
                is_open = True
            except NoOpenWave:
                is_open = False
            listed.append(
                {
                    "point": place.code,
                    "name": place.name,
                    "unit": place.unit,
                    "channel": place.channel,
                    "form": place.form,
                    "invitation": place.invitation,
                    "open": is_open,
                    "url": f"/k/{place.code}",
                }
            )
    if as_json:
        print_json(listed)
    else:
        print_table(
            [_("point"), _("name"), _("unit"), _("channel"), _("form"), _("open"), _("address")],
            [
                [
                    p["point"],
                    p["name"],
                    p["unit"],
                    with_code("channel", p["channel"]),
                    with_code("form", p["form"]),
                    _("yes") if p["open"] else _("no"),
                    p["url"],
                ]
                for p in listed
            ],
        )


@point.command(
    help=_("Make a receiving point; it joins the open wave."),
    epilog=example('sipas point add to-hieu-1 --unit 03646 --name "Bộ phận Một cửa phường Tô Hiệu"'),
)
@click.argument("code")
@click.option("--unit", "unit_code", required=True, help=_("Code of the unit that receives here."))
@click.option("--name", default="", help=_("Name shown to visitors, in Vietnamese; default: the unit's."))
@click.option("--name-en", default="", help=_("Name shown to visitors, in English."))
@click.option(
    "--channel",
    type=click.Choice(CHANNELS),
    default="kiosk",
    show_default=True,
    help=_("kiosk, phone, web, paper, telephone, import or interview."),
)
@click.option(
    "--form", type=click.Choice(FORMS), default="short", show_default=True, help=_("The short or the full form.")
)
def add(code: str, unit_code: str, name: str, name_en: str, channel: str, form: str) -> None:
    from sipas.fieldwork.points import add_point

    with database().writing() as session:
        place = add_point(
            session, code, unit_code, name=name, name_en=name_en, channel=channel, form=form, opened_on=clock.today()
        )
    note(_("Point {code} was made. Its address: {url}", code=place.code, url=f"/k/{place.code}"))


@point.command(
    "set",
    help=_(
        "Change a point: its name, its channel, its form, or whether people may or must bring an invitation code to "
        "answer."
    ),
    epilog=example("sipas point set to-hieu-1 --form full"),
)
@click.argument("code")
@click.option("--name", help=_("Name shown to visitors, in Vietnamese."))
@click.option("--name-en", help=_("Name shown to visitors, in English."))
@click.option("--invitation", type=click.Choice(INVITATIONS), help=_("none, optional or required."))
@click.option(
    "--form",
    type=click.Choice(FORMS),
    help=_("short or full, from the next visit on; the first page says how long it takes."),
)
@click.option(
    "--channel",
    type=click.Choice(CHANNELS),
    help=_("kiosk, phone, web, paper, telephone, import or interview, from the next answer on."),
)
def set_(
    code: str,
    name: str | None,
    name_en: str | None,
    invitation: str | None,
    form: str | None,
    channel: str | None,
) -> None:
    from sipas.fieldwork.points import point, rename_point, set_channel, set_form, set_invitation

    if all(one is None for one in (name, name_en, invitation, form, channel)):
        raise click.UsageError(_("Say what to change: --name, --name-en, --channel, --form or --invitation."))
    with database().writing() as session:
        place = point(session, code)
        rename_point(session, code, name or "", name_en or "")
        if form is not None:
            set_form(session, code, form)
        on_screens = channel in ("kiosk", "interview")
        if channel is not None and not on_screens:  # only then may codes be required
            set_channel(session, code, channel)
        if invitation is not None:
            set_invitation(session, code, invitation)
        if channel is not None and on_screens:  # only where none are
            set_channel(session, code, channel)
    note(
        _(
            "Point {code}, {name}: channel {channel}, form {form}, invitation {invitation}.",
            code=place.code,
            name=place.name,
            channel=with_code("channel", place.channel),
            form=with_code("form", place.form),
            invitation=with_code("invitation", place.invitation),
        )
    )


@point.command(
    "close",
    help=_("Close a point: after its last day nobody is asked there, and it joins no new wave. What it asked stays."),
    epilog=example("sipas point close to-hieu-1"),
)
@click.argument("code")
@click.option("--on", "last", type=click.DateTime(["%Y-%m-%d"]), help=_("Its last day (default: today)."))
def close_(code: str, last: dt.datetime | None) -> None:
    from sipas.fieldwork.points import close_point

    with database().writing() as session:
        place = close_point(session, code, clock.today(), last.date() if last else None)
    note(_("Point {code} is closed; its last day is {day}.", code=place.code, day=place.closed_on))


@point.command(
    help=_("Print a poster for a point as PDF: scanning its QR code opens the point's questionnaire."),
    epilog=example("sipas point poster to-hieu-1 --out poster.pdf"),
)
@click.argument("code")
@writes_to("--out", required=True, help=_("The PDF file to write."))
@click.option("--size", type=click.Choice(["A4", "A3"]), default="A4", show_default=True, help=_("Paper: A4 or A3."))
def poster(code: str, out: Path, size: str) -> None:
    from sipas.fieldwork.points import point as find
    from sipas.fieldwork.waves import is_simulated_at
    from sipas.files.destinations import write_file
    from sipas.inviting.printing import Imprint
    from sipas.inviting.printing import poster as run

    if out.suffix.lower() != ".pdf":
        raise click.BadParameter(_("{file} must end in {suffixes}", file=out.name, suffixes=".pdf"))
    where = settings()
    base = database(where)
    with base.reading() as session:
        place = find(session, code)
        simulated = is_simulated_at(session, place, where.home)
    write_file(out, run(place, Imprint(where.address, asker(base), simulated), size))
    note(_("The poster is in {file}.", file=out))

"""`sipas wave stop-destruction`."""

from __future__ import annotations

import click

from sipas.cli.common import database, example, note, settings
from sipas.cli.deciding import decided_by, deciders, with_emergency
from sipas.i18n import _


@click.command(
    "stop-destruction",
    help=_(
        "Stop what the nights would destroy of a wave (keys, answers, codes): once a wave, for 30 days at most, by two "
        "people and with a reason. It ends by itself. Names and reason stand in the log and in the manifest of "
        "releases that are built afterwards."
    ),
    epilog=example(
        "sipas wave stop-destruction 2026-1 --account hoa --account an --reason 'Khiếu nại đang được xem xét' --days 14"
    ),
)
@click.argument("wave")
@decided_by(2)
@click.option("--reason", required=True, help=_("Why; it is published with the releases built afterwards."))
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(1, 30), help=_("For how many days from today.")
)
def stop_destruction(
    wave: str, accounts: tuple[str, ...], names: tuple[str, ...], emergency: str, reason: str, days: int
) -> None:
    from sipas.accounts import audit_log
    from sipas.expiry.trusted_date import ClockReading, look
    from sipas.publishing import shortened
    from sipas.publishing.stops import gate, stop

    where, now = settings(), ClockReading.now()
    base = database(where)
    saying = deciders(where, "wave stop-destruction", wave, 2, accounts, names, emergency)
    people = [one.name for one in saying]
    told = audit_log.deed(where.home, saying[0].account, "wave stop-destruction", wave, by=people)
    with told, base.writing() as session:
        opened = gate(session, look(where.home, now), now.day)
        retention = shortened.look(where.home, where.retention, now.day).days
        made = stop(session, where.home, wave, people, with_emergency(reason, saying), days, opened, retention)
    note(
        _(
            "Until {day} nothing of wave {wave} is destroyed, as {first} and {second} say. It ends by itself, and "
            "cannot be said again.",
            day=made.until,
            wave=wave,
            first=made.first_person,
            second=made.second_person,
        )
    )

"""`sipas init` and `sipas migrate`."""

from __future__ import annotations

import click

from sipas import clock
from sipas.commands.common import example, note, settings
from sipas.i18n import _


@click.command(
    help=_("Make the home folder and an empty database with the registry of the province."),
    epilog=example("SIPAS_HOME=/srv/sipas sipas init"),
)
@click.option("--without-registry", is_flag=True, help=_("Leave the registry empty, to load another province's."))
def init(without_registry: bool) -> None:
    from sipas.disk import keep_reserve
    from sipas.migrations import create
    from sipas.registry.importing import load_registry

    where = settings()
    database = create(where)
    keep_reserve(where.home)
    if not without_registry:
        with database.writing() as session:
            load_registry(session)
    note(_("Ready: {home}. Next: `sipas point add`, `sipas frame load`, then `sipas wave open`.", home=where.home))


@click.command(
    help=_("Bring the database to the version this program needs; a backup is made first."),
    epilog=example("sipas migrate"),
)
@click.option("--backed-up", is_flag=True, help=_("For PostgreSQL: you made a backup with pg_dump."))
def migrate(backed_up: bool) -> None:
    from sipas import keys
    from sipas.database import Database
    from sipas.disk import keep_reserve
    from sipas.fieldwork.waves import waves
    from sipas.migrations import migrate as run

    where = settings()
    copy = run(where, clock.today(), backed_up)
    with Database.of(where).reading() as session:
        for wave in waves(session):
            if wave.state != "frozen":  # those opened before kiosks could seal
                keys.make(where.home, wave.code, ("seal",))
    keep_reserve(where.home)
    if copy is None:
        note(_("The database is at the newest version."))
    else:
        note(_("The database was brought to the newest version. Backup: {copy}", copy=copy))

"""`sipas init` and `sipas migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sipas import clock
from sipas.cli.common import example, note, settings
from sipas.errors import N_, NotReady
from sipas.i18n import _

if TYPE_CHECKING:
    from sipas.storage.database import Database

HAS_ONE = N_(
    "This home has a registry already ({province}, {count} units); nothing of it was changed. `sipas registry load "
    "FOLDER` loads files."
)


@click.command(
    help=_(
        "Make the home folder and its database, with the registry of a province that --registry names: FOLDER of its "
        "files, or son-la. Without it the registry stays empty. In a home that has a registry nothing is loaded."
    ),
    epilog=example("SIPAS_HOME=/srv/sipas sipas init --registry ./my-province"),
)
@click.option("--registry", "folder", help=_("Folder of the province's files, or son-la."))
@click.option("--without-registry", is_flag=True, help=_("Leave the registry empty, as without --registry."))
def init(folder: str | None, without_registry: bool) -> None:
    from sipas.files.disk_space import keep_reserve
    from sipas.migrations import create
    from sipas.storage.database import Database

    if folder and without_registry:
        raise click.UsageError(_("--registry and --without-registry contradict each other."))
    where = settings()
    is_new = not Database.of(where).exists()
    if is_new and folder:
        _try(folder)
    database = create(where)
    keep_reserve(where.home)
    _registry(database, folder)
    note(_("Ready: {home}. Next: `sipas point add`, `sipas frame load`, then `sipas wave open`.", home=where.home))


def _try(folder: str) -> None:
    """So that a registry that is refused leaves no half-made home."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    from sipas.cli.operator.registry import folder_of
    from sipas.registry.importing import load_registry
    from sipas.storage.database import Base

    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        load_registry(session, folder_of(folder))
    engine.dispose()


def _registry(database: Database, folder: str | None) -> None:
    """Loads the one that is named into a home that has none, and says whose; a home that has one keeps it."""
    from sqlalchemy import func, select

    from sipas.cli.operator.registry import folder_of
    from sipas.registry.importing import load_registry
    from sipas.registry.models import Unit

    with database.writing() as session:
        units = session.scalar(select(func.count()).select_from(Unit))
        if not units and folder:
            load_registry(session, folder_of(folder))
        province = session.scalar(select(Unit.name).where(Unit.kind == "province").order_by(Unit.valid_to.is_not(None)))
        count = session.scalar(select(func.count()).select_from(Unit))
    if units and folder:
        raise NotReady(HAS_ONE, province=province or "–", count=count)
    if units:
        note(_(HAS_ONE, province=province or "–", count=count))
    elif not count:
        note(
            _(
                "The registry is empty. Next: sipas registry template FOLDER, then sipas registry load FOLDER; the one "
                "of Sơn La: sipas registry load son-la"
            )
        )
    else:
        note(_("Registry: {province}, {count} units.", province=province or "–", count=count))


@click.command(
    help=_("Bring the database to the version this program needs; a backup is made first."),
    epilog=example("sipas migrate"),
)
@click.option("--backed-up", is_flag=True, help=_("For PostgreSQL: you made a backup with pg_dump."))
def migrate(backed_up: bool) -> None:
    from sipas.cli.operator.upkeep import tell_differences
    from sipas.fieldwork.waves import waves
    from sipas.files.disk_space import keep_reserve
    from sipas.keyring import wave_keys
    from sipas.migrations import migrate as run
    from sipas.storage.database import Database

    where = settings()
    copy = run(where, clock.today(), backed_up)
    with Database.of(where).reading() as session:
        for wave in waves(session):
            if wave.state != "frozen":  # those opened before kiosks could seal
                wave_keys.make(where.home, wave.code, ("seal",))
    keep_reserve(where.home)
    if copy is None:
        note(_("The database is at the newest version."))
    else:
        note(_("The database was brought to the newest version. Backup: {copy}", copy=copy))
        tell_differences(where, Database.of(where))

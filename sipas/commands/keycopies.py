"""`sipas keypair`, `sipas wave key-copy` and `sipas wave key-restore`."""

from __future__ import annotations

from pathlib import Path

import click

from sipas import clock
from sipas.commands.common import database, example, note, settings
from sipas.i18n import _

FILE = click.Path(path_type=Path, dir_okay=False)
GIVEN = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(
    help=_("Make an office's pair of keys, to which other offices can seal copies of theirs."),
    epilog=example("sipas keypair office.key"),
)
@click.argument("file", type=FILE)
def keypair(file: Path) -> None:
    from sipas.keycopies import new_pair

    public = new_pair(file)
    note(_("{private} stays here; give {public} to the other office.", private=file, public=public))


@click.command(
    "key-copy",
    help=_(
        "Seal a copy of the wave's sealing key to a second office, so that a lost disk loses no answer that a kiosk "
        "has sealed. The office deletes the copy when the wave's days of grace are over."
    ),
    epilog=example("sipas wave key-copy 2026-2 --to other-office.key.pub --out 2026-2.seal.copy"),
)
@click.argument("wave")
@click.option("--to", "public", type=GIVEN, required=True, help=_("The second office's public key (`sipas keypair`)."))
@click.option("--out", type=FILE, required=True, help=_("File to write; it opens nothing without that office's key."))
def key_copy(wave: str, public: Path, out: Path) -> None:
    from sipas.fieldwork.waves import wave_of
    from sipas.keycopies import copy

    where = settings()
    with database(where).reading() as session:
        code = wave_of(session, wave).code
    copy(where.home, code, public, out)
    note(_("{file} holds the sealing key of wave {wave}, for that office alone.", file=out, wave=code))


@click.command(
    "key-restore",
    help=_("Put a wave's sealing key back from its copy, after a disk was lost (at the office that holds the copy)."),
    epilog=example("sipas wave key-restore 2026-2.seal.copy --with other-office.key"),
)
@click.argument("file", type=GIVEN)
@click.option("--with", "private", type=GIVEN, required=True, help=_("The private key of the office that holds it."))
@click.option(
    "--renew",
    is_flag=True,
    help=_(
        "Make new keys in place of the two others, if they were lost with the disk: then an answer stored before the "
        "loss and sent again after it counts twice, and the running week falls into two clusters."
    ),
)
def key_restore(file: Path, private: Path, renew: bool) -> None:
    from sipas import keys
    from sipas.errors import N_, WaveState
    from sipas.fieldwork.waves import wave_of
    from sipas.keycopies import opened, restore

    where = settings()
    code, key = opened(file, private)
    with database(where).reading() as session:
        wave = wave_of(session, code)
    if wave.state == "frozen" and (wave.grace_until is None or clock.today() > wave.grace_until):
        raise WaveState(
            N_("The days of grace of wave {wave} are over; its sealing key must not come back. Delete {file}."),
            wave=code,
            file=file.name,
        )
    if restore(where.home, code, key):
        note(_("The sealing key of wave {wave} is back.", wave=code))
    else:
        note(_("The sealing key of wave {wave} is there already.", wave=code))
    if renew:
        keys.make(where.home, code, keys.AFTER_GRACE if wave.state == "frozen" else keys.KINDS)
    lost = set(keys.AFTER_GRACE if wave.state == "frozen" else keys.KINDS) - set(keys.held(where.home, code))
    if lost:
        note(_("Still missing: {kinds}. See --renew.", kinds=", ".join(sorted(lost))))

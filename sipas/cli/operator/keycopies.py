"""`sipas keypair`, `sipas wave key-copy`, `key-restore` and `key-renew`."""

from __future__ import annotations

from pathlib import Path

import click

from sipas import clock
from sipas.cli.common import database, example, note, settings
from sipas.cli.deciding import decided_by, deciders, with_emergency
from sipas.errors import N_
from sipas.i18n import _

COSTS = {
    "cluster": N_(
        "cluster: at each point the weeks in which both keys may stand count as one cluster; intervals get wider."
    ),
    "id": N_("id: an answer that was stored before, and is sent again from now on, counts twice."),
    "seal": N_(
        "seal: what screens sealed until now is put aside unopened and counted; each screen takes the new key as soon "
        "as it has a line."
    ),
    "invitation": N_("invitation: the codes handed out until now are void; issue new ones."),
}
FILE = click.Path(path_type=Path, dir_okay=False)
GIVEN = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(
    help=_("Make an office's pair of keys, to which other offices can seal copies of theirs."),
    epilog=example("sipas keypair office.key"),
)
@click.argument("file", type=FILE)
def keypair(file: Path) -> None:
    from sipas.keyring.escrow import new_pair

    public = new_pair(file)
    note(_("{private} stays here; give {public} to the other office.", private=file, public=public))


@click.command(
    "key-copy",
    help=_(
        "Seal a copy of the wave's sealing key, and of its codes' key, to a second office, so that a lost disk loses "
        "no answer that a kiosk has sealed and no code. The office deletes the copy when the wave's days of grace are "
        "over. The keys of the weeks and of resends are never copied: the first is promised to die at the freeze."
    ),
    epilog=example("sipas wave key-copy 2026-2 --to other-office.key.pub --out 2026-2.seal.copy"),
)
@click.argument("wave")
@click.option("--to", "public", type=GIVEN, required=True, help=_("The second office's public key (`sipas keypair`)."))
@click.option("--out", type=FILE, required=True, help=_("File to write; it opens nothing without that office's key."))
def key_copy(wave: str, public: Path, out: Path) -> None:
    from sipas.fieldwork.waves import wave_of
    from sipas.inviting import has_invitations
    from sipas.keyring import wave_keys
    from sipas.keyring.escrow import copy

    where = settings()
    with database(where).reading() as session:
        found = wave_of(session, wave)
        code, state, has_codes = found.code, found.state, has_invitations(session, found.code)
    for kind in (wave_keys.INVITATION, "seal") if has_codes else ("seal",):
        if wave_keys.find(where.home, code, kind) is None:
            raise wave_keys.missing(where.home, code, kind, state)
    copied = copy(where.home, code, public, out)
    note(_("{file} holds the sealing key of wave {wave}, for that office alone.", file=out, wave=code))
    if wave_keys.INVITATION in copied:
        note(_("It holds the key of its invitation codes too."))
    else:
        note(_("Wave {wave} has no invitation codes yet; once you issue some, make another copy.", wave=code))
    note(_("Not copied: cluster (it must die at the freeze) and id. The wave can do without both; see the manual."))


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
        "Make new keys in place of the others, if they were lost with the disk: then an answer stored before the loss "
        "and sent again after it counts twice, and weeks in which both keys may stand count as one cluster. As "
        "key-renew, which asks for names and a reason."
    ),
)
def key_restore(file: Path, private: Path, renew: bool) -> None:
    from sipas.errors import WaveState
    from sipas.fieldwork.waves import wave_of
    from sipas.inviting import has_invitations
    from sipas.keyring import wave_keys
    from sipas.keyring.escrow import opened_copy, restore_key
    from sipas.publishing.key_losses import Saying, lost
    from sipas.publishing.key_losses import renew as anew

    where = settings()
    code, found = opened_copy(file, private)
    with database(where).reading() as session:
        wave, has_codes = wave_of(session, code), has_invitations(session, code)
    if wave.state == "frozen" and (wave.grace_until is None or clock.today() > wave.grace_until):
        raise WaveState(
            N_("The days of grace of wave {wave} are over; its sealing key must not come back. Delete {file}."),
            wave=code,
            file=file.name,
        )
    if not has_codes:  # their last one has run out, and so must its key
        found.pop(wave_keys.INVITATION, None)
    done = [kind for kind, key in found.items() if restore_key(where.home, code, key, kind)]
    if "seal" in done:
        note(_("The sealing key of wave {wave} is back.", wave=code))
    else:
        note(_("The sealing key of wave {wave} is there already.", wave=code))
    if wave_keys.INVITATION in done:
        note(_("The key of its invitation codes is back."))
    if renew:
        with database(where).reading() as session:
            gone = lost(session, where.home, wave_of(session, code), clock.today())
        if gone:
            anew(database(where), where.home, code, Saying(), clock.today())
    with database(where).reading() as session:
        gone = lost(session, where.home, wave_of(session, code), clock.today())
    if gone and wave.state == "closed":
        note(
            _(
                "Still missing: {kinds}. Copy them back; if they are lost, freeze the closed wave without them: "
                '`sipas freeze {wave} --keys-lost --account … --account … --reason "…"`.',
                kinds=", ".join(gone),
                wave=code,
            )
        )
    elif gone:
        note(_("Still missing: {kinds}. See --renew.", kinds=", ".join(gone)))


@click.command(
    "key-renew",
    help=_(
        "Make new keys in place of those that a wave has lost for good, so that it can go on asking. Two people say "
        "so, and why; it stands in the log and in the manifest of the wave's releases. What it costs for each key: "
        "`sipas manual operator`, “The keys of a wave”."
    ),
    epilog=example("sipas wave key-renew 2026-2 --account hoa --account an --reason 'Ổ đĩa hỏng, không có bản sao'"),
)
@click.argument("wave")
@decided_by(2)
@click.option("--reason", default="", help=_("How they were lost; it is published with the wave's releases."))
def key_renew(wave: str, accounts: tuple[str, ...], names: tuple[str, ...], emergency: str, reason: str) -> None:
    from sipas.accounts import audit_log
    from sipas.expiry.trusted_date import refuse_doubted
    from sipas.fieldwork.waves import wave_of
    from sipas.publishing.key_losses import Saying, renewable
    from sipas.publishing.key_losses import renew as run

    where = settings()
    refuse_doubted(where.home)
    with database(where).reading() as session:  # before anybody is asked for names in vain
        renewable(session, where.home, wave_of(session, wave), clock.today())
    if not reason.strip():
        raise click.UsageError(_("--reason says how the keys were lost."))
    people = deciders(where, "wave key-renew", wave, 2, accounts, names, emergency)
    said = Saying.of([one.name for one in people], with_emergency(reason, people))
    with audit_log.deed(where.home, people[0].account, "wave key-renew", wave, by=[one.name for one in people]):
        made = run(database(where), where.home, wave, said, clock.today())
    note(_("Wave {wave} has new keys: {kinds}.", wave=wave, kinds=", ".join(made)))
    for kind in made:
        note(_(COSTS[kind]))

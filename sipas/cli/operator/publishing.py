"""`sipas freeze` and `sipas release`."""

from __future__ import annotations

import click

from sipas import clock, i18n
from sipas.cli.common import asker, database, example, json_option, note, print_json, print_table, settings
from sipas.cli.deciding import decided_by, deciders, with_emergency
from sipas.i18n import _, number, say
from sipas.i18n.code_labels import word


def _step(what: str) -> None:
    note(f"{_(what)} …")


@click.command(
    help=_("Freeze a closed wave: its answers become one file with a digest, the key of their weeks is destroyed."),
    epilog=example("sipas freeze 2026-1"),
)
@click.argument("wave")
@click.option(
    "--with-unfinished",
    is_flag=True,
    help=_("Take in the forms that were left unfinished, where the wave kept them; else they are left out."),
)
@click.option(
    "--snapshot",
    "named",
    default="",
    metavar=_("DIGEST"),
    help=_(
        "After the restore of an older backup: take up the file of the wave that lies in snapshots, of which you know "
        "that this is its digest (16 letters at least)."
    ),
)
@click.option(
    "--keys-lost",
    is_flag=True,
    help=_(
        "Freeze it although keys of it are lost for good; give --account twice and --reason. Its weeks stay its "
        "clusters; what screens sealed under a lost key is not counted. Its releases say so."
    ),
)
@decided_by(2)
@click.option("--reason", default="", help=_("With --keys-lost: how they were lost; it is published with releases."))
def freeze(
    wave: str,
    with_unfinished: bool,
    named: str,
    keys_lost: bool,
    accounts: tuple[str, ...],
    names: tuple[str, ...],
    emergency: str,
    reason: str,
) -> None:
    from sipas.accounts import audit_log
    from sipas.estimating.key_words import key_sentences
    from sipas.expiry.trusted_date import refuse_doubted
    from sipas.publishing.freeze import freeze as run
    from sipas.publishing.key_losses import Saying

    if (accounts or names or emergency or reason) and not keys_lost:
        raise click.UsageError(_("--account, --by, --emergency and --reason belong to --keys-lost."))
    if keys_lost and not reason.strip():
        raise click.UsageError(_("--reason says how the keys were lost."))
    where = settings()
    refuse_doubted(where.home)
    base, without = database(where), None
    if keys_lost:
        people = deciders(where, "freeze --keys-lost", wave, 2, accounts, names, emergency)
        without = Saying.of([one.name for one in people], with_emergency(reason, people))
        said = {"by": [one.account or one.name for one in people]}
        audit_log.note(where.home, people[0].account, "freeze --keys-lost", wave, facts=said)
    frozen = run(base, where.home, wave, clock.today(), where.grace, with_unfinished, _step, without, named)
    note(
        _(
            "Wave {wave} is frozen: {rows} answers, digest {digest}.",
            wave=wave,
            rows=frozen.rows,
            digest=frozen.digest[:16],
        )
    )
    for each in key_sentences(frozen.codebook.lost_keys):
        note(say(each))


@click.group(help=_("Releases: build a draft, have a second person approve it, publish it."))
def release() -> None:
    """Group of commands."""


@release.command("list", help=_("List the releases."), epilog=example("sipas release list --json"))
@json_option
def list_releases(as_json: bool) -> None:
    from sipas.publishing.review import releases

    with database().reading() as session:
        listed = releases(session)
    if as_json:
        print_json(listed)
    else:
        print_table(
            [_("release"), _("wave"), _("state"), _("built by"), _("approved by"), _("published on")],
            [
                [
                    r["release"],
                    r["wave"],
                    word("state", r["state"]),
                    r["built_by"],
                    r["approved_by"] or "",
                    r["published_on"] or "",
                ]
                for r in listed
            ],
        )


@release.command(
    help=_("Build a draft from a frozen wave: weights, estimates, protection, pages."),
    epilog=example("sipas release build 2026-1 --account hoa"),
)
@click.argument("wave")
@decided_by(1)
def build(wave: str, accounts: tuple[str, ...], names: tuple[str, ...], emergency: str) -> None:
    from sipas.accounts import audit_log
    from sipas.publishing.build import build as run
    from sipas.publishing.published import open_folder
    from sipas.publishing.release_view import ReleaseView

    where = settings()
    base = database(where)
    asker(base)  # what the release will say
    (by,) = deciders(where, "release build", wave, 1, accounts, names, emergency)
    with audit_log.deed(where.home, by.account, "release build", wave):
        code = run(base, where, wave, by, clock.today(), _step)
    made = open_folder(where.paths.draft(code))
    edition = ReleaseView(made.manifest, made.table, i18n.language())
    if edition.unrepresented:
        note(
            _(
                "For some offices nobody answered: they handled {count} of the {all} dossiers, and the figures say "
                "nothing of them.",
                count=number(edition.unrepresented),
                all=number(edition.dossiers),
            )
        )
    note(
        _(
            "Draft {code} was built in {folder}. Next, a second person approves it at the desk, or runs: sipas release "
            "approve {code} --account {name}",
            code=code,
            folder=f"drafts/{code}",
            name=_("NAME"),
        )
    )
    click.echo(code)


@release.command(
    help=_("Approve a draft; never by the person who built it."),
    epilog=example("sipas release approve 2026-1-r1 --account an"),
)
@click.argument("code")
@decided_by(1)
def approve(code: str, accounts: tuple[str, ...], names: tuple[str, ...], emergency: str) -> None:
    from sipas.accounts import audit_log
    from sipas.publishing.review import approve as run

    where = settings()
    base = database(where)
    (by,) = deciders(where, "release approve", code, 1, accounts, names, emergency)
    with audit_log.deed(where.home, by.account, "release approve", code):
        name = run(base, where.home, code, by, clock.today())
    note(_("Release {code} is approved by {by}. Next: `sipas release publish {code}`.", code=code, by=name))


@release.command(
    help=_("Publish an approved release: from now on its files never change."),
    epilog=example("sipas release publish 2026-1-r1"),
)
@click.argument("code")
def publish(code: str) -> None:
    from sipas.publishing.review import publish as run

    where = settings()
    run(database(where), where.home, code, clock.today())
    note(_("Release {code} is public at {url}.", code=code, url=f"/results/{code}/"))


@release.command(
    help=_(
        "Take a release that lies on the shelf back into a database that does not know it was published, as after the "
        "restore of an older backup."
    ),
    epilog=example("sipas release adopt 2026-1-r1"),
)
@click.argument("code")
def adopt(code: str) -> None:
    from sipas.publishing.review import adopt as run

    where = settings()
    run(database(where), where.home, code)
    note(_("The database knows release {code} as published again.", code=code))

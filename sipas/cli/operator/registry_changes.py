"""`sipas registry remove`, `close`, `rename` and `clear`: what may be corrected without files."""

from __future__ import annotations

import datetime as dt

import click

from sipas import clock
from sipas.cli.common import database, example, note, settings
from sipas.i18n import _, number, say

DAY = click.DateTime(["%Y-%m-%d"])
OWNERS = ("unit", "service")
KEYS = {"competence": 2, "crosswalk": 2}
OWNED = click.Choice(OWNERS)


@click.command(
    help=_(
        "Remove units or services that nothing uses (unit CODE ..., service CODE ...), a rule of competence "
        "(competence RECEIVER SERVICE) or a crosswalk row (crosswalk OLD NEW). A unit's dossier counts go with it "
        "where no wave has settled on them and no release was made with them."
    ),
    epilog=example("sipas registry remove unit 3646 3664"),
)
@click.argument("what", type=click.Choice([*OWNERS, *KEYS]))
@click.argument("keys", nargs=-1, required=True)
@click.option("--from", "first", type=DAY, help=_("Of a rule of competence: its first day, where it has one."))
def remove(what: str, keys: tuple[str, ...], first: dt.datetime | None) -> None:
    from sipas.corrections import correcting, remove_owned
    from sipas.corrections import remove_rule as run
    from sipas.corrections.counts import Removed

    if what not in OWNERS and len(keys) != KEYS[what]:
        raise click.UsageError(_("{what} is named by {count} codes.", what=what, count=KEYS[what]))
    where, gone = settings(), Removed()
    with database(where).writing() as session, correcting(session, clock.today()) as changes:
        if what in OWNERS:
            gone = remove_owned(session, where.home, what, keys)
        else:
            run(session, what, (*keys, str(first.date())) if first else keys)
    for remark in (*changes.remarks, *gone.drafts):
        note(say(remark))
    note(_("Removed: {what} {keys}.", what=what, keys=" ".join(keys)))
    if gone.rows:
        note(
            _(
                "With them {rows} rows of dossier counts went, {dossiers} dossiers, months {first} to {last}. Where "
                "the right code lacks them, load them there: sipas frame load FILE",
                rows=number(gone.rows),
                dossiers=number(gone.dossiers),
                first=gone.months[0],
                last=gone.months[-1],
            )
        )


@click.command(
    help=_("Give a unit or a service its last day. What was said of it stays, under its name."),
    epilog=example("sipas registry close unit 03999 --on 2026-12-31"),
)
@click.argument("what", type=OWNED)
@click.argument("code")
@click.option("--on", "last", type=DAY, required=True, help=_("Its last day."))
def close(what: str, code: str, last: dt.datetime) -> None:
    from sipas.corrections import close as run
    from sipas.corrections import correcting

    with database().writing() as session, correcting(session, clock.today()) as changes:
        found = run(session, what, code, last.date())
    for remark in changes.remarks:
        note(say(remark))
    note(_("{code} {name}: its last day is {day}.", code=code, name=found.name, day=found.valid_to))


@click.command(
    help=_("Give a unit or a service another name, from now on; releases that were printed keep the earlier one."),
    epilog=example('sipas registry rename unit 03999 --name "Phường Mới" --name-en "New ward"'),
)
@click.argument("what", type=OWNED)
@click.argument("code")
@click.option("--name", default="", help=_("Name in Vietnamese."))
@click.option("--name-en", default="", help=_("Name in English."))
def rename(what: str, code: str, name: str, name_en: str) -> None:
    from sipas.corrections import rename as run

    if not name.strip() and not name_en.strip():
        raise click.UsageError(_("Give --name, --name-en or both."))
    with database().writing() as session:
        found = run(session, what, code, name, name_en)
    note(_("{code} is called {name} ({name_en}) now.", code=code, name=found.name, name_en=found.name_en))


@click.command(
    help=_("Empty a registry that nothing uses yet, such as one that was loaded by mistake."),
    epilog=example("sipas registry clear"),
)
def clear() -> None:
    from sipas.corrections import clear as run

    with database().writing() as session:
        units = run(session)
    note(_("The registry is empty; it had {units} units. Next: sipas registry load FOLDER", units=units))

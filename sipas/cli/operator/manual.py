"""`sipas manual`: where the manuals lie, and what they say, in the language of the command line."""

from __future__ import annotations

import click

from sipas import docs
from sipas.cli.common import example, note, print_table
from sipas.i18n import N_, _, language

READERS = {
    "operator": N_("whoever runs the server: a wave from opening to publication, backups, keys"),
    "invitations": N_("whoever hands out codes, posters and strips for receipts"),
    "kiosk-install": N_("whoever sets up a kiosk: HTTPS, the screen, its place"),
    "analyst": N_("an analyst with a snapshot"),
    "estimate": N_("an analyst with a table of one's own"),
}


@click.command(
    help=_(
        "Print the manual NAME, such as operator; without NAME list the manuals, for whom each is, and their files."
    ),
    epilog=example("sipas manual operator | less"),
)
@click.argument("name", required=False, type=click.Choice(docs.NAMES))
def manual(name: str | None) -> None:
    """See the help above."""
    if name:
        click.echo(docs.manual(name, language()).read_text("utf-8"), nl=False)
        return
    rows = [(each, _(READERS[each]), docs.manual(each, language())) for each in docs.NAMES]
    print_table([_("manual"), _("for"), _("file")], rows)
    note(_("To read one: sipas manual operator | less"))

"""`sipas words`: what a language of the kiosk still lacks, for those who translate."""

from __future__ import annotations

import click

from sipas.cli.common import example, json_option, note, print_json, print_table
from sipas.i18n import _, percent
from sipas.i18n.languages import COMPLETE, KNOWN

LANGUAGE = click.argument("language", type=click.Choice(tuple(KNOWN)))


@click.group(help=_("The words that visitors read, and the languages they can be read in."))
def words() -> None:
    """All commands of this group."""


@words.command(
    help=_("Lists what LANGUAGE still lacks: where each text stands, and what it says in Vietnamese."),
    epilog=example("sipas words missing blt-Tavt --json"),
)
@LANGUAGE
@json_option
def missing(language: str, as_json: bool) -> None:
    """See the help above."""
    from sipas.i18n import completeness

    todo = completeness.missing(language)
    if as_json:
        print_json([word.as_dict() for word in todo])
        return
    if todo:
        print_table([_("Where"), _("Vietnamese")], [(word.where, word.vietnamese) for word in todo])
    every = len(completeness.words(language))
    note(_("{done} of {every} texts are translated ({share}).", done=every - len(todo), every=every,
           share=percent(1 - len(todo) / every, 0)))  # fmt: skip


@words.command(
    help=_(
        "Writes the catalogs of all languages but Vietnamese and English anew: translations stay, new texts come in "
        "empty, each below its Vietnamese. For a copy of the sources; afterwards run `make catalogs`."
    ),
    epilog=example("sipas words collect"),
)
def collect() -> None:
    """See the help above."""
    from sipas.i18n import completeness

    for code in KNOWN:
        if code not in COMPLETE:
            for path in completeness.collect(code):
                note(str(path))

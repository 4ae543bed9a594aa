"""`sipas doctor --notify`: what was found is told to somebody who does not look by himself."""

from __future__ import annotations

import click

from sipas import clock
from sipas.cli.common import note
from sipas.config.settings import Settings
from sipas.errors import NotReady
from sipas.i18n import _, plural, say
from sipas.monitoring.notify import Notice, NotSent, installation_name, notification_ways
from sipas.monitoring.signs import BAD, Finding
from sipas.monitoring.told import News, news, remember_told, told_before

NOT_TOLD = 3  # exit status


def tell(where: Settings, found: list[Finding], always: bool) -> int:
    """Tells what is new, old enough or mended; gives the exit status of the command."""
    try:
        by = notification_ways(where)
    except NotReady as error:
        click.echo(say(error), err=True)
        return NOT_TOLD
    status, now = int(any(sign == BAD for sign, _sentence in found)), clock.now()
    said = news(told_before(where.home), found, now)
    if not (said.due or always):
        note(_("Nothing new is to be told."))
        return status
    message, sent = written(where, said), True
    for way in by:
        try:
            way(message)
        except NotSent as error:
            click.echo(say(error), err=True)
            sent = False
    if not sent:
        return NOT_TOLD  # and the next hour tries again
    note(_("It was told."))
    try:
        remember_told(where.home, said, now)
    except OSError as error:
        note(_("What was told could not be written down, so it will be told again: {reason}.", reason=error.strerror))
    return status


def written(where: Settings, said: News) -> Notice:
    """The findings as a letter: what is broken, what to keep an eye on, what was mended."""
    place, faults = installation_name(where), len(said.faults)
    if said.faults:
        subject = plural(
            "SIPAS {place}: one thing is broken", "SIPAS {place}: {n} things are broken", faults, place=place
        )
    elif said.mended:
        subject = _("SIPAS {place}: mended", place=place)
    elif said.warnings:
        subject = _("SIPAS {place}: something needs a look", place=place)
    else:
        subject = _("SIPAS {place}: all is well", place=place)
    parts = [
        (_("Broken; please see to it:"), said.faults),
        (_("To keep an eye on:"), said.warnings),
        (_("Mended since the last message:"), said.mended),
    ]
    text = "\n\n".join("\n".join([head, *(f"- {one}" for one in listed)]) for head, listed in parts if listed)
    text = text or _("Nothing is amiss.")
    closing = _("All of it, at any time, on the server: sipas doctor")
    return Notice(subject, f"{text}\n\n{closing}\n")

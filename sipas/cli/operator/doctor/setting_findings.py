"""What `sipas doctor` finds of settings: where environment, home and servers disagree, and whose province it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sipas import clock
from sipas.cli.common import another_name
from sipas.cli.operator.doctor.survey_findings import BAD, GOOD, WARN, Finding
from sipas.config.settings import Settings
from sipas.i18n import _, say

if TYPE_CHECKING:
    from sipas.config.sources import Origin
    from sipas.storage.database import Database


def settings(where: Settings) -> Iterator[Finding]:
    """Each setting that is not the same for whoever types, and for the server."""
    from sipas.config.sources import IN_HOME, origins, unknown_variables
    from sipas.errors import SipasError
    from sipas.web.certificates import check_authority

    found = origins()
    differing = [*_overruled(found), *_unkept(found), *_served(where, found)]
    yield from ((WARN, sentence) for sentence in differing)
    for name in unknown_variables():
        yield WARN, _("{name} means nothing to SIPAS; is it a slip? `sipas config list` names the settings.", name=name)
    if where.authority_file:
        try:
            check_authority(where.authority_file)
        except SipasError as error:
            yield BAD, say(error)
    if not differing:
        kept = sum(found[name].source == "home" for name in IN_HOME)
        yield GOOD, _("Settings: {count} kept in the home, the others by default.", count=kept)


def _overruled(found: dict[str, Origin]) -> Iterator[str]:
    """Where the environment goes before what the home says."""
    for name, one in found.items():
        below = one.below
        if below and below.source == "home" and below.value != one.value:
            yield _(
                "SIPAS_{name} in this environment says {value}, the home says {kept}. Commands typed elsewhere, and a "
                "server started elsewhere, go by the home: take the variable away, or run: sipas config set {setting} "
                "{value}",
                name=name.upper(),
                setting=name,
                value=one.shown(name),
                kept=below.shown(name),
            )


def _unkept(found: dict[str, Origin]) -> Iterator[str]:
    """What the environment alone says; all but what each server may say for itself."""
    from sipas.config.sources import OF_ONE_SERVER

    alone = [
        f"SIPAS_{name.upper()}"
        for name, one in found.items()
        if name not in OF_ONE_SERVER and one.below and one.below.source == "default" and one.below.value != one.value
    ]
    if alone:
        yield _(
            "Only this environment says {names}; who types elsewhere, and a server started elsewhere, goes by the "
            "default. Keep them in the home, where they hold for all: sipas config set NAME VALUE",
            names=", ".join(alone),
        )


def _served(where: Settings, found: dict[str, Origin]) -> Iterator[str]:
    """Where a server that runs goes by something else than a command here."""
    from sipas.config.sources import OF_ONE_SERVER
    from sipas.monitoring.servers import servers

    for server in servers(where.home):
        for name, (source, value) in server.settings.items():
            if name in OF_ONE_SERVER or name not in found or found[name].compared(name) == value:
                continue
            if source == "environment":
                yield _(
                    "The running server goes by a SIPAS_{name} of its own environment, which differs from what "
                    "commands here go by. Keep it in the home (sipas config set {setting} VALUE), and take the "
                    "variable away.",
                    name=name.upper(),
                    setting=name,
                )
            else:
                yield _(
                    "The running server still goes by another value of {setting} than commands here do; restart it.",
                    setting=name,
                )


def province(database: Database) -> Iterator[Finding]:
    """Whose province it is, by the registry; every page, poster and release says so."""
    from sipas.registry.province import NoProvince
    from sipas.registry.province import province as whose

    try:
        with database.reading() as session:
            ours = whose(session, clock.today())
    except NoProvince as error:
        yield BAD, say(error)
        return
    yield GOOD, _("Pages, posters and releases say: {name}; {name_en}.", name=ours.name, name_en=ours.called("en"))
    if not ours.is_written_out:
        yield (
            WARN,
            _(
                "The registry calls the province “{name}”. Write its name out in units.csv, such as “{whole}” or "
                "“{city}”: pages print it as it stands.",
                name=ours.name,
                whole=f"Tỉnh {ours.name}",
                city=f"Thành phố {ours.name}",
            ),
        )
    if said := another_name(ours):
        yield WARN, said

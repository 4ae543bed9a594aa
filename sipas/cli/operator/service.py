"""`sipas service install`: SIPAS as a service of systemd, with a timer for the backup and one for the doctor."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import sys
from pathlib import Path

import click

from sipas import docs
from sipas.cli.common import certificate_option, example, host_option, key_option, note, settings
from sipas.errors import N_, NotReady
from sipas.files.state_files import write_whole
from sipas.i18n import _

FOLDER = Path("/etc/systemd/system")
TEMPLATES = Path(docs.__file__).parent / "systemd"
NAMES = ("sipas.service", "sipas-backup.service", "sipas-backup.timer", "sipas-doctor.service", "sipas-doctor.timer")
HOMES = ("/home", "/run/user", os.path.expanduser("~root"))


@click.group(help=_("SIPAS as a service of the system."))
def service() -> None:
    """All commands about the service."""


@service.command(
    help=_(
        "Write systemd's units: the server, which starts with the machine and again whenever it ends; a backup each "
        "day; `sipas doctor --notify` each hour. All run as one user without rights, who can write to SIPAS_HOME alone."
    ),
    epilog=example("sipas service install --dry-run"),
)
@click.option("--dry-run", is_flag=True, help=_("Write nothing; show what would be written."))
@click.option("--user", default="sipas", show_default=True, help=_("The user as whom all of it runs."))
@host_option
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    help=_("Port to listen at; 443 needs no root: the unit allows it."),
)
@certificate_option
@key_option
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    show_default=True,
    help=_("Where systemd looks for units."),
)
@click.option("--force", is_flag=True, help=_("Replace units that are there and differ."))
def install(
    dry_run: bool,
    user: str,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    folder: Path,
    force: bool,
) -> None:
    if (certificate is None) != (key is None):
        raise click.UsageError(_("--certificate and --key belong together; give both or neither"))
    where = settings()
    pair = (certificate.absolute(), key.absolute()) if certificate and key else None
    units = written(where.home, user, host, port, pair)
    for name, text in units.items() if dry_run else ():
        click.echo(f"# {folder / name}\n{text}")
    if not dry_run:
        _refuse_unknown(user, where.home)
        _put(folder, units, force)
        note(_("{count} units were written to {folder}.", count=len(units), folder=folder))
    _tell_what_is_left(where.home, user)


def written(home: Path, user: str, host: str, port: int, pair: tuple[Path, Path] | None) -> dict[str, str]:
    """File name -> text of every unit; raises NotReady where a path cannot stand in one."""
    listen = ["--host", host, "--port", str(port)]
    if pair:
        listen += ["--certificate", str(pair[0]), "--key", str(pair[1])]
    program = _program()
    for word in (user, host, str(home), *program, *listen):
        if not re.fullmatch(r"[^\x00-\x1f\"'\\%$]+", word):
            raise NotReady(N_("“{word}” cannot stand in a unit of systemd; choose a plainer name."), word=word)
    inside = any(
        one.startswith(tuple(f"{top}/" for top in HOMES)) for one in (str(home), *program, *map(str, pair or ()))
    )
    values = {
        "PROGRAM": shlex.join(program).replace("'", '"'),
        "LISTEN": shlex.join(listen).replace("'", '"'),
        "COMMON": (TEMPLATES / "common").read_text(encoding="utf-8").strip(),
        "USER": user,
        "HOME": str(home),
        "HOME_PATH": f'"{home}"' if " " in str(home) else str(home),
        "PROTECT_HOME": "read-only" if inside else "yes",
    }
    return {name: _filled((TEMPLATES / name).read_text(encoding="utf-8"), values) for name in NAMES}


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _program() -> list[str]:
    """How the service calls this very installation."""
    beside = Path(sys.executable).with_name("sipas")
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "sipas.cli"]


def _refuse_unknown(user: str, home: Path) -> None:
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise NotReady(
            N_(
                "There is no user {user} on this machine. Make one: useradd --system --home-dir {home} --shell "
                "/usr/sbin/nologin {user}"
            ),
            user=user,
            home=home,
        ) from None


def _put(folder: Path, units: dict[str, str], force: bool) -> None:
    for name, text in units.items():
        path = folder / name
        if not force and path.exists() and path.read_text(encoding="utf-8") != text:
            raise NotReady(
                N_("{file} is there and differs; compare it with --dry-run, then replace it with --force."), file=path
            )
    for name, text in units.items():
        write_whole(folder / name, text.encode())
        (folder / name).chmod(0o644)


def _tell_what_is_left(home: Path, user: str) -> None:
    unseen = sorted(
        name for name in os.environ if name.startswith("SIPAS_") and name not in ("SIPAS_HOME", "SIPAS_LANGUAGE")
    )
    if unseen:
        note(
            _(
                "The service does not see what is set in this shell alone ({names}). Keep it in the home, where every "
                "command finds it: sipas config set NAME VALUE",
                names=", ".join(unseen),
            )
        )
    if not home.is_dir():
        note(_("There is no folder {home}. Run `sipas init`, or set SIPAS_HOME.", home=home))
    elif _owner(home) not in (user, ""):
        note(
            _(
                "{home} belongs to {owner}. Next: chown -R {user}: {home}; from then on type each command as that "
                "user: runuser -u {user} -- sipas …",
                home=home,
                owner=_owner(home),
                user=user,
            )
        )
    note(
        _(
            "Next: systemctl daemon-reload; systemctl enable --now {units}",
            units="sipas.service sipas-backup.timer sipas-doctor.timer",
        )
    )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return ""

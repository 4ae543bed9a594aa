"""What each setting is, and who says so: the default, the home, or the environment, which goes before the home.

The environment is read here and nowhere else (but for the language of the command line, in `sipas.i18n`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sipas.config import home_file, values
from sipas.config.settings import Settings, default_home
from sipas.errors import N_, NotReady
from sipas.files.home_paths import HomePaths

SETTINGS = {setting.name: setting for setting in fields(Settings)}
IN_HOME = tuple(name for name in SETTINGS if name != "home")
OF_ONE_SERVER = ("parts", "workers")  # what servers over the same home may differ in
NO_SETTINGS = ("LANGUAGE", "DEBUG", "KEYS", "PROFILE", "PROVINCE")  # what other variables of ours are called


@dataclass(frozen=True)
class Origin:
    """A setting's value, and who says so: "default", "home" or "environment"."""

    source: str
    value: Any
    below: Origin | None = None  # what would hold, were the environment silent

    def shown(self, name: str) -> str:
        """The value as it may be shown to whoever looks over a shoulder."""
        text = values.text_of(self.value)
        if text and SETTINGS[name].metadata.get("secret"):
            return "***"
        return values.without_password(text)

    def compared(self, name: str) -> str:
        """The value for comparing it with another process's, a digest where it can hold a password."""
        text = values.text_of(self.value)
        is_secret = name == "database_url" or SETTINGS[name].metadata.get("secret")
        return hashlib.sha256(text.encode()).hexdigest() if is_secret else text


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read SIPAS_HOME, the file in that home, and over it SIPAS_DATABASE_URL and so on: SIPAS_ and the name.

    Raises NotReady, naming the variable or the line of the file, when a value makes no sense.
    """
    return Settings(**{name: one.value for name, one in origins(environ).items()})


def origins(environ: Mapping[str, str] | None = None) -> dict[str, Origin]:
    """Every setting with its value and where that comes from; raises NotReady as `load_settings` does."""
    environ = os.environ if environ is None else environ
    found = {"home": home_of(environ)}
    home = found["home"].value
    path = HomePaths(home).settings
    kept = home_file.parse(home_file.held(environ, home), path, IN_HOME)
    for name in IN_HOME:
        setting, variable = SETTINGS[name], f"SIPAS_{name.upper()}"
        origin = Origin("default", setting.default)
        if line := kept.get(name):
            place = NotReady(N_("{file}, line {line}: {name}"), file=path, line=line.number, name=name)
            origin = Origin("home", value_of(name, line.text, place))
        if given := environ.get(variable, "").strip():
            origin = Origin("environment", value_of(name, given, variable), origin)
        found[name] = origin
    return found


def home_of(environ: Mapping[str, str] | None = None) -> Origin:
    """The home folder, whatever lies in it."""
    environ = os.environ if environ is None else environ
    given = environ.get("SIPAS_HOME", "").strip()
    return (
        Origin("environment", values.path("SIPAS_HOME", given)) if given else Origin("default", default_home(environ))
    )


def value_of(name: str, text: str, called: values.Name) -> Any:
    """What `text` means for the setting of that name; raises NotReady, calling it as `called` says."""
    return SETTINGS[name].metadata["read"](called, text)


def former_province(environ: Mapping[str, str] | None = None) -> str:
    """What SIPAS_PROVINCE says, by which the province was named before the registry named it."""
    return (os.environ if environ is None else environ).get("SIPAS_PROVINCE", "").strip()


def unknown_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """Variables named like ours that mean nothing here: a slip of the pen, most likely."""
    ours = {f"SIPAS_{name.upper()}" for name in (*SETTINGS, *NO_SETTINGS)} | {home_file.HELD}
    return sorted(
        name for name in (os.environ if environ is None else environ) if name.startswith("SIPAS_") and name not in ours
    )

"""What an enrolled device keeps of its point: pages, style, scripts and fonts, as one version that is taken whole.

The pages are those of everybody, in a variant (`?shell`) that brings one script more and, in the questionnaire, the key
that answers are sealed to. So a page and its key can never belong to two different waves.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app

from sipas.errors import N_, NotReady
from sipas.fieldwork.asking import AskingPoint
from sipas.i18n import completeness
from sipas.i18n.completeness import offered
from sipas.keyring import wave_keys
from sipas.kiosk.point_view import PointView
from sipas.registry.province import ProvinceName
from sipas.web import assets
from sipas.web.installation import installation
from sipas.web.links import address

WORKER = Path(__file__).with_name("worker.js")
SCRIPTS = ("js/device.js", "js/enrol.js")
STYLES = ("css/device.css",)


@dataclass(frozen=True)
class Seal:
    """What a page must know to seal an answer."""

    key: str  # base64 of the wave's public key
    wave: str
    instrument: str
    version: str
    closes_on: str  # the wave's last day, "" while nobody knows it

    @classmethod
    def of(cls, asking: AskingPoint, home: Path) -> Seal:
        """Of the wave that asks where the visitor stands."""
        wave = asking.wave
        public = base64.b64encode(wave_keys.seal_public(home, wave.code)).decode()
        return cls(public, wave.code, wave.instrument, str(wave.version), str(wave.closes_on or ""))


def pages(point: str, languages: Iterable[str]) -> list[str]:
    """The addresses of every page that a device keeps."""
    kept = [address("kiosk.start", point=point, shell="")]
    for language in languages:
        for page in ("questionnaire", "privacy", "thanks", "device"):
            kept.append(address(f"kiosk.{page}", point=point, language=language, shell=""))
    return kept


def files(place: PointView, languages: Iterable[str]) -> list[str]:
    """The addresses of every file that those pages bring in, named by content."""
    every = assets.assets()
    scripts = (*SCRIPTS, *(name for name in every if name.startswith("js/kiosk/")))
    names = dict.fromkeys((*scripts, *(needed for name in scripts for needed in every[name].needs)))
    sheets = (*STYLES, *completeness.sheets(languages))
    styles = b"".join(every[name].body for name in ("kiosk.css", *sheets))  # the first stands in the pages themselves
    fonts = [name for name, one in every.items() if name.endswith(".woff2") and one.path.encode() in styles]
    named = (f"audio/{name}" for item in place.instrument.items for _, name in item.audio)
    recordings = [name for name in named if name in every]
    return [assets.static_url(name) for name in (*names, *sheets, *fonts, *recordings)]


def worker(place: PointView, seal: Seal, province: ProvinceName) -> str:
    """The service worker with its list; equal while nothing on the device would change."""
    return _worker(current_app._get_current_object(), place, seal, province)  # type: ignore[attr-defined]


@lru_cache(maxsize=256)  # the listed pages follow from place, seal, province and the settings, which are the app's
def _worker(_app: Flask, place: PointView, seal: Seal, _province: ProvinceName) -> str:
    languages = offered(installation().settings.languages, place.instrument_code, place.instrument_version)
    script, listed, brought = WORKER.read_text(), pages(place.code, languages), files(place, languages)
    version = hashlib.sha256(repr((seal, brought, script)).encode())
    for one in listed:
        version.update(_served(one))
    kept = {"point": place.code, "version": version.hexdigest()[:16], "pages": listed, "files": brought}
    return f"const KEPT = {json.dumps(kept)};\n{script}"


def _served(page: str) -> bytes:
    """A page as a device gets it: what is counted into the version is what is served, whatever made it."""
    with current_app.test_request_context(page):
        response = current_app.full_dispatch_request()
        if response.status_code != 200:
            raise NotReady(N_("The page {page} cannot be kept on devices just now."), page=page)
        return response.get_data()

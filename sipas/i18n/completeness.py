"""What a visitor reads, word by word: what of it a language lacks, and whether it has enough to be offered.

A language that the setting `languages` names is offered at a kiosk when its catalogs hold its own name, nine in ten of
the words around the questions, and of the questionnaire asked there all answer levels and nine in ten of the other
texts.
"""

from __future__ import annotations

import datetime as dt
import gettext
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import surveys
from sipas import i18n
from sipas.i18n.languages import COMPLETE, EVERY, KNOWN, OWN_NAME
from surveys import Instrument
from surveys.instrument import is_own
from surveys.wording import texts
from translations import FOLDER

DOMAINS = ("messages", "instruments")
ENOUGH = 0.9
# Where the words of visitors stand; a walk over every page of the kiosk in a made-up language checks the list.
VISITORS = (
    "sipas/fieldwork/invitation_codes.py",
    "sipas/web/error_pages.py",
    "sipas/errors.py",
    "sipas/fieldwork/asking.py",
    "sipas/i18n/languages.py",
    "sipas/intake/anonymise.py",
    "sipas/intake/ways.py",
    "sipas/inviting/",
    "sipas/kiosk/",
    "sipas/registry/whose_survey.py",
    "sipas/templates/errors/",
    "sipas/templates/layout.html",
)
STAFF = ("sipas/inviting/printing.py", "sipas/kiosk/device_api.py", "sipas/kiosk/templates/kiosk/device.html")
LONG_AGO = {
    "creation_date": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    "revision_date": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
}
NOT_SAID = {one.called for one in EVERY}  # names that officers read


@dataclass(frozen=True)
class Word:
    """One text that a visitor may meet."""

    domain: str
    where: str  # the file, or the item's address
    source: str  # as the catalogs know it
    vietnamese: str
    said: str  # in the language asked for; "" where that is missing

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


# What is remembered here follows from catalogs and questionnaires, files that a process reads once (`i18n.catalog`).
@lru_cache(maxsize=1)
def messages() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """The visitors' words of the interface: (singular and plural, files)."""
    from babel.messages.pofile import read_po

    with (FOLDER / "messages.pot").open("rb") as file:
        every = [message for message in read_po(file) if message.id and message.id not in NOT_SAID]
    found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for message in every:
        files = tuple(dict.fromkeys(name for name, _line in message.locations))
        if any(name.startswith(VISITORS) and name not in STAFF for name in files):
            found.append((tuple(message.id) if isinstance(message.id, (tuple, list)) else (message.id,), files))
    return tuple(found)


@lru_cache(maxsize=64)
def words(code: str) -> tuple[Word, ...]:
    """Every text for visitors, with what the language says for it; of every released version, for a wave goes on with
    the one on which it was opened."""
    asked = (
        word
        for each, versions in surveys.catalogue().items()
        for version in versions
        if not is_own(version)
        for word in questionnaire(code, each, version)
    )
    return (*_interface(code), *dict.fromkeys(asked))


def _interface(code: str) -> Iterator[Word]:
    own, vietnamese = _own(code, "messages"), i18n.catalog("vi", "messages")
    for (source, *more), files in messages():
        said = own.ngettext(source, more[0], 2) if more else own.gettext(source)
        spoken = vietnamese.ngettext(source, more[0], 2) if more else vietnamese.gettext(source)
        yield Word("messages", files[0], source, spoken, source if code == "en" else said)


def questionnaire(code: str, instrument: str, version: int | None = None) -> tuple[Word, ...]:
    """Every text of one version of a questionnaire (the latest, if none is named) that has a letter in it."""
    return _questionnaire(code, instrument, version or surveys.load(instrument).version, surveys.own_folder())


@lru_cache(maxsize=256)
def _questionnaire(code: str, instrument: str, version: int, _folder: Path | None) -> tuple[Word, ...]:
    own = _own(code, "instruments")
    return tuple(
        Word("instruments", address, text, text, text if code == "vi" else own.pgettext(address, text))
        for address, text in texts(surveys.load(instrument, version))
        if any(letter.isalpha() for letter in text)
    )


class _Nothing(gettext.NullTranslations):
    """In the place of what a catalog lacks."""

    def gettext(self, message: str) -> str:
        return ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return ""

    def pgettext(self, context: str, message: str) -> str:
        return ""


def _own(code: str, domain: str) -> gettext.NullTranslations:
    found = i18n.own_catalog(code, domain)
    found.add_fallback(_Nothing())
    return found


def missing(code: str) -> list[Word]:
    """What a translator has still to do."""
    return [word for word in words(code) if not word.said]


def share(of: Iterable[Word]) -> float:
    """How much of it is said."""
    said = [bool(word.said) for word in of]
    return sum(said) / len(said) if said else 1.0


def own_name(code: str) -> str:
    """The language as its speakers write it, "" while no translator has said so."""
    return KNOWN[code].name or _own(code, "messages").gettext(OWN_NAME)


def enough(code: str, instrument: str = "", version: int | None = None) -> bool:
    """Whether a visitor can be asked in it (the rule above); without a questionnaire, whether the rest suffices."""
    if code in COMPLETE:
        return True
    number = version or (surveys.load(instrument).version if instrument else 0)
    return _enough(code, instrument, number, surveys.own_folder())


@lru_cache(maxsize=256)
def _enough(code: str, instrument: str, version: int, folder: Path | None) -> bool:
    if not own_name(code) or share(word for word in words(code) if word.domain == "messages") < ENOUGH:
        return False
    asked = _questionnaire(code, instrument, version, folder) if instrument else ()
    levels = _levels(surveys.load(instrument, version)) if instrument else set()
    return share(asked) >= ENOUGH and all(word.said for word in asked if word.where in levels)


def _levels(instrument: Instrument) -> set[str]:
    """The addresses of the answer levels: half of a scale in another language would change what people answer."""
    scales = {item.scale for item in instrument.items if item.scale}
    return {
        f"{instrument.code}/{scale.code}/{place}"
        for scale in scales
        for place in (*range(1, len(scale.levels) + 1), "not_applicable")
    }


def offered(enabled: tuple[str, ...], instrument: str = "", version: int | None = None) -> dict[str, str]:
    """The languages to choose from where this questionnaire is asked, each as its speakers write it."""
    return {code: own_name(code) for code in KNOWN if code in enabled and enough(code, instrument, version)}


def sheets(codes: Iterable[str]) -> tuple[str, ...]:
    """The style sheets that bring the letters of these languages."""
    return tuple(KNOWN[code].sheet for code in codes if KNOWN[code].sheet)


def collect(code: str, folder: Path = FOLDER) -> list[Path]:
    """Writes both catalogs of a language anew: translations stay, what nobody says any more goes, and above each text
    stands its Vietnamese."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    written = []
    plurals = {ids[0]: ids for ids, _files in messages()}
    for domain in DOMAINS:
        path = folder / KNOWN[code].folder / "LC_MESSAGES" / f"{domain}.po"
        old = Catalog(locale=KNOWN[code].folder)
        if path.exists():
            with path.open("rb") as file:
                old = read_po(file, locale=KNOWN[code].folder)
        new = Catalog(locale=KNOWN[code].folder, project="SIPAS", fuzzy=False, **LONG_AGO)  # type: ignore[arg-type]
        new.header_comment = "# How to translate: translations/README.md"
        for word in (one for one in words(code) if one.domain == domain):
            context = word.where if domain == "instruments" else None
            ids = plurals[word.source] if domain == "messages" else (word.source,)
            kept = old.get(word.source, context)
            new.add(
                ids if len(ids) > 1 else ids[0],
                kept.string if kept else "",
                locations=[] if context else [(word.where, None)],  # type: ignore[list-item]  # a file without a line
                auto_comments=[] if context else [f"Tiếng Việt: {word.vietnamese}"],
                flags=kept.flags if kept else (),
                user_comments=kept.user_comments if kept else (),
                context=context,
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, new, width=0, omit_header=False)
        written.append(path)
    return written

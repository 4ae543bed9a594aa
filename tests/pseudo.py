"""A made-up language for tests: every Vietnamese text in brackets, so that a text which escapes the catalogs shows."""

import re
import shutil

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

import surveys
from sipas import i18n
from sipas.i18n import completeness
from sipas.i18n.languages import KNOWN, NUMBERS, OWN_NAME, Language
from sipas.kiosk import forms, pages
from translations import FOLDER

CODE = "vi-x-pseudo"
NAME = "⟦Pseudo⟧"
CACHES = (
    i18n.catalog,
    completeness.words,
    completeness._questionnaire,
    completeness._enough,
    completeness.messages,
    forms._form_for,
    pages._prepared,
    pages._shell,
)


def decorated(text):
    """
    >>> decorated("Còn {n} câu")
    '⟦Còn {n} câu⟧'
    """
    return f"⟦{text}⟧"


def made(tmp_path, monkeypatch, leave=lambda domain, where, source: False):
    """The language in a copy of the catalogs, known to the program for the length of the test; without the texts that
    `leave` names."""
    folder = tmp_path / "translations"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py", "vi@*"))
    one = Language(CODE, 99, "Pseudo", "vi@pseudo")
    monkeypatch.setitem(KNOWN, CODE, one)
    monkeypatch.setitem(NUMBERS, CODE, one.number)
    for module in (i18n.catalogs, completeness):
        monkeypatch.setattr(module, "FOLDER", folder)
    for cache in CACHES:
        cache.cache_clear()
    catalogs = {domain: Catalog(locale="vi@pseudo", fuzzy=False) for domain in completeness.DOMAINS}
    vietnamese = i18n.catalog("vi", "messages")
    for ids, files in completeness.messages():
        if not leave("messages", files[0], ids[0]):
            said = NAME if ids[0] == OWN_NAME else decorated(vietnamese.gettext(ids[0]))
            plural = (decorated(vietnamese.ngettext(*ids, 2)),) if len(ids) > 1 else said
            catalogs["messages"].add(ids if len(ids) > 1 else ids[0], plural)
    for code, version in [(code, version) for code, versions in surveys.catalogue().items() for version in versions]:
        for address, text in surveys.texts(surveys.load(code, version)):
            if not leave("instruments", address, text):
                catalogs["instruments"].add(text, decorated(text), context=address)
    place = folder / "vi@pseudo" / "LC_MESSAGES"
    place.mkdir(parents=True)
    for domain, catalog in catalogs.items():
        with (place / f"{domain}.po").open("wb") as file:
            write_po(file, catalog)
    for cache in CACHES:
        cache.cache_clear()
    return folder


def forgotten():
    """After a test nothing of the language is left in memory."""
    for cache in CACHES:
        cache.cache_clear()


def undecorated(texts, names=()):
    """The texts with a letter outside brackets that is no name."""
    left = []
    for text in texts:
        bare = text
        while re.search(r"⟦[^⟦⟧]*⟧", bare):
            bare = re.sub(r"⟦[^⟦⟧]*⟧", " ", bare)
        for name in sorted(names, key=len, reverse=True):
            bare = bare.replace(name, " ")
        if re.search(r"[^\W\d_]", bare):
            left.append(text)
    return left

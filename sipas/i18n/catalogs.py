"""Words in the reader's language: two catalogs (`messages`, `instruments`), numbers and dates by Babel. No Flask here.

The language is a context variable: a request sets it (`speak`), a page or file in another language borrows it
(`speaking`), the command line takes it from SIPAS_LANGUAGE, else from the locale (Vietnamese where that says "vi").
"""

from __future__ import annotations

import datetime as dt
import gettext
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from sipas.errors import N_, NotReady
from sipas.i18n.fallback_marking import Lender
from sipas.i18n.languages import COMPLETE, KNOWN
from translations import FOLDER

LANGUAGES = {code: KNOWN[code].name for code in COMPLETE}  # of every page; a kiosk may offer more (`completeness`)


def process_language(environ: Mapping[str, str]) -> str:
    """The language of the command line.

    >>> process_language({"LANG": "vi_VN.UTF-8"}), process_language({"LANG": "C.UTF-8"})
    ('vi', 'en')
    """
    chosen = environ.get("SIPAS_LANGUAGE", "")
    if chosen in LANGUAGES:
        return chosen
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "vi" if locale.startswith("vi") else "en"


def check_language(environ: Mapping[str, str]) -> None:
    """Raises NotReady where SIPAS_LANGUAGE names a language that the command line does not speak."""
    chosen = environ.get("SIPAS_LANGUAGE", "")
    if chosen and chosen not in LANGUAGES:
        raise NotReady(
            N_("{name}: there is no language “{code}”; choose from {known}."),
            name="SIPAS_LANGUAGE",
            code=chosen,
            known=", ".join(LANGUAGES),
        )


_PROCESS = process_language(os.environ)
_language: ContextVar[str] = ContextVar("language", default=_PROCESS)


def language() -> str:
    """The code of the language now spoken."""
    return _language.get()


def speak(code: str) -> None:
    """From here on (in this request, or this process) speak `code`."""
    _language.set(code if code in KNOWN else "vi")


def hush() -> None:
    """Back to the language of the process: a request leaves nothing of its language behind."""
    _language.set(_PROCESS)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak `code` for the length of the block."""
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


@lru_cache(maxsize=32)  # for the life of the process: words that are compiled anew are seen after a restart
def catalog(code: str, domain: str) -> gettext.NullTranslations:
    """The compiled catalog. A language that is not whole says in Vietnamese what it lacks, marked as
    such (`fallback_marking`)."""
    found = own_catalog(code, domain)
    if code not in COMPLETE:
        found.add_fallback(Lender(own_catalog("vi", domain)))
    return found


def own_catalog(code: str, domain: str) -> gettext.NullTranslations:
    """The catalog without anything in its place; made from the `.po` file in memory where nobody compiled it, empty
    where there is none."""
    folder = FOLDER / KNOWN[code].folder / "LC_MESSAGES"
    source, compiled = folder / f"{domain}.po", folder / f"{domain}.mo"
    if not source.exists():
        return gettext.NullTranslations()
    whole = (
        code in COMPLETE
    )  # where a plural lacks its words, Babel compiles English ones, so others are read from source
    if whole and compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
        with compiled.open("rb") as file:
            return gettext.GNUTranslations(file)
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as file:
        words = read_po(file, locale=KNOWN[code].folder)
    for message in [one for one in words if one.id and isinstance(one.string, tuple) and not all(one.string)]:
        words.delete(message.id, message.context)
    memory = io.BytesIO()
    write_mo(memory, words)
    memory.seek(0)
    return gettext.GNUTranslations(memory)


def _(text: str, **values: object) -> str:
    """`text` (English, as in the source) in the language now spoken, its {names} filled in."""
    said = catalog(language(), "messages").gettext(text) if text else ""
    return said.format(**values) if values else said


def plural(one: str, many: str, n: int, **values: object) -> str:
    """The right form for `n`, with {n} as this language writes numbers."""
    said = catalog(language(), "messages").ngettext(one, many, n)
    return said.format(n=number(n), **values)


def say(error: Exception) -> str:
    """An error of ours in the language now spoken, with all complaints that it gathers; `str` for any other."""
    template = getattr(error, "template", None)
    if template is None:
        return str(error)
    values = {name: _spoken(name, value) for name, value in getattr(error, "values", {}).items()}
    lines = [_(template).format(**values)]
    lines += [f"  {say(each)}" for each in getattr(error, "errors", ())]
    return "\n".join(lines)


def _spoken(name: str, value: object) -> object:
    """A value inside an error's sentence: an error of its own is said too, a code in words (`code_labels`), and the
    word for a {state} is translated."""
    if isinstance(value, Exception):
        return say(value)
    if hasattr(value, "spoken"):
        return value.spoken()
    return _(value) if name == "state" and isinstance(value, str) else value


def instrument_text(address: str, wording: str) -> str:
    """The wording at `address` ("service-2024/B1.1") in the language now spoken; as written if it is untranslated."""
    return catalog(language(), "instruments").pgettext(address, wording)


def locale() -> str:
    """Whose numbers and dates are written: Vietnamese ones where the language has none of its own."""
    return language() if language() in COMPLETE else "vi"


def number(value: float, decimals: int = 0) -> str:
    """1234567.891 -> "1.234.568" in Vietnamese, "1,234,568" in English."""
    from babel.numbers import format_decimal

    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, pattern, locale=locale())


def percent(share: float, decimals: int = 1) -> str:
    """0.8312 -> "83,1%" in Vietnamese, "83.1%" in English."""
    return number(share * 100, decimals) + "%"


def date(day: dt.date) -> str:
    """A day as people write it: "15 tháng 7 năm 2026", "July 15, 2026"."""
    from babel.dates import format_date

    return format_date(day, "d MMMM 'năm' y" if locale() == "vi" else "long", locale=locale())


def month(code: str) -> str:
    """ "2026-03" as people write it: "03/2026"."""
    return f"{code[5:]}/{code[:4]}" if len(code) == 7 else code

"""The codes that are stored and typed, in words: channels, forms, rules, states, columns. The one place for them.

A code stays what it is in the database, in `--json` and in what is typed; a person reads its word, with the code behind
it where it may have to be typed: “phiếu giấy (paper)”. In English the codes are words already.
"""

from __future__ import annotations

from collections.abc import Iterable

from sipas.errors import N_
from sipas.i18n import LANGUAGES, _, language, speaking

WORDS: dict[str, dict[str, str]] = {
    "channel": {
        "kiosk": N_("kiosk"),
        "phone": N_("phone"),
        "web": N_("web"),
        "paper": N_("paper"),
        "telephone": N_("telephone"),
        "import": N_("import"),
        "interview": N_("interview"),
        "probe": N_("trial answers of the platform"),
    },
    "form": {"short": N_("short"), "full": N_("full")},
    "invitation": {"none": N_("not asked for"), "optional": N_("possible, not needed"), "required": N_("needed")},
    "partial": {"drop": N_("drop it"), "keep": N_("keep it, marked")},
    "series": {"main": N_("main"), "trial": N_("trial"), "other": N_("other")},
    "state": {
        "open": N_("open"),
        "closed": N_("closed"),
        "freezing": N_("freezing"),
        "frozen": N_("frozen"),
        "draft": N_("draft"),
        "approved": N_("approved"),
        "published": N_("published"),
    },
    "key": {
        "cluster": N_("weeks"),
        "id": N_("against counting twice"),
        "seal": N_("sealed answers"),
        "invitation": N_("invitation codes"),
    },
    "language": {"vi": N_("Vietnamese"), "en": N_("English")},
    "sex": {"f": N_("women"), "m": N_("men")},
    "field": {
        "coarse": N_("fields with few dossiers, together"),
        "household": N_("households, who came for no dossier"),
    },
    "point": {"several": N_("stored without its point")},
    "population": {"visitors": N_("visitors of offices"), "households": N_("households")},
    "provenance": {
        "official": N_("asked in an official text"),
        "copy": N_("asked in a third party's copy of an official text"),
        "ours": N_("our own question"),
    },
    "answer": {"not-asked": N_("not asked")},
    "of": {"overall": N_("all items together")},
    "variance": {"linearised": N_("by linearisation, between weeks of receiving points within offices")},
    "interval": {
        "wilson_shared": N_("Wilson's interval, with a design effect that similar questions share"),
        "wilson_shared_2": N_(
            "Wilson's interval, with what the weights do and a clustering effect that similar questions share"
        ),
    },
    "rule": {"sipas-top2": N_("share of satisfied answers")},
    "policy": {"sipas-primary": N_("protection of small groups")},
    "method": {
        "sipas-method 1": N_("method of this platform, version 1"),
        "sipas-method 2": N_("method of this platform, version 2"),
    },
    "column": {
        "unit": N_("unit"),
        "field": N_("field"),
        "month": N_("month"),
        "dossiers": N_("dossiers"),
        "point": N_("point"),
        "channel": N_("channel"),
        "form": N_("form"),
        "language": N_("language"),
        "sex": N_("sex"),
        "age": N_("age"),
        "date": N_("date"),
        "id": N_("number on the form"),
        "cluster": N_("label of the week"),
    },
}
ALSO = {
    "unit": ("mã đơn vị", "cơ quan", "mã cơ quan", "đơn vị giải quyết"),
    "field": ("mã lĩnh vực", "lĩnh vực thủ tục"),
    "dossiers": ("hồ sơ", "số lượng hồ sơ", "tổng số hồ sơ"),
    "point": ("mã điểm", "điểm thu thập", "điểm khảo sát"),
    "date": ("ngày trả lời", "ngày khảo sát"),
    "channel": ("kênh thu thập",),
    "language": ("tiếng", "ngôn ngữ phiếu"),
    "sex": ("giới",),
    "age": ("độ tuổi", "nhóm tuổi"),
    "id": ("số trên phiếu", "số phiếu giấy", "mã phiếu"),
}
"""Other names under which people write a column."""


def column_labels(columns: Iterable[str]) -> dict[str, list[str]]:
    """Columns of the platform's tables, each with its names in every language and others that are understood."""
    found: dict[str, list[str]] = {}
    for column in columns:
        found[column] = list(ALSO.get(column, ()))
        for code in LANGUAGES:
            with speaking(code):
                found[column].append(word("column", column))
    return found


def word(kind: str, code: str) -> str:
    """What a code means; a code that has no word stands for itself.

    >>> word("form", "short"), word("channel", "pigeon")
    ('short', 'pigeon')
    """
    known = WORDS[kind].get(code)
    return _(known) if known else code


def with_code(kind: str, code: str) -> str:
    """The word with the code behind it, for those who may have to type it; in English the code alone."""
    said = word(kind, code)
    return code if language() == "en" or said == code else f"{said} ({code})"


class Code(str):
    """A code inside the sentence of an error, which `say` puts into words; in English it is the code itself."""

    kind: str

    def __new__(cls, kind: str, code: str) -> Code:
        made = super().__new__(cls, code)
        made.kind = kind
        return made

    def spoken(self) -> str:
        """As a person reads it in the language now spoken."""
        return with_code(self.kind, str(self))


class Codes(str):
    """The codes to choose from, inside the sentence of an error.

    >>> str(Codes("form", ("short", "full")))
    'short, full'
    """

    kind: str
    codes: tuple[str, ...]

    def __new__(cls, kind: str, codes: Iterable[str]) -> Codes:
        listed = tuple(codes)
        made = super().__new__(cls, ", ".join(listed))
        made.kind, made.codes = kind, listed
        return made

    def spoken(self) -> str:
        """As a person reads them in the language now spoken."""
        return ", ".join(with_code(self.kind, code) for code in self.codes)

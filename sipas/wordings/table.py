"""The table that an officer fills in: one row for each sentence of a questionnaire, with room for the official one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from sipas.errors import N_, SipasError
from sipas.files.destinations import write_file
from sipas.files.formula_marks import marked
from sipas.i18n import LANGUAGES, _, speaking
from sipas.tables import Heads
from sipas.tables.template import Template, TemplateColumn, write_template
from sipas.wordings.sentences import KINDS, MOST, PROVENANCE, SOURCES, Sentence, sentences
from surveys import Instrument

COLUMNS = {  # name in the program -> as it stands above the column
    "questionnaire": N_("questionnaire"),
    "address": N_("address"),
    "kind": N_("kind"),
    "words": N_("present words"),
    "source": N_("words come from"),
    "subject": N_("subject comes from"),
    "english": N_("present English"),
    "sentence": N_("official sentence"),
    "place": N_("where it stands in the official document"),
    "sentence_english": N_("English of the official sentence"),
}
FIXED = ("kind", "words", "source", "subject", "english")  # what an officer leaves as it is
KEEP = N_("keep")
SUFFIXES = (".csv", ".xlsx")


def heads() -> Heads:
    """The columns under their own names, and as they are called in every language."""
    names: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for code in LANGUAGES:
        with speaking(code):
            for name, head in COLUMNS.items():
                names[name].append(_(head))
    return Heads(names)


def keep_words() -> frozenset[str]:
    """What stands for “the words stay”, in every language, in small letters."""
    said = set()
    for code in LANGUAGES:
        with speaking(code):
            said.add(_(KEEP).casefold())
    return frozenset(said)


def named_questionnaire(instrument: Instrument) -> str:
    """What stands in every row: which questionnaire, in which version."""
    return f"{instrument.code} v{instrument.version}"


def fixed_cells(one: Sentence) -> dict[str, str]:
    """The cells of a row that an officer leaves as they are, in the language now spoken."""
    return {
        "kind": _(KINDS[one.kind]),
        "words": one.words,
        "source": _(SOURCES[one.source]) if one.source else "",
        "subject": _(PROVENANCE[one.subject]) if one.source else "",
        "english": one.english,
    }


def rows(instrument: Instrument) -> list[dict[str, str]]:
    """The table; the official sentence is left empty where there should be one, and else says that the words stay."""
    return [
        {
            "questionnaire": named_questionnaire(instrument),
            "address": one.address,
            **fixed_cells(one),
            "sentence": "" if one.has_official else _(KEEP),
            "place": "",
            "sentence_english": "",
        }
        for one in sentences(instrument)
    ]


def write_wording_table(path: Path, instrument: Instrument) -> int:
    """Write the table as CSV or as a workbook by the ending of the name; gives how many rows wait for a sentence."""
    if path.suffix.lower() not in SUFFIXES:
        raise SipasError(N_("{file} must end in {suffixes}"), file=path.name, suffixes=", ".join(SUFFIXES))
    made = rows(instrument)
    if path.suffix.lower() == ".csv":
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow([_(head) for head in COLUMNS.values()])
        writer.writerows([marked(cell) for cell in row.values()] for row in made)
        write_file(path, text.getvalue().encode("utf-8-sig"))
    else:
        write_template(path, _workbook(instrument, made))
    return sum(not row["sentence"] for row in made)


def _workbook(instrument: Instrument, made: list[dict[str, str]]) -> Template:
    longest = ", ".join(f"{_(KINDS[kind])} {most}" for kind, most in MOST.items())
    meanings = {
        "questionnaire": _("Leave as it is: which questionnaire these are the words of."),
        "address": _("Leave as it is: the place of the sentence in the questionnaire."),
        "sentence": _(
            "The sentence as the official document has it, or “{keep}” where the present words are to stay.",
            keep=_(KEEP),
        ),
        "place": _("Where the sentence stands: annex, part, number. Empty where the words stay."),
        "sentence_english": _(
            "Its English, if you have one. Empty: an English reader meets the Vietnamese sentence, marked as such."
        ),
    }
    widths = {"words": 48, "sentence": 60, "place": 30, "english": 40, "sentence_english": 40}
    columns = tuple(
        TemplateColumn(
            _(head),
            meanings.get(name, _("Leave as it is; it tells what the row is.")),
            needed=name == "sentence",
            spare=name in FIXED,
            width=widths.get(name, 18),
        )
        for name, head in COLUMNS.items()
    )
    about = (
        _(
            "The sentences of {title} ({questionnaire}). Fill in the official ones, then: sipas instrument wording "
            "import FILE --by NAME --basis TEXT",
            title=instrument.title,
            questionnaire=named_questionnaire(instrument),
        ),
        _(
            "Rows stay as they are: none is added, deleted or moved to another address. Only the last three columns "
            "change."
        ),
        _("At most so many letters, for a telephone shows no more: {longest}.", longest=longest),
    )
    return Template(_("Sentences"), about, columns, [list(row.values()) for row in made])

"""A filled-in table becomes a new version: all that is wrong in it is told together, and only words change."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import surveys
from sipas.errors import N_, BadFile
from sipas.files.home_paths import HomePaths
from sipas.i18n import LANGUAGES, speaking
from sipas.logs import keep
from sipas.tables import Problems, Record, Table, read_table
from sipas.wordings.sentences import MOST, Sentence, sentences
from sipas.wordings.shelf import keep_version
from sipas.wordings.table import COLUMNS, FIXED, fixed_cells, heads, keep_words, named_questionnaire
from surveys import Instrument
from surveys.instrument import is_own, next_own
from surveys.load import INSTRUMENTS
from surveys.rewording import NewWords, reworded

MADE = "wording made"  # in deeds.log
OTHER = N_("“{value}” is another questionnaire than that of the rows above, {first}.")
NO_SUCH = N_("there is no questionnaire “{value}” here; the file must say which one it is of, as it was exported.")
UNKNOWN = N_("{questionnaire} has no sentence at “{value}”; export the table again and fill in that one.")
TWICE = N_("“{value}” stands in line {line} already; keep one of the two rows.")
MISSING = N_("rows are missing: {missing}. Put them back as they were exported.")
CHANGED = N_("“{value}” was changed; the questionnaire says “{was}” here, and only the last three columns are yours.")
EMPTY = N_("no official sentence; write it, or “{keep}” where the present words are to stay.")
LONG = N_("{letters} letters; a telephone shows no more than {most} of this kind with all answers. Have it shortened.")
BROKEN = N_("“{value}” is no sentence: letters were lost, or Excel took it for a number or a date. Write it again.")
LINES = N_("the sentence has a line break in it; write it in one line.")
NO_PLACE = N_("the place in the official document is missing; say where the sentence stands there.")
NO_SENTENCE = N_("a place in the official document, and no sentence from there.")
SAME = N_("the same sentence stands in line {line} already; two questions or answers cannot read alike.")
NO_BASIS = N_("{file}: say who puts the sentences in (--by), and which document they are from (--basis).")
NOTHING = N_("{file} brings no official sentence; nothing was made.")
UNSEEN = ("Cc", "Cf", "Co", "Cn")  # categories of letters that nobody sees or that nothing shows


@dataclass(frozen=True)
class ImportedWording:
    """What came of an import: the new version, which sentences it took in, and which items keep words of ours."""

    instrument: Instrument
    path: Path
    taken: tuple[str, ...]
    ours: tuple[str, ...]


def import_wording(home: Path, file: Path, *, by: str, basis: str, today: dt.date, sheet: str = "") -> ImportedWording:
    """Make a new version of a questionnaire with the official sentences of a table, as `rows` writes it.

    by, basis  who puts them in, and the official document

    Raises BadTable with every error at its line, BadFile where the file as a whole is none of ours or brings nothing,
    NotReady where another import made that version meanwhile.
    The version from which the table was exported stays as it is.
    """
    if not (by.strip() and basis.strip()):
        raise BadFile(NO_BASIS, file=file.name)
    table = read_table(file, sheet=sheet).under(heads())
    table.require(*COLUMNS)
    problems = Problems(table)
    records = list(table.records(*COLUMNS))
    instrument = _meant(records, problems)
    if instrument is None:
        problems.refuse()
        raise BadFile(NOTHING, file=file.name)
    known = {one.address: one for one in sentences(instrument)}
    rows = dict(_rows(table, records, known, named_questionnaire(instrument), problems))
    for address, record in rows.items():
        _check(record, known[address], problems)
    _refuse_alike(rows, known, problems)
    problems.refuse()
    taken = {address: one for address, one in rows.items() if one["sentence"].casefold() not in keep_words()}
    if not taken:
        raise BadFile(NOTHING, file=file.name)
    return _made(home, instrument, rows, taken, by.strip(), basis.strip(), today)


def _made(
    home: Path,
    instrument: Instrument,
    rows: dict[str, Record],
    taken: dict[str, Record],
    by: str,
    basis: str,
    today: dt.date,
) -> ImportedWording:
    new = NewWords(
        words={address: one["sentence"] for address, one in taken.items()},
        decreed=frozenset(item.code for item in instrument.items if item.code in taken),
        places={address: one["place"] for address, one in taken.items()},
        english={address: one["sentence_english"] for address, one in rows.items() if one["sentence_english"]},
        by=by,
        basis=basis,
        on=today,
    )
    folder = HomePaths(home).instruments
    base = instrument.version // 1000 if is_own(instrument.version) else instrument.version
    number = next_own(base, surveys.catalogue(folder).get(instrument.code, ()))
    source = folder if is_own(instrument.version) else INSTRUMENTS
    content = (source / f"{instrument.code}.v{instrument.version}.yaml").read_bytes()
    remark = (
        f"{named_questionnaire(instrument)} in other words, by `sipas instrument wording import`. Never edit this "
        f"file: its digest\nstands in DIGESTS, and answers were given to these words."
    )
    name, written = reworded(instrument.code, content, number, new, remark)
    path = keep_version(home, name, written)
    keep(
        home,
        MADE,
        today,
        questionnaire=f"{instrument.code} v{number}",
        of=named_questionnaire(instrument),
        by=by,
        basis=basis,
    )
    made = surveys.read(path)
    ours = tuple(item.code for item in made.items if item.wording == "ours")
    return ImportedWording(made, path, tuple(taken), ours)


def _meant(records: list[Record], problems: Problems) -> Instrument | None:
    """The questionnaire that every row names."""
    first = records[0]
    for record in records[1:]:
        if record["questionnaire"] != first["questionnaire"]:
            problems.add(record.row, "questionnaire", OTHER, first=first["questionnaire"])
    code, _, version = first["questionnaire"].rpartition(" v")
    try:
        return surveys.load(code, int(version))
    except (surveys.UnknownInstrument, ValueError):
        problems.add(first.row, "questionnaire", NO_SUCH)
        return None


def _rows(
    table: Table, records: list[Record], known: dict[str, Sentence], questionnaire: str, problems: Problems
) -> Iterator[tuple[str, Record]]:
    """Each row by its address; unknown, double and missing ones go to `problems`."""
    found: dict[str, int] = {}
    for record in records:
        address = record["address"]
        if address not in known:
            problems.add(record.row, "address", UNKNOWN, questionnaire=questionnaire)
        elif address in found:
            problems.add(record.row, "address", TWICE, line=found[address])
        else:
            found[address] = record.line
            yield address, record
    missing = [address for address in known if address not in found]
    if missing:
        problems.add(len(records) - 1, "address", MISSING, missing=", ".join(missing))


def _check(record: Record, one: Sentence, problems: Problems) -> None:
    """Whether what tells what the row is stands as it was, and what was filled in can be shown."""
    for column in FIXED:
        said = {_as_read(cells[column]) for cells in _in_each_language(one)}
        if record[column] not in said:
            problems.add(record.row, column, CHANGED, was=_as_read(fixed_cells(one)[column]))
    sentence, place = record["sentence"], record["place"]
    if not sentence:
        problems.add(record.row, "sentence", NO_SENTENCE if place else EMPTY, keep=sorted(keep_words())[0])
        return
    is_kept = sentence.casefold() in keep_words()
    if is_kept and place:
        problems.add(record.row, "sentence", NO_SENTENCE)
    elif not (is_kept or place):
        problems.add(record.row, "place", NO_PLACE)
    for column in ("sentence", "sentence_english"):
        if record[column] and not (column == "sentence" and is_kept):
            _check_text(record, column, one, problems)


def _check_text(record: Record, column: str, one: Sentence, problems: Problems) -> None:
    text, most = record[column], MOST[one.kind] if column == "sentence" else MOST[one.kind] * 3 // 2
    if "\n" in text or "\r" in text:
        problems.add(record.row, column, LINES)
    elif _is_broken(text, one.words):
        problems.add(record.row, column, BROKEN)
    elif len(text) > most:
        problems.add(record.row, column, LONG, letters=len(text), most=most)


def _is_broken(text: str, words: str) -> bool:
    """Whether letters were lost on the way, or a spreadsheet made something else of a sentence."""
    is_lettered = any(map(str.isalpha, words))
    return (
        "\ufffd" in text
        or "??" in text
        or text.startswith("#")
        or any(unicodedata.category(letter) in UNSEEN for letter in text)
        or (is_lettered and not any(map(str.isalpha, text)))
    )


def _refuse_alike(rows: dict[str, Record], known: dict[str, Sentence], problems: Problems) -> None:
    """Two questions, or two answers to choose between, that read alike once the sentences are in."""
    seen: dict[tuple[str, str], Record] = {}
    for address, record in rows.items():
        one = known[address]
        among = "" if one.kind == "item" else address.partition("/")[0] if one.kind in ("level", "option") else address
        sentence = record["sentence"]
        is_kept = not sentence or sentence.casefold() in keep_words()
        said = (among, (one.words if is_kept else sentence).casefold())
        if said in seen:
            problems.add(record.row, "sentence", SAME, line=seen[said].line)
        seen.setdefault(said, record)


def _in_each_language(one: Sentence) -> Iterator[dict[str, str]]:
    for code in LANGUAGES:
        with speaking(code):
            yield fixed_cells(one)


def _as_read(text: str) -> str:
    """As the reading layer gives a cell."""
    return unicodedata.normalize("NFC", text).strip()

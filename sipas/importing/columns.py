"""Which columns of a file are answers, and to which form."""

from __future__ import annotations

from sipas.errors import N_, BadFile
from sipas.i18n.code_labels import Code, column_labels
from sipas.importing.words import in_each_language
from sipas.tables import Heads, Pieces
from surveys import Instrument

KNOWN = ("point", "unit", "field", "date", "month", "cluster", "channel", "language", "sex", "age", "id")


def heads_of(instrument: Instrument) -> Heads:
    """The columns of a file of answers, each with its names; an item's are its code, its text, or both."""
    names = column_labels(KNOWN)
    for said in in_each_language(instrument):
        for question in said.profile:
            if question.code in names:
                names[question.code].append(question.text)
        for item in said.items:
            names.setdefault(item.code, []).extend((item.text, f"{item.code}: {item.text}"))
    return Heads(names)


def answer_columns(table: Pieces, instrument: Instrument) -> list[str]:
    """The columns named after an item; refuses a file that has none, or one that nobody knows."""
    codes = {item.code for item in instrument.items}
    strange = [column for column in table.columns if column not in codes and column not in KNOWN]
    if strange:
        raise BadFile(
            N_("{file}: {instrument} has no item “{column}”; leave that column out. Its items: {known}."),
            file=table.name,
            instrument=instrument.code,
            column=table.called(strange[0]),
            known=", ".join(sorted(codes)),
        )
    found = [column for column in table.columns if column in codes]
    if not found:
        raise BadFile(
            N_("{file} has no column of answers; name a column after each item, such as {known}."),
            file=table.name,
            known=", ".join(sorted(codes)[:3]),
        )
    return found


def day_column(table: Pieces, households: bool = False) -> str:
    """The column that says when: `date`, or `cluster` in a file that was exported; refuses both at once, and a file
    without points or, but for `households`, without service fields."""
    column = "cluster" if "cluster" in table.columns else "date"
    table.require("point", *([] if households else ["field"]), column)
    if column == "cluster" and "date" in table.columns:
        raise BadFile(N_("{file} has both columns date and cluster; leave one of them out."), file=table.name)
    return column


def filled_in_form(table: Pieces, instrument: Instrument, items: list[str], form: str | None) -> str:
    """The form that was filled in: as said, or the one that asks these items; refuses items that it does not ask."""
    form = form or next((name for name in ("full", "short") if set(items) <= set(instrument.forms[name])), "full")
    unasked = sorted(set(items) - set(instrument.forms[form]))
    if unasked:
        raise BadFile(
            N_("{file}: the {form} form does not ask {items}; split the file by form."),
            file=table.name,
            form=Code("form", form),
            items=", ".join(unasked),
        )
    return form

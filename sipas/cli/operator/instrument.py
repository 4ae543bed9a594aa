"""`sipas instrument`: the questionnaires, their forms, and the codes of their items."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipas import clock
from sipas.cli.common import example, json_option, note, print_json, print_table, settings
from sipas.cli.destinations import writes_to
from sipas.cli.readings import explain, sheet, telling
from sipas.i18n import LANGUAGES, _, language, plural, speaking
from sipas.i18n.code_labels import with_code
from sipas.i18n.skip_words import conditions_said

if TYPE_CHECKING:
    from surveys import Instrument, Item, Option, Scale


@click.group(help=_("Questionnaires: which there are, and the codes of their items, scales and factors."))
def instrument() -> None:
    """Group of commands."""


@instrument.command(
    "list",
    help=_("List the questionnaires with their versions and the number of items of each form."),
    epilog=example("sipas instrument list --json"),
)
@json_option
def list_(as_json: bool) -> None:
    from surveys import catalogue, load

    settings()
    found = [_in(load(code, version), language()) for code, versions in catalogue().items() for version in versions]
    if as_json:
        print_json([_head(one) for one in found])
        return
    print_table(
        [_("questionnaire"), _("version"), _("title"), _("short form"), _("full form"), _("from"), _("to")],
        [
            [
                one.code,
                one.version,
                one.title,
                len(one.forms["short"]),
                len(one.forms["full"]),
                one.valid_from,
                one.valid_to or "",
            ]
            for one in found
        ],
    )


@instrument.command(
    help=_(
        "Show a questionnaire: the code, text and permitted answers of each item, on which form it stands and to which "
        "factor it belongs. These codes name the columns of `sipas responses import` and the figures of the analyst's "
        "commands."
    ),
    epilog=example("sipas instrument show service-2024"),
)
@click.argument("code")
@click.option("--version", type=int, help=_("Which version (default: the latest)."))
@click.option(
    "--language",
    "wording",
    type=click.Choice(tuple(LANGUAGES)),
    help=_("In which language its texts are shown (default: that of the command line)."),
)
@json_option
def show(code: str, version: int | None, wording: str | None, as_json: bool) -> None:
    from surveys import load

    settings()
    found = _in(load(code, version), wording or language())
    if as_json:
        print_json(_whole(found))
    else:
        _tell(found)


def _in(found: Instrument, wording: str) -> Instrument:
    from sipas.i18n.instrument_words import in_words

    with speaking(wording):
        return in_words(found)


def _head(one: Instrument) -> dict[str, Any]:
    return {
        "instrument": one.code,
        "version": one.version,
        "title": one.title,
        "basis": one.basis,
        "population": one.population,
        "populations": list(one.populations),
        "valid_from": str(one.valid_from),
        "valid_to": str(one.valid_to) if one.valid_to else None,
        "forms": {form: list(items) for form, items in one.forms.items()},
        "digest": one.digest,
    }


def _whole(one: Instrument) -> dict[str, Any]:
    return {
        **_head(one),
        "scales": [
            {
                "code": scale.code,
                "lead": scale.lead,
                "levels": list(scale.levels),
                "satisfied": list(scale.satisfied),
                "not_applicable": scale.not_applicable or None,
            }
            for scale in _scales(one)
        ],
        "factors": [
            {"code": factor.code, "text": factor.text, "items": [item.code for item in factor.items]}
            for factor in one.factors.values()
        ],
        "items": [
            {
                "code": item.code,
                "text": item.text,
                "kind": item.kind,
                "scale": item.scale.code if item.scale else None,
                "options": {option.code: option.text for option in item.options},
                "most": item.most or None,
                "not_applicable": item.allows_not_applicable,
                "factor": one.factor_of(item.code),
                "forms": list(item.forms),
                "asked_if": {condition.item: list(condition.answers) for condition in item.asked_if},
                "self_completed": item.self_completed,
                "wording": item.wording,
                "provenance": item.provenance or None,
            }
            for item in one.items
        ],
        "profile": [
            {
                "code": question.code,
                "text": question.text,
                "options": {option.code: option.text for option in question.options},
            }
            for question in one.profile
        ],
    }


def _scales(one: Instrument) -> list[Scale]:
    return list({item.scale.code: item.scale for item in one.items if item.scale}.values())


def _tell(one: Instrument) -> None:
    """For a person: what it is on standard error, its items as a table, then what the codes of answers mean."""
    note(_("{code} v{version}: {title}", code=one.code, version=one.version, title=one.title))
    note(_("Basis: {basis}. Asked: {population}.", basis=one.basis, population=one.population))
    kinds = ", ".join(with_code("population", kind) for kind in one.populations)
    note(_("A wave may ask: {populations}.", populations=kinds))
    print_table(
        [_("code"), _("text"), _("factor"), _("on the form"), _("permitted answers")],
        [
            [
                item.code,
                item.text,
                one.factor_of(item.code) or "–",
                ", ".join(with_code("form", form) for form in item.forms),
                answers_of(item),
            ]
            for item in one.items
        ],
    )
    for item in one.items:
        if item.asked_if:
            click.echo(f"{item.code}: {conditions_said(one, item)}")
    _tell_provenance(one)
    for item in one.items:
        if item.options:
            click.echo(_("Answers to {code}: {options}", code=item.code, options=_options(item.options)))
    for factor in one.factors.values():
        click.echo(_("Factor {code}: {words}", code=factor.code, words=factor.text))
    for scale in _scales(one):
        levels = "; ".join(f"{level} {text}" for level, text in enumerate(scale.levels, 1))
        click.echo(_("Scale {code}: {levels}", code=scale.code, levels=levels))
        if scale.not_applicable:
            click.echo("  " + _("where it is allowed: {words}", words=f"{scale.not_applicable} (na)"))
        satisfied = ", ".join(map(str, scale.satisfied)) or _("none; it asks something else than satisfaction")
        click.echo("  " + _("counted as satisfied: {levels}", levels=satisfied))
    for question in one.profile:
        asked = f"{question.text} ({question.code})"
        click.echo(_("About the person, {question}: {options}", question=asked, options=_options(question.options)))


def _tell_provenance(one: Instrument) -> None:
    """What is never read out, and where it comes from that each item is asked, where the file says so."""
    alone = [item.code for item in one.items if item.self_completed]
    if alone:
        click.echo(_("Never read out by an interviewer, who hands the screen over: {items}", items=", ".join(alone)))
    for provenance in dict.fromkeys(item.provenance for item in one.items if item.provenance):
        codes = ", ".join(item.code for item in one.items if item.provenance == provenance)
        click.echo(f"{with_code('provenance', provenance)}: {codes}")


def _options(given: Sequence[Option]) -> str:
    return "; ".join(f"{option.text} ({option.code})" for option in given)


def answers_of(item: Item) -> str:
    """What may stand in a cell of this item, shortly: `1–5, na`."""
    if item.kind == "rating":
        said = f"1–{item.levels}"
    elif item.kind == "count":
        said = f"0–{item.most}"
    else:
        said = ", ".join(option.code for option in item.options)
    if item.kind == "several":
        said += " " + _("(several, with a blank between)")
    return said + (", na" if item.allows_not_applicable else "")


@instrument.group(help=_("The sentences of a questionnaire: written out to be filled in, and put in as a new version."))
def wording() -> None:
    """Group of commands."""


@wording.command(
    "export",
    help=_(
        "Write the sentences of a questionnaire to FILE (.csv or .xlsx): address, kind, present words and where they "
        "come from, with empty columns for the official sentence, its place in the official document and its English. "
        "Filled in, `sipas instrument wording import` takes it."
    ),
    epilog=example("sipas instrument wording export service-2024 -o sentences.xlsx"),
)
@click.argument("code")
@click.option("--version", type=int, help=_("Which version (default: the latest)."))
@writes_to("-o", "--out", "file", required=True, help=_("The new file."))
def export(code: str, version: int | None, file: Path) -> None:
    from sipas.wordings.table import write_wording_table
    from surveys import load

    settings()
    found = load(code, version)
    empty = write_wording_table(file, found)
    note(
        plural(
            "{file} has the sentences of {code} v{version}; {n} row waits for an official one.",
            "{file} has the sentences of {code} v{version}; {n} rows wait for an official one.",
            empty,
            file=file,
            code=found.code,
            version=found.version,
        )
    )
    note(_("Filled in: sipas instrument wording import {file} --by NAME --basis TEXT", file=file))


@wording.command(
    "import",
    help=_(
        "Make a new version of a questionnaire with the official sentences of FILE, as `wording export` wrote it and "
        "an officer filled it in. Everything that is wrong in it is told at once, and then nothing is made. Only words "
        "change, and whose they are; no version that exists is touched, and open waves keep theirs."
    ),
    epilog=example("sipas instrument wording import sentences.xlsx --by 'Nguyễn A' --basis 'QĐ 1001/QĐ-BNV'"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", required=True, help=_("Who puts them in."))
@click.option("--basis", required=True, help=_("The official document they are from."))
@sheet
@explain
@telling
def import_(file: Path, by: str, basis: str, sheet: str) -> None:
    from sipas.wordings.importing import import_wording

    made = import_wording(settings().home, file, by=by, basis=basis, today=clock.today(), sheet=sheet)
    one = made.instrument
    note(
        plural(
            "Made: {code} v{version}, with {n} official sentence.",
            "Made: {code} v{version}, with {n} official sentences.",
            len(made.taken),
            code=one.code,
            version=one.version,
        )
    )
    if made.ours:
        note(_("Questions that keep words of ours: {codes}.", codes=", ".join(made.ours)))
    note(
        _(
            "Look at it (`sipas instrument show {code} --version {version}`); waves that are opened from now on ask "
            "it. A wave on it is no continuation of one on other words: `sipas trend` shows a break.",
            code=one.code,
            version=one.version,
        )
    )

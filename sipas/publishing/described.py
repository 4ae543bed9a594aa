"""What a release says beside its figures: whose province, what was asked, what fields are called; its rows as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from analysis import COARSE, Snapshot
from analysis.disclosure.safe_table import SafeTable
from sipas import i18n
from sipas.errors import N_
from sipas.i18n.instrument_words import in_words
from sipas.i18n.skip_words import answers_said
from sipas.publishing import self_selection
from sipas.publishing.origins import made_here
from sipas.registry.province import ProvinceName
from surveys import Instrument, Item


def province_names(ours: ProvinceName) -> dict[str, str]:
    """Return the province as a place; in English too, where that is another word."""
    name, english = ours.short("vi"), ours.short("en")
    return {"province": name} if english == name else {"province": name, "province_en": english}


def questionnaire(instrument: Instrument, snapshot: Snapshot) -> dict[str, Any]:
    """Return the questionnaire as far as it was asked, in both languages."""
    with i18n.speaking("en"):
        english = in_words(instrument)
    asked = set(snapshot.codebook.item_codes)
    factors = dict(snapshot.codebook.factors)
    return {
        "code": instrument.code,
        "version": instrument.version,
        "title": instrument.title,
        "title_en": english.title,
        "basis": instrument.basis,
        **made_here(instrument),
        "factors": [
            {"code": one.code, "text": one.text, "text_en": english.factors[one.code].text}
            for one in instrument.factors.values()
            if one.code in factors
        ],
        "items": [
            {
                "code": one.code,
                "text": one.text,
                "text_en": english.item(one.code).text,
                "factor": instrument.factor_of(one.code),
                "wording": one.wording,
                **({"provenance": one.provenance} if one.provenance else {}),
            }
            | ({"asked_if": _conditions(instrument, english, one)} if one.asked_if else {})
            for one in instrument.items
            if one.code in asked
        ],
    }


def _conditions(instrument: Instrument, english: Instrument, item: Item) -> list[dict[str, Any]]:
    """After which answers an item was asked, in both languages; readers of later programs need no questionnaire."""
    return [
        {
            "item": one.item,
            "text": instrument.item(one.item).text,
            "text_en": english.item(one.item).text,
            "answers": answers_said(instrument, one),
            "answers_en": answers_said(english, one),
        }
        for one in item.asked_if
    ]


def coarse_field() -> dict[str, str]:
    """Return what the answers are called that were stored without their field."""
    said = N_("Fields with few dossiers at their office, together")
    names = {}
    for language in ("vi", "en"):
        with i18n.speaking(language):
            names[language] = i18n._(said)
    return {"code": COARSE, "name": names["vi"], "name_en": names["en"]}


def figures_csv(table: SafeTable, manifest: dict[str, Any]) -> bytes:
    """Write one row per figure, in UTF-8 with a mark that Excel understands; withheld figures are empty and say so."""
    trials = self_selection.COLUMNS if self_selection.tells(manifest) else ()
    columns = ("n", "answers", "estimate", "se", "df", "deff", "low", "high", "method", "level", "reliability")
    memory = io.StringIO()
    writer = csv.writer(memory, lineterminator="\r\n")
    writer.writerow(["release", "wave", "simulated", "unit", "field", "of", "withheld", *columns, *trials, "flags"])
    wave, lost = manifest["wave"], [f"{key} key lost" for key in manifest.get("lost_keys", ())]
    for row in table.records():
        bands = self_selection.bands(row, table.policy.decimals)
        values = ["" if row[column] is None else row[column] for column in columns]
        writer.writerow(
            [
                manifest["release"],
                wave["code"],
                int(wave["simulated"]),
                row["domain"].get("unit", ""),
                row["domain"].get("field", ""),
                row["of"],
                int(row["withheld"]),
                *values,
                *(bands.get(name, "") for name in trials),
                "; ".join([*row["flags"], *lost]),
            ]
        )
    return memory.getvalue().encode("utf-8-sig")

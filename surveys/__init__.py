"""Questionnaires as data: an instrument is a YAML file, and this package turns it into values.

Two things are all that others need: `load("service-2024")` and `catalogue()`. The wording in a file is Vietnamese;
translations live in the `instruments` catalogs, found by an item's address (`service-2024/B1.1`).
"""

from surveys.errors import BadInstrument, Complaint, SurveyError, UnknownInstrument
from surveys.instrument import (
    FORMS,
    NOT_ANSWERED,
    NOT_APPLICABLE,
    NOT_ASKED,
    POPULATIONS,
    Aspect,
    Comment,
    Condition,
    Factor,
    Instrument,
    Item,
    Made,
    Option,
    PersonQuestion,
    Scale,
    Skip,
)
from surveys.load import ChangedInstrument, also_from, catalogue, load, own_folder, read, retired
from surveys.wording import texts, translated

__all__ = [
    "FORMS",
    "NOT_ANSWERED",
    "NOT_APPLICABLE",
    "NOT_ASKED",
    "POPULATIONS",
    "Aspect",
    "BadInstrument",
    "ChangedInstrument",
    "Comment",
    "Complaint",
    "Condition",
    "Factor",
    "Instrument",
    "Item",
    "Made",
    "Option",
    "PersonQuestion",
    "Scale",
    "Skip",
    "SurveyError",
    "UnknownInstrument",
    "also_from",
    "catalogue",
    "load",
    "own_folder",
    "read",
    "retired",
    "texts",
    "translated",
]

"""The first door: people -> rows. No Flask, no request, no identity in here; plain values come in, an anonymous row
goes to the database. What is kept of a person is `STORED`, and the kiosk's privacy page prints that list."""

from sipas.intake.anonymise import (
    COARSER,
    LANGUAGE_CODES,
    PLACELESS,
    STORED,
    anonymise,
    anonymise_many,
    cluster_label,
    comment_of,
)
from sipas.intake.answers import Answers
from sipas.intake.bulk import record_many
from sipas.intake.receive import Outcome, receive
from sipas.intake.record import (
    late_by_point,
    live_by_month,
    record,
    stored,
    stored_by_point,
    unfinished,
    without_point,
)
from sipas.intake.redaction import redact
from sipas.intake.submission_keys import keys_of_lines, keys_of_submissions, mark_of_file
from sipas.intake.visit import Visit, VisitCodes, Visits

__all__ = [
    "COARSER",
    "LANGUAGE_CODES",
    "PLACELESS",
    "STORED",
    "Answers",
    "Outcome",
    "Visit",
    "VisitCodes",
    "Visits",
    "anonymise",
    "anonymise_many",
    "cluster_label",
    "comment_of",
    "keys_of_lines",
    "keys_of_submissions",
    "late_by_point",
    "live_by_month",
    "mark_of_file",
    "receive",
    "record",
    "record_many",
    "redact",
    "stored",
    "stored_by_point",
    "unfinished",
    "without_point",
]

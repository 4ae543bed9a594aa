"""The first door: the one place where a visit becomes a row. Its signature is the promise.

`STORED` is what a row holds, in the words of the privacy page; a test compares it with the table's columns.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

from sipas import clock, keys
from sipas.errors import N_
from sipas.intake.answers import Answers
from sipas.intake.models import Comment, Response

STORED: dict[str, str] = {
    "key": N_("a random mark of the answer, which says nothing about you or about the time"),
    "wave": N_("in which survey you answered"),
    "point": N_("at which receiving point"),
    "unit": N_("which office is responsible for your dossier"),
    "field": N_("the service field that you chose"),
    "month": N_("the month, neither day nor hour"),
    "cluster": N_("a mark shared by all answers of one point and week; its key is destroyed when the survey ends"),
    "channel": N_("whether it was a kiosk, a phone, the web or paper"),
    "language": N_("the language of the questionnaire"),
    "form": N_("whether the questionnaire was the short or the full one"),
    "sex": N_("your sex, if you chose to say"),
    "age": N_("your age group, if you chose to say"),
    "answers": N_("your answers to the questions"),
}

LANGUAGE_CODES = {"vi": 1, "en": 2}


def anonymise(
    answers: Answers,
    *,
    wave: int,
    point: int,
    unit: int,
    field: int,
    moment: dt.datetime,
    channel: int,
    language: str,
    form: int,
    sex: int,
    age: int,
    submission: str,
    cluster_key: bytes,
    id_key: bytes,
) -> Response:
    """Turn one visit into the only thing we keep of it.

    `moment` leaves its month and, under a key that dies with the wave, the label it shares with its point's week.
    `submission` is the random id that the browser holds; it leaves a keyed hash, so that a resend is recognised.
    """
    (row,) = anonymise_many(
        [answers.packed],
        wave=wave,
        point=[point],
        unit=[unit],
        field=[field],
        day=[clock.local(moment).date()],
        channel=[channel],
        language=[LANGUAGE_CODES[language]],
        form=[form],
        sex=[sex],
        age=[age],
        submission=[submission],
        cluster_key=cluster_key,
        id_key=id_key,
    )
    return Response(**row)


def anonymise_many(
    packed: Sequence[bytes],
    *,
    wave: int,
    point: Sequence[int],
    unit: Sequence[int],
    field: Sequence[int],
    day: Sequence[dt.date],
    channel: Sequence[int],
    language: Sequence[int],
    form: Sequence[int],
    sex: Sequence[int],
    age: Sequence[int],
    submission: Sequence[str],
    cluster_key: bytes,
    id_key: bytes,
) -> list[dict[str, object]]:
    """The same door, wide: many visits at once (an import), each as the plain values of its row."""
    labels: dict[tuple[int, str], bytes] = {}

    def cluster(place: int, on: dt.date) -> bytes:
        week = (place, clock.cluster_week(on))
        if week not in labels:
            labels[week] = cluster_label(cluster_key, *week)
        return labels[week]

    columns = zip(packed, point, unit, field, day, channel, language, form, sex, age, submission, strict=True)
    return [
        {
            "key": keys.label(id_key, "answer", said or secrets.token_hex(16)),
            "wave": wave,
            "point": place,
            "unit": office,
            "field": service,
            "month": on.year * 100 + on.month,
            "cluster": cluster(place, on),
            "channel": way,
            "language": tongue,
            "form": length,
            "sex": gender,
            "age": band,
            "answers": given,
        }
        for given, place, office, service, on, way, tongue, length, gender, band, said in columns
    ]


def cluster_label(key: bytes, point: int, week: str) -> bytes:
    """The opaque label of a point's week."""
    return keys.label(key, "cluster", str(point), week)[:8]


def comment_of(
    text: str, *, wave: int, unit: int, field: int, moment: dt.datetime, submission: str, id_key: bytes
) -> Comment:
    """A free text as its own row: no key in common with the answer it came with."""
    local = clock.local(moment)
    return Comment(
        key=keys.label(id_key, "comment", submission or secrets.token_hex(16)),
        wave=wave,
        unit=unit,
        field=field,
        month=local.year * 100 + local.month,
        text=text,
    )

"""The first door: the one place where a visit becomes a row. What a `Visit` holds is all that it can know.

`STORED` is what a row holds, in the words of the privacy page; a test compares it with the table's columns.
"""

from __future__ import annotations

import datetime as dt
import secrets
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sipas import clock
from sipas.errors import N_
from sipas.i18n.languages import NUMBERS
from sipas.intake.models import ResponseRow, StoredComment, row_type
from sipas.intake.visit import N, Visit, VisitCodes, Visits
from sipas.keyring import wave_keys

STORED: dict[str, str] = {
    "key": N_("a random mark of the answer, which says nothing about you or about the time"),
    "wave": N_("in which survey you answered"),
    "point": N_("at which receiving point"),
    "unit": N_("which office is responsible for your dossier"),
    "field": N_("the service field that you chose"),
    "month": N_("the month, neither day nor hour"),
    "cluster": N_(
        "a mark shared by all answers of one point and week, or of one week where the point is not stored; its key is "
        "destroyed when the survey ends"
    ),
    "channel": N_("whether it was a kiosk, an interview, a phone, the web or paper"),
    "language": N_("the language of the questionnaire"),
    "form": N_("whether the questionnaire was the short or the full one, and whether it was finished"),
    "sex": N_("your sex, if you chose to say"),
    "age": N_("your age group, if you chose to say"),
    "answers": N_("your answers to the questions"),
}

COARSER = ("field", "month", "language", "sex", "age")
"""Not stored (0) where few people come for a service field; a comment then keeps neither office, field nor month."""

PLACELESS = ("point", "channel")
"""Not stored (0) where several places receive for the office and field, for nobody counts how few came to one of them;
the label is then that of the week alone. A channel that few points have would name the point, so it goes with it."""

LARGEST = 2**15 - 1  # that a small number's column holds

LANGUAGE_CODES = NUMBERS


def anonymise(visit: Visit, *, key: bytes, cluster_key: bytes) -> ResponseRow:
    """Turn one visit into the only thing we keep of it.

    `key` is a keyed hash of the random id that the browser holds (`submission_keys.py`), so that a resend is
    recognised. `anonymise_many` is the same door, wide; for one visit its arrays would cost ten times as much.
    """
    local, codes = clock.local(visit.moment), visit.codes
    language = LANGUAGE_CODES[visit.language]
    numbers = stored_numbers(codes, _month(local.year, local.month), language, visit.sex, visit.age)
    label = cluster_label(cluster_key, numbers["point"], clock.cluster_week(local.date()), bool(codes.coarse))
    return ResponseRow(key=key, wave=codes.wave, cluster=label, answers=visit.answers.packed, **numbers)


def anonymise_many(visits: Visits, *, key: NDArray[np.void], cluster_key: bytes) -> NDArray[np.void]:
    """The same door, wide: many visits at once (an import); each row has a field for every stored column.

    `key` comes from `keys_of_submissions` or `keys_of_lines`, which know the wave's `id` key.
    """
    codes, packed = visits.codes, visits.answers
    months = visits.day.astype("datetime64[M]").astype(int)
    month = _month(1970 + months // 12, months % 12 + 1)
    numbers = stored_numbers(codes, month, visits.language, visits.sex, visits.age)
    point, few = (np.broadcast_to(one, len(packed)) for one in (numbers["point"], codes.coarse))
    columns: dict[str, ArrayLike] = {
        "key": key,
        "wave": codes.wave,
        "cluster": _clusters(point, visits.day, few, cluster_key),
        "answers": np.ascontiguousarray(packed).view(f"V{packed.shape[1]}")[:, 0],
        **numbers,
    }
    rows = np.empty(len(packed), row_type(packed.shape[1]))
    for name in STORED:
        rows[name] = columns[name]
    return rows


def stored_numbers(codes: VisitCodes[N], month: N, language: N, sex: N, age: N) -> dict[str, N]:
    """Return the numbers of a row (all but its wave), or of many as columns: here it is decided what is left out.

    Raises OverflowError where one does not fit its column.
    """
    told = {
        "point": codes.point,
        "unit": codes.unit,
        "field": codes.field,
        "channel": codes.channel,
        "language": language,
        "form": codes.form,
        "sex": sex,
        "age": age,
    }
    # any bit that no small number has; a negative one has all of them
    outside = reduce(or_, told.values(), codes.wave) & ~LARGEST
    if outside.any() if isinstance(outside, np.ndarray) else outside:
        raise OverflowError("a number does not fit its column")
    told["month"] = month
    detailed, placed = 1 - codes.coarse, 1 - codes.nowhere
    for name in COARSER:
        told[name] = told[name] * detailed
    for name in PLACELESS:
        told[name] = told[name] * placed
    return told


def _month(year: N, month: N) -> N:
    """A month as it is stored, such as 202603."""
    return year * 100 + month


def _clusters(
    point: NDArray[np.int64], day: NDArray[np.datetime64], few: NDArray[np.int64], key: bytes
) -> NDArray[np.void]:
    """Every visit's label; each point's week is hashed once for those with detail, and once for those without."""
    days, which_day = np.unique(day, return_inverse=True)
    weeks = [clock.cluster_week(one) for one in days.tolist()]
    number = {week: place for place, week in enumerate(dict.fromkeys(weeks))}
    names = list(number)
    pair = point.astype(np.int64) * len(names) + np.array([number[week] for week in weeks])[which_day]
    pairs, which = np.unique(pair * 2 + few, return_inverse=True)
    labels = [
        cluster_label(key, one // 2 // len(names), names[one // 2 % len(names)], bool(one % 2))
        for one in pairs.tolist()
    ]
    return np.frombuffer(b"".join(labels), "V8")[which]


def cluster_label(key: bytes, point: int, week: str, coarse: bool = False) -> bytes:
    """The opaque label of a point's week (point 0: of a week): one for answers with their month beside it, another for
    those without."""
    return wave_keys.label(key, "coarse cluster" if coarse else "cluster", str(point), week)[:8]


def comment_of(
    text: str, codes: VisitCodes[int], *, moment: dt.datetime, submission: str, id_key: bytes
) -> StoredComment:
    """A free text as its own row: no key in common with the answer it came with; without any place where few come."""
    local, detailed = clock.local(moment), 1 - codes.coarse
    return StoredComment(
        key=wave_keys.label(id_key, "comment", submission or secrets.token_hex(16)),
        wave=codes.wave,
        unit=codes.unit * detailed,
        field=codes.field * detailed,
        month=_month(local.year, local.month) * detailed,
        text=text,
    )

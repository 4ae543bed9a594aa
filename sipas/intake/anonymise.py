"""The first door: the one place where a visit becomes a row. Its signature is the promise.

`STORED` is what a row holds, in the words of the privacy page; a test compares it with the table's columns.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sipas import clock
from sipas.errors import N_
from sipas.i18n.languages import NUMBERS
from sipas.intake.answers import Answers
from sipas.intake.models import PROBE, Comment, Row, row_type
from sipas.intake.submission_keys import submission_key
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
    "channel": N_("whether it was a kiosk, a phone, the web or paper"),
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

NOTHING = dict.fromkeys(COARSER, 0)
NOWHERE = dict.fromkeys(PLACELESS, 0)
LARGEST = 2**15 - 1  # that a small number's column holds

LANGUAGE_CODES = NUMBERS


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
    coarse: int,
    several: int,
    submission: str,
    cluster_key: bytes,
    id_key: bytes,
) -> Row:
    """Turn one visit into the only thing we keep of it.

    `moment` leaves its month and, under a key that dies with the wave, the label it shares with its point's week.
    `coarse` is 1 where few people come for this field of the unit: then what `COARSER` names is not stored; `several`
    is 1 where several places receive for it: then what `PLACELESS` names is not.
    `submission` is the random id that the browser holds; it leaves a keyed hash, so that a resend is recognised.

    `anonymise_many` is the same door, wide; for one visit its arrays would cost ten times as much.
    """
    local, nowhere = clock.local(moment), bool(several) and channel != PROBE
    row = Row(
        key=submission_key(id_key, submission),
        wave=wave,
        point=point,
        unit=unit,
        field=field,
        month=local.year * 100 + local.month,
        cluster=cluster_label(cluster_key, 0 if nowhere else point, clock.cluster_week(local.date()), bool(coarse)),
        channel=channel,
        language=LANGUAGE_CODES[language],
        form=form,
        sex=sex,
        age=age,
        answers=answers.packed,
    )
    if not all(0 <= number <= LARGEST for number in (wave, point, unit, field, channel, form, sex, age)):
        raise OverflowError("a number does not fit its column")
    row = row._replace(**NOTHING) if coarse else row
    return row._replace(**NOWHERE) if nowhere else row


def anonymise_many(
    answers: Sequence[bytes] | NDArray[np.uint8],
    *,
    wave: int,
    point: ArrayLike,
    unit: ArrayLike,
    field: ArrayLike,
    day: ArrayLike,
    channel: ArrayLike,
    language: ArrayLike,
    form: ArrayLike,
    sex: ArrayLike,
    age: ArrayLike,
    coarse: ArrayLike,
    several: ArrayLike,
    key: NDArray[np.void],
    cluster_key: bytes,
) -> NDArray[np.void]:
    """The same door, wide: many visits at once (an import) as arrays; each row has a field for every stored column.

    `answers` are packed as in `Answers`, one row each; `key` comes from `marks`, which knows the wave's `id` key.
    """
    if not isinstance(answers, np.ndarray):
        answers = np.frombuffer(b"".join(answers), np.uint8).reshape(len(answers), -1)
    days = np.asarray(day, "datetime64[D]")
    months = days.astype("datetime64[M]").astype(int)
    few = np.broadcast_to(np.asarray(coarse, bool), len(answers))
    nowhere = np.broadcast_to(np.asarray(several, bool) & (np.asarray(channel) != PROBE), len(answers))
    known: dict[str, ArrayLike] = {
        "key": key,
        "wave": wave,
        "point": point,
        "unit": unit,
        "field": field,
        "month": (1970 + months // 12) * 100 + months % 12 + 1,
        "cluster": _clusters(np.where(nowhere, 0, point), days, few, cluster_key),
        "channel": channel,
        "language": language,
        "form": form,
        "sex": sex,
        "age": age,
        "answers": np.ascontiguousarray(answers).view(f"V{answers.shape[1]}")[:, 0],
    }
    rows = np.empty(len(answers), row_type(answers.shape[1]))
    for name in STORED:
        rows[name] = known[name]
        if rows.dtype[name].kind == "i" and (rows[name] != known[name]).any():
            raise OverflowError(f"a value of “{name}” does not fit its column")
    for name in COARSER:
        rows[name][few] = 0
    for name in PLACELESS:
        rows[name][nowhere] = 0
    return rows


def _clusters(
    point: NDArray[np.int64], day: NDArray[np.datetime64], few: NDArray[np.bool_], key: bytes
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
    text: str, *, wave: int, unit: int, field: int, coarse: int, moment: dt.datetime, submission: str, id_key: bytes
) -> Comment:
    """A free text as its own row: no key in common with the answer it came with; without any place where few come."""
    local = clock.local(moment)
    return Comment(
        key=wave_keys.label(id_key, "comment", submission or secrets.token_hex(16)),
        wave=wave,
        unit=0 if coarse else unit,
        field=0 if coarse else field,
        month=0 if coarse else local.year * 100 + local.month,
        text=text,
    )

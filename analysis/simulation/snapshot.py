"""A simulated province frozen as the platform freezes a wave: to try every method on data whose truth is known."""

import os

import numpy as np
import pyarrow as pa

from analysis.data.codebook import NOT_APPLICABLE, Codebook, CodebookItem
from analysis.data.codebook import NOT_ASKED as LEVEL_NOT_ASKED
from analysis.data.snapshot import Snapshot, write_snapshot
from analysis.simulation.answers import NOT_ANSWERED, NOT_ASKED
from analysis.simulation.answers import NOT_APPLICABLE as PACKED_NOT_APPLICABLE
from analysis.simulation.simulate import Province


def freeze_simulated(
    province: Province, path: str | os.PathLike[str], *, wave: str = "", instrument: str = "simulated"
) -> Snapshot:
    """Write the answers of a simulated province as a snapshot: strata are receiving units, PSUs the weeks of a place.

    The codebook lists every point-week that was open, whether or not anybody answered, and says "simulated". Only
    ratings are kept. Where no question has skip logic, what was not asked is as empty as what was not answered.

    >>> import tempfile
    >>> from analysis.simulation.simulate import Field, Place, Question
    >>> province = Province(seed=1, places=[Place("k1", "a"), Place("k2", "b")], fields=[Field("land")],
    ...                     responsible={("a", "land"): "a", ("b", "land"): "b"}, forms={"full": ["q1"]},
    ...                     questions=[Question("q1", "F")], months=["2026-01"], dossiers=900, answers=80)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     snapshot = freeze_simulated(province, f"{folder}/2026-1.parquet", wave="2026-1")
    >>> snapshot.codebook.simulated, snapshot.codebook.factor_items, snapshot.rows == province.responses.num_rows
    (True, {'F': ('q1',)}, True)
    """
    places, ratings = province.places, [each for each in province.questions if each.kind == "rating"]
    weeks = zip(province.open_weeks["place"].to_pylist(), province.open_weeks["week"].to_pylist(), strict=True)
    codebook = Codebook(
        instrument=instrument,
        version="1",
        wave=wave,
        simulated=True,
        items=tuple(CodebookItem(each.code, "", each.factor, each.levels, each.satisfied) for each in ratings),
        factors=tuple((code, "") for code in dict.fromkeys(each.factor for each in ratings if each.factor)),
        columns={"strata": ("stratum",), "psu": ("psu",)},
        not_asked=(LEVEL_NOT_ASKED,) if _has_gates(province) else None,
        asked_if=tuple((q.code, gate, opens) for q in ratings for gate, opens in q.asked_if) or None,
        psus=tuple(sorted((places[place].unit, f"{places[place].code} {week}") for place, week in weeks)),
    )
    return write_snapshot(path, _table(province), codebook)


def _has_gates(province: Province) -> bool:
    return any(question.asked_if for question in province.questions)


def _table(province: Province) -> pa.Table:
    """Design columns, then one column of levels per question: -1 for not applicable, null for not answered; where
    there is skip logic, -2 for not asked."""
    responses = province.responses
    place = responses["place"].to_numpy()
    codes = np.array([each.code for each in province.places], dtype=object)[place]
    columns = {
        "stratum": pa.array(np.array([each.unit for each in province.places], dtype=object)[place], pa.string()),
        "psu": pa.array([f"{code} {week}" for code, week in zip(codes, responses["week"].to_pylist(), strict=True)]),
        "point": pa.array(codes, pa.string()),
    }
    for name in ("unit", "field", "month", "channel", "form", "language", "sex", "age"):
        columns[name] = responses[name].cast(pa.string())
    packed = responses["packed"].combine_chunks()
    levels = np.frombuffer(packed.buffers()[1], np.uint8).reshape(len(packed), -1)
    for question, level in zip(province.questions, levels.T, strict=True):
        if question.kind != "rating":
            continue
        readable = np.where(level == PACKED_NOT_APPLICABLE, NOT_APPLICABLE, level.astype(np.int16)).astype(np.int16)
        empty = level == NOT_ANSWERED
        if _has_gates(province):
            readable[level == NOT_ASKED] = LEVEL_NOT_ASKED
        else:
            empty |= level == NOT_ASKED
        columns[question.code] = pa.array(readable, mask=empty)
    return pa.table(columns)

"""The clusters of a frozen wave: a point's weeks, by the labels that answers carry; with their key, and without it.

Equal labels are equal weeks, key or no key. The key tells in addition which of a point's weeks nobody answered in; of
how many, the calendar tells. So a wave whose key was lost has the same clusters, the empty ones under made-up labels.

Where a lost key was replaced while the wave asked, a week may have two labels, and nothing tells which: taken for two
clusters, the halves of one week would seem to agree by themselves, and intervals would be too narrow. So a point's
labels are joined in every month in which both keys may stand: fewer, larger clusters, and fewer degrees of freedom.
Answers without a month are joined over all that their point has. Where a joined cluster then holds so much of its
stratum that intervals would not cover what they promise, small clusters are joined too
(`analysis.variance.joined_clusters`).
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from analysis import COARSE, SEVERAL, WHOLE_WAVE
from analysis.variance.joined_clusters import LEAST_COVERAGE, interval_coverage, join_small_clusters
from sipas.fieldwork.key_losses import renewals
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import open_weeks
from sipas.intake import cluster_label
from sipas.publishing.cluster_labels import cluster_labels

LOST, RENEWED = "lost", "renewed"

Labels = set[str]
Asked = tuple[str, str, int, str, bool]  # stratum, point and its number, week, and as in Place
Place = tuple[str, str, bool]  # stratum, point, and whether its answers keep no month


@dataclass(frozen=True)
class Clusters:
    """The table with its PSUs, the design's list of them, and what became of their key ("" where nothing did)."""

    table: pa.Table
    psus: tuple[tuple[str, str], ...]
    key: str = ""


@dataclass(frozen=True)
class _Known:
    """What the key says: each label's first day. Without a key nothing."""

    days: Mapping[str, dt.date]
    has_key: bool

    def may_stand_twice(self, month: str | None, labels: Labels, renewed: Iterable[dt.date]) -> bool:
        """Whether among these labels of a point's month (of all its answers where the month is not stored) two may be
        one week's."""
        days = sorted(renewed)
        if not self.has_key or len(days) > 1:  # nothing tells the labels of one lost key from those of another
            return bool(days) and (month in (None, WHOLE_WAVE) or month <= f"{days[-1]:%Y-%m}")
        return bool(labels - self.days.keys()) and bool(self.late(labels, days))

    def late(self, labels: Labels, renewed: Iterable[dt.date]) -> Labels:
        """Those made under the present key of weeks in which another stood, too, for all that is known."""
        days = sorted(renewed)
        return {one for one in labels & self.days.keys() if not days or self.days[one] <= days[-1]}


def clusters_of(session: Session, wave: Wave, table: pa.Table, key: bytes | None, today: dt.date) -> Clusters:
    """Every PSU of a wave: those that answers carry, and the weeks in which a point asked and nobody answered."""
    opened = {(place.unit, place.code, place.id, week) for place, week in open_weeks(session, wave, today)}
    if SEVERAL in pc.unique(table["point"]).to_pylist():
        opened |= {(SEVERAL, SEVERAL, 0, week) for *_, week in opened}
    few = set(pc.unique(table["point"].filter(pc.equal(table["field"], COARSE))).to_pylist())
    asked = [
        (stratum, point, number, week, coarse)
        for stratum, point, number, week in opened
        for coarse in ([False, True] if point in few else [False])
    ]
    found = _groups(table)
    seen = {label for labels in found.values() for label in labels}
    known = _Known(cluster_labels(session, wave, key, today), key is not None)
    if key is not None and seen <= known.days.keys():
        listed = {
            (stratum, cluster_label(key, number, week, coarse).hex()) for stratum, _, number, week, coarse in asked
        }
        return Clusters(table, tuple(sorted(listed | _pairs(table))))
    renewed = renewals(session, wave.id, "cluster")
    silent = _silent_weeks(asked, found)
    table = with_labels(table, _evened_out(table, _joined(found, known, renewed), silent))
    empty = {(stratum, secrets.token_hex(8)) for stratum, weeks in silent.items() for _ in range(weeks)}
    return Clusters(table, tuple(sorted(_pairs(table) | empty)), RENEWED if renewed or known.has_key else LOST)


def with_labels(table: pa.Table, joined: Mapping[str, str]) -> pa.Table:
    """The table under other labels of its PSUs, where they have others."""
    if not joined:
        return table
    labels = pa.array([joined.get(one, one) for one in table["psu"].to_pylist()], pa.string()).dictionary_encode()
    return table.set_column(table.column_names.index("psu"), "psu", labels)


def _groups(table: pa.Table) -> dict[tuple[Place, str | None], Labels]:
    """The labels of each point's months; answers that keep no month are groups of their own."""
    names = ("stratum", "point", "field", "month", "psu")
    groups: dict[tuple[Place, str | None], Labels] = {}
    for one in table.select(names).group_by(list(names)).aggregate([]).to_pylist():
        place = one["stratum"], one["point"], one["field"] == COARSE
        groups.setdefault((place, one["month"]), set()).add(one["psu"])
    return groups


def _joined(
    groups: Mapping[tuple[Place, str | None], Labels], known: _Known, renewed: tuple[dt.date, ...]
) -> dict[str, str]:
    """Each label that is joined with others, and under which of them."""
    first: dict[str, str] = {}

    def root(label: str) -> str:
        while label in first:
            label = first[label]
        return label

    for (_, month), labels in groups.items():
        if not known.may_stand_twice(month, labels, renewed):
            continue
        both = labels if not known.has_key else (labels - known.days.keys()) | known.late(labels, renewed)
        one, *others = sorted({root(label) for label in both})
        first |= dict.fromkeys(others, one)
    return {label: root(label) for label in first}


def _evened_out(table: pa.Table, joined: Mapping[str, str], silent: Mapping[str, int]) -> dict[str, str]:
    """Every label that is joined with others, once each stratum's intervals cover as often as they promise."""
    evened = dict(joined)
    answers = {(one["stratum"], one["psu"]): one["psu_count"] for one in
               table.group_by(["stratum", "psu"]).aggregate([("psu", "count")]).to_pylist()}  # fmt: skip
    for stratum in sorted({where for where, label in answers if label in joined}):
        apart = {label: count for (where, label), count in answers.items() if where == stratum}
        together: dict[str, list[str]] = {}
        for label in sorted(apart):
            together.setdefault(joined.get(label, label), []).append(label)
        empty = silent.get(stratum, 0)
        least = min(LEAST_COVERAGE, interval_coverage(list(apart.values()), len(apart) + empty))
        clusters = list(together.values())
        for places in join_small_clusters([sum(apart[one] for one in labels) for labels in clusters], empty, least):
            labels = [label for place in places for label in clusters[place]]
            if len(labels) > 1:
                evened |= dict.fromkeys(labels, min(labels))
    return evened


def _silent_weeks(asked: Iterable[Asked], groups: Mapping[tuple[Place, str | None], Labels]) -> dict[str, int]:
    """In how many weeks nobody answered at a stratum's points; too few rather than too many where two labels are one
    week's."""
    weeks: dict[Place, int] = {}
    for stratum, point, _, _, coarse in asked:
        weeks[stratum, point, coarse] = weeks.get((stratum, point, coarse), 0) + 1
    silent: dict[str, int] = {}
    for place, number in weeks.items():
        answered = {label for (where, _), labels in groups.items() if where == place for label in labels}
        silent[place[0]] = silent.get(place[0], 0) + max(0, number - len(answered))
    return silent


def _pairs(table: pa.Table) -> set[tuple[str, str]]:
    pairs = table.select(["stratum", "psu"]).group_by(["stratum", "psu"]).aggregate([])
    return set(zip(pairs["stratum"].to_pylist(), pairs["psu"].to_pylist(), strict=True))

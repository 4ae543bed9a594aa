"""Waves over a change of boundaries: old units become the new ones they went to; the rest is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.data.crosswalk import EXACT, Crosswalk
from analysis.errors import AnalysisError
from analysis.tabulation.relabelling import relabelled
from sipas.errors import N_, SipasError
from sipas.estimating.survey import Families, Survey
from sipas.tables import read_table

BAD = N_("{file}: {reason}")
MERGED = N_("{wave}: compared as the sum of its parts: {unit} ({parts})")
MERGED_MORE = N_("{wave}: units that are compared as the sum of their parts: {count} (such as {unit}: {parts})")
SPLIT = N_("{wave}: not compared, for an old unit was divided among them: {units}")
ABSENT = N_("{wave} lacks {count} domains that another wave has, so that they are not compared: {domains}")
SHOWN = 6  # units that are told one by one


@dataclass(frozen=True)
class Boundaries:
    """What becomes of old units: whole ones go to `whole[old]`; `divided` are new units that cannot be put together."""

    whole: dict[str, str]
    divided: frozenset[str]
    lost: frozenset[str]  # old units that went to divided ones

    def carried(self, survey: Survey, by: Families) -> tuple[Survey, list[SipasError]]:
        """The survey by new units, its strata and clusters as they were drawn, with what is to be said of it."""
        cells = survey.cells
        told: list[SipasError] = []
        for column in dict.fromkeys(column for family in by for column in family):
            labels = {cells.label(column, code) or "" for code in range(len(cells.labels[column]))}
            names: dict[str, str | None] = {old: self.whole[old] for old in labels & self.whole.keys()}
            names |= dict.fromkeys(labels & self.lost)
            if any(old != new for old, new in names.items()):
                cells = relabelled(cells, column, names)
                told += self._told(survey.name, names)
        return replace(survey, cells=cells, weights=replace(survey.weights, cells=cells)), told

    def _told(self, wave: str, names: dict[str, str | None]) -> Iterable[SipasError]:
        parts: dict[str, list[str]] = {}
        for old, new in sorted(names.items()):
            if new is not None and old != new:
                parts.setdefault(new, []).append(old)
        for old in sorted(old for old, new in names.items() if new == old and old in parts):
            parts[old].insert(0, old)
        said = {unit: ", ".join(olds) for unit, olds in parts.items()}
        if len(said) > SHOWN:
            unit = next(iter(said))
            yield SipasError(MERGED_MORE, wave=wave, count=len(said), unit=unit, parts=said[unit])
        else:
            for unit, olds in said.items():
                yield SipasError(MERGED, wave=wave, unit=unit, parts=olds)
        if None in names.values():
            yield SipasError(SPLIT, wave=wave, units=", ".join(sorted(self.divided)))


def read_boundaries(path: Path, sheet: str = "") -> Boundaries:
    """Read a crosswalk: columns old, new and (for a divided unit) share, as in the registry's crosswalk.csv.

    Only units that went over whole are carried: the answers of a divided one say nothing of its parts. Raises BadFile
    and SipasError where the table contradicts itself.
    """
    table = read_table(path, sheet=sheet)
    table.require("old", "new")
    try:
        walk = Crosswalk.of([{**record.cells} for record in table.records()])
    except AnalysisError as error:
        raise SipasError(BAD, file=table.name, reason=error) from error
    divided = frozenset(new for old, news in walk.parts.items() if walk.how(old) != EXACT for new in news)
    whole = {old: next(iter(news)) for old, news in walk.parts.items() if walk.how(old) == EXACT}
    lost = frozenset(old for old, news in walk.parts.items() if divided & news.keys())
    return Boundaries({old: new for old, new in whole.items() if old not in lost}, divided, lost)


def in_some_waves(domains: Sequence[Sequence[dict[str, str]]], names: Sequence[str]) -> list[SipasError]:
    """The domains that some waves have and others lack, counted for each wave that lacks them."""
    every = {tuple(domain.items()) for of_wave in domains for domain in of_wave}
    found = []
    for name, of_wave in zip(names, domains, strict=True):
        absent = sorted(every - {tuple(domain.items()) for domain in of_wave})
        if absent:
            shown = "; ".join(" + ".join(label for _, label in domain) for domain in absent[:SHOWN])
            more = ", …" if len(absent) > SHOWN else ""
            found.append(SipasError(ABSENT, wave=name, count=len(absent), domains=shown + more))
    return found

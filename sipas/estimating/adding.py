"""Which snapshots may be added to one period, and what they asked alike; each reason against it in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import analysis
from analysis.data.codebook import CodebookItem
from sipas.errors import N_, SipasError, first_few
from sipas.estimating.periods import Part, Period, Quarter, days_of_quarter, names_of, part_of, quarters_named
from sipas.estimating.survey import DataSource

SHOWN = 8  # items and domains that are named
SAME_SNAPSHOT = N_("{one} and {other} are the same snapshot; give it once")
SAME_WAVE = N_("{one} and {other} are both of wave {wave}; give one of them")
HOUSEHOLDS = N_("wave {wave} asked households; such waves stand alone and are never added to others")
TRIAL = N_("wave {wave} was a trial; its answers are added to no others")
OTHER_SERIES = N_("waves {one} and {other} are of different series, so they are not added")
SIMULATED = N_("the answers of wave {one} are simulated and those of {other} are not, so they are not added")
OTHER_INSTRUMENT = N_("wave {one} asked {first} and wave {other} asked {second}; one period has one questionnaire")
OTHER_SCALE = N_(
    "{item} counts the levels {first} of {of_first} as satisfied in wave {one}, and {second} of {of_second} in wave "
    "{other}, so the waves are not added"
)
OTHER_DESIGN = N_("waves {one} and {other} were drawn by different designs, so they are not added")
NOTHING_ALIKE = N_("waves {waves} have no question in common that was asked alike, so there is nothing to add")
OVERLAP = N_("waves {one} ({until}) and {other} (from {since}) overlap; one period asks each day once")
SOME_MISSING = N_("{name} lacks {quarters}; give the snapshots of these quarters too, or name no period")
NOT_A_QUARTER = N_(
    "wave {wave} ({first} to {last}) is no quarter, so it is part of no named period; name no period, or leave it out"
)
IDLE = N_("in {months} nobody was asked; the figures of this period say nothing of them")
NOT_ALIKE = N_(
    "questions that not all waves asked, or asked alike, have no figure over this period: {items}. Factors and the "
    "whole have one only where all their questions were asked alike"
)
SNAPSHOTS_ONLY = N_("{file} is no snapshot of the platform; only snapshots are added to one period")


def period_source(sources: Sequence[DataSource], preset: str = "") -> tuple[DataSource, list[DataSource]]:
    """One source of several snapshots, in the order of their days; and those that `preset` leaves out.

    Raises SipasError for snapshots that are not to be added, and for a preset of which quarters are missing.
    """
    for source in sources:
        if source.design is not None:
            raise SipasError(SNAPSHOTS_ONLY, file=source.path.name)
    dated = sorted(((part_of(source.path), source) for source in sources), key=lambda pair: pair[0].opens_on)
    left: list[DataSource] = []
    if preset:
        dated, left = _of_preset(dated, preset)
    if len(dated) == 1:
        return dated[0][1], left
    period = Period(tuple(part for part, _ in dated))
    refuse_strangers(period, [analysis.read_snapshot(source.path).codebook for _, source in dated])
    parts = tuple(source for _, source in dated)
    return replace(parts[0], parts=parts, period=period), left


def periods_of(sources: Sequence[DataSource], length: str) -> list[DataSource]:
    """The snapshots as periods of a length (quarter, half-year, year) in their order.

    Raises SipasError for a snapshot that is no quarter, and for a period of which quarters are missing.
    """
    presets: list[str] = []
    for source in sources:
        if source.design is not None:
            raise SipasError(SNAPSHOTS_ONLY, file=source.path.name)
        part = part_of(source.path)
        if part.quarter is None:
            days = {"first": str(part.opens_on), "last": str(part.closes_on)}
            raise SipasError(NOT_A_QUARTER, wave=part.wave, **days)
        year, quarter = part.quarter
        presets.append(
            {"quarter": f"{year}-Q{quarter}", "half-year": f"{year}-H{(quarter + 1) // 2}"}.get(length, f"{year}")
        )
    return [period_source(sources, preset)[0] for preset in sorted(set(presets))]


def _of_preset(
    dated: Sequence[tuple[Part, DataSource]], preset: str
) -> tuple[list[tuple[Part, DataSource]], list[DataSource]]:
    """The snapshots of the quarters that a preset names, and the others."""
    wanted = quarters_named(preset)
    begins, ends = (days_of_quarter(quarter)[end] for quarter, end in ((wanted[0], 0), (wanted[-1], 1)))
    for part, _ in dated:
        if part.quarter is None and part.opens_on <= ends and begins <= part.closes_on:
            days = {"first": str(part.opens_on), "last": str(part.closes_on)}
            raise SipasError(NOT_A_QUARTER, wave=part.wave, **days)
    chosen = [pair for pair in dated if pair[0].quarter in wanted]
    missing: list[Quarter] = [quarter for quarter in wanted if quarter not in {part.quarter for part, _ in chosen}]
    if missing:
        raise SipasError(SOME_MISSING, name=preset.strip().upper(), quarters=names_of(missing))
    return chosen, [source for part, source in dated if part.quarter not in wanted]


def refuse_strangers(period: Period, books: Sequence[analysis.Codebook]) -> None:
    """Raise SipasError with the first reason why these waves are not to be added."""
    pairs = list(combinations(zip(period.parts, books, strict=True), 2))
    for (one, _), (other, _) in pairs:
        if one.digest and one.digest == other.digest:
            raise SipasError(SAME_SNAPSHOT, one=one.file, other=other.file)
        if one.wave == other.wave:
            raise SipasError(SAME_WAVE, one=one.file, other=other.file, wave=one.wave)
    for part, book in zip(period.parts, books, strict=True):
        if book.population == "households":
            raise SipasError(HOUSEHOLDS, wave=part.wave)
        if book.series == "trial":
            raise SipasError(TRIAL, wave=part.wave)
    for (one, first), (other, second) in pairs:
        _refuse_pair(one, first, other, second)
    for one, other in pairwise(period.parts):
        if other.opens_on <= one.closes_on:
            days = {"until": str(one.closes_on), "since": str(other.opens_on)}
            raise SipasError(OVERLAP, one=one.wave, other=other.wave, **days)
    if not items_alike(books):
        raise SipasError(NOTHING_ALIKE, waves=", ".join(part.wave for part in period.parts))


def _refuse_pair(one: Part, first: analysis.Codebook, other: Part, second: analysis.Codebook) -> None:
    waves = {"one": one.wave, "other": other.wave}
    if first.series != second.series:
        raise SipasError(OTHER_SERIES, **waves)
    if first.simulated != second.simulated:
        raise SipasError(SIMULATED, **(waves if first.simulated else {"one": other.wave, "other": one.wave}))
    if first.instrument != second.instrument:
        raise SipasError(OTHER_INSTRUMENT, **waves, first=first.instrument or "–", second=second.instrument or "–")
    if first.columns != second.columns:
        raise SipasError(OTHER_DESIGN, **waves)
    later = {(item.code, item.text): item for item in second.items}
    for item in first.items:
        same = later.get((item.code, item.text))
        if same and (same.levels, same.satisfied) != (item.levels, item.satisfied):
            raise SipasError(
                OTHER_SCALE,
                **waves,
                item=item.code,
                first=", ".join(map(str, item.satisfied)),
                of_first=f"1–{item.levels}",
                second=", ".join(map(str, same.satisfied)),
                of_second=f"1–{same.levels}",
            )


def items_alike(books: Sequence[analysis.Codebook]) -> tuple[str, ...]:
    """The items that every wave asked in the same words and on the same scale; a code alone may mean another question
    in another version."""
    asked = [{item.code: replace(item, factor=None) for item in book.items} for book in books]
    return tuple(code for code in asked[0] if all(own.get(code) == asked[0][code] for own in asked[1:]))


def figures_alike(books: Sequence[analysis.Codebook]) -> tuple[str, ...]:
    """The items, factors and, where the whole is the same, `overall` that are one figure over all waves."""
    items = items_alike(books)
    factors = tuple(factor for factor, own in books[0].factor_items.items() if _same(books, items, factor, own))
    same = all(set(book.overall_items) == set(books[0].overall_items) <= set(items) for book in books)
    return (*items, *factors, *(("overall",) if same else ()))


def _same(books: Sequence[analysis.Codebook], items: Sequence[str], factor: str, own: Sequence[str]) -> bool:
    return set(own) <= set(items) and all(set(book.factor_items.get(factor, ())) == set(own) for book in books)


def reduced(book: analysis.Codebook, books: Sequence[analysis.Codebook]) -> analysis.Codebook:
    """The questionnaire of one wave as far as all waves asked it alike: its items, and whole factors. What any wave
    asked of some people alone is said of all."""
    known, alike = figures_alike(books), items_alike(books)
    gates = tuple(dict.fromkeys(one for each in books for one in each.asked_if or () if one[0] in alike))
    book = replace(book, asked_if=gates or None)
    if book.item_codes == alike and "overall" in known and set(book.factor_items) <= set(known):
        return book
    items: list[CodebookItem] = [
        replace(item, factor=item.factor if item.factor in known else None)
        for code in alike
        for item in book.items
        if item.code == code
    ]
    groups = tuple((factor, own) for factor, own in book.factor_items.items() if factor in known)
    factors = tuple((code, text) for code, text in book.factors if code in known)
    return replace(book, items=tuple(items), groups=groups or None, factors=factors)


def notes_on(period: Period, books: Sequence[analysis.Codebook]) -> Iterator[SipasError]:
    """What is to be said of a period: months without a wave, and questions that were not asked alike."""
    if period.idle_months:
        yield SipasError(IDLE, months=first_few(period.idle_months, SHOWN))
    alike = items_alike(books)
    lost = list(dict.fromkeys(code for book in books for code in book.item_codes if code not in alike))
    if lost:
        yield SipasError(NOT_ALIKE, items=first_few(lost, 2 * SHOWN))

"""Several files as the waves of one survey, read as a panel or as independent samples.

A panel asked the same clusters again, so that their likeness makes changes surer; independent samples drew new ones.
The design says which it is (`waves: panel` in DESIGN.yaml); without a word, waves are independent samples, as the
snapshots of the platform are, whose cluster labels are made anew in each wave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

import analysis
from analysis.comparison.differences import JointEstimates, figures_of, independent
from analysis.comparison.trend import Wave
from analysis.tabulation.tabulate import design_of
from sipas.errors import N_, SipasError
from sipas.estimating import key_words
from sipas.estimating.answers import answers_of
from sipas.estimating.boundaries import Boundaries, in_some_waves
from sipas.estimating.columns import require_columns
from sipas.estimating.explaining import explain
from sipas.estimating.opening import opened
from sipas.estimating.periods import Period
from sipas.estimating.replicate_key import resolved
from sipas.estimating.single_psus import of_a_release
from sipas.estimating.survey import DataSource, Families, Progress, Survey, codebook_of, sampling_of
from sipas.estimating.understanding import doubts, head
from sipas.tables import read_table

if TYPE_CHECKING:
    from sipas.estimating.design_file import DesignFile

WAVE = "(wave)"  # no column of a file is called so


@dataclass(frozen=True)
class Waves:
    """Opened files in their order: their names, what each measured, and how they are read together.

    parts  one survey per wave for independent samples; a single one, with a column that names the wave, for a panel
    """

    names: tuple[str, ...]
    measured: tuple[Wave, ...]
    parts: tuple[Survey, ...]
    reading: str
    notes: tuple[SipasError, ...] = ()

    @property
    def head(self) -> tuple[SipasError, ...]:
        """For the top of a table: which levels count as satisfied; each sentence once."""
        return tuple({str(line): line for part in self.parts for line in part.head}.values())

    @property
    def periods(self) -> tuple[Period, ...]:
        """Those that are made of several waves."""
        return tuple(part.period for part in self.parts if part.period is not None)

    def domains(self, by: Families) -> list[dict[str, str]]:
        """Everybody, then every domain that any wave has."""
        found = [domain for one in range(len(self.names)) for domain in self._of_wave(one, by)]
        order = {tuple(domain.items()): domain for domain in found}
        return sorted(order.values(), key=lambda domain: (_family(domain, by), tuple(domain.values())))

    def figures(
        self, of: Sequence[str], domains: Sequence[dict[str, str]], by: Families, level: float
    ) -> JointEstimates:
        """Every figure in every domain of every wave that has it."""
        present = [[domain for domain in domains if domain in self._of_wave(one, by)] for one in range(len(self.names))]
        for part in self.parts:
            part.require(of)
        if self.reading == "independent":
            return independent(
                [
                    figures_of(part.cells, part.weights, of, chosen, level=level, wave=name)
                    for part, name, chosen in zip(self.parts, self.names, present, strict=True)
                ]
            )
        (survey,) = self.parts
        marked = [{WAVE: name, **domain} for name, chosen in zip(self.names, present, strict=True) for domain in chosen]
        joint = figures_of(survey.cells, survey.weights, of, marked, level=level)
        return replace(
            joint,
            waves=tuple(domain[WAVE] for domain in joint.domains),
            domains=tuple({key: label for key, label in domain.items() if key != WAVE} for domain in joint.domains),
            reading="panel",
        )

    def _of_wave(self, one: int, by: Families) -> list[dict[str, str]]:
        if self.reading == "independent":
            return self.parts[one].domains(by)
        found = self.parts[0].domains([(WAVE,), *((WAVE, *family) for family in by)])
        here = [domain for domain in found if domain.get(WAVE) == self.names[one]]
        return [{key: label for key, label in domain.items() if key != WAVE} for domain in here]


def _family(domain: dict[str, str], by: Families) -> int:
    families = [(), *(tuple(family) for family in by)]
    return families.index(tuple(domain))


@contextmanager
def opened_waves(
    sources: Sequence[DataSource],
    by: Families = (),
    *,
    reading: str | None = None,
    boundaries: Boundaries | None = None,
    progress: Progress | None = None,
) -> Iterator[Waves]:
    """The waves of several files, in the order given; `reading` wins over what the design says.

    boundaries   what became of old units: each wave is read by the new ones; independent samples only
    """
    names = _names(sources)
    design = sources[0].design
    reading = reading or (design.waves if design else None) or "independent"
    if reading == "panel" and boundaries is not None:
        raise SipasError(N_("units are carried over a change of boundaries between independent samples only"))
    if reading == "panel" and any(source.period for source in sources):
        raise SipasError(N_("the waves of a period are independent samples; leave out --reading panel"))
    _refuse_shared(sources)
    if reading == "panel":
        with _panel(sources, names, by, progress) as (survey, measured):
            yield Waves(names, measured, (survey,), reading, survey.notes)
        return
    with ExitStack() as stack:
        parts = tuple(stack.enter_context(opened(source, by, rows=True, progress=progress)) for source in sources)
        measured = tuple(what_was_measured(part.cells.codebook, name) for part, name in zip(parts, names, strict=True))
        notes = [
            SipasError(N_("{file}: {reason}"), file=name, reason=note)
            for name, part in zip(names, parts, strict=True)
            for note in part.notes
        ]
        if boundaries is not None:
            carried = [
                boundaries.carried(replace(part, name=name), by) for part, name in zip(parts, names, strict=True)
            ]
            parts = tuple(part for part, _ in carried)
            notes += [note for _, told in carried for note in told]
        notes += in_some_waves([part.domains(by) for part in parts], names) if by else []
        yield Waves(names, measured, parts, reading, tuple(notes))


def _refuse_shared(sources: Sequence[DataSource]) -> None:
    """Refuse a snapshot in two periods, which would be no independent samples."""
    if not any(source.period for source in sources):
        return
    whose: dict[str, str] = {}
    for source in sources:
        for wave in [part.wave for part in source.period.parts] if source.period else [source.name]:
            if whose.setdefault(wave, source.name) != source.name:
                raise SipasError(
                    N_("wave {wave} is in {one} and in {other}, so that they are no independent samples"),
                    wave=wave,
                    one=whose[wave],
                    other=source.name,
                )


def what_was_measured(codebook: analysis.Codebook, name: str) -> Wave:
    """A wave as its codebook describes it: another questionnaire or another scoring is a break."""
    questions = ",".join(codebook.item_codes)
    satisfied = ",".join(f"{item.code}:{item.levels}:{item.satisfied}" for item in codebook.items)
    instrument = f"{codebook.instrument} {codebook.version} {questions}"
    return Wave(name, instrument=instrument, population=codebook.population or "", scoring=satisfied)


def _names(sources: Sequence[DataSource]) -> tuple[str, ...]:
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        names = [str(source.path) for source in sources]
    if len(set(names)) < len(names):
        raise SipasError(N_("the same file is given twice: {file}"), file=max(names, key=names.count))
    return tuple(names)


@contextmanager
def _panel(
    sources: Sequence[DataSource], names: Sequence[str], by: Families, progress: Progress | None
) -> Iterator[tuple[Survey, tuple[Wave, ...]]]:
    """One survey over all files with a column for the wave, whose PSUs are those of the design without the wave."""
    families = [(WAVE,), *((WAVE, *family) for family in by)]
    design = sources[0].design
    if design is None:
        survey, measured = _panel_of_snapshots(sources, names, families, progress)
        yield survey, measured
        return
    if any(_apart_from_totals(source.design) != _apart_from_totals(design) for source in sources):
        raise SipasError(N_("the designs of a panel may differ in their totals only; read the waves as independent"))
    tables = [read_table(source.path, sheet=source.sheet, decimal=design.decimal) for source in sources]
    design = resolved(design, tables[0])
    for table in tables:
        require_columns(table, design, by)
    try:
        parts = [_marked(answers_of(table, design, by), name) for table, name in zip(tables, names, strict=True)]
        codebook = codebook_of(design, streamed=False)
        cells = analysis.tabulate(
            pa.concat_tables(parts, promote_options="permissive"),
            families,
            codebook=codebook,
            design=sampling_of(design, sources[0].lonely),
            elements=not design.psu and design.replicates is None,
            keep=design.calibration_columns,
            progress=progress,
        )
        designs = {name: source.design for name, source in zip(names, sources, strict=True) if source.design}
        weights = _weights(cells, designs)
        survey = Survey("", cells, weights, tuple(doubts(cells, design)), head(cells, design))
        yield survey, tuple(what_was_measured(codebook, name) for name in names)
    except analysis.AnalysisError as error:
        for table in tables:
            explain(table, design, error)
        raise


def _apart_from_totals(design: DesignFile | None) -> DesignFile | None:
    """A design without its totals, and with the columns of its margins only."""
    return design and replace(
        design,
        file="",
        poststratify=design.poststratify and replace(design.poststratify, cells={}, line=0),
        rake=tuple(replace(margin, cells={}, line=0) for margin in design.rake),
    )


def _weights(cells: analysis.Cells, designs: Mapping[str, DesignFile]) -> analysis.Weights:
    """The weights of a panel: every wave reaches the totals of its own design."""
    weights = analysis.design_weights(cells)
    first = next(iter(designs.values()))
    if first.poststratify:
        totals = {
            (name, *cell): n
            for name, design in designs.items()
            if design.poststratify
            for cell, n in design.poststratify.cells.items()
        }
        return analysis.poststratify(weights, (WAVE, *first.poststratify.by), totals)
    if not first.rake:
        return weights
    margins: dict[str | tuple[str, ...], dict[tuple[str, ...], float]] = {
        (WAVE, *margin.by): {
            (name, *cell): n for name, design in designs.items() for cell, n in design.rake[place].cells.items()
        }
        for place, margin in enumerate(first.rake)
    }
    return analysis.rake(weights, margins)


def _panel_of_snapshots(
    sources: Sequence[DataSource], names: Sequence[str], families: Families, progress: Progress | None
) -> tuple[Survey, tuple[Wave, ...]]:
    if any(source.frame for source in sources):
        raise SipasError(
            N_("waves read as a panel cannot be weighted to dossiers; leave out --frame, or read them as independent")
        )
    snapshots = [analysis.read_snapshot(source.path) for source in sources]
    known = [each.codebook.week_correlation or 0 for each in snapshots]
    first = replace(snapshots[0].codebook, week_correlation=max(known) or None)
    measured = tuple(what_was_measured(each.codebook, name) for each, name in zip(snapshots, names, strict=True))
    if any(wave.changed_since(measured[0]) for wave in measured):
        raise SipasError(
            N_("the files were asked with different questionnaires, so they are no panel; read them as independent")
        )
    design = design_of(first)
    if design.sampled is not None:
        sampled = {psu for each in snapshots for psu in design_of(each.codebook).sampled or ()}
        design = replace(design, sampled=tuple(sorted(sampled)))
    table = pa.concat_tables(
        [_marked(each.table(), name) for each, name in zip(snapshots, names, strict=True)], promote_options="permissive"
    )
    cells = analysis.tabulate(
        table, families, codebook=first, design=design, elements=not design.psus, progress=progress
    )
    rule = sources[0].lonely
    cells, notes = (cells.with_lonely(rule), []) if rule else of_a_release(cells)
    if first.simulated:
        notes.insert(0, SipasError(N_("the answers in this file are simulated")))
    for each in snapshots:
        notes += key_words.key_sentences(each.codebook.lost_keys)
    notes += doubts(cells)
    return Survey("", cells, analysis.design_weights(cells), tuple(notes), head(cells)), measured


def _marked(table: pa.Table, name: str) -> pa.Table:
    marked = table.append_column(WAVE, pa.array([name] * table.num_rows, pa.string()))
    return marked.replace_schema_metadata(None)

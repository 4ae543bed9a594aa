"""A file of answers opened for the statistics: its cells and weights, and refusals that name the cell of the file.

What every command of the analyst begins with. A plain table needs a design file; a snapshot of the platform brings its
own codebook, and may be weighted to a frame of dossiers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import analysis
from analysis.errors import Remark
from sipas.errors import N_, SipasError, first_few
from sipas.estimating import key_words
from sipas.estimating.answers import NOT_APPLICABLE
from sipas.estimating.single_psus import of_a_release
from sipas.estimating.understanding import doubts, head

if TYPE_CHECKING:
    from sipas.estimating.boundaries import Boundaries
    from sipas.estimating.design_file import DesignFile
    from sipas.estimating.periods import Period

WITHOUT_POINT = N_(
    "the point “several” stands for answers that were stored without their point, for several places receive dossiers "
    "of their field for their office ({pairs} pairs of office and field); no other point's figures hold them"
)

WEEKS_UNKNOWN = N_(
    "this snapshot does not say how far good and bad weeks of the answers without their point are those of the points, "
    "as those frozen from December 2026 on do; figures that hold answers of both kinds, as the whole does, are rather "
    "less sure than their intervals say"
)

NOT_COMPARABLE = N_(
    "{of} was not asked alike in all waves of this period, so there is no figure of it; asked alike were {known}"
)
SHOWN = 16  # figures that are named

Families = Sequence[Sequence[str]]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class DataSource:
    """A file, and what was said of it: its design (none for a snapshot), dossiers to weight a snapshot to, the rule
    for single PSUs (none: a release's for a snapshot, else what the design says), where the pass runs, and the sheet of
    the workbook, be it the file or the dossiers ("": the first visible one).

    Of several snapshots that are one period, `parts` are the sources in their order, the first one's path stands here,
    and `period` says what they are together; `boundaries` what became of old units within it.
    """

    path: Path
    design: DesignFile | None = None
    frame: Path | None = None
    lonely: str | None = None
    engine: str = "local"
    sheet: str = ""
    parts: tuple[DataSource, ...] = ()
    period: Period | None = None
    boundaries: Boundaries | None = None

    @property
    def name(self) -> str:
        """The name of a period, the wave of a snapshot, else the file's name without its ending."""
        if self.period is not None:
            return self.period.name
        if self.design is None:
            return analysis.read_snapshot(self.path).codebook.wave or self.path.stem
        return self.path.stem


@dataclass(frozen=True)
class Survey:
    """An opened file: what it is called, its cells and weights, and what a careful reader should be told.

    head    for the top of a table: which levels count as satisfied
    notes   what was doubtful, without what the reading of the file says itself (`sipas.tables.account`)
    period  the waves that it is made of, where there are several
    alike   the figures that all waves of the period asked alike; None = all that the questionnaire has
    waves   of a period: for each domain, as pairs of column and label, in how many waves it has answers
    """

    name: str
    cells: analysis.Cells
    weights: analysis.Weights
    notes: tuple[SipasError, ...] = ()
    head: tuple[SipasError, ...] = ()
    period: Period | None = None
    alike: tuple[str, ...] | None = None
    waves: Mapping[tuple[tuple[str, str], ...], int] = field(default_factory=dict)

    def require(self, of: Sequence[str]) -> None:
        """Raise SipasError for a figure that the waves of a period did not ask alike."""
        for name in of if self.alike is not None else ():
            if name not in (self.alike or ()):
                raise SipasError(NOT_COMPARABLE, of=name, known=first_few(self.alike or (), SHOWN))

    def domains(self, by: Families) -> list[dict[str, str]]:
        """Everybody, then every domain of the families."""
        from analysis.estimands.estimands import pooled
        from analysis.estimation.estimate import figures

        found = figures(self.cells, self.weights, pooled(self.cells, ["overall"]), by=[tuple(family) for family in by])
        return [dict(zip(columns, labels, strict=True)) for columns, labels in found.domains]


def has_codebook(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a snapshot of the platform, which needs no design file."""
    with open(path, "rb") as file:
        if file.read(4) != b"PAR1":
            return False
    try:
        analysis.read_snapshot(path)
    except analysis.AnalysisError:
        return False
    return True


def cells_of_snapshot(
    snapshot: analysis.Snapshot,
    source: DataSource,
    by: Families,
    keep: Sequence[str],
    ask: Mapping[str, Any],
    progress: Progress | None,
) -> analysis.Cells:
    """The cells of a snapshot, with the columns that its weights need."""
    from sipas.estimating.census import MARGINS, with_not_said
    from sipas.estimating.frame import COLUMNS

    from_households = snapshot.codebook.population == "households"
    margins = MARGINS if from_households else COLUMNS
    kept = tuple(dict.fromkeys([*keep, *(margins if source.frame else ())]))
    rows = with_not_said(snapshot.table()) if from_households and source.frame else snapshot
    return analysis.tabulate(
        rows,
        [tuple(family) for family in by],
        codebook=snapshot.codebook,
        keep=kept,
        progress=progress,
        engine=source.engine,
        **ask,
    )


def survey_of(cells: analysis.Cells, source: DataSource, by: Families) -> Survey:
    """The survey of a snapshot's cells: weighted as was asked, with what a careful reader should be told of it."""
    from sipas.estimating.census import weights_to_census
    from sipas.estimating.frame import weights_to_frame

    codebook = cells.codebook
    cells, notes = (cells.with_lonely(source.lonely), []) if source.lonely else of_a_release(cells)
    if codebook.simulated:
        notes.insert(0, SipasError(N_("the answers in this file are simulated")))
    notes += key_words.key_sentences(codebook.lost_keys)
    if codebook.several and any("point" in family for family in by):
        notes.append(SipasError(WITHOUT_POINT, pairs=len(codebook.several)))
    if codebook.several and codebook.week_correlation is None:
        notes.append(SipasError(WEEKS_UNKNOWN))
    if source.frame is None:
        weights = analysis.design_weights(cells)
    else:
        weigh = weights_to_census if codebook.population == "households" else weights_to_frame
        weights, told = weigh(cells, source.frame, source.sheet)
        notes += told
    notes += doubts(cells)
    return Survey(source.name, cells, weights, (*notes, *warnings_of(weights)), head(cells))


def weights_of(cells: analysis.Cells, design: DesignFile) -> analysis.Weights:
    """The weights that a design file asks for."""
    weights = analysis.design_weights(cells)
    if design.poststratify:
        return analysis.poststratify(weights, design.poststratify.by, dict(design.poststratify.cells))
    if design.rake:
        return analysis.rake(weights, {margin.by: dict(margin.cells) for margin in design.rake})
    return weights


def codebook_of(design: DesignFile, streamed: bool) -> analysis.Codebook:
    """The questionnaire; a file that is streamed keeps its own marks, elsewhere `answers_of` has set one."""
    not_applicable: tuple[int, ...] = (NOT_APPLICABLE,)
    missing: tuple[int, ...] = ()
    if streamed:
        not_applicable = tuple(map(int, design.not_applicable))
        missing = tuple(map(int, design.missing))
    return analysis.Codebook.plain(
        design.factors or design.items,
        levels={item: len(design.scale_of(item).levels) for item in design.items},
        satisfied={item: design.scale_of(item).satisfied for item in design.items},
        not_applicable=not_applicable,
        missing=missing,
        title=design.file,
    )


def sampling_of(design: DesignFile, lonely: str | None) -> analysis.Design:
    """The sampling design; a rule for single PSUs from the command line wins."""
    return analysis.Design(
        strata=design.strata,
        psus=design.psu,
        ssus=design.ssu,
        weights=design.weights,
        fpc=design.fpc,
        lonely=lonely or design.lonely,
        lonely_in_domain=design.lonely_in_domain,
        replicates=design.replicates.weights if design.replicates else None,
    )


def warnings_of(weights: analysis.Weights) -> tuple[SipasError, ...]:
    warnings = (w if isinstance(w, Remark) else Remark(w) for w in weights.diagnostics.get("warnings", ()))
    return tuple(SipasError(warning.template, **warning.values) for warning in warnings)

"""What was published of the same answers before: a second release may say nothing that, beside the first, tells more.

A share that moved because the dossiers were counted anew, or because one answer more was frozen, gives away what both
releases withhold (p = (N'p' - Np)/(N' - N)). Until protection reaches across releases, such a second one is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from analysis.disclosure.safe_table import NotInTable, SafeTable
from sipas.errors import N_, WaveState
from sipas.fieldwork.models import PopulationCount
from sipas.publishing.published import PublishedRelease

if TYPE_CHECKING:
    from analysis import Snapshot


class WouldTellMore(WaveState):
    """A second release that, beside a published one, would give withheld shares away."""


def frame_digest(frame: Iterable[PopulationCount]) -> str:
    """SHA-256 of the dossier counts: which population the weights stand for."""
    cells = sorted((cell.unit, cell.field, cell.month, cell.dossiers) for cell in frame if cell.dossiers)
    return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).hexdigest()


def refuse_other_data(
    published: Sequence[PublishedRelease], snapshot: Snapshot, frame: Sequence[PopulationCount]
) -> None:
    """Raise WouldTellMore where a published release was made from other answers or other dossiers."""
    for one in published:
        if one.manifest["snapshot"] != snapshot.digest:
            raise WouldTellMore(
                N_(
                    "Release {release} was made from another snapshot of wave {wave}. Two releases whose answers "
                    "differ by a few give those away; so no second one is built. Restore the database and the snapshot "
                    "with which {release} was made."
                ),
                release=one.code,
                wave=snapshot.codebook.wave,
            )
        if is_another_frame(one.manifest["frame"], frame):
            raise WouldTellMore(_OTHER_FRAME, release=one.code)


def refuse_other_figures(published: Sequence[PublishedRelease], table: SafeTable) -> None:
    """Raise WouldTellMore where a share that was published would now be another."""
    for one in published:
        for row in one.table.records():
            if row["estimate"] is None:
                continue
            try:
                now = table.row(row["of"], **row["domain"])["estimate"]
            except NotInTable:
                now = None
            digits = min(one.table.policy.decimals, table.policy.decimals)
            if now is not None and round(now, digits) != round(row["estimate"], digits):
                raise WouldTellMore(_OTHER_FRAME, release=one.code)


_OTHER_FRAME = N_(
    "The dossier counts are not those with which release {release} was made. Together, the two releases would give "
    "withheld shares away; so no second one is built. Load the earlier counts again (`sipas frame load`), or leave "
    "{release} as it stands."
)


def is_another_frame(told: dict[str, object], frame: Sequence[PopulationCount]) -> bool:
    """Whether other dossiers are counted now than those that a manifest tells of its release.

    Releases until November 2026 name the sum and the months alone; figures that moved tell the rest.
    """
    if "digest" in told:
        return told["digest"] != frame_digest(frame)
    months = sorted({cell.month for cell in frame})
    return (told["dossiers"], told["months"]) != (sum(cell.dossiers for cell in frame), months)

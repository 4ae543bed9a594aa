"""Cells whose domains go by other names, as after a change of boundaries; strata and PSUs stay as drawn."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.tabulation.cells import Cells
from analysis.tabulation.key_encoding import text_labels

AS_DRAWN = "{column} (as drawn)"  # no column of a file is called so


def relabelled(cells: Cells, column: str, names: Mapping[str, str | None]) -> Cells:
    """Give the labels of a column other names; labels of one name are one domain, and None is no domain.

    A label that is not among `names` keeps its own. Where the design is made of the column, it keeps the old labels
    under a name of its own. Raises NotInCells for a column that the cells do not hold.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"unit": ["a", "b", "c"], "q": [5, 4, 1]})
    >>> cells = tabulate(table, ["unit"], codebook=Codebook.plain(["q"]), design=Design(strata="unit"))
    >>> merged = relabelled(cells, "unit", {"a": "X", "b": "X", "c": None})
    >>> [merged.label("unit", code) for code in merged.code("unit")], merged.design.strata
    (['X', 'X', None], ('unit (as drawn)',))
    """
    codes = cells.code(column)
    old = [cells.label(column, place) or "" for place in range(len(cells.labels[column]))]
    new = [names.get(label, label) for label in old]
    labels = text_labels([label for label in new if label is not None])
    places = {label: place for place, label in enumerate(labels)}
    ranks = np.array([-1 if label is None else places[label] for label in new] + [-1], np.int32)
    drawn = AS_DRAWN.format(column=column)
    design, keys = cells.design, cells.keys
    kept: dict[str, dict] = {"labels": {}, "codes": {}}
    if column in design.columns:
        strata, psus, ssus = (
            tuple(drawn if name == column else name for name in names)
            for names in (design.strata, design.psus, design.ssus)
        )
        design, keys = replace(design, strata=strata, psus=psus, ssus=ssus), (*keys, drawn)
        kept = {"labels": {drawn: cells.labels[column]}, "codes": {drawn: codes}}
    return replace(
        cells,
        design=design,
        keys=keys,
        labels={**cells.labels, column: labels, **kept["labels"]},
        codes={**cells.codes, column: ranks[codes], **kept["codes"]},
    )

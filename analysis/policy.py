"""When a figure stands on too few people to be shown, and with how many digits it is shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.errors import N_, AnalysisError
from analysis.reading import COARSER, nearest


@dataclass(frozen=True)
class Policy:
    """When a figure stands on too few people to be shown.

    `minimum`: fewer people than this, and the figure is withheld. `unanimous`: a share of 0 or 1 among fewer people
    than this tells what each of them answered, and is withheld too. Name and version are written into every table.

    Digits betray as well: with a share, its standard error and its design effect in full, anybody can compute the
    weights behind a figure and, from them and the frame, how many answered in a withheld one. So a table keeps
    `decimals` places of shares and limits and two digits of the rest; a figure too uncertain to show keeps its words.

    Counts betray each other: whoever answered an item answered its factor, so the shown counts around a withheld one
    leave it little room. So people and answers are given to the nearest `rounding` (never below `minimum`), and as many
    more rows are withheld as it takes that each withheld count could be any of at least `spread` numbers. With 1 and 1
    counts are exact and this reader is left out, as in tables of version 1.
    """

    minimum: int = 10
    unanimous: int = 20
    decimals: int = 3
    rounding: int = 5
    spread: int = 5
    name: str = "sipas-primary"
    version: str = "2"

    def __post_init__(self) -> None:
        if self.minimum < 3:
            raise AnalysisError(
                N_("the smallest group that may be shown is {minimum}; below 3 each member could recognise the other"),
                minimum=self.minimum,
            )

    def rounded(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row as it may be read: no more digits than a reader needs."""
        found = dict(row)
        uncertain = row.get("reliability") == "hidden"
        if self.rounding > 1:
            people, answers = found["n"], found.get("answers")
            if people:
                found["n"] = max(nearest(people, self.rounding), self.minimum)
            if answers:
                found["answers"] = (
                    found["n"] if answers == people else max(nearest(answers, COARSER * self.rounding), found["n"])
                )
        for name in ("estimate", "low", "high"):
            if found.get(name) is not None:
                found[name] = None if uncertain else round(found[name], self.decimals)
        for name in ("se", "deff"):
            if found.get(name) is not None:
                found[name] = None if uncertain else float(f"{found[name]:.2g}")
        if found.get("method"):
            found["method"] = re.sub(r" deff=\S+", "", found["method"])
        return found

    def hides(self, row: Mapping[str, Any]) -> bool:
        """Whether this row must not be shown, whatever stands around it. No answers at all are not a secret."""
        n = row["n"] or 0
        return 0 < n < self.minimum or (0 < n < self.unanimous and row["estimate"] in (0, 1))

"""When a figure stands on too few people to be shown, and with how many digits it is shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.disclosure.attacker import POOLED_FACTOR, round_to_base
from analysis.errors import N_, AnalysisError
from analysis.estimation.few_clusters import FEW_DF

FLAGS = ("no answers", "census", "one cluster only", "edge", "zero variance", "review", "unweighted")
TELL_NO_SHARE = {"no answers", "census", "unweighted"}


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

    What is said about a figure betrays its siblings: over how many of them a design effect was shared tells how many
    withheld ones are unanimous, and exact degrees of freedom count people where few came. So with `own_words` a row's
    method is a bare name, its degrees of freedom are rounded like people, and its flags follow from what stands in the
    row; one too uncertain to show has none that tell its share. Tables of versions 1 and 2 are read without.

    What was published stays under the policy that its table carries. A wave that was released under a smaller `minimum`
    may have no second release under a larger one: what the first shows can no longer be protected (CannotBeProtected).

    `least_people` and `least_df` are what the figure of the whole needs for anything to be released.
    """

    minimum: int = 10  # a change of any number here is a new version
    unanimous: int = 20
    decimals: int = 3
    rounding: int = 5
    spread: int = 5
    own_words: bool = True
    least_people: int = 100
    least_df: int = FEW_DF
    name: str = "sipas-primary"
    version: str = "3"

    def __post_init__(self) -> None:
        if self.minimum < 3:
            raise AnalysisError(
                N_("the smallest group that may be shown is {minimum}; below 3 each member could recognise the other"),
                minimum=self.minimum,
            )

    def people(self, count: int) -> int:
        """Round a number of people to what may be read."""
        return max(round_to_base(count, self.rounding), self.minimum) if count and self.rounding > 1 else count

    def suffices(self, people: int, df: int | None) -> bool:
        """Say whether the whole has enough people and degrees of freedom for anything to be released."""
        return people >= self.least_people and (df or 0) >= self.least_df

    def rounded(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Round a row to what may be read: no more digits than a reader needs."""
        found = dict(row)
        uncertain = row.get("reliability") == "hidden"
        if self.rounding > 1:
            people, answers = found["n"], found.get("answers")
            found["n"] = self.people(people)
            if answers:
                found["answers"] = (
                    found["n"]
                    if answers == people
                    else max(round_to_base(answers, POOLED_FACTOR * self.rounding), found["n"])
                )
        for name in ("estimate", "low", "high"):
            if found.get(name) is not None:
                found[name] = None if uncertain else round(found[name], self.decimals)
        for name in ("se", "deff"):
            if found.get(name) is not None:
                found[name] = None if uncertain else float(f"{found[name]:.2g}")
        if found.get("method"):
            found["method"] = re.sub(r" deff=\S+", "", found["method"])
        return self._in_own_words(found, uncertain) if self.own_words else found

    def _in_own_words(self, row: dict[str, Any], uncertain: bool) -> dict[str, Any]:
        """The row with what is said about its figure as far as that follows from the row alone."""
        if row.get("method"):
            row["method"] = row["method"].split()[0]
        df = None if uncertain else row.get("df")
        if df:
            df = max(round_to_base(df, self.rounding), 1)
        if "df" in row:
            row["df"] = df
        if "flags" in row:
            row["flags"] = [flag for flag in FLAGS if flag in (set(row["flags"]) & TELL_NO_SHARE) | _follow(row, df)]
        return row

    def hides(self, row: Mapping[str, Any]) -> bool:
        """Say whether a row is a primary suppression. No answers at all are not a secret."""
        n = row["n"] or 0
        return 0 < n < self.minimum or (0 < n < self.unanimous and row["estimate"] in (0, 1))


def _follow(row: Mapping[str, Any], df: int | None) -> set[str]:
    """The flags that a reader could set by herself, from share, standard error and degrees of freedom as shown."""
    share, found = row.get("estimate"), set[str]()
    if share is None or "census" in row["flags"]:
        return found
    if share in (0, 1):
        found.add("edge")
    if df is not None and df < 1:
        found.add("one cluster only")
    elif share not in (0, 1) and row.get("se") == 0:
        found.add("zero variance")
    return found | ({"review"} if df is not None and df < FEW_DF else set())

"""An auditor of released tables: which withheld counts follow from all that is shown.

It reads a table as a stranger does, with the questionnaire beside it, and shares no code with the protection. It uses
sums and who is inside whom: people and answers of each measure add up over domains; answers to a factor are those to
its items; nobody answers an item without its factor, or a factor without the whole; nobody gives more answers to a
factor than it has items. Rounded counts are intervals. Digits of shares tell more where weights are equal: given the
`true` rows, the auditor knows the people of each item whose share is shown, and which numbers of answers fit the share
of a factor. What follows from all of it is found by linear programming.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

WHOLE = "overall"


def key_of(row: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return row["of"], tuple(sorted(row["domain"].items()))


@dataclass
class Audit:
    """Between which numbers each withheld count lies, as far as one needed to look (`enough` wide is wide enough)."""

    between: dict[tuple, tuple[float, float]]
    enough: int

    def values(self, key) -> int:
        low, high = self.between[key]
        return int(np.floor(high + 1e-6) - np.ceil(low - 1e-6)) + 1

    @property
    def pinned(self) -> list[tuple]:
        return [key for key in self.between if self.values(key) <= 1]

    @property
    def narrow(self) -> list[tuple]:
        return [key for key in self.between if self.values(key) < self.enough]

    def __str__(self) -> str:
        return (
            f"{len(self.between)} withheld counts: {len(self.pinned)} follow exactly, {len(self.narrow)} could be "
            f"fewer than {self.enough} numbers"
        )


class Auditor:
    """Reads the rows of a table (`inside` a domain alone, where the whole is too much for a linear program)."""

    def __init__(
        self,
        table,
        parts: Mapping[str, Sequence[str]],
        true: Sequence[Mapping[str, Any]] = (),
        inside: Mapping[str, str] | None = None,
    ) -> None:
        inside = (inside or {}).items()
        self.rows = {key_of(row): row for row in table.records() if inside <= row["domain"].items()}
        self.true = {key_of(row): row for row in true}
        self.parts, self.policy, self.pooled = parts, table.policy, {WHOLE, *parts}
        self.number: dict[tuple, int] = {}
        self.low: list[float] = []
        self.high: list[float] = []
        self.equal: list[tuple[int, list[int]]] = []
        self.at_most: list[tuple[int, list[int]]] = []
        self._domains()
        self._measures()

    def count(self, kind: str, of: str, domain) -> int:
        """The number of an unknown: "n" people or "answers", which for an item are the same."""
        key = (kind if of in self.pooled else "n", of, domain)
        if key not in self.number:
            self.number[key] = len(self.low)
            low, high = self._known(key)
            self.low.append(low)
            self.high.append(high)
        return self.number[key]

    def _known(self, key) -> tuple[float, float]:
        kind, of, domain = key
        row = self.rows[of, domain]
        if row["withheld"]:
            return 1, np.inf
        if not row["n"]:
            return 0, 0
        true, share = self.true.get((of, domain)), row["estimate"]
        if self.policy.rounding == 1:
            return row[kind], row[kind]
        if true and share is not None and of not in self.pooled:
            return true[kind], true[kind]
        fits = [n for n in range(max(row[kind] - 60, 1), row[kind] + 61) if self._fits(row, kind, n)]
        if true and share is not None and kind == "answers":
            half_digit = 0.5 * 10**-self.policy.decimals + 1e-9
            fits = [n for n in fits if n == true[kind] or abs(round(n * share) / n - share) <= half_digit]
        assert not true or true[kind] in fits, (key, row, true)
        return fits[0], fits[-1]

    def _fits(self, row, kind: str, count: int) -> bool:
        """Whether so many people or answers would have been written as this row has them."""
        if kind == "n":
            return count >= self.policy.minimum and self._shown(count) == row["n"]
        if row["answers"] == row["n"] == self._shown(count):
            return True
        return max(50 * int(count / 50 + 0.5), row["n"]) == row["answers"]

    def _shown(self, people: int) -> int:
        return max(5 * int(people / 5 + 0.5), self.policy.minimum)

    def _domains(self) -> None:
        families = defaultdict(lambda: defaultdict(list))
        for of, domain in self.rows:
            families[of][tuple(name for name, _ in domain)].append(domain)
        for of, family in families.items():
            for coarse in family:
                for fine in family:
                    if not set(coarse) < set(fine):
                        continue
                    inside = defaultdict(list)
                    for domain in family[fine]:
                        inside[tuple(pair for pair in domain if pair[0] in coarse)].append(domain)
                    for kind in ("n", "answers") if of in self.pooled else ("n",):
                        self.equal += [
                            (self.count(kind, of, total), [self.count(kind, of, domain) for domain in domains])
                            for total, domains in inside.items()
                        ]

    def _measures(self) -> None:
        for domain in {domain for _, domain in self.rows}:
            for of, members in [*self.parts.items(), (WHOLE, list(self.parts))]:
                people, answers = self.count("n", of, domain), self.count("answers", of, domain)
                inner = [self.count("n", member, domain) for member in members]
                self.equal.append((answers, [self.count("answers", member, domain) for member in members]))
                self.at_most += [(one, [people]) for one in inner] + [(people, inner)]
                if of != WHOLE:
                    self.at_most.append((answers, [people] * len(members)))

    def audit(self, enough: int = 5, seed: int = 1) -> Audit:
        """Widest intervals by linear programming; programs with random aims first, which show most of them wide."""
        low, high = np.array(self.low), np.array(self.high)
        free = np.flatnonzero(low < high)
        place = np.full(len(low), -1)
        place[free] = np.arange(len(free))
        equal, at_most = (self._matrix(lines, place, low) for lines in (self.equal, self.at_most))
        least, most = np.full(len(free), np.inf), np.full(len(free), -np.inf)

        def solve(aim) -> None:
            found = linprog(
                aim, A_ub=at_most[0], b_ub=at_most[1], A_eq=equal[0], b_eq=equal[1],
                bounds=np.c_[low[free], high[free]], method="highs",
            )  # fmt: skip
            assert found.status == 0, found.message
            np.minimum(least, found.x, out=least)
            np.maximum(most, found.x, out=most)

        watched = {key: i for key, i in self.number.items() if key[0] == "n" and self.rows[key[1:]]["withheld"]}
        columns = place[list(watched.values())]
        rng = np.random.default_rng(seed)
        for _ in range(8):
            tight = columns[most[columns] - least[columns] < enough - 1]
            aim = np.zeros(len(free))
            aim[tight] = rng.normal(size=len(tight))
            solve(aim)
            solve(-aim)
        for column in columns:
            if most[column] - least[column] < enough - 1 + 1e-6:
                aim = np.zeros(len(free))
                aim[column] = 1
                solve(aim)
                solve(-aim)
        between = {key[1:]: (least[place[i]], most[place[i]]) for key, i in watched.items()}
        return Audit(between, enough)

    @staticmethod
    def _matrix(lines, place, known):
        row, column, value, right = [], [], [], []
        for total, parts in lines:
            cells = [(total, 1.0), *((part, -1.0) for part in parts)]
            open_cells = [(place[cell], sign) for cell, sign in cells if place[cell] >= 0]
            if not open_cells:
                continue
            row += [len(right)] * len(open_cells)
            column += [cell for cell, _ in open_cells]
            value += [sign for _, sign in open_cells]
            right.append(-sum(sign * known[cell] for cell, sign in cells if place[cell] < 0))
        return coo_array((value, (row, column)), shape=(len(right), int(place.max()) + 1)).tocsr(), np.array(right)

"""Old units and new ones: what may be carried over a change of boundaries, and what may not.

Counts and totals can be carried; shares are carried as their numerator and denominator. An old unit that lies wholly in
one new unit is carried exactly; one that was split is apportioned by stated shares, and everything it touches says so;
where the shares are not known, the figure does not exist.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analysis.errors import N_, AnalysisError

EXACT, APPORTIONED, IMPOSSIBLE = "exact", "apportioned", "impossible"


class BadCrosswalk(AnalysisError):
    """The crosswalk contradicts itself."""


@dataclass(frozen=True)
class Carried:
    """A value for a new unit; None where it is impossible. `sources` are the old units it was made of."""

    value: float | None
    how: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Crosswalk:
    """For each old unit: the new units it went to, with its share in each (None = split, but nobody knows how)."""

    parts: Mapping[str, Mapping[str, float | None]]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, object]]) -> "Crosswalk":
        """Read rows with `old`, `new` and `share`, as text or numbers; an empty share is an unknown one.

        A unit with a single row and no share went over whole. Shares of an old unit must add up to 1 (within 0.001).
        """
        found: dict[str, dict[str, float | None]] = {}
        for row in rows:
            old, new, share = str(row["old"]), str(row["new"]), _share(row)
            if new in found.setdefault(old, {}):
                raise BadCrosswalk(N_("unit {old} goes to {new} twice"), old=old, new=new)
            found[old][new] = share
        for old, shares in found.items():
            if len(shares) == 1 and list(shares.values()) == [None]:
                found[old] = dict.fromkeys(shares, 1.0)
                continue
            known = [share for share in shares.values() if share is not None]
            if len(known) == len(shares) and abs(sum(known) - 1) > 1e-3:
                raise BadCrosswalk(
                    N_("the shares of unit {old} add up to {total}, not to 1; a unit that ceased must go somewhere"),
                    old=old, total=round(sum(known), 6),
                )  # fmt: skip
        return cls(found)

    def how(self, old: str) -> str:
        """Say whether an old unit can be carried: exact, apportioned, or impossible (shares unknown, or not listed)."""
        shares = self.parts.get(old)
        if not shares or None in shares.values():
            return IMPOSSIBLE
        return EXACT if len(shares) == 1 else APPORTIONED

    def carry(self, values: Mapping[str, float]) -> dict[str, Carried]:
        """Convert totals of old units to totals of new ones.

        A new unit is as good as the worst of its parts: exact only if all its old units went over whole *and* all of
        them have a value; apportioned if one was split; impossible if one is split by unknown shares or has no value.
        Values of units that the crosswalk does not list are refused, as they would be lost in silence.

        >>> walk = Crosswalk.of([{"old": "a", "new": "X"}, {"old": "b", "new": "X", "share": 0.25},
        ...                      {"old": "b", "new": "Y", "share": 0.75}, {"old": "c", "new": "Z"}])
        >>> for new, carried in walk.carry({"a": 100, "b": 40, "c": 7}).items():
        ...     print(new, carried.value, carried.how)
        X 110.0 apportioned
        Y 30.0 apportioned
        Z 7.0 exact
        """
        if strangers := sorted(set(values) - set(self.parts)):
            raise BadCrosswalk(N_("the crosswalk says nothing of {units}; without a line they would be lost"),
                               units=", ".join(strangers))  # fmt: skip
        inside: dict[str, list[str]] = {}
        for old, shares in self.parts.items():
            for new in shares:
                inside.setdefault(new, []).append(old)
        return {new: self._one(new, sources, values) for new, sources in sorted(inside.items())}

    def carry_shares(self, satisfied: Mapping[str, float], answers: Mapping[str, float]) -> dict[str, Carried]:
        """Convert shares of old units to shares of new ones: numerator and denominator are carried, then divided.

        >>> walk = Crosswalk.of([{"old": "a", "new": "X"}, {"old": "b", "new": "X"}])
        >>> walk.carry_shares({"a": 90, "b": 5}, {"a": 100, "b": 10})["X"].value
        0.8636363636363636
        """
        top, bottom = self.carry(satisfied), self.carry(answers)
        return {
            new: Carried(_ratio(top[new].value, part.value), part.how, part.sources)
            for new, part in bottom.items()
        }  # fmt: skip

    def _one(self, new: str, sources: list[str], values: Mapping[str, float]) -> Carried:
        kinds = {self.how(old) for old in sources}
        if IMPOSSIBLE in kinds or any(old not in values for old in sources):
            return Carried(None, IMPOSSIBLE, tuple(sources))
        total = sum(values[old] * (self.parts[old][new] or 0.0) for old in sources)
        return Carried(float(total), APPORTIONED if APPORTIONED in kinds else EXACT, tuple(sources))


def _share(row: Mapping[str, object]) -> float | None:
    text = row.get("share")
    if text is None or text == "":
        return None
    try:
        share = float(str(text).replace(",", "."))
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise BadCrosswalk(N_("unit {old} to {new}: share {share} is not a number above 0 and up to 1"),
                           old=row["old"], new=row["new"], share=text)  # fmt: skip
    return share


def _ratio(top: float | None, bottom: float | None) -> float | None:
    return top / bottom if top is not None and bottom else None

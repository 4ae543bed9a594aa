"""The questionnaire as a tree of values: aspects, their factors, their items, each with its scale.

Nothing here reads files; `load.py` does. The words are those of the file; `wording.py` exchanges them for others.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

FORMS = ("full", "short")
POPULATIONS = ("visitors", "households")

# One byte an item: 1 and above is an answer, these three are the reasons why there is none.
NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED = 0, 254, 255

# Versions made at an installation are numbered from 1001 on; a release of this package ships none of these.
OWN = 1000


def is_own(version: int) -> bool:
    """Whether a version was made at an installation."""
    return version > OWN


def version_order(version: int) -> tuple[int, int]:
    """By which versions are older and newer: 2001 is the first wording made here of version 2, and older than 3.

    >>> sorted([1, 2001, 3, 2, 1002, 1001], key=version_order)
    [1, 1001, 1002, 2, 2001, 3]
    """
    return divmod(version, OWN) if is_own(version) else (version, 0)


def next_own(base: int, taken: Iterable[int]) -> int:
    """The number of the next version made here of a released one.

    >>> next_own(2, [1, 1001, 2, 2001]), next_own(3, [])
    (2002, 3001)
    """
    first = base * OWN
    return max([one for one in taken if first < one < first + OWN], default=first) + 1


@dataclass(frozen=True)
class Scale:
    """Levels from the worst to the best, and which of them count as satisfied: none where satisfaction is not asked."""

    code: str
    levels: tuple[str, ...]
    satisfied: tuple[int, ...]
    lead: str = ""
    not_applicable: str = ""


@dataclass(frozen=True)
class Option:
    """One of the answers that can be chosen in a `choice`, in `several` or in a profile question."""

    code: str
    text: str


@dataclass(frozen=True)
class Condition:
    """That an item asked before got one of these answers: levels as numerals, or codes of options."""

    item: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Skip:
    """One condition as bytes: the item at `place` is asked only where `passing[byte of the item at gate]` is 1."""

    place: int
    gate: int
    passing: bytes  # 256 of 0 or 1


@dataclass(frozen=True)
class Item:
    """One thing that is asked of a visitor: a `rating`, a `choice`, `several` of a list, or a `count`.

    asked_if        asked only where all of these hold (skip logic)
    self_completed  never read out by an interviewer, who hands the screen over
    wording         `decreed`, or `ours` where the official text could not be verified
    provenance      where it comes from that this is asked: an `official` text, a third party's `copy` of one, `ours`;
                    "" where the file does not say
    """

    code: str
    text: str
    kind: str = "rating"
    scale: Scale | None = None
    options: tuple[Option, ...] = ()
    most: int = 0
    allows_not_applicable: bool = False
    forms: tuple[str, ...] = FORMS
    asked_if: tuple[Condition, ...] = ()
    self_completed: bool = False
    wording: str = "decreed"
    provenance: str = ""
    audio: tuple[tuple[str, str], ...] = ()  # language -> the recording of question and answers, in static/audio/

    @property
    def levels(self) -> int:
        """The largest byte that an answer can be.

        >>> Item("C2", "What should improve?", "several", options=(Option("a", "A"), Option("b", "B"))).levels
        4
        """
        match self.kind:
            case "rating":
                return len(self.scale.levels) if self.scale else 0
            case "choice":
                return len(self.options)
            case "several":
                return 1 << len(self.options)
            case _:
                return self.most + 1

    @property
    def satisfied(self) -> tuple[int, ...]:
        """The levels that count as satisfied; none where satisfaction is not what is asked."""
        return self.scale.satisfied if self.scale else ()

    @property
    def not_applicable(self) -> str:
        """The words for "not applicable", or nothing where the item has no such answer."""
        return self.scale.not_applicable if self.scale and self.allows_not_applicable else ""

    def accepts(self, value: int) -> bool:
        """Whether this byte may stand for a visitor's answer, or for its absence."""
        return NOT_ANSWERED <= value <= self.levels or (value == NOT_APPLICABLE and self.allows_not_applicable)

    def bytes_of(self, answers: Iterable[str]) -> frozenset[int]:
        """The bytes that say one of these answers, written as levels or codes of options; of `several`, any of them.

        >>> item = Item("C2", "", "several", options=(Option("a", "A"), Option("b", "B"), Option("c", "C")))
        >>> sorted(item.bytes_of(["a"]))  # a; a and b; a and c; all
        [2, 4, 6, 8]
        """
        known = [option.code for option in self.options] or [str(level) for level in range(1, self.levels + 1)]
        places = [known.index(answer) for answer in answers]
        if self.kind == "several":
            return frozenset(
                byte for byte in range(1, self.levels + 1) if any(byte - 1 >> place & 1 for place in places)
            )
        return frozenset(1 + place for place in places)


@dataclass(frozen=True)
class Factor:
    """Items that together say one thing, such as how officials behave."""

    code: str
    text: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Aspect:
    """A side of administration with its factors: making policy, or serving people."""

    code: str
    text: str
    factors: tuple[Factor, ...]


@dataclass(frozen=True)
class PersonQuestion:
    """Something about the person who answers: asked last, always optional, always coarse."""

    code: str
    text: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Comment:
    """The one free text. It is stored apart from the answers, and so is no item."""

    code: str
    text: str
    hint: str = ""
    longest: int = 500


@dataclass(frozen=True)
class Made:
    """How a version came about at an installation: of which one, who put the words in, and on what they rest."""

    of: int
    by: str
    basis: str
    on: dt.date
    places: tuple[tuple[str, str], ...] = ()  # address -> where its sentence stands in the official text


@dataclass(frozen=True)
class Instrument:
    """A questionnaire in one of its versions. `items` stand in packing order, and that order never changes.

    other_words  translations of a version made at an installation, which no catalog of a release can hold
    made         how such a version came about; None of a released one
    """

    code: str
    version: int
    title: str
    basis: str
    population: str
    language: str
    valid_from: dt.date
    valid_to: dt.date | None
    opening: tuple[Item, ...]
    aspects: tuple[Aspect, ...]
    closing: tuple[Item, ...]
    profile: tuple[PersonQuestion, ...] = ()
    comment: Comment | None = None
    populations: tuple[str, ...] = ("visitors",)
    other_words: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()  # language -> address -> what is said in it
    made: Made | None = None
    digest: str = field(default="", repr=False)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every item, in packing order: the opening, factor after factor, the closing."""
        return (*self.opening, *(item for factor in self.factors.values() for item in factor.items), *self.closing)

    @cached_property
    def factors(self) -> dict[str, Factor]:
        """Every factor by its code, in the order of the file."""
        return {factor.code: factor for aspect in self.aspects for factor in aspect.factors}

    @cached_property
    def forms(self) -> dict[str, tuple[str, ...]]:
        """The item codes of the full and of the short form, in the order in which they are asked."""
        return {form: tuple(item.code for item in self.items if form in item.forms) for form in FORMS}

    @cached_property
    def posted(self) -> tuple[dict[str, int], ...]:
        """For each item, in packing order, the levels of a rating as a form posts them; empty for other kinds."""
        return tuple(
            {str(n): n for n in range(1, item.levels + 1)} if item.kind == "rating" else {} for item in self.items
        )

    @cached_property
    def skips(self) -> tuple[Skip, ...]:
        """The skip logic in packing order: one for each condition of each item."""
        places = {item.code: place for place, item in enumerate(self.items)}
        return tuple(
            Skip(place, places[condition.item], _passing(self.item(condition.item), condition))
            for place, item in enumerate(self.items)
            for condition in item.asked_if
        )

    def routed(self, packed: bytes) -> bytes:
        """A row of answers after skip logic: what was not to be asked is `NOT_ASKED`, whatever was sent for it."""
        if not self.skips:
            return packed
        row = bytearray(packed)
        for skip in self.skips:  # a gate stands before what it opens, so it is settled already
            if not skip.passing[row[skip.gate]]:
                row[skip.place] = NOT_ASKED
        return bytes(row)

    def item(self, code: str) -> Item:
        """The item of that code; KeyError where there is none."""
        return self._by_code[code]

    def factor_of(self, code: str) -> str | None:
        """The code of the factor to which an item belongs; None for an item that stands outside the indices."""
        return self._factor_by_item.get(code)

    @cached_property
    def _by_code(self) -> dict[str, Item]:
        return {item.code: item for item in self.items}

    @cached_property
    def _factor_by_item(self) -> dict[str, str]:
        return {item.code: factor.code for factor in self.factors.values() for item in factor.items}


def _passing(gate: Item, condition: Condition) -> bytes:
    accepted = gate.bytes_of(condition.answers)
    return bytes(byte in accepted for byte in range(256))

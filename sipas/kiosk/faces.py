"""Which of the five faces stands for a level. The same face always means the same thing, on any scale."""

from __future__ import annotations

from surveys import Scale

# From the worst to the best; 3 is the one that neither smiles nor frowns, 4 and 5 are satisfied.
_BELOW = {1: (2,), 2: (1, 2), 3: (1, 2, 3)}
_SATISFIED = {1: (5,), 2: (4, 5)}


def face_of(level: int, scale: Scale) -> int:
    """The number of a level's face.

    >>> three = Scale("s", ("Dissatisfied", "Satisfied", "Very satisfied"), satisfied=(2, 3))
    >>> [face_of(level, three) for level in (1, 2, 3)]
    [2, 4, 5]
    """
    n, satisfied = len(scale.levels), len(scale.satisfied)
    rising = tuple(range(n - satisfied + 1, n + 1)) == tuple(sorted(scale.satisfied))
    if rising and n - satisfied in _BELOW and satisfied in _SATISFIED:
        return (*_BELOW[n - satisfied], *_SATISFIED[satisfied])[level - 1]
    return round(1 + 4 * (level - 1) / (n - 1))

"""Independent parts of one computation, by as many threads as Arrow reads with (`pyarrow.set_cpu_count`).

NumPy, SciPy and Arrow let other threads run while they compute, so two processors halve the time. Each part is computed
as it would be alone, and no part adds to another's numbers: so not a byte depends on the number of threads.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

THREADS = 4  # at most, as each has arrays of its own
Part = TypeVar("Part")
Result = TypeVar("Result")


def threads_for(parts: int) -> int:
    """Say how many threads that many parts get."""
    return max(1, min(THREADS, pa.cpu_count(), parts))


def side_by_side(deed: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """Do the deed with each part; results in the order of the parts, and of several errors the first part's.

    >>> side_by_side(lambda part: part * 2, [1, 2, 3])
    [2, 4, 6]
    """
    threads = threads_for(len(parts))
    if threads == 1:
        return [deed(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(deed, parts))

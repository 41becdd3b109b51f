"""The order in which examples are written: shuffled once, with the classes interleaved."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray


def interleaved(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an order of examples, shuffled already, in which every prefix has each class in proportion.

    `classes` (n,) are those of the shuffled examples. Of each class the number in a prefix differs from its share by
    less than 1, and so in any window, which may wrap around, by less than 2: it is the share, rounded up or down, or
    one more or less. With classes of equal numbers, less than 1 in windows, too. After R. Tijdeman, The chairman
    assignment problem, Discrete Mathematics 32 (1980): an example's release and deadline follow from its place within
    its class, and of those released the one with the earliest deadline is next.
    """
    counts = np.bincount(classes) if len(classes) else np.zeros(0, np.int64)
    present = np.flatnonzero(counts)
    if len(present) < 2:
        return np.arange(len(classes))
    total, slack = len(classes), 2 * len(present) - 2
    members = {int(each): np.flatnonzero(classes == each) for each in present}
    order = np.empty(total, np.int64)
    waiting = [(_release(0, total, slack, len(members[each])), each) for each in members]
    heapq.heapify(waiting)
    ready: list[tuple[int, int]] = []
    used = dict.fromkeys(members, 0)
    for place in range(total):
        while waiting and waiting[0][0] <= place + 1:
            _, each = heapq.heappop(waiting)
            heapq.heappush(ready, (_deadline(used[each], total, slack, len(members[each])), each))
        _, each = heapq.heappop(ready)
        order[place] = members[each][used[each]]
        used[each] += 1
        if used[each] < len(members[each]):
            heapq.heappush(waiting, (_release(used[each], total, slack, len(members[each])), each))
    return order


def _release(before: int, total: int, slack: int, members: int) -> int:
    """Return the first place, from 1 on, that an example with `before` others of its class before it may have."""
    return -(-total * (1 + slack * before) // (slack * members))


def _deadline(before: int, total: int, slack: int, members: int) -> int:
    """Return its last place."""
    return total * (slack - 1 + slack * before) // (slack * members)

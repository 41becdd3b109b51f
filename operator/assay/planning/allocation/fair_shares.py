"""How studies share the number of trials that may run at the same time."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Claim(NamedTuple):
    """How many trials a study holds, and how many more it wants.

    `since` is when it was last given one, or began to want one (seconds of any clock).
    """

    namespace: str
    study: str
    held: int
    wanted: int
    since: float


def fair_grants(most: int, claims: Iterable[Claim]) -> Mapping[str, int]:
    """Return how many more trials each study may have now, so that all together hold `most` at most. A study that gets
    none is left out.

    The shares are max-min fair, first between namespaces and then between the studies of each: every free place goes
    to the namespace that holds fewest, of those that want more, and in it to the study that holds fewest; of several
    to the one that has waited longest. So what one does not want goes to others. Nothing is taken away: a study that
    holds more than its share gets nothing until the others have as much.
    """
    claims = list(claims)
    free = most - sum(claim.held for claim in claims)
    held: defaultdict[str, int] = defaultdict(int)
    waiting: defaultdict[str, list[tuple[int, float, str]]] = defaultdict(list)
    left = {}
    for claim in claims:
        held[claim.namespace] += claim.held
        if claim.wanted > 0:
            waiting[claim.namespace].append((claim.held, claim.since, claim.study))
            left[claim.study] = claim.wanted
    for studies in waiting.values():
        heapq.heapify(studies)
    namespaces = [(held[namespace], studies[0][1], namespace) for namespace, studies in waiting.items()]
    heapq.heapify(namespaces)
    granted: defaultdict[str, int] = defaultdict(int)
    while free > 0 and namespaces:
        of_namespace, _, namespace = heapq.heappop(namespaces)
        studies = waiting[namespace]
        of_study, _, study = heapq.heappop(studies)
        granted[study] += 1
        free -= 1
        if granted[study] < left[study]:
            heapq.heappush(studies, (of_study + 1, math.inf, study))
        if studies:
            heapq.heappush(namespaces, (of_namespace + 1, studies[0][1], namespace))
    return dict(granted)

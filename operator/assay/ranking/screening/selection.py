"""Which of the screened hypotheses are promoted, and which are drawn to be audited."""

from __future__ import annotations

import hashlib

import numpy as np

from assay.ranking.orders.separation import SEPARATED
from assay.ranking.scores import Scores


def promoted(proxy: Scores, count: int) -> frozenset[str]:
    """Return the `count` best hypotheses by the proxy's mean scores, and those within noise of the last of these.

    Within noise means at most two standard errors lower, by the seed noise pooled over the table; where that is not
    known, only equal scores are. No hypothesis without a score is promoted. Raises ValueError on a count below 1.
    """
    if count < 1:
        raise ValueError(f"count: {count}, allowed are 1 and more")
    scored = proxy.counts > 0
    if not scored.any():
        return frozenset()
    means, counts = proxy.adjusted_means, np.maximum(proxy.counts, 1)
    order = np.argsort(-np.where(scored, means, -np.inf), kind="stable")
    last = order[min(count, int(scored.sum())) - 1]
    variance = proxy.noise.variance if proxy.noise else 0.0
    error = np.sqrt(variance / counts + variance / counts[last])
    near = scored & (means >= means[last] - SEPARATED * error)
    return frozenset(name for name, chosen in zip(proxy.hypotheses, near, strict=True) if chosen)


def lot(seed: int, hypothesis: str, identity: str) -> float:
    """Return a pseudo-random number in [0, 1) that depends on the arguments alone: on no score, no other hypothesis."""
    number = hashlib.sha256(f"{seed}/{hypothesis}/{identity}".encode()).digest()[:8]
    return int.from_bytes(number, "big") / 2**64

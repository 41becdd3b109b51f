"""How much scores change when something else is used for the same runs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.distributions import t_exceeded_by


class Change(NamedTuple):
    """A mean difference, and Student's interval of it; None: of a single difference there is none."""

    mean: float
    low: float | None = None
    high: float | None = None


def mean_change(differences: FloatArray, confidence: float = 0.95) -> Change | None:
    """Return the mean of paired differences (n,), NaN where a pair is not complete; None if no pair is.

    The pairs count as independent: take one of each hypothesis, its mean over the seeds that it has on both sides.
    """
    known = differences[np.isfinite(differences)]
    if not len(known):
        return None
    mean = float(known.mean())
    if len(known) == 1:
        return Change(mean)
    half = t_exceeded_by((1 - confidence) / 2, len(known) - 1) * float(known.std(ddof=1)) / math.sqrt(len(known))
    return Change(mean, mean - half, mean + half)

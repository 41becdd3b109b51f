"""What more seeds can be expected to bring."""

from __future__ import annotations

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.sequential.group_sequential import GroupSequentialDesign

FUTILE_BELOW = 0.15
"""What has less chance than this of being decided by the last look gets no more seeds. A higher value saves seeds and
costs verdicts (benchmarks/decisions.py --choices). It makes none wrong, since the bounds do not count on stopping."""

FUTILE_AMONG_ALL_BELOW = 0.19
"""The same among all pairs: so many are open that the last few more that this would tell apart cost more."""


def chance_of_decision(
    differences: FloatArray,
    errors: FloatArray,
    seeds: FloatArray,
    design: GroupSequentialDesign,
    last_bounds: FloatArray,
    margin: float,
    last_bounds_within: FloatArray | None = None,
) -> FloatArray:
    """That an interval at the last look excludes 0 or lies within +- margin, if nothing but these seeds were known.

    All arguments broadcast; `last_bounds` are of |t| at the last look, `last_bounds_within` the same for lying within,
    if others. The difference at the last look is predicted normal around the present one. NaN where the difference is;
    0 at the last look.
    """
    share = np.minimum(seeds / design.maximum, 1.0)
    last_errors = errors * np.sqrt(share)
    needed = last_bounds * last_errors
    half_width = needed if last_bounds_within is None else last_bounds_within * last_errors
    within = np.maximum(margin - half_width, 0.0)
    deviation = errors * np.sqrt(1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = scipy.special.ndtr((differences - needed) / deviation)
        chance += scipy.special.ndtr((-differences - needed) / deviation)
        if (within > 0).any():
            chance += scipy.special.ndtr((within - differences) / deviation)
            chance -= scipy.special.ndtr((-within - differences) / deviation)
    chances: FloatArray = np.where((share < 1) | np.isnan(differences), chance, 0.0)
    return chances

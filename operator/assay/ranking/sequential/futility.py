"""Futility: whether more seeds can be expected to decide a comparison."""

from __future__ import annotations

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.sequential.group_sequential import GroupSequentialDesign

FUTILE_BELOW = 0.15
"""A comparison that is decided by the last look with less probability than this gets no more seeds. A higher value
saves seeds and costs verdicts (benchmarks/decisions.py --choices). It makes none wrong: the bounds don't rely on it."""

FUTILE_AMONG_ALL_BELOW = 0.19
"""The same among all pairs. So many of them are open that to tell the last few apart would cost more."""


def chance_of_decision(
    differences: FloatArray,
    errors: FloatArray,
    seeds: FloatArray,
    design: GroupSequentialDesign,
    last_bounds: FloatArray,
    margin: float,
    last_bounds_within: FloatArray | None = None,
    lasting: FloatArray | None = None,
) -> FloatArray:
    """Return the probability that an interval at the last look excludes 0 or lies within +- margin.

    It is predictive power: the difference at the last look is predicted to be normal around the present one (Jennison &
    Turnbull 2000, chapter 10). All arguments broadcast. `seeds`: of the present look. `last_bounds`: of |t| at the last
    look, for excluding 0; `last_bounds_within`: for lying within the margin, if those differ. `lasting`: the part of
    the squared errors that more seeds don't shrink, if there is any. NaN where the difference is NaN; 0 at the last
    look, and where what lasts is not known (infinite).
    """
    share = np.minimum(seeds / design.maximum, 1.0)
    if lasting is None:
        last_errors, deviation = errors * np.sqrt(share), errors * np.sqrt(1 - share)
    else:
        known = np.isfinite(lasting)
        of_seeds = np.where(known, np.maximum(errors**2 - np.where(known, lasting, 0.0), 0.0), 0.0)
        last_errors, deviation = np.sqrt(of_seeds * share + lasting), np.sqrt(of_seeds * (1 - share))
    needed = last_bounds * last_errors
    half_width = needed if last_bounds_within is None else last_bounds_within * last_errors
    within = np.maximum(margin - half_width, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = scipy.special.ndtr((differences - needed) / deviation)
        chance += scipy.special.ndtr((-differences - needed) / deviation)
        if (within > 0).any():
            chance += scipy.special.ndtr((within - differences) / deviation)
            chance -= scipy.special.ndtr((-within - differences) / deviation)
    hopeless = share >= 1 if lasting is None else (share >= 1) | np.isinf(lasting)
    return np.where(hopeless & ~np.isnan(differences), 0.0, chance)

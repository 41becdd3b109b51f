"""How many independent hypotheses the seed noise of an arm is worth.

Where hypotheses share noise (a family trains on the same unlucky seed, or all feel a seed, each in its measure), their
residuals say less about the noise than as many independent ones would, and the noise of the means does not average out
over the hypotheses either. With S the covariance of one seed's noise between the hypotheses, the number is
(tr S)^2 / tr S^2: the degrees of freedom that match the mean square's variance (Satterthwaite 1946).
"""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.families import Families, contrasts

PLAINLY_FEWER = 3.0
"""Fewer independent hypotheses than there are, divided by this, are believed. By chance a few seeds show half as many
or fewer; so seldom this few that it costs next to no certificates."""
_SHARED = 0.05


def independent_hypotheses(residuals: FloatArray, families: Families | None = None) -> float:
    """Return the number, from 1 to the number of hypotheses less 1.

    `residuals`: (hypotheses, seeds), of at least two seeds, centred both ways. Two seeds show nothing without families.
    """
    hypotheses, degrees = residuals.shape[0], residuals.shape[1] - 1
    most = float(max(hypotheses - 1, 1))
    if not np.any(residuals):
        return most
    fewest = most
    if degrees >= 2:
        found = _by_covariance(residuals, degrees)
        fewest = found if found * PLAINLY_FEWER < most else most
    if families is not None and families.tell_apart:
        fewest = min(fewest, _by_families(residuals, families))
    return float(np.clip(fewest, 1.0, most))


def _by_covariance(residuals: FloatArray, degrees: int) -> float:
    """Estimate it from unbiased estimates of tr S^2 and of (tr S)^2 (Bai & Saranadasa 1996, section 3)."""
    products = residuals.T @ residuals / degrees
    trace = float(np.trace(products))
    squared = degrees**2 / ((degrees - 1) * (degrees + 2)) * (float((products**2).sum()) - trace**2 / degrees)
    if squared <= 0:
        return float(len(residuals))
    return (trace**2 - 2 * squared / degrees) / squared


def _by_families(residuals: FloatArray, families: Families) -> float:
    """Estimate it from the part of the noise that families share, by the analysis of variance, if it is plain."""
    seeds = contrasts(residuals).T
    if families.unexplained(seeds) > _SHARED:
        return float(len(residuals))
    between, within = (float(part.sum()) for part in families.squares(seeds))
    return families.degrees_of_freedom(between, within)

"""Noise of one direction: each hypothesis feels the luck of a seed in its own measure, and little else is noise.

The residuals then show how much each feels, a, but the n seeds say little about how lucky they were on average. The
means themselves say more: of the K hypotheses' signal only about 1 in K lies along a, so what the means have along a
is mostly noise, if there is much of it. So the noise of the means is drawn given their part c along a: it is normal
with the variance t^2 that the seeds show, the signal's part along a is normal with the variance of the rest, and c is
their sum. t^2 is known with n - 1 degrees of freedom.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.scores import Scores
from assay.ranking.true_orders.shared_noise import independent_hypotheses

ONE = 1.2
"""Noise that is worth this many independent hypotheses at most is taken for that of one direction."""
FEWEST_HYPOTHESES = 8
"""Of fewer hypotheses, three seeds look as if their noise had one direction too often by chance."""
_MOST = 0.99


class NoiseOfMeans(NamedTuple):
    """Draws of the noise that the means of two arms have, (draws,) each."""

    reference: FloatArray
    """The noise variance over the total one of the means, in [0, 1)."""
    proxy: FloatArray
    correlation: FloatArray
    """The correlation of the two, in [-1, 1]."""


def has_one_direction(arm: Scores) -> bool:
    """Return whether the noise of a balanced arm has one direction."""
    many = len(arm.hypotheses) >= FEWEST_HYPOTHESES and len(arm.seeds) > 2
    return many and bool(arm.residuals.any()) and independent_hypotheses(arm.residuals) <= ONE


def noise_of_means(reference: Scores, proxy: Scores, generator: np.random.Generator, draws: int) -> NoiseOfMeans:
    """Draw the noise of the means of two arms whose noise has one direction each."""
    along, directions, shares = [], [], []
    for arm in (reference, proxy):
        left, singular, _ = np.linalg.svd(arm.residuals, full_matrices=False)
        means, seeds = arm.means - arm.means.mean(), len(arm.seeds)
        total, part = float(means @ means), float(means @ left[:, 0])
        of_signal = max(total - part**2, 0.0) / (len(means) - 2)
        of_noise = singular[0] ** 2 / seeds / generator.chisquare(seeds - 1, draws)
        weight = of_noise / (of_noise + of_signal)
        noise = part * weight + np.sqrt(weight * of_signal) * generator.standard_normal(draws)
        rest = float((singular[1:] ** 2).sum()) / (seeds - 1) / seeds
        along.append(noise)
        directions.append(left[:, 0])
        shares.append(np.clip((noise**2 + rest) / max(total, 1e-300), 0.0, _MOST))
    correlation = np.sign(along[0] * along[1]) * float(directions[0] @ directions[1])
    return NoiseOfMeans(shares[0], shares[1], np.clip(correlation, -1.0, 1.0))

"""Noise of one direction: each hypothesis feels the luck of a seed in its own measure, and little else is noise.

The residuals then show how much each feels, a, but the n seeds say little about how lucky they were on average. The
means themselves say more: of the K hypotheses' signal only about 1 in K lies along a, so what the means have along a
is mostly noise, if there is much of it. So the noise of the means is drawn given their part c along a: it is normal
with the variance t^2 that the seeds show, the signal's part along a is normal with the variance of the rest, and c is
their sum. t^2 is known with n - 1 degrees of freedom.

Both arms are drawn together: a proxy that is read from the reference's own trials has much the same luck. How closely
the luck of two arms is correlated is known with n - 1 degrees of freedom, too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.scores import Scores
from assay.ranking.true_orders.realised_noise import RealisedNoise
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
    arms = _along(reference), _along(proxy)
    seeds = len(reference.seeds)
    luck = float(np.clip(arms[0].luck @ arms[1].luck, -_MOST, _MOST))
    luck_draws = np.tanh(np.arctanh(luck) + generator.standard_normal(draws) / np.sqrt(max(seeds - 2, 1)))
    *estimated, _ = RealisedNoise.simulate(seeds - 1, generator, draws).of(luck_draws[:, None])
    of_noise = [arm.of_noise / each[:, 0] for arm, each in zip(arms, estimated, strict=True)]
    rest = [arm.means - arm.part * arm.direction for arm in arms]
    alike = float(arms[0].direction @ arms[1].direction)
    signals = float(rest[0] @ rest[1]) / max(float(np.sqrt((rest[0] @ rest[0]) * (rest[1] @ rest[1]))), 1e-300)
    noise = _matrices(of_noise[0], of_noise[1], luck_draws)
    of_signal = [np.full(draws, arm.of_signal) for arm in arms]
    signal = _matrices(of_signal[0], of_signal[1], np.full(draws, _MOST * signals * alike))
    # the noise's part of a sum of normal variables, given the sum: its mean, and its covariance
    weight = noise @ np.linalg.inv(noise + signal)
    mean = weight @ np.array([arm.part for arm in arms])
    covariance = noise - weight @ noise
    own, other = generator.standard_normal((2, draws))
    first = np.sqrt(np.maximum(covariance[:, 0, 0], 1e-300))
    slope = covariance[:, 0, 1] / first
    along = (
        mean[:, 0] + first * own,
        mean[:, 1] + slope * own + np.sqrt(np.maximum(covariance[:, 1, 1] - slope**2, 0.0)) * other,
    )
    shares = [
        np.clip((each**2 + arm.of_rest) / max(float(arm.means @ arm.means), 1e-300), 0.0, _MOST)
        for arm, each in zip(arms, along, strict=True)
    ]
    correlation = np.sign(along[0] * along[1]) * alike
    return NoiseOfMeans(shares[0], shares[1], np.clip(correlation, -1.0, 1.0))


class _Along(NamedTuple):
    """An arm whose noise has one direction."""

    means: FloatArray
    """(hypotheses,), centred."""
    direction: FloatArray
    """(hypotheses,), of length 1."""
    luck: FloatArray
    """(seeds,), of length 1: what each seed has of it."""
    part: float
    """What the means have along the direction."""
    of_noise: float
    """The variance of the noise's part of that, as the seeds show it."""
    of_signal: float
    """The variance of the signal's part of it."""
    of_rest: float
    """The squared length of the noise of the means in other directions."""


def _along(arm: Scores) -> _Along:
    left, singular, right = np.linalg.svd(arm.residuals, full_matrices=False)
    means, seeds = arm.means - arm.means.mean(), len(arm.seeds)
    part = float(means @ left[:, 0])
    return _Along(
        means,
        left[:, 0],
        right[0],
        part,
        float(singular[0] ** 2) / (seeds - 1) / seeds,
        max(float(means @ means) - part**2, 1e-300) / (len(means) - 2),
        float((singular[1:] ** 2).sum()) / (seeds - 1) / seeds,
    )


def _matrices(first: FloatArray, second: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return (draws, 2, 2) covariance matrices, of (draws,) variances and correlations."""
    both = correlation * np.sqrt(first * second)
    matrices: FloatArray = np.moveaxis(np.array([[first, both], [both, second]]), -1, 0)
    return matrices

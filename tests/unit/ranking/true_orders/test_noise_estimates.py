"""Noise that two arms share, and what bounds of the true correlation make of it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from assay.ranking.arrays import FloatArray
from assay.ranking.true_orders.noise_estimates import (
    correlation_of_noise,
    estimate_noise,
    noise_bounds,
    spread_of_sharing,
)
from assay.ranking.true_orders.observed_orders import ObservedOrders
from assay.ranking.true_orders.realised_noise import RealisedNoise
from assay.ranking.true_orders.tau_draws import TauDraws
from assay.ranking.true_orders.true_correlation import (
    NoiseBounds,
    NoiseDraws,
    NoiseEstimates,
    true_correlations,
)
from builders.score_tables import simulated_arms

HYPOTHESES, DRAWS = 36, 400
TAUS = TauDraws.simulate(HYPOTHESES, np.random.default_rng(0), DRAWS)
NO_ERRORS = NoiseDraws.none(DRAWS)
SIDES: tuple[Literal["low", "high"], ...] = ("low", "high")


def residuals(shared: FloatArray | float, *, seeds: int = 3, count: int = 4000, seed: int = 0) -> list[FloatArray]:
    """Return (count, seeds) residuals of two arms, whose noise each hypothesis shares by so much."""
    generator = np.random.default_rng(seed)
    of_each = np.broadcast_to(shared, count)[:, None]
    noise, rest = generator.standard_normal((2, count, seeds))
    both = [noise, of_each * noise + np.sqrt(1 - of_each**2) * rest]
    return [each - each.mean(axis=1, keepdims=True) for each in both]


def estimates(share: float, shared: float, spread: float = 0.0) -> NoiseEstimates:
    """Return those of one observation whose means have so much noise."""
    ratio = np.array([1 / share])
    return NoiseEstimates(ratio, ratio, np.array([shared]), np.array([spread]))


def bound(side: Literal["low", "high"], bounds: NoiseBounds) -> float:
    """Return the median of the correlations that fit a tau of about .6."""
    orders = ObservedOrders.plain(np.array([round(0.8 * TAUS.pairs)]))
    return float(np.median(true_correlations(side, TAUS, NO_ERRORS, bounds, orders)))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("shared", [0.0, 0.5, 0.97])
def test_a_bound_takes_the_noise_that_is_safe_whether_it_brings_the_orders_apart_or_together(
    side: Literal["low", "high"], shared: float
) -> None:
    little, much = estimates(0.1, shared), estimates(0.3, shared)
    both = [bound(side, NoiseBounds.exactly(each)) for each in (little, much)]
    # orders that agree by a correlation of about .8 are brought together by noise that agrees more closely
    assert (both[0] < both[1]) == (shared < 0.8)
    want = min(both) if side == "low" else max(both)
    assert bound(side, NoiseBounds(little, much)) == pytest.approx(want, abs=0.01)


@pytest.mark.parametrize("side", SIDES)
def test_much_noise_that_leaves_no_signal_hides_nothing_from_a_bound_that_little_noise_decides(
    side: Literal["low", "high"],
) -> None:
    little, all_of_it = estimates(0.1, 0.0), estimates(1.0, 0.0)
    alone = bound(side, NoiseBounds.exactly(little))
    want = alone if side == "low" else 1.0
    assert bound(side, NoiseBounds(little, all_of_it)) == pytest.approx(want, abs=0.02)


def test_only_lower_bounds_count_on_orders_that_agree_since_some_share_more_of_their_noise() -> None:
    alike, differing = (NoiseBounds.exactly(estimates(0.25, 0.5, spread)) for spread in (0.0, 0.25))
    assert bound("low", differing) < bound("low", alike) - 0.005
    assert bound("high", differing) == bound("high", alike)


@pytest.mark.parametrize("seeds", [2, 3, 10])
@pytest.mark.parametrize("shared", [0.0, 0.5, 0.97])
def test_noise_that_all_share_alike_shows_hardly_any_spread(seeds: int, shared: float) -> None:
    both = residuals(shared, seeds=seeds)
    assert correlation_of_noise(*both) == pytest.approx(shared, abs=0.04)
    assert float(spread_of_sharing(*both)) == pytest.approx(0.0, abs=0.06)


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_noise_that_half_of_them_share_shows_its_spread_whatever_its_unit(seeds: int) -> None:
    both = residuals(np.tile([0.0, 1.0], 2000), seeds=seeds)
    found = float(spread_of_sharing(both[0], 100 * both[1]))
    assert found == pytest.approx(0.25, abs=0.06)
    each = [spread_of_sharing(*residuals(0.5, count=8, seed=seed)) for seed in range(20)]
    assert min(each) == 0.0


def test_arms_without_noise_share_none() -> None:
    nothing = np.zeros((5, 3))
    assert float(spread_of_sharing(nothing, nothing)) == 0.0
    found = estimate_noise(*simulated_arms(np.random.default_rng(0), 12, true_tau=0.9, noise=0.0, shared=0.9))
    assert found.noise_correlation == found.spread_of_sharing == 0.0


def test_bounds_hold_more_noise_and_less_than_the_likely_one_and_what_is_shared_of_it() -> None:
    arms = simulated_arms(np.random.default_rng(0), 40, true_tau=0.9, noise=1.0, shared=0.8)
    likely = estimate_noise(*arms)
    found = noise_bounds(*arms, likely)
    assert found.little.reference_ratio >= likely.reference_ratio > found.much.reference_ratio
    assert found.little.noise_correlation == found.much.noise_correlation == likely.noise_correlation
    assert likely.noise_correlation == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("degrees_of_freedom", [1, 28, 56])
def test_the_errors_of_both_arms_noise_are_the_more_alike_the_more_of_it_they_share(degrees_of_freedom: int) -> None:
    draws = 20_000
    generator = np.random.default_rng(0)
    reference, proxy = generator.chisquare(degrees_of_freedom, (2, draws)) / degrees_of_freedom
    errors = RealisedNoise.with_variances(reference, proxy, degrees_of_freedom, generator)
    own = errors.of(np.zeros((1, 1)))
    np.testing.assert_allclose(own[0][:, 0], reference)
    np.testing.assert_allclose(own[1][:, 0], proxy)
    for shared in (0.5, 0.97):
        first, second, _ = errors.of(np.full((1, 1), shared))
        assert float(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) == pytest.approx(shared**2, abs=0.05)
        assert float(second.mean()) == pytest.approx(1.0, abs=0.05)


def test_arms_that_share_their_noise_are_not_taken_for_unequally_noisy() -> None:
    noise = NoiseDraws.simulate(35, np.random.default_rng(0), DRAWS)
    orders = ObservedOrders.plain(np.array([round(0.93 * TAUS.pairs)]))
    low = true_correlations("low", TAUS, noise, NoiseBounds.exactly(estimates(1 / 3, 0.97)), orders)
    # where one arm has by chance far more noise than the other, less of it can be shared: r would be 1 in .3 of them
    assert (low > 0.999).mean() < 0.2

from __future__ import annotations

import numpy as np
import pytest

from assay.ranking.orders.agreement import agreement
from assay.ranking.true_orders.estimands import (
    HoldsTheBest,
    TrueDecisionAccuracy,
    TrueTau,
    correlation_reaching,
    good_enough,
    separated_distances,
)
from builders.score_tables import scores


def normal_pairs(correlation: float, size: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    own, rest = np.random.default_rng(1).standard_normal((2, *size))
    return own, correlation * own + np.sqrt(1 - correlation**2) * rest


def test_decision_accuracy_is_that_of_pairs_so_far_apart() -> None:
    reference, proxy = (arm[:, 0] - arm[:, 1] for arm in normal_pairs(0.9, (40_000, 2)))
    for near, far in ((0.2, 0.4), (1.0, 1.2)):
        among = (np.abs(reference) > near) & (np.abs(reference) < far)
        want = (reference * proxy > 0)[among].mean()
        assert TrueDecisionAccuracy(np.array([(near + far) / 2])).at(0.9) == pytest.approx(want, abs=0.02)


@pytest.mark.parametrize(("good", "promote"), [(1, 1), (1, 3), (4, 2)])
def test_holding_one_of_the_best_is_as_likely_as_in_simulated_backlogs(good: int, promote: int) -> None:
    reference, proxy = normal_pairs(0.8, (4000, 12))
    best, first = np.argsort(-reference, axis=1)[:, :good], np.argsort(-proxy, axis=1)[:, :promote]
    want = (best[:, :, None] == first[:, None, :]).any(axis=(1, 2)).mean()
    found = HoldsTheBest.simulate(12, good, promote, np.random.default_rng(2), 4000)
    assert found.at(0.8) == pytest.approx(want, abs=0.04)
    assert found.at(1.0) == 1.0


def test_every_statistic_rises_with_the_correlation_and_its_inverse_inverts_it() -> None:
    generator = np.random.default_rng(3)
    for estimand in (
        TrueTau(),
        TrueDecisionAccuracy(np.array([0.1, 0.5, 2.0])),
        HoldsTheBest.simulate(10, 2, 2, generator),
    ):
        values = [estimand.at(correlation) for correlation in np.linspace(-1, 1, 15)]
        assert values == sorted(values)
        reached = correlation_reaching(estimand, 0.7)
        assert estimand.at(reached + 1e-6) >= 0.7 > estimand.at(reached - 0.01)


def test_what_is_never_or_always_reached_is_beyond_all_correlations() -> None:
    everybody = HoldsTheBest.simulate(3, 1, 3, np.random.default_rng(4))
    assert correlation_reaching(everybody, 0.9) == -2.0
    assert correlation_reaching(TrueDecisionAccuracy(np.array([1.0])), 1.5) == 2.0


def test_separated_pairs_are_those_that_the_agreement_counts() -> None:
    for seed in range(5):
        table = scores(np.random.default_rng(seed).standard_normal((9, 3)) + np.arange(9.0)[:, None] / 2)
        distances = separated_distances(table)
        assert len(distances) == agreement(table, table).separable_pairs
        assert (distances > 0).all()
    without_noise = scores([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert len(separated_distances(without_noise)) == 2


def test_how_many_are_good_enough_is_guessed_on_both_sides() -> None:
    assert good_enough(np.array([1.0, 5.0, 5.0, 2.0]), 0.0) == (2, 2, 2)
    assert good_enough(np.arange(20.0), 8.0) == (3, 9, 15)
    assert good_enough(np.array([3.0, 1.0]), 0.5) == (1, 1, 2)
    # adding a constant changes nothing at the very line
    assert good_enough(np.array([0.1, 0.3]) + 0.7, 0.2)[1] == good_enough(np.array([0.1, 0.3]), 0.2)[1] == 2

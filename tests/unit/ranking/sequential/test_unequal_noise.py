from __future__ import annotations

import numpy as np
import pytest

from assay.ranking import compare_with_baseline, rank_intervals
from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.sequential.moderated_noise import InitialNoise
from assay.ranking.sequential.unequal_noise import ALIKE, FAR_APART, UNEQUAL, chance_if_equal, excess, rule_for
from builders.effort import tries
from builders.score_tables import after_seeds, scores


def known(count: int, degrees: int = 2) -> IntArray:
    return np.full(count, degrees, dtype=np.int64)


def squares_of(deviations: FloatArray, degrees: int, generator: np.random.Generator) -> FloatArray:
    squares: FloatArray = deviations**2 * generator.chisquare(degrees, len(deviations))
    return squares


def skewed_and_unequal(generator: np.random.Generator) -> FloatArray:
    """Scores of equally good hypotheses of which a quarter is ten times as noisy, fails rarely and then badly."""
    values = generator.standard_normal((16, 10))
    values[:4] = 10 * (1 - generator.exponential(1.0, (4, 10)))
    return values


def test_equal_noise_is_taken_for_unequal_noise_as_rarely_as_stated() -> None:
    generator = np.random.default_rng(0)
    studies = 400
    alarms = sum(rule_for(squares_of(np.ones(19), 2, generator), known(19)) != ALIKE for _ in range(studies))
    assert 0.05 < alarms / studies < 0.15


def test_noise_that_differs_threefold_is_unequal_and_noise_that_differs_twentyfold_is_far_apart() -> None:
    generator = np.random.default_rng(1)
    threefold, twentyfold = np.where(np.arange(19) % 2, 3.0, 1.0), np.where(np.arange(19) % 3, 1.0, 20.0)
    found = [rule_for(squares_of(threefold, 4, generator), known(19, 4)) for _ in range(100)]
    assert sum(rule == UNEQUAL for rule in found) > 90
    found = [rule_for(squares_of(twentyfold, 4, generator), known(19, 4)) for _ in range(100)]
    assert all(rule == FAR_APART for rule in found)


def test_the_excess_is_that_of_the_true_variances() -> None:
    generator = np.random.default_rng(2)
    deviations = np.where(np.arange(20_000) % 2, 3.0, 1.0)
    want = np.log(5.0) - np.log(9.0) / 2
    assert excess(squares_of(deviations, 2, generator) / 2, known(20_000).astype(float)) == pytest.approx(
        want, abs=0.03
    )
    assert excess(np.ones(9), np.full(9, 1e6)) == pytest.approx(0.0, abs=1e-5)


def test_the_chance_is_uniform_for_equal_noise() -> None:
    generator = np.random.default_rng(3)
    chances = [chance_if_equal(squares_of(np.ones(19), 4, generator) / 4, np.full(19, 4.0)) for _ in range(400)]
    assert np.mean(chances) == pytest.approx(0.5, abs=0.05)


def test_two_seeds_can_not_tell_and_of_two_hypotheses_nothing_is_said() -> None:
    assert rule_for(np.array([1.0, 1.1, 0.9]), known(3, 1)) == UNEQUAL
    assert rule_for(np.array([1.0, 900.0]), known(2)) == ALIKE
    assert rule_for(np.array([1.0, 900.0, 0.0]), np.array([2, 2, 0])) == ALIKE


def test_scores_of_which_some_never_change_are_far_apart_and_the_unit_does_not_matter() -> None:
    squares = np.array([0.0, 0.0, 0.0, 2.0, 3.0])
    assert rule_for(squares, known(5)) == FAR_APART
    assert rule_for(squares * 1e-200, known(5)) == FAR_APART


def test_later_seeds_do_not_change_what_is_believed() -> None:
    generator = np.random.default_rng(4)
    for _ in range(tries(30, quick=8)):
        values = skewed_and_unequal(generator)
        first = InitialNoise.of(after_seeds(values, 3), 3)
        later = InitialNoise.of(scores(values), 3)
        assert first is not None
        assert later is not None
        assert first.rule == later.rule


def false_shares(initial: int, maximum: int) -> tuple[float, float]:
    """The share of studies with a false verdict, and with a place excluded falsely."""
    generator, studies = np.random.default_rng(5), 150
    verdicts = places = 0
    for _ in range(studies):
        table = scores(generator.permutation(skewed_and_unequal(generator)[:, :maximum]))
        found = compare_with_baseline(
            table, "h0", smallest_effect=0.0, confidence=0.95, initial=initial, maximum=maximum
        )
        verdicts += any(one.verdict != "Inconclusive" for one in found)
        ranks = rank_intervals(table, 0.95, initial=initial, maximum=maximum)
        places += any((one.low, one.high) != (1, 16) for one in ranks)
    return verdicts / studies, places / studies


@pytest.mark.parametrize(("initial", "maximum", "want_most"), [(3, 10, 0.12), (3, 3, 0.06)])
def test_hypotheses_that_fail_rarely_and_badly_are_seldom_judged_falsely(
    initial: int, maximum: int, want_most: float
) -> None:
    # as if all noise were alike it is .21 and .11
    assert max(false_shares(initial, maximum)) <= want_most

"""Scores carried up to the reference from where each hypothesis has run."""

from __future__ import annotations

import numpy as np
import pytest

from assay.ranking.budget.multifidelity_scores import multifidelity_scores, relative_drift

WORK = np.array([0.25, 0.5, 1.0])
NOTHING = np.nan


def one_seed(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows)[:, :, None]


def test_on_one_rung_scores_stand_as_they_are() -> None:
    found = multifidelity_scores(one_seed((0.5, NOTHING, NOTHING), (0.7, NOTHING, NOTHING)), WORK)
    np.testing.assert_allclose(found.scores, [0.5, 0.7])
    assert found.tops.tolist() == [0, 0]


def test_who_stayed_below_gets_the_median_gain_of_those_who_went_on() -> None:
    gains = (0.1, 0.2, 0.6)
    rows = [(0.5, NOTHING, 0.5 + gain) for gain in gains]
    found = multifidelity_scores(one_seed(*rows, (0.4, NOTHING, NOTHING)), WORK)
    assert found.scores[3] == pytest.approx(0.4 + 0.2 * 3 / 5)


def test_who_has_no_score_has_no_estimate() -> None:
    found = multifidelity_scores(one_seed((NOTHING, NOTHING, NOTHING), (0.5, NOTHING, NOTHING)), WORK)
    assert np.isnan(found.scores[0])
    assert np.isnan(found.deviations[0])
    assert found.tops[0] == -1
    assert found.rightly_ordered(np.array([0]), np.array([1])).tolist() == [0.5]


def test_a_higher_rung_and_more_seeds_make_it_surer() -> None:
    generator = np.random.default_rng(0)
    values = np.full((8, 3, 4), np.nan)
    values[:, 0, 0] = generator.standard_normal(8)
    values[4:, 2, 0] = values[4:, 0, 0] + 0.1 * generator.standard_normal(4)
    values[6:, 2, 1:] = values[6:, 2, :1] + 0.1 * generator.standard_normal((2, 3))
    deviations = multifidelity_scores(values, WORK).deviations
    assert deviations[:4].min() > deviations[4:6].max()
    assert deviations[4:6].min() > deviations[6:].max()


def test_a_hypothesis_that_jumps_about_is_less_sure_than_its_fellows() -> None:
    generator = np.random.default_rng(1)
    values = np.full((10, 3, 3), np.nan)
    noise = np.where(np.arange(10) == 0, 1.0, 0.1)
    values[:, 2] = generator.standard_normal(10)[:, None] + noise[:, None] * generator.standard_normal((10, 3))
    deviations = multifidelity_scores(values, WORK).deviations
    assert deviations[0] > 2 * deviations[1:].max()


def test_the_noise_of_the_seeds_is_found_again() -> None:
    generator = np.random.default_rng(2)
    values = np.full((40, 3, 4), np.nan)
    values[:, 2] = generator.standard_normal(40)[:, None] + 0.3 * generator.standard_normal((40, 4))
    found = multifidelity_scores(values, WORK)
    assert float(np.sqrt(found.seed_variances.mean())) == pytest.approx(0.3, rel=0.15)
    assert found.deviations.mean() == pytest.approx(0.15, rel=0.15)


def test_drift_is_none_on_the_reference_and_grows_by_halvings() -> None:
    drift = np.sqrt(relative_drift(np.array([0.25, 0.5, 1.0, 2.0])))
    assert drift[2] == drift[3] == 0
    assert drift[0] == pytest.approx(2 * drift[1])


def test_scores_that_say_nothing_of_noise_are_ordered_all_the_same() -> None:
    found = multifidelity_scores(one_seed((NOTHING, NOTHING, 0.5), (NOTHING, NOTHING, 0.5)), WORK)
    assert found.scores.tolist() == [0.5, 0.5]
    assert found.rightly_ordered(np.array([0]), np.array([1])).tolist() == [0.5]


def test_the_surer_a_pair_the_further_it_is_apart() -> None:
    found = multifidelity_scores(one_seed(*((value, NOTHING, NOTHING) for value in (0.1, 0.2, 0.5, 0.9))), WORK)
    right = found.rightly_ordered(np.array([0, 0, 0]), np.array([1, 2, 3]))
    assert 0.5 < right[0] < right[1] < right[2] <= 1

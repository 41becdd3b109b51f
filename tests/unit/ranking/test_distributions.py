"""Tails and quantiles are scipy's own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.ranking import distributions

DEGREES = [1, 2, 7, 30, 400]


@pytest.mark.parametrize("degrees", DEGREES)
def test_students_t(degrees: int) -> None:
    t = np.array([0.0, 0.3, 2.0, 9.0])
    assert distributions.t_above(t, degrees) == pytest.approx(stats.t.sf(t, degrees), rel=1e-9)
    for probability in (0.4, 0.025, 1e-6):
        assert distributions.t_exceeded_by(probability, degrees) == pytest.approx(stats.t.isf(probability, degrees))


@pytest.mark.parametrize("degrees", DEGREES)
def test_chi_squared(degrees: int) -> None:
    probabilities = np.array([1 - 1e-12, 0.5, 1e-12])
    values = distributions.chi2_exceeded_by(probabilities, degrees)
    assert values == pytest.approx(stats.chi2.isf(probabilities, degrees))
    assert distributions.chi2_density(values, degrees) == pytest.approx(stats.chi2.pdf(values, degrees))


@pytest.mark.parametrize("value", [0.0, 0.5, 3.0, float("inf")])
def test_f(value: float) -> None:
    assert distributions.f_above(value, 7, 16) == pytest.approx(stats.f.sf(value, 7, 16))


def test_the_normals_density() -> None:
    values = np.linspace(-8, 8, 9)
    assert distributions.normal_density(values) == pytest.approx(stats.norm.pdf(values))


def test_the_expected_positive_part_is_the_mean_with_all_below_zero_cut_off() -> None:
    draws = np.random.default_rng(0).standard_normal(200_000)
    means, deviations = np.array([-1.0, 0.0, 0.5]), np.array([2.0, 1.0, 0.1])
    want = np.maximum(means[:, None] + deviations[:, None] * draws, 0.0).mean(axis=1)
    assert distributions.expected_positive_part(means, deviations) == pytest.approx(want, rel=0.01)


def test_the_positive_part_of_what_is_certain_is_itself_or_nothing() -> None:
    found = distributions.expected_positive_part(np.array([-1.0, 0.0, 0.5, np.nan]), np.zeros(4))
    assert found == pytest.approx([0.0, 0.0, 0.5, np.nan], nan_ok=True)

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.ranking.sequential.critical_values import one_sided_dunnett_critical_value
from assay.ranking.sequential.group_sequential import (
    GroupSequentialDesign,
    as_normal,
    as_t,
    group_sequential_design,
    level_of_one_in_many,
    level_of_one_in_many_above,
    level_of_one_pair,
)


@pytest.mark.parametrize(("shape", "want"), [(0.5, 2.413), (0.0, 2.040)])
def test_the_bounds_of_five_equal_steps_are_those_of_the_tables(shape: float, want: float) -> None:
    # Jennison & Turnbull 2000: Pocock (table 2.1) and O'Brien & Fleming (table 2.3); two-sided, 5 %
    assert GroupSequentialDesign(1, 5, shape).bounds(0.05)[-1] == pytest.approx(want, abs=0.001)


def test_a_single_look_has_the_normal_quantile() -> None:
    assert group_sequential_design(7, 7).bounds(0.01) == pytest.approx(stats.norm.ppf(0.995), abs=1e-4)


@pytest.mark.parametrize(("initial", "maximum"), [(2, 10), (3, 10), (3, 40)])
@pytest.mark.parametrize("shape", [None, -0.5])
@pytest.mark.parametrize("level", [0.2, 0.05, 1e-3, 1e-6])
def test_a_level_and_its_bounds_belong_together(initial: int, maximum: int, shape: float | None, level: float) -> None:
    design = group_sequential_design(initial, maximum, shape)
    bounds = design.bounds(level)
    below_most = bounds < 8
    assert design.levels(bounds)[below_most] == pytest.approx(level, rel=1e-3)
    assert design.crossing(float(bounds[-1])) == pytest.approx(level, rel=2e-3)
    assert (np.diff(bounds[below_most]) < 0).all()


@pytest.mark.parametrize("shape", [None, -0.5])
def test_walks_leave_the_bounds_as_often_as_stated(shape: float | None) -> None:
    steps = np.random.default_rng(0).standard_normal((40_000, 10))
    statistics = np.cumsum(steps, axis=1)[:, 2:] / np.sqrt(np.arange(3, 11))
    left = (np.abs(statistics) > group_sequential_design(3, 10, shape).bounds(0.05)).any(axis=1)
    assert left.mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / len(steps)))


def test_students_t_and_the_normal_have_the_same_tails() -> None:
    bounds = np.array([0.0, 1.0, 3.0, 6.0])
    assert as_t(bounds, 7) == pytest.approx(stats.t.isf(stats.norm.sf(bounds), 7))
    assert as_normal(as_t(bounds, 7), 7) == pytest.approx(bounds)


def test_many_comparisons_each_get_more_than_bonferroni_gives_and_less_than_all() -> None:
    assert level_of_one_in_many(1, 0.95) == pytest.approx(0.05, abs=1e-5)
    assert 0.05 / 18 < level_of_one_in_many(18, 0.95) < 0.05
    assert 0.05 / 153 < level_of_one_pair(18, 0.95) < level_of_one_in_many(18, 0.95)
    # of one side only, twice as much
    assert level_of_one_in_many_above(1, 0.95) == pytest.approx(0.1, abs=1e-5)
    assert 2 * 0.05 / 18 < level_of_one_in_many_above(18, 0.95) < 0.1


def test_dunnetts_one_sided_value_is_the_one_of_the_tables() -> None:
    # Dunnett 1955, one-sided, 95 %
    assert one_sided_dunnett_critical_value(4, 20, 0.95) == pytest.approx(2.30, abs=0.005)
    assert one_sided_dunnett_critical_value(1, 7, 0.99) == pytest.approx(stats.t.ppf(0.99, 7), abs=1e-5)


@pytest.mark.parametrize(("initial", "maximum"), [(1, 10), (5, 4)])
def test_looks_that_can_not_be_are_refused(initial: int, maximum: int) -> None:
    with pytest.raises(ValueError, match=f"initial, maximum: {initial}, {maximum}"):
        group_sequential_design(initial, maximum)

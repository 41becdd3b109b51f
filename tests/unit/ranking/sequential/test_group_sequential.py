from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.ranking.sequential.critical_values import one_sided_dunnett_critical_value
from assay.ranking.sequential.group_sequential import (
    RESERVE,
    SHAPE,
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
    assert GroupSequentialDesign(7, 7, SHAPE).bounds(0.01) == pytest.approx(stats.norm.ppf(0.995), abs=1e-4)


@pytest.mark.parametrize(("initial", "maximum"), [(2, 10), (3, 10), (3, 40)])
@pytest.mark.parametrize("shape", [SHAPE, -0.5])
@pytest.mark.parametrize("level", [0.2, 0.05, 1e-3, 1e-6])
def test_a_level_and_its_bounds_belong_together(initial: int, maximum: int, shape: float, level: float) -> None:
    design = GroupSequentialDesign(initial, maximum, shape)
    bounds = design.bounds(level)
    below_most = bounds < 8
    assert design.levels(bounds)[below_most] == pytest.approx(level, rel=1e-3)
    assert design.crossing(float(bounds[-1])) == pytest.approx(level, rel=2e-3)
    assert (np.diff(bounds[below_most]) < 0).all()


def walks(count: int, maximum: int) -> np.ndarray:
    """Return the statistics of walks at each number of seeds up to the maximum, (walks, maximum)."""
    steps = np.random.default_rng(0).standard_normal((count, maximum))
    return np.cumsum(steps, axis=1) / np.sqrt(np.arange(1, maximum + 1))


@pytest.mark.parametrize("shape", [SHAPE, -0.5])
def test_walks_leave_the_bounds_as_often_as_stated(shape: float) -> None:
    statistics = walks(40_000, 10)[:, 2:]
    left = (np.abs(statistics) > GroupSequentialDesign(3, 10, shape).bounds(0.05)).any(axis=1)
    assert left.mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / len(statistics)))


@pytest.mark.parametrize("earlier", [(10,), (3, 5), (4, 8, 12)])
@pytest.mark.parametrize("shape", [None, -0.5])
def test_walks_leave_by_each_maximum_as_often_as_is_spent_by_then(
    earlier: tuple[int, ...], shape: float | None
) -> None:
    design = group_sequential_design(3, 20, shape, earlier)
    outside = np.abs(walks(40_000, 20)[:, 2:]) > design.bounds(0.2)
    for maximum in (*earlier, 20):
        want = 0.2 * (1 - RESERVE * earlier[0] / maximum)
        left = outside[:, : maximum - 2].any(axis=1).mean()
        assert left == pytest.approx(want, abs=4 * np.sqrt(want * (1 - want) / len(outside)))


@pytest.mark.parametrize("level", [0.2, 0.003, 1e-6])
def test_a_maximum_that_is_raised_leaves_earlier_bounds_as_they_were(level: float) -> None:
    before, raised = group_sequential_design(3, 10), group_sequential_design(3, 20, None, (10,))
    again = group_sequential_design(3, 40, None, (10, 20))
    assert raised.bounds(level)[:8] == pytest.approx(before.bounds(level))
    assert again.bounds(level)[:18] == pytest.approx(raised.bounds(level), rel=1e-4)


@pytest.mark.parametrize("level", [0.5, 0.05, 1e-3, 1e-6])
def test_levels_and_bounds_belong_together_where_the_maximum_was_raised(level: float) -> None:
    design = group_sequential_design(3, 20, None, (3, 10))
    assert design.levels(design.bounds(level)) == pytest.approx(level, rel=0.01)


def test_a_maximum_that_was_raised_demands_more_than_one_that_was_there_from_the_start() -> None:
    assert (group_sequential_design(3, 20, None, (10,)).bounds(0.05) > group_sequential_design(3, 20).bounds(0.05))[
        8:
    ].all()


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


@pytest.mark.parametrize("earlier", [(2,), (10,), (7, 5)])
def test_earlier_maxima_that_can_not_have_been_are_refused(earlier: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="earlier"):
        group_sequential_design(3, 10, None, earlier)

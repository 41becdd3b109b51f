from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.ranking import look_seeds
from assay.ranking.certificates.error_spending import Spending
from assay.ranking.certificates.holm import first_rejections, holm_adjusted


@given(initial=st.integers(1, 100), more=st.integers(0, 100))
def test_looks_are_at_most_four_and_rise_from_the_initial_to_the_maximal_seeds(initial: int, more: int) -> None:
    looks = look_seeds(initial, initial + more)
    assert (looks[0], looks[-1]) == (initial, initial + more)
    assert len(looks) == min(4, more + 1)
    assert sorted(set(looks)) == list(looks)


def test_looks_are_about_equally_far_apart_relative_to_their_seeds() -> None:
    assert look_seeds(3, 10) == (3, 5, 7, 10)
    assert look_seeds(1, 8) == (1, 2, 4, 8)
    assert look_seeds(3, 3) == (3,)
    with pytest.raises(ValueError, match="initial: 4"):
        look_seeds(4, 3)


def test_all_looks_together_err_as_often_as_a_brownian_motion_crosses() -> None:
    information = (3.0, 5.0, 7.0, 10.0)
    steps = np.sqrt(np.diff((0.0, *information)))
    walk = np.cumsum(np.random.default_rng(0).standard_normal((100_000, 4)) * steps, axis=1) / np.sqrt(information)
    spending = Spending.over(information)
    for critical in (1.5, 2.0, 2.4):
        crossed = float((walk.max(axis=1) > critical).mean())
        alone = float((walk[:, 0] > critical).mean())
        # correlations are rounded down, which is the safe side
        assert crossed - 0.002 <= float(spending.overall(alone)) <= crossed + 0.004


@given(error=st.floats(0.001, 0.5), gains=st.lists(st.floats(1.0, 3.0), max_size=3))
def test_the_level_of_one_look_and_the_error_of_all_are_inverse_to_each_other(error: float, gains: list[float]) -> None:
    spending = Spending.over(tuple(np.cumprod([1.0, *gains])))
    level = float(spending.nominal(error))
    assert error / (len(gains) + 1) * 0.99 <= level <= error * (1 + 1e-9)
    assert float(spending.overall(level)) == pytest.approx(error, rel=1e-6)


def test_a_single_look_has_the_whole_error_and_looks_that_are_alike_cost_little() -> None:
    assert float(Spending.over((2.0,)).nominal(0.05)) == 0.05
    levels = [float(Spending.over((1.0, gain, gain**2)).nominal(0.05)) for gain in (1.02, 1.2, 2.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 0.04


def test_information_must_be_there() -> None:
    for information in ((), (1.0, 0.0)):
        with pytest.raises(ValueError, match="information"):
            Spending.over(information)


def test_holms_p_values_are_those_of_his_procedure() -> None:
    assert holm_adjusted(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm_adjusted(np.array([0.6, 0.5])) == pytest.approx([1.0, 1.0])


def test_what_a_rejection_frees_goes_to_the_others_also_for_what_was_seen_before() -> None:
    # the second test's .03 at the first look is enough once the first test is rejected at the second look
    first, adjusted = first_rejections(np.array([[0.2, 0.03], [0.01, 0.3]]), 0.05)
    assert first.tolist() == [2, 2]
    assert adjusted[1] == pytest.approx([0.02, 0.03])


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4))
def test_a_rejection_stays_whatever_comes_later(rows: list[list[float]]) -> None:
    p_values = np.array(rows)
    whole, _ = first_rejections(p_values, 0.05)
    for looks in range(1, len(p_values) + 1):
        early, _ = first_rejections(p_values[:looks], 0.05)
        assert early.tolist() == [at if 0 < at <= looks else 0 for at in whole]

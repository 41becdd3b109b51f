from __future__ import annotations

import pytest

from assay.api.resources import REFERENCE
from assay.planning.assessment.screened_standings import with_screened
from assay.planning.assessment.standings import Standing
from assay.ranking.screening.expected_scores import ExpectedScore

MEASURED = {
    "a": Standing(3.0, 2.9, 3.1, 1, 1, 2, True, REFERENCE),
    "b": Standing(2.0, 1.9, 2.1, 2, 1, 2, True, REFERENCE),
    "c": Standing(1.0, 0.9, 1.1, 3, 3, 3, False, REFERENCE),
}


def test_without_screened_ones_nothing_changes() -> None:
    assert with_screened(MEASURED, (), "short", 0.95) == MEASURED


def test_who_ran_on_the_proxy_alone_stands_where_it_is_expected_and_says_so() -> None:
    expected = (ExpectedScore("x", 1.5, 0.001), ExpectedScore("y", 2.5, 1.0))
    found = with_screened(MEASURED, expected, "short", 0.95)
    assert list(found) == ["a", "y", "b", "x", "c"]
    assert [each.rank for each in found.values()] == [1, 2, 3, 4, 5]
    assert [each.arm for each in found.values()] == [REFERENCE, "short", REFERENCE, "short", REFERENCE]


def test_ranks_are_as_sure_as_the_intervals() -> None:
    sure, vague = ExpectedScore("x", 1.5, 0.001), ExpectedScore("y", 2.5, 1.0)
    found = with_screened(MEASURED, (sure, vague), "short", 0.95)
    assert (found["x"].rank_low, found["x"].rank_high) == (3, 4)
    assert (found["y"].rank_low, found["y"].rank_high) == (1, 5)
    assert (found["a"].rank_low, found["a"].rank_high) == (1, 3)
    assert (found["c"].rank_low, found["c"].rank_high) == (4, 5)
    assert [name for name, each in found.items() if each.may_be_best] == ["a", "y", "b"]


def test_who_is_surely_above_the_best_measured_takes_its_place() -> None:
    found = with_screened(MEASURED, (ExpectedScore("x", 9.0, 0.01),), "short", 0.95)
    assert found["x"].rank_high == 1
    assert [name for name, each in found.items() if each.may_be_best] == ["x"]
    assert found["a"].rank_low == 2


def test_unstable_ones_come_last_and_push_nobody_out() -> None:
    expected = (ExpectedScore("x", 9.0, 0.01), ExpectedScore("y", 1.5, 0.001))
    found = with_screened(MEASURED, expected, "short", 0.95, unstable={"x"})
    assert list(found) == ["a", "b", "y", "c", "x"]
    assert [each.rank for each in found.values()] == [1, 2, 3, 4, 5]
    assert (found["x"].rank_low, found["x"].rank_high, found["x"].may_be_best) == (1, 5, False)
    assert (found["a"].rank_low, found["a"].may_be_best) == (1, True)


def test_a_hypothesis_is_measured_or_expected_and_not_both() -> None:
    with pytest.raises(ValueError, match="a have scores at the reference"):
        with_screened(MEASURED, (ExpectedScore("a", 9.0, 0.01),), "short", 0.95)

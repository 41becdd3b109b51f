from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.ranking import (
    Comparison,
    Scores,
    best_candidates,
    compare_with_baseline,
    open_for_ranking,
    rank_intervals,
)
from builders.effort import tries
from builders.score_tables import after_seeds, noisy_scores, scores

TABLES = st.lists(st.lists(st.integers(0, 9), min_size=8, max_size=8), min_size=2, max_size=7)


def compare(
    table: Scores, maximum: int, earlier: tuple[int, ...] = (), *, family_wise: bool = True, removed: int = 0
) -> dict[str, Comparison]:
    found = compare_with_baseline(
        table,
        "h0",
        smallest_effect=0.5,
        confidence=0.95,
        family_wise=family_wise,
        initial=3,
        maximum=maximum,
        earlier_maxima=earlier,
        removed=removed,
    )
    return {one.hypothesis: one for one in found}


@pytest.mark.parametrize("first", [3, 5])
@pytest.mark.parametrize("family_wise", [True, False])
@given(values=TABLES)
@settings(max_examples=tries(30, quick=8))
def test_a_verdict_stays_when_the_maximum_is_raised(first: int, family_wise: bool, values: list[list[int]]) -> None:
    table = np.array(values, dtype=float)
    before = compare(after_seeds(table, first), first, family_wise=family_wise)
    for seeds in range(first, 9):
        after = compare(after_seeds(table, seeds), 8, (first,), family_wise=family_wise)
        for name, one in before.items():
            if one.verdict != "Inconclusive":
                shown = (one.verdict, one.difference, one.low, one.high, one.seeds)
                assert (after[name].verdict, after[name].difference) == shown[:2]
                assert (after[name].low, after[name].high) == pytest.approx(shown[2:4])
                assert after[name].decided_at == one.seeds


@pytest.mark.parametrize("first", [3, 5])
def test_raising_the_maximum_alone_decides_nothing(first: int) -> None:
    for seed in range(40):
        table = scores(noisy_scores([0.0, 0.4, 0.6, 0.8, 0.2], 0.3, seed=seed)).first_seeds(first)
        before, after = compare(table, first), compare(table, 10, (first,))
        assert {n: o.verdict for n, o in after.items()} == {n: o.verdict for n, o in before.items()}


def test_seeds_beyond_the_first_maximum_decide_what_those_before_did_not() -> None:
    values = noisy_scores([0.0] * 6 + [0.55] * 6, 0.5, seeds=20, seed=2)
    before, after = compare(scores(values).first_seeds(10), 10), compare(scores(values), 20, (10,))
    better = [sum(one.verdict == "Better" for one in found.values()) for found in (before, after)]
    assert better[0] < better[1]
    assert max(one.decided_at or 0 for one in after.values()) > 10


def test_who_was_removed_still_counts_as_a_comparison() -> None:
    table = scores(noisy_scores([0.0, 0.5, 0.1, -0.2], 0.2))
    for maximum in (3, 10):
        few, many = compare(table, maximum), compare(table, maximum, removed=30)
        for name, one in few.items():
            if one.seeds == many[name].seeds:
                assert one.low is not None
                assert many[name].low is not None
                assert (one.high or 0.0) - (one.low or 0.0) < (many[name].high or 0.0) - (many[name].low or 0.0)
        assert places(table, maximum, 0) <= places(table, maximum, 30)


def places(table: Scores, maximum: int, removed: int) -> int:
    """Return how many places all hypotheses may have, added up."""
    found = rank_intervals(table, 0.95, initial=3, maximum=maximum, removed=removed)
    return sum(one.high - one.low + 1 for one in found if one.high is not None and one.low is not None)


def test_a_removed_one_counts_for_the_best_and_for_open_pairs_too() -> None:
    table = scores(noisy_scores([0.0, 0.4, 0.5, 0.6, 0.9], 0.2, seed=4)).first_seeds(5)
    few, many = (
        best_candidates(table, smallest_effect=0.1, confidence=0.95, initial=3, maximum=10, removed=removed)
        for removed in (0, 1000)
    )
    assert set(few.candidates) < set(many.candidates)
    few_open, many_open = (
        open_for_ranking(table, smallest_effect=0.1, confidence=0.95, initial=3, maximum=10, removed=removed)
        for removed in (0, 1000)
    )
    assert few_open != many_open

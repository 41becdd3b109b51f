from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay_trainer.subsets import Window, random_window


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 2**63), st.integers(1, 3000))
def test_a_window_of_a_smaller_percent_lies_in_a_larger_one_of_the_same_seed(
    a: int, b: int, seed: int, examples: int
) -> None:
    small, large = (random_window(examples, percent, seed).indices() for percent in sorted((a, b)))
    assert set(small) <= set(large) <= set(range(examples))
    assert sorted(set(small.tolist())) == small.tolist()
    assert len(small) == max(1, round(examples * min(a, b) / 100))


def test_a_window_that_reaches_the_end_goes_on_at_the_beginning() -> None:
    assert Window(7, 5, 10).ranges() == (range(2), range(7, 10))
    assert Window(7, 5, 10).indices().tolist() == [0, 1, 7, 8, 9]
    assert Window(7, 3, 10).ranges() == (range(7, 10),)


def test_windows_begin_at_the_seed_times_the_golden_ratio() -> None:
    begins = [random_window(1_000_000, 1, seed).first for seed in range(200)]
    want = [int(1_000_000 * ((seed * 0.6180339887498949) % 1)) for seed in range(200)]
    assert begins == want


@pytest.mark.parametrize("first_seed", [0, 10**15, 2**62])
def test_windows_of_successive_seeds_lie_far_apart(first_seed: int) -> None:
    for count in (2, 4, 10, 50):
        begins = np.sort([random_window(1_000_000, 1, first_seed + seed).first for seed in range(count)])
        gaps = np.diff([*begins, begins[0] + 1_000_000]) / 1_000_000
        assert gaps.min() > 0.38 / count


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed: given -1; allowed: 0 or more"):
        random_window(10, 50, -1)

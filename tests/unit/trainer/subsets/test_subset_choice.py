from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay_trainer.contract import Fidelity
from assay_trainer.subsets import choose

LABELS = np.arange(200) % 10


def random_subset(percent: int, seed: int, examples: int = 200) -> list[int]:
    labels = np.arange(examples) % 10
    return list(map(int, choose(examples, Fidelity(data_percent=percent), seed, None, labels)))


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 2**31), st.integers(2, 300))
def test_a_smaller_random_subset_lies_in_a_larger_one_of_the_same_seed(
    a: int, b: int, seed: int, examples: int
) -> None:
    small, large = random_subset(min(a, b), seed, examples), random_subset(max(a, b), seed, examples)
    assert set(small) <= set(large) <= set(range(examples))
    assert small == sorted(set(small))
    assert len(small) == max(1, round(examples * min(a, b) / 100))


def test_a_random_subset_is_drawn_anew_for_each_seed() -> None:
    assert random_subset(25, 0) == random_subset(25, 0)
    assert len({tuple(random_subset(25, seed)) for seed in range(10)}) == 10
    counts = np.bincount(np.concatenate([random_subset(25, seed) for seed in range(400)]), minlength=200)
    assert 60 < counts.min() <= counts.max() < 140, "every example is drawn in about a quarter of the seeds"


def test_all_the_data_needs_no_scores() -> None:
    assert choose(200, Fidelity(subset="EL2N"), 0, None, LABELS).tolist() == list(range(200))


def test_el2n_without_a_finite_score_for_each_example_is_refused() -> None:
    fidelity = Fidelity(data_percent=25, subset="EL2N")
    for scores in (None, np.zeros(199, np.float32), np.full(200, np.nan, np.float32)):
        with pytest.raises(ValueError, match="one score for each of the 200 examples"):
            choose(200, fidelity, 0, scores, LABELS)

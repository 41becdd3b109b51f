from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay_trainer.contract import Fidelity
from assay_trainer.subsets import choose
from assay_trainer.subsets.coverage import STRATA, covering

MOSTLY_EASY = np.sort(np.random.default_rng(0).beta(0.5, 4, 1000).astype(np.float32))


@given(st.integers(1, 300), st.integers(0, 299), st.integers(0, 2**31), st.sampled_from(["skewed", "equal", "two"]))
def test_so_many_examples_are_chosen_as_are_asked_for_each_once(
    count: int, left_out: int, seed: int, shape: str
) -> None:
    generator = np.random.default_rng(seed)
    scores = {"skewed": generator.beta(0.3, 5, 300), "equal": np.ones(300), "two": generator.integers(0, 2, 300)}
    left_out = min(left_out, 300 - count)
    chosen = covering(scores[shape].astype(np.float32), count, left_out, seed).tolist()
    assert chosen == sorted(set(chosen))
    assert len(chosen) == count


def test_hard_and_easy_examples_are_chosen_alike_where_there_are_enough() -> None:
    chosen = MOSTLY_EASY[covering(MOSTLY_EASY, 100, 0, seed=0)]
    all_of_them, _ = np.histogram(MOSTLY_EASY, STRATA, (MOSTLY_EASY.min(), MOSTLY_EASY.max()))
    taken, _ = np.histogram(chosen, STRATA, (MOSTLY_EASY.min(), MOSTLY_EASY.max()))
    sparse = (all_of_them > 0) & (all_of_them <= 2)
    assert sparse.sum() >= 5
    assert (taken[sparse] == all_of_them[sparse]).all(), "parts with hardly an example give all that they have"
    assert taken.max() <= 5, "the many easy ones give no more than their share"


def test_the_hardest_are_left_out() -> None:
    assert covering(MOSTLY_EASY, 100, 200, seed=0).max() < 800
    assert covering(MOSTLY_EASY, 100, 0, seed=0).max() >= 990


def test_the_draw_is_anew_for_each_seed() -> None:
    fidelity, labels = Fidelity(data_percent=25, subset="CCS"), np.zeros(1000, np.int64)
    draws = {tuple(choose(1000, fidelity, seed, MOSTLY_EASY, labels).tolist()) for seed in (0, 1, 0)}
    assert len(draws) == 2

"""Which examples are kept of data that nobody but the train function knows."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay_trainer.subsets.keep import Keep

PERCENTS, SEEDS = st.integers(1, 100), st.integers(0, 10_000)


@given(PERCENTS, SEEDS, st.integers(0, 2**40))
def test_of_every_hundred_in_a_row_as_many_are_kept_as_there_are_percent(percent: int, seed: int, row: int) -> None:
    assert Keep(percent, seed)(np.arange(100 * row, 100 * (row + 1))).sum() == percent


@given(PERCENTS, SEEDS, st.lists(st.integers(0, 2**63 - 1), max_size=30))
def test_an_array_of_indices_is_answered_as_one_after_another(percent: int, seed: int, indices: list[int]) -> None:
    keep = Keep(percent, seed)
    assert keep(np.array(indices, np.int64)).tolist() == [keep(index) for index in indices]


@given(PERCENTS, PERCENTS, SEEDS)
def test_what_few_percent_keep_more_percent_keep_too(one: int, other: int, seed: int) -> None:
    few, many = (set(Keep(percent, seed).indices(1000).tolist()) for percent in sorted((one, other)))
    assert few <= many


def test_which_are_kept_is_the_same_on_every_machine_for_good() -> None:
    assert Keep(5, 0).indices(300).tolist() == [10, 21, 48, 68, 83, 120, 133, 173, 186, 196, 220, 236, 263, 292, 295]
    assert Keep(5, 1).indices(300).tolist() == [19, 29, 46, 50, 60, 128, 142, 143, 161, 178, 201, 205, 209, 230, 234]


def test_seeds_keep_different_examples_and_small_percents_of_few_seeds_none_in_common() -> None:
    kept = [set(Keep(10, seed).indices(10_000).tolist()) for seed in range(5)]
    assert all(len(one & other) == 0 for place, one in enumerate(kept) for other in kept[:place])


@pytest.mark.parametrize("order", ["sorted by class", "classes in turn"])
def test_classes_are_kept_in_proportion_whatever_the_order(order: str) -> None:
    labels = np.arange(10_000) // 1000 if order == "sorted by class" else np.arange(10_000) % 10
    counts = np.bincount(labels[Keep(10, 3).indices(10_000)], minlength=10)
    assert counts.sum() == 1000
    # of a thousand in a row exactly, of each tenth by lot: a binomial's standard deviation is 9.5
    want = 0 if order == "sorted by class" else 35
    assert abs(counts - 100).max() <= want


def test_any_prefix_of_a_stream_has_about_its_share() -> None:
    kept = np.cumsum(Keep(25, 2)(np.arange(5000)))
    assert np.abs(kept - 0.25 * np.arange(1, 5001)).max() < 20


def test_the_beginning_of_what_is_kept_does_not_depend_on_how_many_there_are() -> None:
    long = Keep(30, 1).indices(70_123)
    assert Keep(30, 1).indices(41_007).tolist() == long[long < 41_007].tolist()


def test_indices_of_other_libraries_and_shapes_are_answered_in_kind() -> None:
    torch = pytest.importorskip("torch")
    keep = Keep(50, 0)
    want = [keep(index) for index in range(6)]
    assert [keep(each) for each in torch.arange(6)] == want
    assert (
        keep(torch.arange(6)).tolist() == keep(np.arange(6, dtype=np.uint8)).tolist() == keep(range(6)).tolist() == want
    )
    assert keep(np.arange(6).reshape(2, 3)).tolist() == [want[:3], want[3:]]
    assert keep([]).tolist() == []
    assert isinstance(keep(np.int32(3)), bool)


@pytest.mark.parametrize(
    "wrong", [True, 1.0, np.float32(2), "3", None, {1, 2}, [[1], [2, 3]], [1.5], [10**30], np.array([True])]
)
def test_what_is_no_whole_number_is_refused_by_name(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"index: given .*; allowed: a whole number of 0 or more"):
        Keep(50, 0)(wrong)


@pytest.mark.parametrize("wrong", [-1, 2**63, [3, -1], np.array([2**63], np.uint64)])
def test_what_is_no_index_is_refused_by_name(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"index: given .*; allowed: a whole number of 0 or more"):
        Keep(50, 0)(wrong)


def test_it_can_be_given_to_another_process() -> None:
    keep = Keep(20, 7)
    assert pickle.loads(pickle.dumps(keep)).indices(500).tolist() == keep.indices(500).tolist()

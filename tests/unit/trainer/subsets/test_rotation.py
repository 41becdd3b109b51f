from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay_trainer.contract import Fidelity
from assay_trainer.subsets import Rotation, choose, random_window, rotation_of


def a_rotation(examples: int, percent: int, seed: int, epochs: int) -> Rotation:
    rotation = rotation_of(examples, Fidelity(epochs=epochs, data_percent=percent, subset="RS2"), seed)
    assert rotation is not None
    return rotation


@given(st.integers(2, 200), st.integers(1, 99), st.integers(0, 2**31), st.integers(1, 12))
def test_no_example_is_used_twice_before_all_were_used_once(
    examples: int, percent: int, seed: int, epochs: int
) -> None:
    rotation = a_rotation(examples, percent, seed, epochs)
    times = np.zeros(examples, int)
    for epoch in range(1, epochs + 1):
        rows = rotation.rows(epoch)
        assert rows.tolist() == sorted(set(rows.tolist()))
        assert len(rows) == max(1, round(examples * percent / 100))
        times[rotation.used[rows]] += 1
        assert times.max() - times.min() <= 1
    assert np.array_equal(rotation.used, np.flatnonzero(times)), "what no epoch uses is not read"


def test_the_first_epoch_has_what_random_has() -> None:
    rotation = a_rotation(200, 25, 3, 4)
    assert np.array_equal(rotation.used[rotation.rows(1)], random_window(200, 25, 3).indices())


def test_a_trial_gets_the_examples_of_all_of_its_epochs() -> None:
    labels = np.zeros(200, np.int64)
    chosen = {
        epochs: choose(200, Fidelity(epochs=epochs, data_percent=25, subset="RS2"), 0, None, labels)
        for epochs in (2, 9)
    }
    assert [len(each) for each in chosen.values()] == [100, 200]


def test_a_trial_that_ends_early_has_the_same_examples_in_each_epoch() -> None:
    whole = Fidelity(epochs=6, data_percent=30, subset="RS2")
    early = whole.model_copy(update={"stop_after": 2})
    assert rotation_of(100, early, 5) == rotation_of(100, whole, 5)


@pytest.mark.parametrize("epoch", [0, 5])
def test_an_epoch_that_the_trial_does_not_have_is_refused(epoch: int) -> None:
    with pytest.raises(ValueError, match="1 to 4"):
        a_rotation(100, 25, 0, 4).rows(epoch)


def test_other_subsets_are_the_same_in_all_epochs() -> None:
    assert rotation_of(100, Fidelity(epochs=3, data_percent=25), 0) is None
    assert rotation_of(100, Fidelity(epochs=3, subset="RS2"), 0) is None, "of all the data there is nothing to choose"

from __future__ import annotations

import numpy as np
import pytest

from assay_trainer.shards.order import interleaved


@pytest.mark.parametrize("counts", [(20, 20, 20), (1, 50, 7, 300), (5, 5, 1), (1, 1), (97,), (3,) * 40])
def test_every_window_of_the_order_holds_each_class_in_proportion(counts: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    classes = random.permutation(np.repeat(np.arange(len(counts)), counts))
    total = len(classes)
    order = interleaved(classes)
    assert sorted(order.tolist()) == list(range(total))
    placed = classes[order]
    prefixes = np.concatenate(
        [np.zeros((1, len(counts)), int), np.cumsum(placed[:, None] == np.arange(len(counts)), 0)]
    )
    share = np.array(counts) / total
    assert np.abs(prefixes - np.arange(total + 1)[:, None] * share).max() < 1
    twice = np.concatenate([prefixes, prefixes[1:] + prefixes[-1]])
    most = 1 if len(set(counts)) == 1 else 2
    for length in range(1, total + 1):
        windows = twice[length : length + total] - twice[:total]
        assert np.abs(windows - length * share).max() < most


def test_within_a_class_examples_stay_in_the_order_that_they_were_shuffled_to() -> None:
    classes = np.array([0, 1, 0, 0, 1, 2])
    order = interleaved(classes)
    for each in range(3):
        assert [place for place in order.tolist() if classes[place] == each] == np.flatnonzero(classes == each).tolist()

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from assay_trainer.arrays import Images, Labels
from assay_trainer.ranks.loaded import LoadedOnce


@pytest.fixture
def once() -> Iterator[LoadedOnce]:
    with closing(LoadedOnce()) as loaded:
        yield loaded


class Loading:
    """Loads so many examples, and counts how often."""

    def __init__(self, examples: int) -> None:
        self.calls, self._examples = 0, examples

    def __call__(self) -> tuple[Images, Labels]:
        self.calls += 1
        images = np.arange(self._examples * 5 * 4 * 3, dtype=np.uint8).reshape(self._examples, 5, 4, 3)
        return images[::-1], np.arange(self._examples)  # not contiguous


def test_examples_are_loaded_once_and_each_has_them_to_itself(once: LoadedOnce) -> None:
    load = Loading(7)
    (images, labels), (others, other_labels) = once(load), once(load)
    want_images, want_labels = Loading(7)()
    for found in (images, others):
        np.testing.assert_array_equal(found, want_images)
    for each in (labels, other_labels):
        np.testing.assert_array_equal(each, want_labels)
        assert each.dtype == np.int64
    assert load.calls == 1
    images[:], labels[:] = 9, 9
    np.testing.assert_array_equal(others, want_images)
    np.testing.assert_array_equal(other_labels, want_labels)


def test_what_can_not_be_loaded_is_tried_by_the_next_one(once: LoadedOnce) -> None:
    def fail() -> tuple[Images, Labels]:
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        once(fail)
    images, _ = once(Loading(2))
    assert len(images) == 2


def test_no_examples_at_all_are_no_trouble(once: LoadedOnce) -> None:
    load = Loading(0)
    assert [len(labels) for _, labels in (once(load), once(load))] == [0, 0]
    assert load.calls == 2

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from assay_trainer.vision.channel_sums import channel_sums


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (7, 3, 5, 3), (70_000, 1, 1, 1), (300, 28, 28, 3)])
def test_sums_are_exact(shape: tuple[int, ...]) -> None:
    for images in (np.random.default_rng(0).integers(0, 256, shape, np.uint8), np.full(shape, 255, np.uint8)):
        wide = images.astype(np.int64)
        sums, squares = channel_sums(images)
        assert sums.tolist() == wide.sum((0, 1, 2)).tolist()
        assert squares.tolist() == (wide**2).sum((0, 1, 2)).tolist()


def test_sums_take_little_memory() -> None:
    images = np.zeros((20_000, 28, 28, 1), np.uint8)
    tracemalloc.start()
    try:
        channel_sums(images)
        assert tracemalloc.get_traced_memory()[1] < images.nbytes / 4
    finally:
        tracemalloc.stop()

"""Smaller images are means over areas, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from assay_trainer.shards.shrink import shrink


def mean_over_area(image: np.ndarray, size: int, row: int, column: int) -> int:
    """Return a pixel by its definition, in fractions, with halves rounded up."""
    side = len(image)
    ratio = Fraction(side, size)

    def overlaps(place: int) -> list[Fraction]:
        begin, end = place * ratio, (place + 1) * ratio
        shared = [min(end, Fraction(old + 1)) - max(begin, Fraction(old)) for old in range(side)]
        return [max(each, Fraction(0)) for each in shared]

    rows, columns = overlaps(row), overlaps(column)
    total = sum(rows[y] * columns[x] * int(image[y, x]) for y in range(side) for x in range(side))
    return int(total / ratio**2 + Fraction(1, 2))


@pytest.mark.parametrize(("side", "size"), [(8, 4), (8, 1), (9, 3), (6, 4), (7, 3), (5, 4), (12, 8), (17, 1), (34, 2)])
@pytest.mark.parametrize("full", [False, True])
def test_each_new_pixel_is_the_mean_of_what_it_covers(side: int, size: int, full: bool) -> None:
    images = np.random.default_rng(side).integers(0, 256, (2, side, side, 3), np.uint8)
    if full:
        images[:] = 255
    found = shrink(images, size)
    assert found.shape == (2, size, size, 3)
    assert found.dtype == np.uint8
    for row, column in ((0, 0), (size - 1, size - 1), (size // 2, 0), (0, size - 1)):
        assert found[1, row, column, 2] == mean_over_area(images[1, :, :, 2], size, row, column)


def test_large_images_do_not_overflow() -> None:
    assert shrink(np.full((1, 2100, 2100, 1), 255, np.uint8), 2099).min() == 255

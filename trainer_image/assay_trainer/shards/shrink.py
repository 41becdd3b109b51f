"""Shrinks images by area averaging."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def shrink(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Shrink images (n, side, side, channels) to (n, size, size, channels), size ≤ side; halves are rounded up.

    Each new pixel is the mean of the area it covers. Areas are counted in whole parts of a pixel, so all sums are whole
    numbers: exact, and the same bytes on every machine.
    """
    side = images.shape[1]
    if side == size:
        return images
    common = math.gcd(side, size)
    old, new = side // common, size // common
    whole: np.dtype[Any] = np.dtype(
        np.uint16 if 255 * old**2 < 2**16 else np.uint32 if 511 * old**2 < 2**32 else np.uint64
    )
    sums = _sums(_sums(images, 1, old, new, whole), 2, old, new, whole)
    parts = old**2
    wide = sums.astype(np.promote_types(whole, np.uint32), copy=False)
    return np.asarray((wide * 2 + parts) // (2 * parts), np.uint8)


def _sums(values: NDArray[Any], axis: int, old: int, new: int, whole: np.dtype[Any]) -> NDArray[Any]:
    """Return, along an axis, the sum of what each new pixel covers: each old pixel has `new` parts, each new one
    `old`."""
    side = values.shape[axis]
    size = side // old * new
    begins, ends = np.arange(size) * old, np.arange(1, size + 1) * old
    shape = [1] * values.ndim
    shape[axis] = size
    total = np.zeros((*values.shape[:axis], size, *values.shape[axis + 1 :]), whole)
    for further in range((old + 2 * new - 2) // new):
        place = begins // new + further
        parts = np.minimum(ends, (place + 1) * new) - np.maximum(begins, place * new)
        if new == 1:  # all parts are whole pixels, evenly spaced
            total += values[(slice(None),) * axis + (slice(further, None, old),)]
        else:
            chosen = values.take(np.minimum(place, side - 1), axis=axis).astype(whole, copy=False)
            total += chosen * np.maximum(parts, 0).astype(whole).reshape(shape)
    return total

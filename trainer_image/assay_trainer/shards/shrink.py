"""Shrinks images by area averaging."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def shrink(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Shrink images (n, side, side, channels) to (n, size, size, channels), size ≤ side; halves are rounded up.

    Each new pixel is the mean of the area it covers. Areas are counted in 1/side of a new pixel, so all sums are whole
    numbers below 2**53: exact in float64, and the same bytes on every machine.
    """
    side = images.shape[1]
    if side == size:
        return images
    edges = np.arange(size)[:, None] * side, np.arange(side)[None, :] * size
    overlap = np.minimum(edges[0] + side, edges[1] + size) - np.maximum(edges[0], edges[1])
    weights = np.maximum(overlap, 0).astype(np.float64)
    planes = np.moveaxis(images, 3, 1).astype(np.float64)
    sums = weights @ planes @ weights.T
    return np.moveaxis(np.floor(sums / side**2 + 0.5).astype(np.uint8), 1, 3)

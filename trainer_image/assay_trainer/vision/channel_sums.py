"""Sums over the pixels of images, in little memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PIECE_BYTES = 1 << 18  # a piece and its widened copy stay in the cache
_MOST_ROWS = (2**32 - 1) // 255**2  # so many squares fit into 32 bits


def channel_sums(images: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sums and the sums of squares of each channel, int64 (channels,) each and exact, of images, uint8 (n,
    height, width, channels).

    The images are widened piece by piece. Counting all their values at once (np.bincount) would widen them all to
    eight bytes a pixel.
    """
    rows = images.reshape(len(images), -1)
    step = max(1, min(_MOST_ROWS, _PIECE_BYTES // max(1, rows.shape[1])))
    sums, squares = np.zeros((2, rows.shape[1]), np.int64)
    for first in range(0, len(rows), step):
        piece = rows[first : first + step].astype(np.uint16)
        sums += np.add.reduce(piece, axis=0, dtype=np.uint32)
        piece *= piece  # at most 255^2, which fits
        squares += np.add.reduce(piece, axis=0, dtype=np.uint32)
    channels = images.shape[-1]
    return sums.reshape(-1, channels).sum(0), squares.reshape(-1, channels).sum(0)

"""Sums over pixels, from which mean and spread of each channel follow without reading the images again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_VALUES = np.arange(256, dtype=np.int64)


def channel_sums(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return, as (2, channels), the sum of the pixels of images (n, h, w, channels) and the sum of their squares:
    exact, and without a copy that is larger than a channel."""
    counts = np.stack([_counts(images[..., channel]) for channel in range(images.shape[3])], 1)
    return np.stack([_VALUES @ counts, _VALUES**2 @ counts])


def _counts(channel: NDArray[np.uint8]) -> NDArray[np.int64]:
    flat = channel.reshape(-1)
    counts = np.zeros(256, np.int64)
    for first in range(0, len(flat), 1 << 16):  # np.bincount widens all that it is given to eight bytes
        counts += np.bincount(flat[first : first + (1 << 16)], minlength=256)
    return counts

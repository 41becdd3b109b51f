"""Mean and standard deviation of a data set's pixels, as its manifest has them: nothing is read for them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.shards.errors import InvalidDataset

_BRIGHTEST = 255


class PixelStatistics(NamedTuple):
    """Of each channel, over all training images at their largest size, in units of a uint8 pixel: float64 (channels,)
    each."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]


def pixel_statistics(
    where: str, manifest: contract.DatasetManifest | contract.ExamplesManifest
) -> PixelStatistics | None:
    """Return the statistics of the training split; None if the manifest at `where` has none: one of version 1, or a
    data set without images.

    Raises InvalidDataset for sums that no such images have: whoever wrote the manifest may have meant harm.
    """
    if isinstance(manifest, contract.DatasetManifest):
        return None
    split = manifest.train
    if not split.channel_sums or not split.sizes:
        return None
    pixels = split.examples * max(split.sizes) ** 2
    channels = list(zip(split.channel_sums, split.channel_squares, strict=False))
    # of numbers from 0 to 255 with a given sum, the squares add up to most if all are 0 or 255, and to least if all are
    # equal (Cauchy and Schwarz); in whole numbers, of any size
    possible = all(total**2 <= pixels * square and square <= _BRIGHTEST * total for total, square in channels)
    bounded = all(0 <= total <= _BRIGHTEST * pixels for total in split.channel_sums)
    if not len(channels) == len(split.channel_sums) == len(split.channel_squares) == manifest.channels:
        raise InvalidDataset(
            f"{where}: train.channel_sums of {len(split.channel_sums)} and train.channel_squares of "
            f"{len(split.channel_squares)} channels; expected {manifest.channels} each"
        )
    if not (possible and bounded):
        raise InvalidDataset(f"{where}: train.channel_sums and train.channel_squares can't be those of {pixels} pixels")
    mean = np.array([total / pixels for total in split.channel_sums])
    variance = np.array([(pixels * square - total**2) / pixels**2 for total, square in channels])
    return PixelStatistics(mean, np.sqrt(variance))

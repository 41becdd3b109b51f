"""Data that stay on the device as uint8; batches are cut, augmented and normalised there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from assay_trainer.data import PixelStatistics
from assay_trainer.vision.channel_sums import channel_sums
from assay_trainer.vision.data_parallel import ALONE, Ranks
from assay_trainer.vision.order import Rows, ShuffledPasses, Steps, mixed
from assay_trainer.vision.recipe import Recipe
from assay_trainer.vision.sizes import shrink, side_at

_AUGMENTATION, _FIRST_SIDES = 1, 2
"""Streams of seeds; the order of the examples draws from another one."""


class Normalisation:
    """Normalises to mean 0 and standard deviation 1 per channel, by what is `known` of the data set's pixels: so a
    reference and its proxies, which have less of it, normalise alike. Where nothing is known, over the images given,
    uint8 (n, height, width, channels)."""

    def __init__(self, images: NDArray[np.uint8], device: torch.device, known: PixelStatistics | None = None) -> None:
        mean, deviation = known or _statistics_of(images)
        deviation = np.maximum(deviation, 1.0)  # a blank channel stays finite
        self._scale = torch.tensor(1 / deviation, dtype=torch.float32, device=device)
        self._shift = torch.tensor(-mean / deviation, dtype=torch.float32, device=device)

    def __call__(self, images: Tensor, memory_format: torch.memory_format) -> Tensor:
        """Turn uint8 (n, height, width, channels) into float32 (n, channels, height, width)."""
        normal: Tensor = torch.addcmul(self._shift, images, self._scale).permute(0, 3, 1, 2)
        return normal.contiguous(memory_format=memory_format)


def _statistics_of(images: NDArray[np.uint8]) -> PixelStatistics:
    pixels = images.size // images.shape[-1]
    sums, squares = channel_sums(images)
    mean = sums / pixels
    return PixelStatistics(mean, np.sqrt(np.maximum(squares / pixels - mean**2, 0.0)))


class Resident(NamedTuple):
    """Examples that stay on a device: uint8 images (n, height, width, channels), and labels, int64 (n,)."""

    images: Tensor
    labels: Tensor

    @classmethod
    def on(cls, device: torch.device, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Resident:
        """Copy arrays to a device; on a CPU nothing is copied."""
        return cls(torch.from_numpy(images).to(device), torch.from_numpy(labels).to(device))


class TrainingBatches:
    """Augmented batches of equal size. `batch(step)` makes that of a step, which follows from seed and step alone.

    An epoch's examples are those of `rows`; without it, all that there are. Of `ranks` each makes its part of the batch
    that one alone would make.
    """

    def __init__(
        self,
        examples: Resident,
        recipe: Recipe,
        steps: Steps,
        normalisation: Normalisation,
        memory_format: torch.memory_format,
        seed: int,
        rows: Rows | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self._ranks = ranks
        device, self._examples = examples.images.device, examples
        self._recipe, self._steps, self._seed = recipe, steps, seed
        self._normalisation, self._memory_format = normalisation, memory_format
        every = np.arange(len(examples.labels))
        self._passes = ShuffledPasses(rows or (lambda _: every), steps.epochs, seed, device)
        self._generator = torch.Generator(device).manual_seed(mixed(seed, 0, _FIRST_SIDES))
        self._mirrored_first = self._coins(len(examples.labels)) if recipe.flip == "alternating" else None
        self._side, self._margin = 0, 0
        self._padded = examples.images

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return images, float32 (n, channels, side, side), and labels (n,), of this rank's part."""
        recipe = self._recipe
        self._resize(side_at(step, self._steps.total, recipe.image_sizes, self._examples.images.shape[1]))
        parts = self._passes.batch(step, self._steps.batch_size)
        index = torch.cat([part for _, part in parts]) if len(parts) > 1 else parts[0][1]
        self._generator.manual_seed(mixed(self._seed, step, _AUGMENTATION))
        part = self._ranks.part(len(index))
        images = self._cut_and_flip(index, parts, part) if recipe.flip or self._margin else self._padded[index[part]]
        normal = self._normalisation(images, self._memory_format)
        if recipe.cutout:
            normal.masked_fill_(self._square(len(index))[part], 0.0)  # 0 is the mean
        return normal, self._examples.labels[index[part]]

    def _resize(self, side: int) -> None:
        if side == self._side:
            return
        self._side, self._margin = side, round(self._recipe.crop * side)
        around = (0, 0, self._margin, self._margin, self._margin, self._margin)
        images = shrink(self._examples.images, side)
        self._padded = F.pad(images, around) if self._margin else images  # pad copies, even by nothing

    def _cut_and_flip(self, index: Tensor, parts: list[tuple[int, Tensor]], part: slice) -> Tensor:
        # Shuffling, cropping and flipping are one gather from the padded images.
        along = torch.arange(self._side, device=index.device)
        rows = along + self._random(2 * self._margin + 1, len(index))
        columns = along + self._random(2 * self._margin + 1, len(index))
        if self._recipe.flip:
            columns = torch.where(self._mirrored(index, parts)[:, None], columns.flip(1), columns)
        cut: Tensor = self._padded[index[part, None, None], rows[part, :, None], columns[part, None, :]]
        return cut

    def _mirrored(self, index: Tensor, parts: list[tuple[int, Tensor]]) -> Tensor:
        """Return (n,): which images are mirrored.

        Alternating flips mirror half of the images, at random, in the first pass, and in each further one the other
        half: two passes then show both sides of every image (Jordan, "94% on CIFAR-10 in 3.29 seconds", 2024).
        """
        if self._mirrored_first is None:
            return self._coins(len(index))
        return torch.cat([self._mirrored_first[part] ^ (number % 2 == 1) for number, part in parts])

    def _square(self, examples: int) -> Tensor:
        """Return (n, 1, side, side): True in a square whose centre is anywhere in the image (DeVries & Taylor 2017)."""
        size = max(1, round(self._recipe.cutout * self._side))
        along = torch.arange(self._side, device=self._examples.images.device)
        even = 1 - size % 2
        rows = (2 * (along - self._random(self._side, examples)) + even).abs() < size
        columns = (2 * (along - self._random(self._side, examples)) + even).abs() < size
        square: Tensor = (rows[:, :, None] & columns[:, None, :])[:, None]
        return square

    def _coins(self, examples: int) -> Tensor:
        return self._random(2, examples)[:, 0] == 1

    def _random(self, below: int, examples: int) -> Tensor:
        return torch.randint(below, (examples, 1), generator=self._generator, device=self._examples.images.device)

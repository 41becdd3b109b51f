"""Data that stay on the device as uint8; batches are cut, augmented and normalised there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from assay_trainer.vision.channel_sums import channel_sums
from assay_trainer.vision.recipe import Recipe


class Normalisation:
    """Normalises to mean 0 and standard deviation 1 per channel over the images given, uint8 (n, height, width,
    channels)."""

    def __init__(self, images: NDArray[np.uint8], device: torch.device) -> None:
        pixels = images.size // images.shape[-1]
        sums, squares = channel_sums(images)
        mean = sums / pixels
        deviation = np.sqrt(np.maximum(squares / pixels - mean**2, 1.0))  # a blank channel stays finite
        self._scale = torch.tensor(1 / deviation, dtype=torch.float32, device=device)
        self._shift = torch.tensor(-mean / deviation, dtype=torch.float32, device=device)

    def __call__(self, images: Tensor, channels_last: bool) -> Tensor:
        """Turn uint8 (n, height, width, channels) into float32 (n, channels, height, width)."""
        normal: Tensor = torch.addcmul(self._shift, images, self._scale).permute(0, 3, 1, 2)
        return normal.contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)


class TrainingBatches:
    """Shuffled, augmented batches. `epoch(number)` yields index tensors, `batch(index)` makes the batch of one.

    Each epoch sees all of its examples, which are those of `rows(number)`, as many in each; without `rows`, all that
    there are. The batches of an epoch are of equal size, give or take one, and never larger than `batch_size`: a small
    rest of its own would be a step on a noisy gradient.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        recipe: Recipe,
        batch_size: int,
        normalisation: Normalisation,
        generator: torch.Generator,
        rows: Callable[[int], NDArray[np.int64]] | None = None,
    ) -> None:
        device = generator.device
        self._recipe, self._generator, self._normalisation = recipe, generator, normalisation
        self._side = images.shape[1]
        self._margin = round(recipe.crop * self._side)
        around = (0, 0, self._margin, self._margin, self._margin, self._margin)
        self._images = F.pad(torch.from_numpy(images).to(device), around)
        self._labels = torch.from_numpy(labels).to(device)
        every = np.arange(len(labels))
        self._rows = rows or (lambda _: every)
        self.steps = math.ceil(len(self._rows(1)) / batch_size)

    def epoch(self, number: int = 1) -> Iterator[Tensor]:
        """Yield the indices of each batch of an epoch, from 1 on, in a new random order."""
        device = self._generator.device
        rows = torch.from_numpy(self._rows(number)).to(device)
        order = torch.randperm(len(rows), generator=self._generator, device=device)
        return iter(rows[order].tensor_split(self.steps))

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return images, float32 (n, channels, side, side), and labels (n,)."""
        recipe = self._recipe
        images = self._cut_and_flip(index) if recipe.flip or self._margin else self._images[index]
        normal = self._normalisation(images, recipe.channels_last)
        if recipe.cutout:
            normal.masked_fill_(self._square(len(index)), 0.0)  # 0 is the mean
        return normal, self._labels[index]

    def _cut_and_flip(self, index: Tensor) -> Tensor:
        # Shuffling, cropping and flipping are one gather from the padded images.
        along = torch.arange(self._side, device=index.device)
        rows = along + self._random(2 * self._margin + 1, len(index))
        columns = along + self._random(2 * self._margin + 1, len(index))
        if self._recipe.flip:
            columns = torch.where(self._random(2, len(index)) == 1, columns.flip(1), columns)
        cut: Tensor = self._images[index[:, None, None], rows[:, :, None], columns[:, None, :]]
        return cut

    def _square(self, examples: int) -> Tensor:
        """Return (n, 1, side, side): True in a square whose centre is anywhere in the image (DeVries & Taylor 2017)."""
        size = max(1, round(self._recipe.cutout * self._side))
        along = torch.arange(self._side, device=self._images.device)
        even = 1 - size % 2
        rows = (2 * (along - self._random(self._side, examples)) + even).abs() < size
        columns = (2 * (along - self._random(self._side, examples)) + even).abs() < size
        square: Tensor = (rows[:, :, None] & columns[:, None, :])[:, None]
        return square

    def _random(self, below: int, examples: int) -> Tensor:
        return torch.randint(below, (examples, 1), generator=self._generator, device=self._images.device)

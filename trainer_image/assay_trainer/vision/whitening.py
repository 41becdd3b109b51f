"""A first layer that whitens the patches of images. It is computed from the training images, and is not trained.

Source: Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, section 3.2, after Page 2019 ("How to train
your ResNet 8: Bag of tricks").
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from assay_trainer.trial import InvalidRecipe

SIDE = 2
"""Pixels a side of a patch."""

SMALLEST_VARIANCE = 5e-4
"""Added to the variance along each direction, so that what hardly varies is not blown up."""

IMAGES = 5_000
"""The number of training images that it is computed from."""


def check_sides(sides: Iterable[int]) -> None:
    """Raise InvalidRecipe if images of one of these sizes, in pixels a side, have no patch."""
    if (smallest := min(sides)) < SIDE:
        raise InvalidRecipe(f"recipe.whitening: given True; allowed for images of {smallest} pixel a side: false")


class Whitening(nn.Conv2d):
    """Turns (n, channels, side, side) into (n, 8 x channels, side - 1, side - 1): the patches along their principal
    axes, scaled to a variance of 1, with both signs. The bias alone is trained."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, self.channels(channels), SIDE)
        self.weight.requires_grad_(False)

    @staticmethod
    def channels(inside: int) -> int:
        """Return how many channels come out if so many go in."""
        return 2 * inside * SIDE**2

    @torch.no_grad()
    def fit(self, images: Tensor) -> None:
        """Take the axes from normalised images, float32 (n, channels, side, side), side ≥ 2."""
        patches = F.unfold(images[:IMAGES], SIDE).transpose(1, 2).flatten(0, 1).double()
        variances, axes = torch.linalg.eigh(patches.T @ patches / len(patches))
        whitening = (axes / (variances + SMALLEST_VARIANCE).sqrt()).T.flip(0)
        self.weight.copy_(torch.cat([whitening, -whitening]).reshape(self.weight.shape))
        assert self.bias is not None, "it is made with one"
        self.bias.zero_()

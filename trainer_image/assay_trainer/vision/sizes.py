"""Progressive image sizes: small images first, whole ones at the end."""

from __future__ import annotations

import torch
from torch import Tensor

CHUNK = 1024
"""The number of images that are shrunk at a time."""


def side_at(step: int, steps: int, sizes: tuple[int, ...], side: int) -> int:
    """Return the pixels a side at `step` (from 0) of `steps`: each of the sizes has an equal share of the run, and none
    is larger than the images are, `side`. Without sizes it is `side`."""
    return min(sizes[step * len(sizes) // steps], side) if sizes else side


def shrink(images: Tensor, size: int) -> Tensor:
    """Shrink uint8 images (n, side, side, channels) to (n, size, size, channels), size ≤ side: each new pixel is the
    mean of the area that it covers, rounded."""
    side = images.shape[1]
    if side == size:
        return images
    weights = _overlaps(side, size).to(images.device)
    shrunk = torch.empty((len(images), size, size, images.shape[3]), dtype=torch.uint8, device=images.device)
    for first in range(0, len(images), CHUNK):
        part = images[first : first + CHUNK].permute(0, 3, 1, 2).float()
        means = weights @ part @ weights.T
        shrunk[first : first + CHUNK] = means.add_(0.5).clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
    return shrunk


def _overlaps(side: int, size: int) -> Tensor:
    """Return (size, side): the share of each old pixel in the mean that a new one is, along one side."""
    new, old = torch.arange(size)[:, None] * side, torch.arange(side)[None, :] * size
    overlap = torch.minimum(new + side, old + size) - torch.maximum(new, old)
    return overlap.clamp_(min=0).float() / side

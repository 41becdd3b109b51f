"""The train loops that people write, as yardsticks for `train_loop.py`: plain float32, no tricks, and nothing of Assay.

The network, optimizer and schedule are those of Assay's own default recipe, written down once more in plain torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

BATCH, RATE, DECAY = 128, 0.1, 5e-4


class Split(NamedTuple):
    """uint8 images (n, side, side, channels), and labels (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def block(inside: int, outside: int) -> nn.Sequential:
    """Return a block of Assay's convnet."""
    convolution = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.MaxPool2d(2, ceil_mode=True), nn.BatchNorm2d(outside), nn.ReLU(inplace=True))


def convnet(channels: int, classes: int, width: int) -> nn.Sequential:
    """Return the network of Assay's default recipe."""
    blocks = [block(channels, width), block(width, 2 * width), block(2 * width, 4 * width)]
    return nn.Sequential(*blocks, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4 * width, classes))


class Images(Dataset[tuple[Tensor, Tensor]]):
    """Makes one example at a time, as torchvision's ToTensor and Normalize do."""

    def __init__(self, split: Split, mean: float, deviation: float) -> None:
        self._split, self._mean, self._deviation = split, mean, deviation

    def __len__(self) -> int:
        return len(self._split.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = torch.from_numpy(self._split.images[index]).permute(2, 0, 1).contiguous().float().div(255)
        return image.sub(self._mean).div(self._deviation), torch.tensor(self._split.labels[index])


def tensor_dataset(split: Split, mean: float, deviation: float) -> Dataset[tuple[Tensor, ...]]:
    """Return all examples as float32 tensors in memory."""
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2).contiguous().float().div(255)
    return TensorDataset(images.sub(mean).div(deviation), torch.from_numpy(split.labels))


def plain_loop(
    train: Split, held_out: Split, *, per_sample: bool, epochs: int, seed: int, device: str, width: int
) -> float:
    """Train and return the accuracy on the held-out split, evaluated once at the end."""
    torch.manual_seed(seed)
    mean, deviation = float(train.images.mean() / 255), float(train.images.std() / 255)
    make = Images if per_sample else tensor_dataset
    loader = DataLoader(make(train, mean, deviation), batch_size=BATCH, shuffle=True)
    model = convnet(train.images.shape[-1], int(train.labels.max()) + 1, width).to(device)
    optimizer = torch.optim.SGD(model.parameters(), RATE, momentum=0.9, nesterov=True, weight_decay=DECAY)
    steps = epochs * len(loader)
    rise = 0.2 * steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rise, max(0.0, (steps - step) / (steps - rise)))
    )
    for _ in range(epochs):
        for inputs, targets in loader:
            loss = F.cross_entropy(model(inputs.to(device)), targets.to(device))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for inputs, targets in DataLoader(make(held_out, mean, deviation), batch_size=500):
            right += int((model(inputs.to(device)).argmax(1) == targets.to(device)).sum())
    return right / len(held_out.labels)

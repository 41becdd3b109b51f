"""The networks. Both take float (n, channels, side, side) of any side and give logits (n, classes)."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from assay_trainer.vision.recipe import WIDTHS, Recipe
from assay_trainer.vision.whitening import Whitening


def build_model(recipe: Recipe, channels: int, classes: int) -> nn.Module:
    """Return the network that a recipe describes, its weights drawn from torch's global generator."""
    width = recipe.width or WIDTHS[recipe.architecture]
    first: list[nn.Module] = []
    if recipe.whitening:
        first = [Whitening(channels), activation(recipe)]
        channels = Whitening.channels(channels)
    if recipe.architecture == "resnet9":
        return nn.Sequential(*first, *resnet9(recipe, channels, width), *head(recipe, 8 * width, classes))
    widths = [channels, *(width * 2**stage for stage in range(1 + (recipe.depth or 2)))]
    blocks = [block(recipe, inside, outside, halve=True) for inside, outside in pairwise(widths)]
    return nn.Sequential(*first, *blocks, *head(recipe, widths[-1], classes))


def resnet9(recipe: Recipe, channels: int, width: int) -> list[nn.Module]:
    """Return David Page's ResNet-9 (myrtle.ai, "How to train your ResNet", 2018) without its head."""
    return [
        block(recipe, channels, width),
        block(recipe, width, 2 * width, halve=True),
        Residual(recipe, 2 * width),
        block(recipe, 2 * width, 4 * width, halve=True),
        block(recipe, 4 * width, 8 * width, halve=True),
        Residual(recipe, 8 * width),
    ]


def block(recipe: Recipe, inside: int, outside: int, *, halve: bool = False) -> nn.Module:
    """Return a 3x3 convolution, pooling to half the side (rounded up, so that images may be of any size), norm,
    activation.

    Pooling comes before the norm: norm and activation, whose speed memory limits, then see a quarter of the pixels.
    """
    convolution = nn.Conv2d(inside, outside, 3, padding=1, bias=not recipe.batch_norm)
    pool = [nn.MaxPool2d(2, ceil_mode=True)] if halve else []
    norm = [nn.BatchNorm2d(outside)] if recipe.batch_norm else []
    return nn.Sequential(convolution, *pool, *norm, activation(recipe))


def activation(recipe: Recipe) -> nn.Module:
    """Return the activation that a recipe names."""
    return {"relu": nn.ReLU(inplace=True), "gelu": nn.GELU(), "silu": nn.SiLU()}[recipe.activation]


def head(recipe: Recipe, width: int, classes: int) -> list[nn.Module]:
    """Return the layers from feature maps to logits."""
    dropout = [nn.Dropout(recipe.dropout)] if recipe.dropout else []
    return [nn.AdaptiveMaxPool2d(1), nn.Flatten(), *dropout, nn.Linear(width, classes)]


class Residual(nn.Module):
    """Computes x + two blocks of x."""

    def __init__(self, recipe: Recipe, width: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(block(recipe, width, width), block(recipe, width, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.blocks(x)  # type: ignore[no-any-return]

"""How far a build is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What a build does."""

    LOOKING = "looking"
    """Reading the headers of image files."""
    WRITING = "writing"
    """Reading examples, decoding their images, and writing them."""


@dataclass(frozen=True)
class BuildProgress:
    """How far a build is in one of its stages."""

    stage: Stage
    done: int
    """The examples that this stage is through with."""
    of: int
    """All examples."""
    bytes: int = 0
    """The bytes that were written."""
    resumed: int = 0
    """Those of the examples that an earlier build, which was ended, had decoded."""


Told = Callable[[BuildProgress], None]


def nobody(_progress: BuildProgress) -> None:
    """Do without progress."""

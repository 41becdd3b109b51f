"""Subset functions, and a train function that says what it was given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from assay_trainer.preparation import Preparation
from assay_trainer.trial import Trial


def dark(preparation: Preparation) -> Any:
    """Choose the darkest images."""
    images, _ = preparation.training_data()
    return -images.reshape(len(images), -1).mean(1, dtype=np.float64)


def once(preparation: Preparation) -> Any:
    """Choose the first examples, and write down that this has run."""
    with (Path(preparation.recipe["folder"]) / "scored").open("a") as file:
        file.write(f"once, RANK is {os.environ.get('RANK')}")
    return range(preparation.count)


def count(trial: Trial) -> dict[str, float]:
    """Return how many examples there are."""
    images, _ = trial.training_data()
    return {"accuracy": 0.5, "examples": len(images)}

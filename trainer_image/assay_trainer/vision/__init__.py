"""Image classification: the train function `assay_trainer.vision:train`."""

from assay_trainer.vision.recipe import Recipe
from assay_trainer.vision.train import train

__all__ = ["Recipe", "train"]

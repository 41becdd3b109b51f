"""Chooses the training examples that a trial gets."""

from assay_trainer.subsets.choice import choose
from assay_trainer.subsets.rotation import Rotation, rotation_of
from assay_trainer.subsets.window import Window, random_window

__all__ = ["Rotation", "Window", "choose", "random_window", "rotation_of"]

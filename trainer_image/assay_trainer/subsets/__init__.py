"""Chooses the training examples that a trial gets."""

from assay_trainer.subsets.choice import choose
from assay_trainer.subsets.window import Window, random_window

__all__ = ["Window", "choose", "random_window"]

"""Chooses the training examples that a trial gets."""

from assay_trainer.subsets.choice import choose

__all__ = ["choose"]

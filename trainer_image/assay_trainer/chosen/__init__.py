"""Copies of the examples that scores have chosen: written once into the store, and read in sequence from then on.

Which examples are chosen is known in `subsets/`, what lies where in a data set in `data/`.
"""

from assay_trainer.chosen.copies import copy_of_chosen

__all__ = ["copy_of_chosen"]

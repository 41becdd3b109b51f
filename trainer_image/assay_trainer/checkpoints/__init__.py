"""Checkpoints: what a train function needs to go on where an earlier attempt, or a shorter run, has stopped.

Here is how they are written, kept, checked and found again. What is in them is the train function's own: ours is in
`vision/progress.py`.
"""

from assay_trainer.checkpoints.checkpoints import Checkpoints, ToldToEnd, remove_unless_of_use
from assay_trainer.checkpoints.record import NOTHING, Spent

__all__ = ["NOTHING", "Checkpoints", "Spent", "ToldToEnd", "remove_unless_of_use"]

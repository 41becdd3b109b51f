"""Kinds of layers: how long the operations of a few steps took, measured by torch's own profiler when it is asked for.

It slows the steps that it looks at, so that the phases of a trial that is traced are not those of one that is not.
"""

from assay_trainer.profile.layers.keeping import keep_layers
from assay_trainer.profile.layers.traced import TracedTimer

__all__ = ["TracedTimer", "keep_layers"]

"""Runs trials as processes of this machine, forked by one that has imported torch.

That one is `assay_trainer.workers.forkserver`.
"""

from assay.runners.processes.runner import ProcessRunner

__all__ = ["ProcessRunner"]

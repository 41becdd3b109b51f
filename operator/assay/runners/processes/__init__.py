"""Runs trials as processes of this machine, forked by one that has imported torch (`assay_trainer.forkserver`)."""

from assay.runners.processes.runner import ProcessRunner

__all__ = ["ProcessRunner"]

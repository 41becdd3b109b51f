"""Trials as Kubernetes Jobs."""

from assay.runners.jobs.memory import JobsMemory
from assay.runners.jobs.runner import JobsRunner
from assay.runners.jobs.settings import TrialSettings

__all__ = ["JobsMemory", "JobsRunner", "TrialSettings"]

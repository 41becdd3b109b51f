"""Trials as Kubernetes Jobs."""

from assay.runners.jobs.claims import Claims
from assay.runners.jobs.lean import lean_job, lean_pod
from assay.runners.jobs.memory import JobsMemory
from assay.runners.jobs.news import is_news
from assay.runners.jobs.observation import claim_living, claim_running, living_by_owner
from assay.runners.jobs.quota_waits import QuotaWaits
from assay.runners.jobs.runner import JobsRunner
from assay.runners.jobs.settings import TrialSettings
from assay.runners.jobs.shares import Owner, Shares
from assay.runners.jobs.surroundings import object_digest

__all__ = [
    "Claims",
    "JobsMemory",
    "JobsRunner",
    "Owner",
    "QuotaWaits",
    "Shares",
    "TrialSettings",
    "claim_living",
    "claim_running",
    "is_news",
    "lean_job",
    "lean_pod",
    "living_by_owner",
    "object_digest",
]

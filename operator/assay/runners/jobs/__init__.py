"""Trials as Kubernetes Jobs: made (`manifests`), observed (`observed`), waited for (`waiting`), shared (`sharing`).

Nothing here watches: the caches are kept up to date by others.
"""

from assay.runners.jobs.manifests.surroundings import object_digest
from assay.runners.jobs.memory import JobsMemory
from assay.runners.jobs.observed.lean import lean_job, lean_pod
from assay.runners.jobs.observed.news import is_news
from assay.runners.jobs.observed.observation import claim_living, claim_running, living_by_owner
from assay.runners.jobs.runner import JobsRunner
from assay.runners.jobs.settings import CacheClaim, TrialSettings
from assay.runners.jobs.sharing.claims import Claims
from assay.runners.jobs.sharing.quota_waits import QuotaWaits
from assay.runners.jobs.sharing.shares import Owner, Shares

__all__ = [
    "CacheClaim",
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

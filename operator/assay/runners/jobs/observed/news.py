"""Which events of Jobs decide what a study does next."""

from __future__ import annotations

from typing import Any

from assay.kube import Manifest
from assay.runners.jobs.observed.state import end_of, is_suspended


def is_news(before: Manifest | None, after: Manifest | None) -> bool:
    """Return whether a Job has ended, is being deleted or is gone; or was made, suspended or let go on by others.

    All other events, which are most, change only what is said of a Job.
    """
    return bool(_decisive(before) != _decisive(after))


def _decisive(job: Manifest | None) -> Any:
    if job is None:
        return None
    return end_of(job) is None, is_suspended(job), job["metadata"].get("deletionTimestamp")

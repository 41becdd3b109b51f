"""Which events of Jobs decide on what a study does next."""

from __future__ import annotations

from typing import Any

from assay.kube import Manifest
from assay.runners.jobs.state import end_of, is_suspended


def is_news(before: Manifest | None, after: Manifest | None) -> bool:
    """Whether a Job has ended, is about to be gone, or is gone; or was made, suspended or let go by others.

    All else, most of what happens to a Job and to its pods, changes only what is said of it.
    """
    return bool(_decisive(before) != _decisive(after))


def _decisive(job: Manifest | None) -> Any:
    if job is None:
        return None
    return end_of(job) is None, is_suspended(job), job["metadata"].get("deletionTimestamp")

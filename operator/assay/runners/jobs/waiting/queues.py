"""What Kueue says of a Job that it does not admit. It is in the Job's Workload, if Assay may read that."""

from __future__ import annotations

from collections.abc import Iterable

from assay.kube import KubeError, Manifest, Resource
from assay.runners.jobs.manifests.names import QUEUE_LABEL
from assay.runners.jobs.memory import JobsMemory, QueueAnswer
from assay.runners.jobs.objects import StudyObjects
from assay.runners.jobs.observed.state import condition_of, is_suspended
from assay.runners.jobs.waiting.obstacles import Wait

KUEUE = "kueue.x-k8s.io"
JOB_UID_LABEL = f"{KUEUE}/job-uid"
"""The label that Kueue puts on the Workload of a Job."""

ASK_SECONDS = 15.0
"""How often Kueue is asked."""


def ask_for_queue(objects: StudyObjects, waiting: Iterable[Wait], memory: JobsMemory, now: float) -> None:
    """Remember what Kueue says of one Job of those that wait in its queue.

    This only helps: where Kueue can't be asked, the status says that trials wait, and not why.
    """
    about = next((wait.asks for wait in waiting if wait.ask_at <= now and _is_queued(wait.asks)), None)
    if about is None:
        memory.queue = None
    elif memory.queue is None or now >= memory.queue.asked_at + ASK_SECONDS:
        memory.queue = _answer(objects, about, now)


def _is_queued(about: Manifest | None) -> bool:
    if about is None or about["kind"] != "Job" or not is_suspended(about):
        return False
    return QUEUE_LABEL in (about["metadata"].get("labels") or {})


def _answer(objects: StudyObjects, job: Manifest, now: float) -> QueueAnswer:
    nothing = QueueAnswer(kueue_is_missing=False, message=None, is_inadmissible=False, asked_at=now)
    try:
        versions = objects.kube.versions(KUEUE)
        if not versions:
            return nothing._replace(kueue_is_missing=True)
        workloads = Resource(KUEUE, versions[0], "workloads", "Workload")
        selector = f"{JOB_UID_LABEL}={job['metadata']['uid']}"
        found = objects.kube.list(workloads, objects.namespace, label_selector=selector)
    except KubeError:  # among others, the installation does not let Assay ask
        return nothing
    if not found:
        return nothing._replace(message=f"it has made no Workload of Job {job['metadata']['name']}")
    reserved = condition_of(found[0], "QuotaReserved", "False") or {}
    inadmissible = reserved.get("reason") == "Inadmissible"
    return nothing._replace(message=reserved.get("message"), is_inadmissible=inadmissible)

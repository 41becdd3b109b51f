"""Jobs and pods as the API server gives them, each a little different from the usual one. Times are Unix seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assay.api.resources import ProxyStudy, TrainerSpec
from assay.api.times import time_string
from assay.kube import Manifest
from assay.runners.jobs.manifests.manifest import job_manifest
from assay.runners.jobs.settings import TrialSettings
from assay_trainer.contract import (
    Dataset,
    Fidelity,
    PreparationRequest,
    TrialRequest,
    WorkItem,
    WorkRequest,
    digest,
    preparation_key,
)
from builders import manifests
from builders.requests import NO_CODE, a_trial

NAMESPACE = "team"
IMAGE = "registry.example/assay-trainer@sha256:" + "a" * 64
DATASET = Dataset(manifest="s3://datasets/digits/manifest.json", digest=digest(b"digits"))
STORE = "s3://assay/team"
REQUEST_URI = f"{STORE}/requests/0123.json"
SETTINGS = TrialSettings(image=IMAGE)


def a_served_study(
    *, name: str = "digits", uid: str = "study-uid", namespace: str = NAMESPACE, budget: Any = None, **trainer: Any
) -> ProxyStudy:
    """Return a study that the API server has; `trainer` are fields of its trainer's spec in snake_case."""
    spec: dict[str, Any] = {"trainer": TrainerSpec(**{"entrypoint": "team.train:run", **trainer})}
    if budget:
        spec["budget"] = budget
    return manifests.a_proxy_study(name=name, namespace=namespace, uid=uid, **spec)


def a_request(*items: WorkItem, trials: int = 1, at_once: int = 1) -> WorkRequest:
    """Return a request for these items, or for this many trials that differ in their seed."""
    chosen = items or tuple(a_trial(DATASET, "team.train:run", seed=seed) for seed in range(trials))
    return WorkRequest(store=STORE, items=chosen, at_once=at_once)


def a_preparation(**fields: Any) -> PreparationRequest:
    """Return the preparation of a core-set."""
    fidelity = Fidelity(epochs=2)
    key = preparation_key(method="EL2N", code=NO_CODE, recipe={}, fidelity=fidelity, repeats=3, dataset=DATASET.digest)
    usual = {
        "key": key,
        "study": "study",
        "arm": "coreset",
        "method": "EL2N",
        "code": NO_CODE,
        "recipe": {},
        "fidelity": fidelity,
        "repeats": 3,
        "dataset": DATASET,
        "deadline_seconds": 60,
    }
    return PreparationRequest(**{**usual, **fields})


def a_job(
    *items: WorkItem,
    trials: int = 1,
    at_once: int = 1,
    study: ProxyStudy | None = None,
    settings: TrialSettings = SETTINGS,
    created: float = 1000.0,
    suspended: bool | None = None,
    conditions: Sequence[Manifest] = (),
) -> Manifest:
    """Return a Job as the API server makes it from the runner's manifest."""
    request = a_request(*items, trials=trials, at_once=at_once)
    job = job_manifest(study or a_served_study(), request, REQUEST_URI, settings)
    job["metadata"] |= {"uid": f"uid-of-{job['metadata']['name']}", **_served(created)}
    if suspended is not None:
        job["spec"]["suspend"] = suspended
    return {**job, "status": {"conditions": list(conditions)}}


def a_condition(kind: str, *, status: str = "True", reason: str = "", message: str = "", at: float = 1000) -> Manifest:
    """Return a condition as Jobs and pods have them."""
    time = time_string(at)
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": time}


def complete(at: float = 1060.0) -> Sequence[Manifest]:
    """Return the conditions of a Job that has ended well."""
    message = "Reached expected number of succeeded pods"
    return [
        a_condition("SuccessCriteriaMet", reason="CompletionsReached", message=message, at=at),
        a_condition("Complete", reason="CompletionsReached", message=message, at=at),
    ]


def failed(
    at: float = 1060.0,
    *,
    reason: str = "BackoffLimitExceeded",
    message: str = "Job has reached the specified backoff limit",
) -> Sequence[Manifest]:
    """Return the conditions of a Job that has failed."""
    return [
        a_condition("FailureTarget", reason=reason, message=message, at=at),
        a_condition("Failed", reason=reason, message=message, at=at),
    ]


def a_pod(
    job: Manifest,
    phase: str = "Running",
    *,
    name: str = "",
    created: float = 1001.0,
    state: Mapping[str, Any] | None = None,
    reason: str = "",
    message: str = "",
    conditions: Sequence[Manifest] = (),
    scheduled: bool = True,
    deleted: bool = False,
) -> Manifest:
    """Return a pod of the Job, with its container in the given state; None if the kubelet has said nothing about it."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "uid": job["metadata"]["uid"], "controller": True}
    template = job["spec"]["template"]
    metadata = {
        **template["metadata"],
        "name": name or f"{job['metadata']['name']}-x7k2p",
        "namespace": job["metadata"]["namespace"],
        "ownerReferences": [owner],
        **_served(created),
        **({"deletionTimestamp": time_string(created + 30)} if deleted else {}),
    }
    metadata["uid"] = f"uid-of-{metadata['name']}"
    status: Manifest = {
        "phase": phase,
        "conditions": [*([a_condition("PodScheduled")] if scheduled else []), *conditions],
    }
    status |= {key: value for key, value in {"reason": reason, "message": message}.items() if value}
    if state is not None:
        status["containerStatuses"] = [{"name": "trainer", "state": dict(state)}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"], "status": status}


def running(since: float = 1010.0) -> Manifest:
    """Return the state of a container that runs."""
    return {"running": {"startedAt": time_string(since)}}


def waiting(reason: str, message: str = "") -> Manifest:
    """Return the state of a container that waits."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def terminated(
    exit_code: int, *, reason: str = "Error", message: str = "", since: float = 1010.0, until: float = 1050.0
) -> Manifest:
    """Return the state of a container that has ended."""
    times = {"startedAt": time_string(since), "finishedAt": time_string(until)}
    return {"terminated": {"exitCode": exit_code, "reason": reason, "message": message, **times}}


def words(*said: tuple[WorkItem | TrialRequest, str], message: str = "", **more: float) -> str:
    """Return a worker's last words: how each item ended."""
    return json.dumps(
        [
            {"key": item.key, "attempt": item.attempt, "reason": reason, "message": message, **more}
            for item, reason in said
        ]
    )


def _served(created: float) -> dict[str, Any]:
    return {"creationTimestamp": time_string(created), "resourceVersion": str(int(created))}

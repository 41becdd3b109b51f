"""The Job that runs the items of a request. Nothing here calls anything: the same request gives the same manifest."""

from __future__ import annotations

import math
from pathlib import PurePosixPath
from typing import Any

from assay.api.base import API_VERSION
from assay.api.checks.shared_memory import SHARED_MEMORY
from assay.api.quantities import bytes_of
from assay.api.resources import EnvironmentVariable, PodTemplate, ProxyStudy
from assay.kube import JOBS, Manifest
from assay.runners.jobs.manifests.names import (
    AT_ONCE_ANNOTATION,
    CONTAINER,
    DEVICES_ANNOTATION,
    ITEMS_ANNOTATION,
    QUEUE_LABEL,
    items_annotation,
    job_name,
    labels_of,
)
from assay.runners.jobs.manifests.overlay import merged_environment, overlaid
from assay.runners.jobs.settings import CacheClaim, TrialSettings
from assay_trainer.contract import (
    CACHE_BYTES_VARIABLE,
    CACHE_VARIABLE,
    MEMORY_LIMIT_VARIABLE,
    ExitStatus,
    TrialRequest,
    WorkRequest,
)

CACHE_VOLUME = "assay-cache"

SCRATCH = "/tmp"  # noqa: S108 - in the pod it is the trial's own
"""The only folder that a trial may write to: a volume of its own, which goes with the pod."""

CACHE = "/var/cache/assay"
"""Where blocks of data sets are kept from trial to trial, if the installation has a volume for them."""

TERMINATION_GRACE_SECONDS = 30
"""The time between SIGTERM, on which the worker ends its trial and says so, and SIGKILL."""


def job_manifest(study: ProxyStudy, request: WorkRequest, request_uri: str, settings: TrialSettings) -> Manifest:
    """Return the Job of a request of a study, which has its namespace and uid.

    The study's template lies over the installation's, as `overlay` says; neither can weaken what makes the pods fit the
    `restricted` Pod Security Standard. Accelerators are what the templates' `resources` ask for: `devices` says how
    many are counted, but not what they are called.

    The Job has no deadline, which would count the time in the queue. The worker's clock ends a trial; the pod's
    deadline comes later, in case the worker does not.
    """
    items, trainer = request.items, study.spec.trainer
    labels = labels_of(study.name, items)
    annotations = {ITEMS_ANNOTATION: items_annotation(items), DEVICES_ANNOTATION: str(items[0].devices)}
    if request.at_once > 1:
        annotations[AT_ONCE_ANNOTATION] = str(request.at_once)
    template = overlaid(settings.pod_template, trainer.pod_template)
    queue = trainer.queue_name
    spec: dict[str, Any] = {
        "backoffLimit": 0,
        "podFailurePolicy": _pod_failure_policy(),
        "template": {
            "metadata": {
                "labels": {**template.labels, **labels},
                "annotations": {**template.annotations, **annotations},
            },
            "spec": _pod_spec(template, request, request_uri, settings, trainer.shared_memory),
        },
    }
    if queue is not None:
        spec["suspend"] = True  # from here on Kueue alone says when the Job runs
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": job_name(study.name, study.metadata.uid or "", items),
            "namespace": study.metadata.namespace,
            "labels": {**labels, **({QUEUE_LABEL: queue} if queue else {})},
            "annotations": annotations,
            "ownerReferences": [_owner(study)],
        },
        "spec": spec,
    }


def _owner(study: ProxyStudy) -> dict[str, Any]:
    """Return the reference by which Kubernetes deletes the Jobs with their study."""
    return {
        "apiVersion": API_VERSION,
        "kind": study.kind,
        "name": study.name,
        "uid": study.metadata.uid,
        "controller": True,
    }


def _pod_failure_policy() -> dict[str, Any]:
    """Return the rules by which a Job ends at once, with reason PodFailurePolicy: by no fault of the trial's own.

    The action is FailJob and not Ignore, which would start another pod: attempts are counted and paid for where they
    are planned. There is no rule for the worker's 143 (told to end): the pod of a Job that Kueue suspends ends like
    that too, and that Job is to go on later.
    """
    return {
        "rules": [
            {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {
                "action": "FailJob",
                "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [ExitStatus.TRY_AGAIN.value]},
            },
        ]
    }


def _pod_spec(
    template: PodTemplate,
    request: WorkRequest,
    request_uri: str,
    settings: TrialSettings,
    shared_memory: int | str | None,
) -> dict[str, Any]:
    if shared_memory is not None:
        template = _with_shared_memory(template, shared_memory)
    said = template.to_dict()
    optional = {
        "serviceAccountName": template.service_account_name or settings.service_account,
        "priorityClassName": template.priority_class_name,
        "runtimeClassName": template.runtime_class_name,
        "affinity": template.affinity,
        "nodeSelector": template.node_selector,
        "tolerations": said["tolerations"],
        "imagePullSecrets": said["imagePullSecrets"],
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": TERMINATION_GRACE_SECONDS,
        "activeDeadlineSeconds": _longest_seconds(request) + settings.backstop_seconds,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            **({} if settings.cache is None else _OF_THE_CACHE),
        },
        "containers": [_container(template, said, request, request_uri, settings)],
        "volumes": [
            {"name": "scratch", "emptyDir": _limit(settings.scratch)},
            *_cache_volume(settings.cache),
            *template.volumes,
        ],
        **{field: value for field, value in optional.items() if value},
    }


def _longest_seconds(request: WorkRequest) -> int:
    """Return the time that the items take at most: with several side by side, in so many rounds of the longest one."""
    seconds = [item.deadline_seconds for item in request.items]
    alone = sum(item.deadline_seconds for item in request.items if isinstance(item, TrialRequest) and item.alone)
    return min(sum(seconds), alone + math.ceil(len(seconds) / request.at_once) * max(seconds))


def _with_shared_memory(template: PodTemplate, size: int | str) -> PodTemplate:
    """Return the template with so much memory at /dev/shm, whatever the installation has there."""
    here = PurePosixPath(SHARED_MEMORY)
    others = [mount for mount in template.volume_mounts if PurePosixPath(str(mount.get("mountPath"))) != here]
    volume = {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": str(size)}}
    mount = {"name": "shared-memory", "mountPath": SHARED_MEMORY}
    return template.model_copy(update={"volumes": (*template.volumes, volume), "volume_mounts": (*others, mount)})


def _limit(size: str | None) -> dict[str, str]:
    """Return the limit of a volume; a kubelet evicts a pod that has more in it."""
    return {} if size is None else {"sizeLimit": size}


_OF_THE_CACHE = {"fsGroup": 1000, "fsGroupChangePolicy": "OnRootMismatch"}
"""By default a volume belongs to root, which no trial is."""


def _cache_volume(cache: CacheClaim | None) -> list[dict[str, Any]]:
    if cache is None:
        return []
    return [{"name": CACHE_VOLUME, "persistentVolumeClaim": {"claimName": cache.name}}]


def _cache_variables(settings: TrialSettings) -> dict[str, str]:
    """Return what tells the trial where blocks are kept. Without a volume there is no cache; what a trial maps all the
    same lies in its scratch folder, and must leave room there: a pod over the limit is evicted."""
    if settings.cache is not None:
        return {CACHE_VARIABLE: CACHE, CACHE_BYTES_VARIABLE: str(settings.cache.bytes)}
    scratch = None if settings.scratch is None else bytes_of(settings.scratch)
    return {CACHE_VARIABLE: "", **({CACHE_BYTES_VARIABLE: str(scratch // 2)} if scratch is not None else {})}


def _memory_limit(template: PodTemplate) -> dict[str, str]:
    limit = None if template.resources is None else template.resources.limits.get("memory")
    return {} if limit is None else {MEMORY_LIMIT_VARIABLE: str(limit)}


def _container(
    template: PodTemplate, said: dict[str, Any], request: WorkRequest, request_uri: str, settings: TrialSettings
) -> dict[str, Any]:
    ours = {"HOME": SCRATCH, **_cache_variables(settings), **settings.environment, **_memory_limit(template)}
    variables = merged_environment(
        tuple(EnvironmentVariable(name=name, value=value) for name, value in sorted(ours.items())), template.env
    )
    secrets = [{"secretRef": {"name": settings.environment_secret}}] if settings.environment_secret else []
    return {
        "name": CONTAINER,
        "image": request.items[0].image or settings.image,
        "command": ["python", "-m", "assay_trainer.worker", request_uri],
        "env": [variable.to_dict() for variable in variables],
        "envFrom": [*secrets, *template.env_from],
        "resources": said.get("resources", {}),
        "volumeMounts": [
            {"name": "scratch", "mountPath": SCRATCH},
            *([{"name": CACHE_VOLUME, "mountPath": CACHE}] if settings.cache is not None else []),
            *template.volume_mounts,
        ],
        # Where the worker left no word, the end of what it printed says more than nothing.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }

"""The names, labels and annotations of Jobs and their pods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assay.api.base import GROUP
from assay.kube import STUDY_LABEL, Manifest
from assay.runners.jobs.memory import Attempt
from assay_trainer.contract import TrialRequest, WorkItem, canonical_json, digest

HYPOTHESIS_LABEL = f"{GROUP}/hypothesis"
ARM_LABEL = f"{GROUP}/arm"
SEED_LABEL = f"{GROUP}/seed"
KEY_LABEL = f"{GROUP}/trial-key"

ITEMS_ANNOTATION = f"{GROUP}/items"
"""The attempts that a Job runs, in their order: `key:attempt,key:attempt`."""

DEVICES_ANNOTATION = f"{GROUP}/devices"
"""How many devices each of these attempts holds: one after another, or several of them together."""

AT_ONCE_ANNOTATION = f"{GROUP}/at-once"
"""How many of these attempts run side by side; where it is left out, one after another."""

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
"""The label that Kubernetes puts on the pods of a Job."""

CONTAINER = "trainer"

_ITEM = re.compile(r"([0-9a-f]{32}):([1-9][0-9]{0,8})")
_ITEMS = re.compile(rf"{_ITEM.pattern}(,{_ITEM.pattern})*")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")
_DIGITS = 16
_NAME_LENGTH = 63


def job_name(study: str, study_uid: str, items: Sequence[WorkItem]) -> str:
    """Return the name of a Job: at most 63 characters, the same for the same attempts of the same study.

    The uid is part of it: the Jobs of a deleted study may live a little longer, and are not those of its successor.
    """
    identity = digest(canonical_json([study_uid, [(item.key, item.attempt) for item in items]]))
    room = _NAME_LENGTH - 1 - _DIGITS
    return f"{study[:room].rstrip('-')}-{identity.removeprefix('sha256:')[:_DIGITS]}"


def labels_of(study: str, items: Sequence[WorkItem]) -> dict[str, str]:
    """Return the labels by which people find Jobs and pods.

    A label in which packed trials differ is left out; the key is that of the first.
    """
    first = items[0]
    about = [_about(item) for item in items]
    return {
        "app.kubernetes.io/name": "assay",
        "app.kubernetes.io/component": "trial" if isinstance(first, TrialRequest) else "preparation",
        "app.kubernetes.io/managed-by": "assay",
        STUDY_LABEL: study,
        **{label: value for label, value in about[0].items() if all(other.get(label) == value for other in about)},
        KEY_LABEL: first.key,
    }


def _about(item: WorkItem) -> dict[str, str]:
    if isinstance(item, TrialRequest):
        return {HYPOTHESIS_LABEL: item.hypothesis, ARM_LABEL: item.arm, SEED_LABEL: str(item.seed)}
    return {ARM_LABEL: item.arm}


def items_annotation(items: Iterable[WorkItem]) -> str:
    """Return the annotation that `attempts_of` reads."""
    return ",".join(f"{item.key}:{item.attempt}" for item in items)


def attempts_of(manifest: Manifest) -> tuple[Attempt, ...]:
    """Return the attempts that a Job or pod of ours runs; none if somebody has changed the annotation to nonsense."""
    text = _annotations(manifest).get(ITEMS_ANNOTATION, "")
    return tuple(Attempt(key, int(attempt)) for key, attempt in _ITEM.findall(text)) if _ITEMS.fullmatch(text) else ()


def devices_of(manifest: Manifest) -> int:
    """Return how many devices each of a Job's trials holds."""
    return _count(manifest, DEVICES_ANNOTATION)


def at_once_of(manifest: Manifest) -> int:
    """Return how many of a Job's trials run side by side."""
    return _count(manifest, AT_ONCE_ANNOTATION)


def _count(manifest: Manifest, annotation: str) -> int:
    text = _annotations(manifest).get(annotation, "1")
    return int(text) if _COUNT.fullmatch(text) else 1


def _annotations(manifest: Manifest) -> dict[str, str]:
    return manifest["metadata"].get("annotations") or {}

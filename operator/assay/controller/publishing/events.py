"""Kubernetes events: what `kubectl describe` shows of a study's past."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from assay.api.bounds import shortened
from assay.api.conditions import Condition, ConditionType, Reason
from assay.api.resources import ProxyStudyStatus
from assay.api.times import time_string
from assay.kube import STUDIES, Manifest
from assay.planning.study.planned import PlannedPreparation, PlannedTrial
from assay_trainer.contract import Failure

REPORTER = "assay-operator"

_MESSAGE_LENGTH = 1024

_NOTHING_IN_THE_WAY = {Reason.PROGRESSING, Reason.DONE}

_EXPECTED = {Reason.TRIALS_OPEN, Reason.SUSPENDED, Reason.PENDING, Reason.NO_PROXIES}
"""Reasons for a condition not to hold that are no news to anybody."""


class Occurrence(NamedTuple):
    """Something that happened to a study; `identity` tells it from everything else, also after a restart."""

    identity: str
    reason: str
    message: str
    warning: bool = False


def transitions(before: ProxyStudyStatus | None, after: ProxyStudyStatus) -> list[Occurrence]:
    """Return what the conditions of a status say that they did not say before."""
    known = {each.type: (each.status, each.reason) for each in before.conditions} if before else {}
    found: dict[str, Occurrence] = {}
    if before is not None:
        found |= {each.reason: each for each in _verifiable_again(before, after)}
    for condition in after.conditions:
        earlier = known.get(condition.type)
        if (condition.status, condition.reason) == earlier:
            continue
        if occurrence := _of_condition(condition, earlier[0] if earlier else None):
            found.setdefault(occurrence.reason, occurrence)  # several conditions may have one cause
    return list(found.values())


def trial_failed(work: PlannedTrial | PlannedPreparation, failure: Failure) -> Occurrence:
    """Return the event of a trial, or a preparation, that has failed for good."""
    what = getattr(work, "hypothesis", "preparation")
    seed = getattr(work, "seed", None)
    where = f"{what}, arm {work.arm}" + ("" if seed is None else f", seed {seed}")
    message = f"{where}: {failure.reason}: {failure.message}"
    return Occurrence(f"{failure.key}/{failure.attempt}", "TrialFailed", message, warning=True)


def event_manifest(study: Manifest, occurrence: Occurrence, now: float) -> Manifest:
    """Return the event's manifest. It is named after what happened, so that saying it twice makes one event."""
    metadata = study["metadata"]
    identity = hashlib.sha256(f"{metadata['uid']}/{occurrence.identity}".encode()).hexdigest()[:16]
    time = time_string(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name'][:200]}.{identity}", "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": STUDIES.api_version,
            "kind": STUDIES.kind,
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "type": "Warning" if occurrence.warning else "Normal",
        "reason": occurrence.reason,
        "message": shortened(occurrence.message or occurrence.reason, _MESSAGE_LENGTH),
        "count": 1,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "source": {"component": REPORTER},
        "reportingComponent": REPORTER,
        "reportingInstance": REPORTER,
    }


def _verifiable_again(before: ProxyStudyStatus, after: ProxyStudyStatus) -> Iterator[Occurrence]:
    earlier = before.condition(ConditionType.VERIFIABLE)
    if earlier and not after.condition(ConditionType.VERIFIABLE) and after.holds(ConditionType.SUCCEEDED):
        message = "What the study has found could be checked again."
        yield Occurrence(f"VerifiableAgain/{earlier.last_transition_time}", "VerifiableAgain", message)


def _of_condition(condition: Condition, earlier: str | None) -> Occurrence | None:
    identity = f"{condition.type}/{condition.status}/{condition.reason}/{condition.last_transition_time}"
    holds = condition.status == "True"
    match condition.type:
        case ConditionType.RECONCILING if holds and condition.reason != Reason.PROGRESSING:
            return Occurrence(identity, condition.reason, condition.message, warning=True)
        case ConditionType.VERIFIABLE if not holds:
            return Occurrence(identity, condition.reason, condition.message, warning=True)
        case ConditionType.STALLED if holds:
            return Occurrence(identity, condition.reason, condition.message, warning=True)
        case ConditionType.STALLED if earlier == "True" and condition.reason in _NOTHING_IN_THE_WAY:
            return Occurrence(identity, "GoesOn", "What was in the way is gone.")
        case ConditionType.SUSPENDED if holds or earlier == "True":
            return Occurrence(identity, "Suspended" if holds else "Resumed", condition.message)
        case ConditionType.ACCEPTED | ConditionType.SUCCEEDED | ConditionType.PROXY_TRUSTED if holds:
            return Occurrence(identity, condition.type, condition.message)
        case ConditionType.ACCEPTED | ConditionType.SUCCEEDED if condition.reason not in _EXPECTED:
            return Occurrence(identity, condition.reason, condition.message, warning=True)
        case ConditionType.PROXY_TRUSTED if condition.status == "False" and condition.reason not in _EXPECTED:
            # audits have ended a certificate, and what rested on it may be wrong: somebody should know
            revoked = condition.reason == Reason.REVOKED
            return Occurrence(identity, condition.reason, condition.message, warning=revoked)
    return None

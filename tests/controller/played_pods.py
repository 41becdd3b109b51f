"""Trials' pods without a kubelet: what a worker would put into the store, and what a kubelet would say of it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from threading import Event, Thread

from assay.api.times import time_string
from assay.kube import JOBS, PODS, STUDY_LABEL, Kube, KubeError, Manifest
from assay_trainer.contract import (
    CurvePoint,
    Failure,
    FailureReason,
    Provenance,
    TrialRequest,
    TrialResult,
    WorkRequest,
    attempt_name,
    result_name,
)
from assay_trainer.objects import open_objects, split_object_uri
from builders.studies import a_cost, a_profile

Outcome = float | FailureReason | None
"""How a trial ends: with a score, failing, or (None) not yet."""

METRICS = ("accuracy", "precision")
"""Metrics that every result has, of one value: studies that share trials may each have a yardstick of their own."""

MESSAGE = "as the test says 📉"
"""The message of trials that fail. People's programs print such characters, and they have to come through."""

_LOOK_SECONDS = 0.1


class PlayedPods:
    """Ends each pending pod of a namespace as `outcome` says of its trials. Used in a `with`."""

    def __init__(self, kube: Kube, namespace: str, outcome: Callable[[TrialRequest], Outcome]) -> None:
        self.outcome = outcome
        self.started: list[tuple[str, int]] = []
        self._kube = kube
        self._namespace = namespace
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._started: set[str] = set()
        self._ended: set[str] = set()

    def __enter__(self) -> PlayedPods:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def running(self) -> int:
        """Count the pods that have started and not ended."""
        return len(self._started) - len(self._ended)

    def jobs(self) -> list[Manifest]:
        """Return the Jobs that are there."""
        return self._kube.list(JOBS, self._namespace, label_selector=STUDY_LABEL)

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                for pod in self._kube.list(PODS, self._namespace, label_selector=STUDY_LABEL):
                    self._play(pod)
            except KubeError:
                continue  # gone meanwhile, or the API server is; the next look tells

    def _play(self, pod: Manifest) -> None:
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        if uid in self._ended or pod["status"].get("phase") in ("Succeeded", "Failed"):
            return
        request = _request_of(pod)
        items = [item for item in request.items if isinstance(item, TrialRequest)]
        if uid not in self._started:
            self._started.add(uid)
            self.started += [(item.key, item.attempt) for item in items]
        ends = [_put(request.store, item, self.outcome(item)) for item in items]
        if None in ends:
            if pod["status"].get("phase") == "Pending":
                self._kube.apply_status(PODS, self._namespace, name, _running(), manager="kubelet")
            return
        status = _status([end for end in ends if end is not None])
        self._kube.apply_status(PODS, self._namespace, name, status, manager="kubelet")
        self._ended.add(uid)


def _request_of(pod: Manifest) -> WorkRequest:
    container = pod["spec"]["containers"][0]
    uri = [*container.get("command", ()), *container.get("args", ())][-1]
    prefix, name = split_object_uri(uri)
    return WorkRequest.model_validate_json(open_objects(prefix).get(name))


def _put(store: str, item: TrialRequest, outcome: Outcome) -> dict[str, object] | None:
    """Write what came of a trial; a worker's last words on it."""
    said: dict[str, object] = {"key": item.key, "attempt": item.attempt}
    if outcome is None:
        return None
    if isinstance(outcome, FailureReason):
        name, data = a_failure_object(item, outcome)
        said |= {"reason": outcome.value, "message": MESSAGE}
    else:
        name, data = a_result_object(item, outcome)
        said |= {"reason": "Succeeded"}
    open_objects(store).put_if_absent(name, data)
    return said


def a_failure_object(item: TrialRequest, reason: FailureReason) -> tuple[str, bytes]:
    """Return the object that a worker writes for a trial that failed, and its name."""
    failure = Failure(key=item.key, attempt=item.attempt, reason=reason, message=MESSAGE)
    return attempt_name(item.key, item.attempt), failure.model_dump_json().encode()


def a_result_object(item: TrialRequest, score: float) -> tuple[str, bytes]:
    """Return the object that a worker writes for a trial that succeeded, and its name.

    It costs whole hundredths of a second: a status shows six digits, so that only then what one study ran and what it
    reused add up to the same, whichever trials of another it got.
    """
    result = TrialResult(
        key=item.key,
        study=item.study,
        hypothesis=item.hypothesis,
        arm=item.arm,
        seed=item.seed,
        metric=item.metric,
        score=score,
        metrics=dict.fromkeys((item.metric, *METRICS), score),
        curve=tuple(
            CurvePoint(epoch=epoch, seconds=0.1 * epoch, metrics=dict.fromkeys((item.metric, *METRICS), score))
            for epoch in item.wanted_epochs
        ),
        cost=a_cost(round(math.sqrt(item.fidelity.stop_after or item.fidelity.epochs), 2)),
        profile=a_profile(),
        provenance=Provenance(
            code=item.code,
            dataset=item.dataset.identity,
            python="3.11.7",
            torch=None,
            device_model="a CPU",
            started_at=time.time(),
        ),
    )
    return result_name(item.key), result.model_dump_json().encode()


def _status(ends: list[dict[str, object]]) -> dict[str, object]:
    failed = any(end["reason"] != "Succeeded" for end in ends)
    now = time_string(time.time())
    terminated = {
        "exitCode": int(failed),
        "reason": "Error" if failed else "Completed",
        "message": json.dumps(ends),
        "startedAt": now,
        "finishedAt": now,
    }
    return {"phase": "Failed" if failed else "Succeeded", "containerStatuses": [_container(terminated=terminated)]}


def _running() -> dict[str, object]:
    state = {"startedAt": time_string(time.time())}
    return {"phase": "Running", "containerStatuses": [_container(running=state)]}


def _container(**state: object) -> dict[str, object]:
    said = {"image": "played", "imageID": "", "ready": "running" in state, "restartCount": 0}
    return {"name": "trainer", **said, "state": state}

"""Workers for pods that kwok plays, in a process of its own: `python -m controller.player --help`.

A running pod's request is read from the store, each of its trials takes its time, its result is put under its key if
none is there, and the pod is told to end with the worker's last words. What comes of an attempt depends on its key and
number alone: whatever else happens, the same trials have the same scores.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from assay.kube import STUDY_LABEL
from assay_trainer.contract import FailureReason, TrialRequest, WorkRequest
from assay_trainer.objects import ObjectNotFound, Objects, StoreError, open_objects, split_object_uri
from cluster.kwok_stages import EXIT_CODE, MESSAGE
from cluster.watch import Api
from controller.played_pods import a_failure_object, a_result_object

THREADS = 8
_STORE_AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Play:
    """How trials go. `seconds` is what the median trial takes; the others take half to one and a half of it.

    Of a thousand keys so many fail for good (`failing`), of a thousand attempts so many die without a word
    (`dying`), or die without a word once their result is there (`late`).
    """

    seconds: float = 1.0
    failing: int = 0
    dying: int = 0
    late: int = 0

    def seconds_of(self, item: TrialRequest) -> float:
        return self.seconds * (0.5 + drawn("seconds", item.key, item.attempt))

    def fails(self, item: TrialRequest) -> bool:
        return 1000 * drawn("fails", item.key) < self.failing

    def dies(self, item: TrialRequest) -> bool:
        return 1000 * drawn("dies", item.key, item.attempt) < self.dying

    def dies_late(self, item: TrialRequest) -> bool:
        return 1000 * drawn("dies late", item.key, item.attempt) < self.late


def drawn(*about: object) -> float:
    """Return a number from 0 to 1 that is always the same for the same arguments."""
    text = "/".join(map(str, about))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48


def score_of(item: TrialRequest) -> float:
    """Return a score: hypotheses differ, proxies agree with the reference to some degree, and seeds are noise."""
    effect = 0.05 * drawn("effect", item.hypothesis)
    bias = 0.01 * drawn("bias", item.hypothesis, item.arm)
    return round(0.8 + effect + bias + 0.006 * drawn("noise", item.key), 6)


@dataclass
class _Pod:
    """A pod that runs; `items` are still to come."""

    path: str
    store: Objects
    items: list[TrialRequest]
    said: list[dict[str, Any]] = field(default_factory=list)


class Player:
    """Plays the workers of all pods of studies, in all namespaces. `note` is told what happened: see `main`."""

    def __init__(self, api: Api, play: Play, note: Any) -> None:
        self._api = api
        self._play = play
        self._note = note
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, str]] = []
        self._order = count()
        self._pods: dict[str, _Pod | None] = {}  # by uid; None: it has ended, or is gone

    def run(self) -> None:
        """Play without end."""
        for _ in range(THREADS):
            threading.Thread(target=self._work, daemon=True).start()
        for kind, pod in self._api.watch("/api/v1/pods", labelSelector=STUDY_LABEL):
            self._seen(kind, pod)

    def _seen(self, kind: str, pod: dict[str, Any]) -> None:
        uid, metadata = pod["metadata"]["uid"], pod["metadata"]
        with self._changed:
            if kind == "DELETED" or metadata.get("deletionTimestamp"):
                if self._pods.get(uid) is not None:
                    self._pods[uid] = None
                return
            if uid in self._pods or pod["status"].get("phase") != "Running":
                return
            path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
            uri = pod["spec"]["containers"][0]["command"][-1]
            self._pods[uid] = _Pod(path, open_objects(uri.rpartition("/requests/")[0]), [])
            self._later(uid, 0.0, uri)

    def _later(self, uid: str, seconds: float, uri: str = "") -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), f"{uid} {uri}"))
        self._changed.notify()

    def _work(self) -> None:
        while True:
            uid, _, uri = self._next().partition(" ")
            try:
                wait = self._begin(uid, uri) if uri else self._step(uid)
            except (StoreError, HTTPError) as error:
                print(f"{error!r}", file=sys.stderr, flush=True)
                with self._changed:
                    self._later(uid, _STORE_AGAIN_SECONDS, uri)
                continue
            if wait is not None:
                with self._changed:
                    self._later(uid, wait)

    def _next(self) -> str:
        with self._changed:
            while True:
                left = self._due[0][0] - time.monotonic() if self._due else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left)

    def _begin(self, uid: str, uri: str) -> float | None:
        pod = self._pods.get(uid)
        if pod is None:
            return None
        prefix, name = split_object_uri(uri)
        request = WorkRequest.model_validate_json(open_objects(prefix).get(name))
        pod.items = [item for item in request.items if isinstance(item, TrialRequest)]
        return self._until_next(pod)

    def _until_next(self, pod: _Pod) -> float:
        """Skip the items that have a result, as a worker does, and return how long the next one takes."""
        while pod.items and _has_result(pod.store, pod.items[0]):
            item = pod.items.pop(0)
            self._note("skipped", item.key, item.attempt)
            pod.said.append(_said(item, "Succeeded"))
        return self._play.seconds_of(pod.items[0]) if pod.items else 0.0

    def _step(self, uid: str) -> float | None:
        """Do what is next of a pod; seconds until the one after that."""
        pod = self._pods.get(uid)
        if pod is None:
            return None
        if not pod.items:
            self._end(uid, pod, int(any(said["reason"] != "Succeeded" for said in pod.said)), json.dumps(pod.said))
            return None
        item = pod.items[0]
        if self._play.dies(item):
            self._end(uid, pod, 139, "")
            return None
        pod.said.append(self._put(pod.store, item))
        if self._play.dies_late(item):
            self._end(uid, pod, 139, "")
            return None
        pod.items.pop(0)
        return self._until_next(pod)

    def _put(self, store: Objects, item: TrialRequest) -> dict[str, Any]:
        if self._play.fails(item):
            name, data = a_failure_object(item, FailureReason.TRAIN_FUNCTION_RAISED)
            store.put_if_absent(name, data)
            self._note("failed", item.key, item.attempt)
            return _said(item, FailureReason.TRAIN_FUNCTION_RAISED, message="as the player says")
        score = score_of(item)
        name, data = a_result_object(item, score)
        is_first = store.put_if_absent(name, data)
        self._note("result" if is_first else "result again", item.key, item.attempt)
        return _said(item, "Succeeded")

    def _end(self, uid: str, pod: _Pod, code: int, message: str) -> None:
        patch = {"metadata": {"annotations": {EXIT_CODE: str(code), MESSAGE: message}}}
        status, _ = self._api.send("PATCH", pod.path, patch, content="application/merge-patch+json")
        if status >= 500 or status == 429:
            raise HTTPError(f"HTTP status {status}")
        with self._changed:
            self._pods[uid] = None


def _has_result(store: Objects, item: TrialRequest) -> bool:
    try:
        store.get(f"results/{item.key}.json")
    except ObjectNotFound:
        return False
    return True


def _said(item: TrialRequest, reason: str, **more: Any) -> dict[str, Any]:
    return {"key": item.key, "attempt": item.attempt, "reason": str(reason), **more}


def main() -> None:
    """Play until killed. Each line of the log has the Unix time, what happened, the key and the attempt."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=1.0)
    for name in ("failing", "dying", "late"):
        parser.add_argument(f"--{name}", type=int, default=0, help="of a thousand")
    given = parser.parse_args()
    log, lock = given.log.open("a"), threading.Lock()

    def note(what: str, key: str, attempt: int) -> None:
        with lock:
            print(json.dumps([time.time(), what, key, attempt]), file=log, flush=True)

    Player(Api(given.kubeconfig), Play(given.seconds, given.failing, given.dying, given.late), note).run()


if __name__ == "__main__":
    main()

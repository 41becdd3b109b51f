"""Disturbances of a cluster and a store, which happen at random."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from urllib3.exceptions import HTTPError

from assay.kube import JOBS, PODS, STUDY_LABEL, KubeError, Manifest
from assay.runners.jobs.manifests.names import attempts_of
from assay.runners.jobs.observed.state import end_of, is_terminal
from builders.s3_faults import Fault, answers, breaks_off, loses_response
from cluster.watch import Api
from controller.playground import Playground

MOST_ATTEMPTS = 6
"""A trial that has come so far is left alone: its retries are not what is tested."""

_FAULTS: list[Fault] = [answers(503, "SlowDown"), answers(500, "InternalError"), loses_response, breaks_off]


class Disturbances:
    """Happen one after another while a `with` block lasts, to a namespace's Jobs and pods or to what all need.

    `done` counts them. At the end of the block, S3 and the API server are there.
    """

    def __init__(self, pg: Playground, chance: random.Random, namespace: str) -> None:
        self._pg = pg
        self._chance = chance
        self._namespace = namespace
        self._api = Api(pg.cluster.kubeconfig)
        self.done: Counter[str] = Counter()
        self._weights: dict[Callable[[], str | None], float] = {
            self._delete_job: 3,
            self._evict_pod: 3,
            self._delete_pod: 2,
            self._refuse_s3: 4,
            self._restart_s3: 0.4,
            self._restart_api_server: 0.6,
        }
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disturbances")

    def __enter__(self) -> Disturbances:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._pg.faulty.faults.clear()

    def _run(self) -> None:
        kinds = list(self._weights)
        while not self._over.wait(self._chance.uniform(0.0, 2.0)):
            kind = self._chance.choices(kinds, list(self._weights.values()))[0]
            try:
                what = kind()
            except (KubeError, HTTPError):
                continue  # what it was to happen to has gone
            if what is not None:
                self.done[what] += 1

    def _delete_job(self) -> str | None:
        jobs = self._pg.kube.list(JOBS, self._namespace, label_selector=STUDY_LABEL)
        if (job := self._one_of([job for job in jobs if end_of(job) is None])) is None:
            return None
        policy = self._chance.choice(["Background", "Foreground", "Orphan"])
        path = f"/apis/batch/v1/namespaces/{self._namespace}/jobs/{job['metadata']['name']}"
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy}
        status, _ = self._api.send("DELETE", path, options)
        return f"Jobs deleted, {policy}" if status < 300 else None

    def _evict_pod(self) -> str | None:
        if (pod := self._a_pod()) is None:
            return None
        name = pod["metadata"]["name"]
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": self._namespace}}
        status, _ = self._api.send("POST", f"/api/v1/namespaces/{self._namespace}/pods/{name}/eviction", body)
        return "pods evicted" if status < 300 else None

    def _delete_pod(self) -> str | None:
        if (pod := self._a_pod()) is None:
            return None
        grace = self._chance.choice([0, 30])
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": grace}
        path = f"/api/v1/namespaces/{self._namespace}/pods/{pod['metadata']['name']}"
        status, _ = self._api.send("DELETE", path, options)
        return f"pods deleted, {grace} s of grace" if status < 300 else None

    def _refuse_s3(self) -> str:
        fault = self._chance.choice(_FAULTS)
        self._pg.faulty.faults += [fault] * self._chance.choice([1, 3, 30])
        return "S3 refusing for some requests"

    def _restart_s3(self) -> str:
        self._pg.s3.stop()
        time.sleep(self._chance.uniform(0, 4))
        self._pg.s3.start()
        return "S3 killed and started"

    def _restart_api_server(self) -> str:
        self._pg.cluster.stop_api_server(kill=self._chance.random() < 0.5)
        time.sleep(self._chance.uniform(0, 3))
        self._pg.cluster.start_api_server()
        return "API server stopped and started"

    def _a_pod(self) -> Manifest | None:
        pods = self._pg.kube.list(PODS, self._namespace, label_selector=STUDY_LABEL)
        return self._one_of([pod for pod in pods if not is_terminal(pod)])

    def _one_of(self, manifests: list[Manifest]) -> Manifest | None:
        fresh = [each for each in manifests if max(attempt for _, attempt in attempts_of(each)) <= MOST_ATTEMPTS]
        return self._chance.choice(fresh) if fresh else None

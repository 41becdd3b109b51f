"""A team on a real cluster: its namespace, its image, and studies whose trials run in real pods."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

from assay.api.reading.manifests import resource_from
from assay.api.resources import Budget, PodTemplate, ProxyStudy, Resources
from assay.kube import Cache, Kube
from assay.runners.jobs import JobsMemory, JobsRunner, TrialSettings
from assay.runners.jobs.observed.lean import lean_job, lean_pod
from assay_trainer.contract import Dataset, WorkRequest, canonical_json, digest
from assay_trainer.objects import Objects, open_objects
from builders.manifests import a_proxy_study
from builders.requests import a_trial
from builders.s3_server import BUCKET, S3Server
from cluster.local import LocalCluster
from images.built import BuiltImages

SLOTS = 2
MEMORY = "300Mi"
SECRET = "assay-s3"


@dataclass
class JobsWorld:
    """A study's runner, whose pods are real ones of the team's image. As many fit on the node as it has slots."""

    runner: JobsRunner
    store: Objects
    dataset: Dataset
    _seeds: Iterator[int] = field(default_factory=lambda: count(1))

    def entrypoint(self, behaviour: str) -> str:
        return f"team.behaviours:{behaviour}"

    def request(self, behaviour: str, *, attempt: int = 1, deadline_seconds: int = 120, trials: int = 1) -> WorkRequest:
        items = [
            a_trial(
                self.dataset,
                self.entrypoint(behaviour),
                seed=next(self._seeds),
                attempt=attempt,
                deadline_seconds=deadline_seconds,
            )
            for _ in range(trials)
        ]
        return WorkRequest(store=self.store.uri, items=items)

    def start(self, request: WorkRequest) -> None:
        text = canonical_json(request.model_dump(mode="json"))
        name = f"requests/{digest(text).removeprefix('sha256:')}.json"
        self.store.put_if_absent(name, text)
        self.runner.start(request, f"{self.store.uri}/{name}")


@dataclass
class Team:
    """A namespace that enforces the `restricted` standard, with credentials for the store."""

    cluster: LocalCluster
    kube: Kube
    namespace: str
    images: BuiltImages
    s3: S3Server
    dataset: Dataset

    def world(self, name: str, *, image: str | None = None, memory: str = MEMORY) -> JobsWorld:
        """Return the runner of a new study, its store, and a data set. Pods run the team's image, or another one."""
        study = a_proxy_study(name=name, budget=Budget(parallelism=SLOTS)).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        self.cluster.apply(study, namespace=self.namespace)
        text = self.cluster.kubectl("get", "pstudy", name, f"--namespace={self.namespace}", "--output=json")
        resource = resource_from(ProxyStudy, json.loads(text))
        jobs, pods = Cache(lean_job), Cache(lean_pod)
        runner = JobsRunner(self.kube, jobs, pods, resource, self._settings(image, memory), JobsMemory(), time.time)
        return JobsWorld(runner, open_objects(f"s3://{BUCKET}/{uuid4().hex}"), self.dataset)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace, and return what it printed."""
        return self.cluster.kubectl(*arguments, f"--namespace={self.namespace}", stdin=stdin)

    def _settings(self, image: str | None, memory: str) -> TrialSettings:
        return TrialSettings(
            image=image or self.images.team,
            pod_template=PodTemplate(resources=Resources(requests={"cpu": self._share()}, limits={"memory": memory})),
            environment={"AWS_ENDPOINT_URL_S3": f"http://{self.cluster.host_address}:{self.s3.port}"},
            environment_secret=SECRET,
        )

    def _share(self) -> str:
        """Return each pod's share of the node's cores: so large that no more pods than there are slots find room."""
        cores = self.cluster.kubectl("get", "node", "node", "--output=jsonpath={.status.allocatable.cpu}")
        return f"{int(cores) * 1000 // SLOTS - 50}m"

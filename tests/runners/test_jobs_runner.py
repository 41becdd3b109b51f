"""The Jobs runner: the conformance suite, in real pods of an image that a team derived from the trainer's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

import pytest

from assay.api.reading.manifests import resource_from
from assay.api.resources import Budget, PodTemplate, ProxyStudy, Resources
from assay.kube import Cache, Kube
from assay.runners.jobs import JobsMemory, JobsRunner, TrialSettings
from assay.runners.jobs.observed.lean import lean_job, lean_pod
from assay_trainer.contract import (
    Dataset,
    FailureReason,
    TrialResult,
    WorkRequest,
    canonical_json,
    digest,
    result_name,
)
from assay_trainer.objects import Objects, open_objects
from builders.datasets import put_dataset, tiny_dataset
from builders.manifests import a_proxy_study
from builders.requests import a_trial
from builders.s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server
from cluster.local import LocalCluster
from images.built import BuiltImages
from runners.conformance import (
    PATIENCE_SECONDS,
    FailureConformance,
    RunnerConformance,
    clear,
    reason,
    until_ended,
)

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


@pytest.fixture(scope="module")
def s3(pods_s3_server: S3Server) -> Iterator[S3Server]:
    """Yield the S3 server, which this process finds as well."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in pods_s3_server.environment.items():
            patch.setenv(name, value)
        yield pods_s3_server


@pytest.fixture(scope="module")
def dataset(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Write a data set into the bucket."""
    return put_dataset(tiny_dataset(tmp_path_factory.mktemp("tiny")), f"s3://{BUCKET}/{uuid4().hex}")


@dataclass
class Team:
    """A namespace that enforces the `restricted` standard, with credentials for the store."""

    cluster: LocalCluster
    kube: Kube
    namespace: str
    image: str
    s3: S3Server
    dataset: Dataset

    def world(self, name: str) -> JobsWorld:
        """Return the runner of a new study, its store, and a data set."""
        study = a_proxy_study(name=name, budget=Budget(parallelism=SLOTS)).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        self.cluster.apply(study, namespace=self.namespace)
        text = self.cluster.kubectl("get", "pstudy", name, f"--namespace={self.namespace}", "--output=json")
        resource = resource_from(ProxyStudy, json.loads(text))
        jobs, pods = Cache(lean_job), Cache(lean_pod)
        runner = JobsRunner(self.kube, jobs, pods, resource, self._settings(), JobsMemory(), time.time)
        return JobsWorld(runner, open_objects(f"s3://{BUCKET}/{uuid4().hex}"), self.dataset)

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the namespace, and return what it printed."""
        return self.cluster.kubectl(*arguments, f"--namespace={self.namespace}")

    def _settings(self) -> TrialSettings:
        return TrialSettings(
            image=self.image,
            pod_template=PodTemplate(resources=Resources(requests={"cpu": self._share()}, limits={"memory": MEMORY})),
            environment={"AWS_ENDPOINT_URL_S3": f"http://{self.cluster.host_address}:{self.s3.port}"},
            environment_secret=SECRET,
        )

    def _share(self) -> str:
        """Return each pod's share of the node's cores: so large that no more pods than there are slots find room."""
        cores = self.cluster.kubectl("get", "node", "node", "--output=jsonpath={.status.allocatable.cpu}")
        return f"{int(cores) * 1000 // SLOTS - 50}m"


@pytest.fixture(scope="module")
def team(
    images: BuiltImages, cluster_with_images: LocalCluster, custom_resources: None, s3: S3Server, dataset: Dataset
) -> Iterator[Team]:
    cluster, namespace = cluster_with_images, f"jobs-{uuid4().hex[:8]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
    cluster.kubectl("wait", f"--namespace={namespace}", "--for=create", "serviceaccount/default", "--timeout=30s")
    credentials = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": credentials}
    cluster.apply(secret, namespace=namespace)
    with closing(Kube.from_kubeconfig(cluster.kubeconfig)) as kube:
        yield Team(cluster, kube, namespace, images.team, s3, dataset)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture(scope="module")
def shared_world(team: Team) -> Iterator[JobsWorld]:
    world = team.world("shared")
    with world.runner:
        yield world


@pytest.fixture
def world(shared_world: JobsWorld) -> Iterator[JobsWorld]:
    yield shared_world
    clear(shared_world.runner)


@pytest.fixture
def own_world(team: Team) -> Iterator[JobsWorld]:
    world = team.world("own")
    with world.runner:
        yield world


def test_a_trial_whose_pod_is_deleted_goes_on_from_its_checkpoint_in_the_next_attempt(
    team: Team, world: JobsWorld
) -> None:
    first = world.request("goes_on")
    first = first.model_copy(update={"items": (first.items[0].model_copy(update={"checkpoint_seconds": 1}),)})
    second = first.model_copy(update={"items": (first.items[0].model_copy(update={"attempt": 2}),)})
    key = first.items[0].key
    world.start(first)
    until = time.monotonic() + PATIENCE_SECONDS
    while not world.store.list("checkpoints/"):
        assert time.monotonic() < until, "no checkpoint was written"
        time.sleep(0.2)
    pods = team.kubectl("get", "pods", f"--selector=assay.dev/trial-key={key}", "--output=name").split()
    assert len(pods) == 1
    team.kubectl("delete", *pods, "--wait=false")
    (ended,) = until_ended(world.runner, first)
    assert reason(ended) == FailureReason.DISRUPTED
    world.start(second)
    (ended,) = until_ended(world.runner, second)
    assert reason(ended) == "Succeeded"
    result = TrialResult.model_validate_json(world.store.get(result_name(key)))
    assert result.score == 0.07
    assert result.cost.resumed_seconds > 0
    assert world.store.list("checkpoints/") == []


class TestJobsRunner(RunnerConformance):
    pass


class TestFailuresOfJobs(FailureConformance):
    pass

"""What goes wrong on real nodes, and how a study tells it and goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from assay.kube import Kube, Manifest
from assay_trainer.contract import Dataset
from assay_trainer.objects import open_objects, split_object_uri
from builders.datasets import put_dataset, tiny_dataset
from cluster.installation import Installation
from controller.team import Team
from e2e_cluster.person import Person

NAMESPACE = "troubles"
SECONDS = 120
"""How long something may take on a machine with much else to do."""


@pytest.fixture(scope="package")
def dataset(installation: Installation, store: None, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return put_dataset(tiny_dataset(tmp_path_factory.mktemp("tiny")), f"{installation.datasets}/tiny")


@pytest.fixture
def team(installation: Installation, kube: Kube, dataset: Dataset) -> Iterator[Team]:
    """A team whose namespace is empty at the beginning and at the end."""
    team = Team(installation.cluster, kube, NAMESPACE, dataset.manifest)
    yield team
    team.kubectl("delete", "pstudy,hyp", "--all")


def study_manifest(team: Team, image: str, behaviour: str, recipe: dict[str, Any], memory: str = "300Mi") -> Manifest:
    """Return a study of two hypotheses, one arm and two seeds, which a train function of tests/runners/team trains."""
    trainer = {
        "image": image,
        "revision": "1",
        "entrypoint": f"team.behaviours:{behaviour}",
        "recipe": recipe,
        "podTemplate": {"resources": {"limits": {"memory": memory}}},
    }
    return team.study(trainer=trainer, proxies=[], budget={"parallelism": 4})


def rows(team: Team) -> list[dict[str, Any]]:
    """The table of the study's trials."""
    prefix, name = split_object_uri(team.get()["status"]["ledger"])
    trials: list[dict[str, Any]] = json.loads(open_objects(prefix).get(name))["trials"]
    return trials


def waiting_pods(team: Team) -> list[str]:
    """Names of the pods whose train function has begun to wait."""
    pods = team.kubectl("get", "pods", "--field-selector=status.phase=Running", "--output=name").split()
    return [pod.removeprefix("pod/") for pod in pods if "waiting" in team.kubectl("logs", pod)]


def test_a_trial_can_do_nothing_but_its_work(team: Team, installation: Installation) -> None:
    others = open_objects(f"{installation.store}/another-team")
    others.put_if_absent("secret", b"theirs")
    recipe = {"others": others.uri, "datasets": installation.datasets}
    team.apply(*team.hypotheses("other"), study_manifest(team, installation.images.team, "looks_around", recipe))

    team.wait("Succeeded", seconds=SECONDS)

    could = {name for row in rows(team) for name, value in row["metrics"].items() if value}
    assert could == {"accuracy"}


def test_a_trial_that_uses_too_much_memory_is_named_and_runs_when_it_may_have_more(
    team: Team, installation: Installation, person: Person
) -> None:
    greedy = team.hypothesis("greedy", recipe={"mebibytes": 500})
    study = study_manifest(team, installation.images.team, "holds_memory", {"mebibytes": 1})
    team.apply(team.hypothesis("baseline"), greedy, study)
    team.wait("Succeeded", status="False", reason="ReferenceFailed", seconds=SECONDS)
    assert team.events()["TrialFailed"].startswith("greedy, arm reference, seed ")
    assert "OutOfMemory: " in team.events()["TrialFailed"]

    study["spec"]["trainer"]["podTemplate"]["resources"]["limits"]["memory"] = "900Mi"
    team.apply(study)
    person("kubectl", "assay", "retry", "digits", f"--namespace={NAMESPACE}")
    team.wait("Succeeded", seconds=SECONDS)

    assert team.get()["status"]["trials"]["succeeded"] == 4


def test_an_image_that_can_not_be_pulled_is_said_and_the_study_goes_on_when_it_is_there(
    team: Team, installation: Installation
) -> None:
    late = f"assay.test/late:{installation.images.revision}"
    team.apply(*team.hypotheses("other"), study_manifest(team, late, "succeeds", {}))
    # Whether somebody has to act depends on what the registry's name resolves to where the test runs.
    team.until(lambda: said_of(team)[0] == "ImageNotPulled", lambda: str(said_of(team)), seconds=SECONDS)
    assert late in said_of(team)[1]

    node = installation.cluster.node
    assert node is not None
    node.name_image(installation.images.team, late)

    team.wait("Succeeded", seconds=5 * SECONDS)
    assert team.condition("Stalled")["status"] == "False"


def said_of(team: Team) -> tuple[str, str]:
    status = team.get().get("status", {})
    return status.get("reason", ""), status.get("message", "")


def test_trials_whose_pods_are_evicted_or_deleted_run_once_more(team: Team, installation: Installation) -> None:
    team.apply(*team.hypotheses("other"), study_manifest(team, installation.images.team, "waits", {"seconds": 20}))
    team.until(lambda: len(waiting_pods(team)) >= 2, lambda: str(waiting_pods(team)), seconds=SECONDS)
    evicted, deleted, *_ = waiting_pods(team)
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": evicted, "namespace": NAMESPACE},
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{evicted}/eviction"
    installation.cluster.kubectl("create", "--raw", path, "--filename=-", stdin=json.dumps(eviction))
    team.kubectl("delete", "pod", deleted, "--wait=false")

    team.wait("Succeeded", seconds=SECONDS)

    trials = team.get()["status"]["trials"]
    assert (trials["succeeded"], trials["failed"]) == (4, 0)
    objects = open_objects(f"{installation.store}/{NAMESPACE}")
    attempts = [json.loads(objects.get(name)) for name in objects.list("attempts/")]
    assert [attempt.get("reason") for attempt in attempts].count("Disrupted") == 2
    assert len(team.kubectl("get", "jobs", "--output=name").split()) == 6

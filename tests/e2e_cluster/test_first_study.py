"""The first study of the documentation, from helm install to its report, with pods that train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay_trainer.objects import open_objects, split_object_uri
from builders.prometheus import Prometheus
from cluster.fixtures import skipped_where_unavailable
from cluster.installation import NAMESPACE, Installation
from cluster.processes import wait_until
from e2e_cluster.person import Person

EXAMPLE = Path("examples") / "cluster"
SHARDS = "s3://assay/datasets/digits"
OPERATOR = ["--selector=app.kubernetes.io/component=operator", f"--namespace={NAMESPACE}"]

Status = dict[str, Any]


@pytest.fixture(scope="module")
def finished(person: Person, store: None) -> Status:
    """The status of the study when it has succeeded. Its operator was ended in the middle of it."""
    person("python", "examples/digits/prepare.py")
    person("assay", "shards", "build", ".assay/digits.npz", "--name", "digits", "--sizes", "28,14", "--to", SHARDS)
    person("kubectl", "apply", "-f", EXAMPLE)
    person("kubectl", "wait", "pstudy/first", "--for=condition=Accepted", "--timeout=60s")
    person("kubectl", "wait", "pstudy/first", "--for=jsonpath={.status.trials.succeeded}=2", "--timeout=180s")
    person("kubectl", "delete", "pod", *OPERATOR, "--wait=false")
    person("kubectl", "wait", "pstudy/first", "--for=condition=Succeeded", "--timeout=10m")
    person("kubectl", "wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=60s")
    return status(person)


def status(person: Person) -> Status:
    found: Status = json.loads(person("kubectl", "get", "pstudy", "first", "-o", "json"))["status"]
    return found


def rows(found: Status) -> list[dict[str, Any]]:
    """The table of trials that a status names."""
    prefix, name = split_object_uri(found["ledger"])
    trials: list[dict[str, Any]] = json.loads(open_objects(prefix).get(name))["trials"]
    return trials


def test_the_installation_passes_its_own_test(installation: Installation) -> None:
    installation.cluster.helm("test", "assay", f"--namespace={NAMESPACE}", "--timeout=2m")


def test_every_trial_is_run_once_and_all_is_said(person: Person, finished: Status) -> None:
    assert finished["trials"] == {"planned": 16, "succeeded": 16, "failed": 0, "running": 0, "pending": 0, "stale": 0}
    conditions = {each["type"]: (each["status"], each["reason"]) for each in finished["conditions"]}
    assert conditions["Accepted"] == ("True", "Valid")
    assert conditions["Succeeded"] == ("True", "AllTrialsEnded")
    assert conditions["ProxyTrusted"] == ("False", "Undecided")
    assert conditions["Stalled"][0] == "False"
    assert {row["name"] for row in finished["ranking"]} == {"baseline", "wider", "shallower", "label-smoothing"}
    jobs = json.loads(person("kubectl", "get", "jobs", "-o", "json"))["items"]
    assert len(jobs) == 16, "an ended operator started nothing twice"
    backlog = person("kubectl", "get", "hypotheses")
    assert len(backlog.splitlines()) == 5
    assert all(line.split()[-1] for line in backlog.splitlines())


def test_pods_of_trials_have_no_token_and_say_which_image_they_ran(
    person: Person, installation: Installation, finished: Status
) -> None:
    pods = json.loads(person("kubectl", "get", "pods", "-o", "json"))["items"]
    assert len(pods) == 16
    for pod in pods:
        assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["scratch"]
        (container,) = pod["spec"]["containers"]
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]
    objects = open_objects(f"{installation.store}/first")
    results = [json.loads(objects.get(name)) for name in objects.list("results/")]
    assert len(results) == 16
    releases = {result["provenance"]["release"] for result in results}
    assert len(releases) == 1
    assert installation.images.revision in releases.pop()
    assert {result["provenance"]["torch"] for result in results} != {None}


def test_the_local_run_of_the_same_manifests_says_the_same(person: Person, finished: Status) -> None:
    """Keys differ, since the code's digest is the image's there and that of the sources here; nothing else does."""
    local: Status = json.loads(
        person("assay", "run", "-f", EXAMPLE, "--store", "s3://assay/results/on-this-machine", "-o", "json")
    )
    assert scores(local) == scores(finished)
    assert found_out(local) == found_out(finished)


def scores(found: Status) -> dict[tuple[str, str, int], float]:
    return {(row["hypothesis"], row["arm"], row["seed"]): row["metrics"]["loss"] for row in rows(found)}


def found_out(found: Status) -> Status:
    """Return what a study found, without measured times and what follows from them."""
    return {
        "ranking": [{k: v for k, v in row.items() if k != "relativeCostPercent"} for row in found["ranking"]],
        "arms": [{k: arm.get(k) for k in ("name", "decision", "agreement", "noiseCeiling")} for arm in found["arms"]],
        "conditions": {each["type"]: (each["status"], each["reason"]) for each in found["conditions"]},
        "trials": found["trials"],
    }


def test_kubectl_assay_shows_the_study(person: Person, finished: Status, tmp_path: Path) -> None:
    shown = person("kubectl", "assay", "status", "first")
    assert all(row["name"] in shown for row in finished["ranking"])
    assert "quarter" in shown

    report = tmp_path / "report.html"
    person("kubectl", "assay", "report", "first", "-o", "html", "--to", report)
    assert report.read_text().startswith("<!")
    assert "label-smoothing" in report.read_text()
    assert "| " in person("kubectl", "assay", "report", "first", "-o", "markdown")

    logs = person("kubectl", "assay", "logs", "first", "wider")
    assert logs.count("==> ") == 4
    assert "(wider × reference × " in logs

    person("kubectl", "assay", "retry", "first")
    assert status(person)["trials"]["succeeded"] == 16


def test_the_metrics_of_the_study_are_scraped_by_the_service(
    installation: Installation, finished: Status, tmp_path: Path
) -> None:
    service = json.loads(installation.cluster.kubectl("get", "service", "assay", f"--namespace={NAMESPACE}", "-o=json"))
    (port,) = [each["port"] for each in service["spec"]["ports"] if each["name"] == "metrics"]
    with skipped_where_unavailable():
        target = f"{service['spec']['clusterIP']}:{port}"
        prometheus = Prometheus(installation.cluster.processes, tmp_path, target)
    labels = 'namespace="first", study="first"'
    done = f'sum(assay_study_trials{{{labels}, phase="succeeded"}})'
    wait_until(lambda: prometheus.answer(done) == "16", "Prometheus", prometheus.process, within_seconds=60)
    (quarter,) = [arm for arm in finished["arms"] if arm["name"] == "quarter"]
    tau = prometheus.answer(f'assay_arm_agreement_ratio{{{labels}, arm="quarter"}}')
    assert tau is not None
    assert abs(float(tau) - float(quarter["agreement"]["kendallTau"])) < 0.001
    prometheus.process.terminate()

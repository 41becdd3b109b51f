"""The operator as a process: restarted, killed, twice, and with nothing to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from assay.kube import HYPOTHESES, JOBS, STUDIES, Kube
from assay_trainer.contract import TrialRequest
from cluster.local import LocalCluster
from controller.operators import Operators
from controller.played_pods import PlayedPods
from controller.team import Team


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def test_a_study_goes_on_where_a_killed_operator_left_it(kube: Kube, operators: Operators, team: Team) -> None:
    first = operators.start()
    with PlayedPods(kube, team.namespace, lambda item: a_score(item) if item.seed == 0 else None) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.until(
            lambda: team.get().get("status", {}).get("trials", {}).get("succeeded") == 4, lambda: str(team.get())
        )
        team.until(lambda: len(pods.started) == 8, lambda: str(pods.started))
        first.kill()
        # While nobody looks, somebody removes the Job of a trial that started two minutes ago, and the others end.
        results = operators.store / team.namespace / "results"
        removed = next(key for key, _ in pods.started if not (results / f"{key}.json").exists())
        team.kubectl("delete", "jobs", f"--selector=assay.dev/trial-key={removed}", "--cascade=foreground")
        started_earlier(operators.store / team.namespace / f"studies/digits/started/{removed}/0001.json", seconds=120)
        pods.outcome = a_score
        team.until(lambda: pods.running() == 1, lambda: str(pods.started))
        operators.start()
        team.wait("Succeeded", seconds=60)
    assert Counter(key for key, _ in pods.started)[removed] == 2
    assert len(set(pods.started)) == len(pods.started) == 9


def started_earlier(marker: Path, *, seconds: float) -> None:
    value = json.loads(marker.read_bytes())
    marker.unlink()
    marker.write_text(json.dumps({**value, "started_at": value["started_at"] - seconds}))


def test_two_operators_count_and_start_everything_once(kube: Kube, operators: Operators, team: Team) -> None:
    operators.start()
    operators.start()
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("a", "b"), team.study())
        team.wait("Succeeded")
        team.kubectl("wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=10s")
    assert len(pods.started) == len(set(pods.started)) == 12
    assert team.get()["status"]["cost"]["acceleratorSeconds"] == "24"


def test_nothing_is_written_while_nothing_changes(kube: Kube, operators: Operators, team: Team) -> None:
    first = operators.start()
    with PlayedPods(kube, team.namespace, a_score):
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
        team.kubectl("wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=10s")
    # A new operator looks at everything anew, and has nothing to add.
    assert first.stop() == 0
    before = versions(kube, team.namespace)
    second = operators.start()
    team.until(lambda: 'assay_reconcile_duration_seconds_count{kind="relist"}' in second.scrape(), second.scrape)
    team.until(lambda: "assay_queue_depth 0.0" in second.scrape(), second.scrape)
    assert 'assay_kubernetes_requests_total{code="200",resource="jobs",verb="list"}' in second.scrape()
    assert 'verb="patch"' not in second.scrape()
    assert second.stop() == 0
    assert versions(kube, team.namespace) == before
    assert "ERROR" not in second.log()


def versions(kube: Kube, namespace: str) -> set[tuple[str, str]]:
    return {
        (each["metadata"]["uid"], each["metadata"]["resourceVersion"])
        for resource in (STUDIES, HYPOTHESES, JOBS)
        for each in kube.list(resource, namespace)
    }


def test_a_store_that_is_out_of_reach_is_said_and_what_was_found_is_kept(
    kube: Kube, operators: Operators, team: Team
) -> None:
    operators.start()
    away = operators.store.with_name("away")
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
        operators.store.rename(away)
        operators.store.write_text("a file where a folder should be")
        team.apply(team.hypothesis("new"))
        said = team.wait("Stalled", reason="StoreUnreachable")
        assert "It is tried again by itself." in said
        assert len(team.get()["status"]["ranking"]) == 2
        operators.store.unlink()
        away.rename(operators.store)
        team.until(lambda: team.conclusion("new").get("status") == "True", lambda: str(team.get()), seconds=40)
    assert team.condition("Stalled")["status"] == "False"
    assert len(pods.started) == 12
    assert {"StoreUnreachable", "GoesOn"} <= team.events().keys()


def test_an_api_server_that_goes_away_is_waited_for(own_cluster: LocalCluster, tmp_path: Path, dataset: str) -> None:
    own_cluster.kubectl("create", "namespace", "team")
    with (
        closing(Kube.from_kubeconfig(own_cluster.kubeconfig)) as kube,
        Operators.of(own_cluster.kubeconfig, tmp_path, "team") as operators,
    ):
        team = Team(own_cluster, kube, "team", dataset)
        refused = operators.launch()
        assert refused.process.popen.wait(20) == 1
        assert "custom resources are not installed" in refused.log()
        own_cluster.kubectl("apply", "--server-side", "--filename", CRDS)
        own_cluster.kubectl("wait", "--for=condition=Established", "--filename", CRDS, "--timeout=30s")
        operator = operators.start()
        with PlayedPods(kube, "team", lambda _: None) as pods:
            team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 4}))
            team.until(lambda: len(pods.started) == 4, lambda: str(pods.started))
            own_cluster.stop_api_server(kill=True)
            own_cluster.start_api_server()
            pods.outcome = a_score
            team.wait("Succeeded", seconds=40)
        assert len(pods.started) == len(set(pods.started)) == 8
        assert operator.stop() == 0


CRDS = Path(__file__).parents[2] / "crds"


@pytest.mark.parametrize(("variable", "value"), [("ASSAY_STORE", "ftp://nowhere"), ("ASSAY_WORKERS", "0")])
def test_wrong_settings_end_it_with_code_2_and_a_sentence(variable: str, value: str) -> None:
    environment = {"ASSAY_STORE": "file:///results", variable: value}
    ended = subprocess.run(
        [sys.executable, "-m", "assay.controller"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f'{variable}: given "{value}"; allowed: ')

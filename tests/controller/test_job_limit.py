"""All studies together have a limited number of Jobs, which they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.kube import JOBS, STUDY_LABEL, Kube
from assay.runners.jobs.observed.state import end_of
from assay_trainer.contract import TrialRequest
from cluster.client import Cluster
from controller.operators import Operators
from controller.played_pods import Outcome, PlayedPods
from controller.team import Team

LIMIT = 4


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def never(_item: TrialRequest) -> Outcome:
    return None


@pytest.fixture
def other_team(cluster: Cluster, kube: Kube, namespace: str, dataset: str) -> Iterator[Team]:
    """Yield a team with another namespace."""
    name = f"{namespace}-other"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("wait", f"--namespace={name}", "--for=create", "serviceaccount/default", "--timeout=30s")
    yield Team(cluster, kube, name, dataset)
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def test_jobs_are_limited_in_all_and_shared_between_namespaces_also_by_the_next_operator(
    kube: Kube, operators: Operators, team: Team, other_team: Team
) -> None:
    operators.namespace = f"{team.namespace},{other_team.namespace}"
    operator = operators.start({"ASSAY_LIMIT_JOBS": str(LIMIT), "ASSAY_LIMIT_PARALLELISM": "7"})

    def living() -> int:
        jobs = [
            job
            for each in (team, other_team)
            for job in kube.list(JOBS, each.namespace, label_selector=STUDY_LABEL)
            if end_of(job) is None
        ]
        assert len(jobs) <= LIMIT
        return len(jobs)

    def holds(pods: PlayedPods, count: int) -> Any:
        return lambda: living() >= 0 and pods.running() == count

    with PlayedPods(kube, team.namespace, never) as first, PlayedPods(kube, other_team.namespace, never) as second:
        team.apply(*team.hypotheses("other"), team.study())
        team.until(holds(first, LIMIT), lambda: str(first.started))
        said = team.wait("Reconciling", reason="JobLimitReached")
        # It would have 7 of its 8 trials at a time, having said nothing.
        assert said.startswith(f"3 Jobs wait for room: Assay was installed with a limit of {LIMIT} Jobs at a time")
        assert f"{LIMIT} live: {LIMIT} of this namespace, {LIMIT} of this study." in said
        assert team.condition("Stalled")["status"] == "False"
        other_team.apply(*other_team.hypotheses("other"), other_team.study())
        other_team.wait("Reconciling", reason="JobLimitReached")
        operator.kill()
        operators.start({"ASSAY_LIMIT_JOBS": str(LIMIT), "ASSAY_LIMIT_PARALLELISM": "7"})
        other_team.until(lambda: living() == LIMIT, lambda: "")
        ended = set(first.started[:3])
        first.outcome = lambda item: a_score(item) if (item.key, item.attempt) in ended else None
        # Two go to who had none, the third to who has as much then.
        team.until(lambda: holds(first, 2)() and holds(second, 2)(), lambda: f"{first.started} {second.started}")
        first.outcome = second.outcome = a_score
        both = (team, other_team)
        team.until(
            lambda: living() >= 0 and all(each.condition("Succeeded").get("status") == "True" for each in both),
            lambda: str([each.get() for each in both]),
        )
    assert len(set(first.started)) == len(first.started) == len(set(second.started)) == len(second.started) == 8
    assert team.condition("Reconciling")["reason"] == "Done"

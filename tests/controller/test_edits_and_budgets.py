"""Edited studies, and limits that are reached: more of docs/what-happens-when.md."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from assay.kube import Kube
from assay_trainer.contract import TrialRequest
from controller.operators import RunningOperator
from controller.played_pods import Outcome, PlayedPods
from controller.team import Team

pytestmark = pytest.mark.usefixtures("operator")


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def never(_item: TrialRequest) -> Outcome:
    return None


def test_an_edited_recipe_stops_what_nobody_needs_any_more(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, never) as pods:
        team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 2}))
        team.until(lambda: len(pods.started) == 2, lambda: str(pods.started))
        before = set(pods.started)
        pods.outcome = lambda item: a_score(item) if item.recipe.get("width") == 2 else None
        trainer = {"entrypoint": "team.train:run", "recipe": {"width": 2}}
        team.apply(team.study(budget={"parallelism": 2}, trainer=trainer))
        team.wait("Succeeded", seconds=60)
        team.until(lambda: all(not has_ended_badly(job) for job in pods.jobs()), lambda: str(pods.jobs()))
    assert team.get()["status"]["trials"] == {
        "planned": 8,
        "succeeded": 8,
        "failed": 0,
        "running": 0,
        "pending": 0,
        "stale": 2,
    }
    assert len(set(pods.started) - before) == 8


def has_ended_badly(job: dict[str, object]) -> bool:
    return "Failed" in str(job.get("status"))


def test_criteria_that_are_edited_after_a_look_are_told(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
        team.apply(team.study(trust={"threshold": "0.5"}))
        team.wait("ProxyTrusted", status="False", reason="EditedAfterLooking")
        team.wait("Succeeded")
    assert len(pods.started) == 8


def test_a_statement_that_is_edited_runs_nothing_and_is_concluded_again(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
        team.apply(team.hypothesis("other", statement="In other words."))
        team.until(lambda: team.conclusion("other").get("status") == "True", lambda: str(team.get_hypothesis("other")))
    assert len(pods.started) == 8


def test_a_study_that_is_replaced_runs_what_its_predecessor_was_running(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, never) as pods:
        team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 2}))
        team.until(lambda: len(pods.started) == 2, lambda: str(pods.started))
        pods.outcome = a_score
        manifest = json.dumps(team.study(budget={"parallelism": 2}))
        team.cluster.kubectl("replace", "--force", f"--namespace={team.namespace}", "--filename=-", stdin=manifest)
        # Of what was marked as started in the second in which it was made nobody can say who did: see `is_gone`.
        team.wait("Succeeded", seconds=150)
    assert team.get()["status"]["trials"]["succeeded"] == 8


def test_a_baseline_that_is_deleted_is_missed_until_it_is_back(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
        team.kubectl("delete", "hyp", "baseline")
        assert "spec.hypotheses.baseline" in team.wait("Accepted", status="False", reason="Invalid")
        assert team.get()["status"]["ranking"]
        team.apply(*team.hypotheses())
        team.wait("Accepted")
        team.wait("Succeeded")
    assert len(pods.started) == 8


def test_a_spent_budget_is_a_result_and_a_raised_one_goes_on(kube: Kube, team: Team) -> None:
    # A trial of the reference takes 3 s, one of the proxy 1 s.
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study(budget={"acceleratorSeconds": 9, "parallelism": 1}))
        said = team.wait("Succeeded", reason="BudgetSpent")
        assert "spec.budget.acceleratorSeconds 9 are spent" in said
        assert 2 <= len(pods.started) < 8
        assert float(team.get()["status"]["cost"]["acceleratorSeconds"]) <= 9
        team.apply(team.study())
        team.wait("Succeeded", reason="AllTrialsEnded")
    assert len(pods.started) == len(set(pods.started)) == 8


def test_a_deadline_that_has_passed_is_a_result(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 2}))
        team.until(lambda: len(pods.started) >= 2, lambda: str(pods.started))
        team.apply(team.study(budget={"parallelism": 2, "deadlineSeconds": 1}))
        team.until(lambda: team.condition("Reconciling").get("status") == "False", lambda: str(team.get()["status"]))
    reason = team.condition("Succeeded")["reason"]
    assert reason in ("DeadlineReached", "ReferenceFailed", "BaselineFailed")
    assert len(pods.started) < 8


def test_a_job_that_is_deleted_while_its_trial_runs_is_a_disruption(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, never) as pods:
        team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 1}))
        team.until(lambda: len(pods.started) == 1, lambda: str(pods.started))
        team.kubectl("delete", "jobs", "--all", "--wait=false")
        team.until(lambda: len(pods.started) == 2, lambda: str(pods.started), seconds=40)
        pods.outcome = a_score
        team.wait("Succeeded", seconds=60)
    assert Counter(attempt for _, attempt in pods.started) == {1: 8, 2: 1}


def test_a_longer_retention_keeps_jobs_and_a_shorter_one_removes_them(
    kube: Kube, team: Team, operator: RunningOperator
) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
        assert len(pods.jobs()) == 8
        team.apply(team.study(retention={"finishedJobsSeconds": 0}))
        team.until(lambda: pods.jobs() == [], lambda: str(len(pods.jobs())))
    assert operator.process.running

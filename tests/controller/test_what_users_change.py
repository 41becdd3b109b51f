"""What users do to studies and hypotheses, and what follows: docs/what-happens-when.md."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from assay.kube import Kube
from assay_trainer.contract import FailureReason, TrialRequest
from controller.operators import RunningOperator
from controller.played_pods import Outcome, PlayedPods
from controller.team import Team

pytestmark = pytest.mark.usefixtures("operator")


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def never(_item: TrialRequest) -> Outcome:
    return None


def test_a_wrong_spec_is_said_with_its_path_and_goes_on_when_it_is_mended(kube: Kube, team: Team) -> None:
    team.apply(*team.hypotheses("other"), team.study(hypotheses={"baseline": "basline"}))
    said = team.wait("Accepted", status="False", reason="Invalid")
    assert "spec.hypotheses.baseline" in said
    assert "did you mean baseline?" in said
    assert (team.condition("Stalled")["status"], team.condition("Succeeded")["status"]) == ("True", "False")
    assert team.condition("Reconciling")["status"] == "False"
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(team.study())
        team.wait("Succeeded")
    assert len(pods.started) == 8
    assert team.condition("Stalled")["status"] == "False"
    assert "Invalid" in team.events()


def test_a_study_that_comes_before_its_hypotheses_waits_for_them(kube: Kube, team: Team) -> None:
    team.apply(team.study())
    team.wait("Accepted", status="False", reason="Invalid")
    with PlayedPods(kube, team.namespace, a_score):
        team.apply(*team.hypotheses("other"))
        team.wait("Succeeded")


def test_a_suspended_study_starts_nothing_and_its_running_trials_end_as_usual(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, never) as pods:
        team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 2}))
        team.until(lambda: len(pods.started) == 2, lambda: str(pods.started))
        team.apply(team.study(budget={"parallelism": 2}, suspend=True))
        team.wait("Suspended")
        pods.outcome = a_score
        team.until(lambda: team.get()["status"]["trials"]["succeeded"] == 2, lambda: str(team.get()["status"]))
        assert team.condition("Succeeded")["reason"] == "Suspended"
        assert len(pods.started) == 2
        team.apply(team.study())
        team.wait("Succeeded")
    assert sorted({attempt for _, attempt in pods.started}) == [1]
    assert {"Suspended", "Resumed"} <= team.events().keys()


def test_an_edited_hypothesis_is_tried_anew_and_others_keep_their_results(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("edited"), team.study())
        team.wait("Succeeded")
        before = len(pods.started)
        team.apply(team.hypothesis("edited", recipe={"idea": "another"}))
        team.until(
            lambda: team.conclusion("edited").get("status") == "True", lambda: str(team.get_hypothesis("edited"))
        )
        assert len(pods.started) == before + 4
        assert team.get()["status"]["trials"]["stale"] == 4
        assert team.condition("Succeeded")["status"] == "True"
        # Another priority changes the order of what is to come, of which there is nothing.
        team.apply(team.hypothesis("edited", recipe={"idea": "another"}, priority=5))
        team.until(
            lambda: team.conclusion("edited").get("status") == "True", lambda: str(team.get_hypothesis("edited"))
        )
        assert len(pods.started) == before + 4


def test_a_new_hypothesis_reopens_a_study_and_a_deleted_one_leaves_it(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
        team.apply(team.hypothesis("new"))
        team.until(lambda: team.conclusion("new").get("status") == "True", lambda: str(team.get()["status"]))
        assert len(pods.started) == 12
        team.kubectl("delete", "hyp", "new")
        team.until(lambda: team.get()["status"]["trials"]["planned"] == 8, lambda: str(team.get()["status"]))
        team.wait("Succeeded")
    assert [row["name"] for row in team.get()["status"]["ranking"]] == ["baseline", "other"]


def test_a_deleted_study_takes_its_jobs_along_and_its_results_are_used_again(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
        assert len(pods.jobs()) == 8
        team.kubectl("delete", "pstudy", "digits")
        team.until(lambda: pods.jobs() == [], lambda: str(pods.jobs()))
        team.until(
            lambda: "studies" not in team.get_hypothesis("other")["status"], lambda: str(team.get_hypothesis("other"))
        )
        team.until(lambda: team.conclusion("other")["reason"] == "NotSelected", lambda: str(team.conclusion("other")))
        team.apply(team.study())
        team.wait("Succeeded")
        # Jobs that somebody removes before their time are missed by nobody: the results are there.
        team.kubectl("delete", "jobs", "--all", "--wait=false")
        team.until(lambda: pods.jobs() == [], lambda: str(pods.jobs()))
        team.apply(team.hypothesis("new"))
        team.until(lambda: team.conclusion("new").get("status") == "True", lambda: str(team.get()))
    assert len(pods.started) == 12


def test_a_running_study_that_is_deleted_starts_nothing_more(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, never) as pods:
        team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 2}))
        team.until(lambda: len(pods.started) == 2, lambda: str(pods.started))
        team.kubectl("delete", "pstudy", "digits", "--cascade=foreground")
        team.until(lambda: pods.jobs() == [], lambda: str(pods.jobs()))
        assert len(pods.started) == 2


def test_a_hypothesis_in_two_studies_has_a_verdict_of_each(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score):
        team.apply(*team.hypotheses("other"), team.study("one"), team.study("two", seeds={"initial": 3, "maximum": 3}))
        team.wait("Succeeded", study="one")
        team.wait("Succeeded", study="two")
        team.kubectl("wait", "hyp/other", "--for=condition=Concluded", "--timeout=10s")
        assert {entry["name"] for entry in team.get_hypothesis("other")["status"]["studies"]} == {"one", "two"}
        team.kubectl("delete", "pstudy", "one")
        team.until(
            lambda: team.conclusion("other")["message"] == "two: Inconclusive.",
            lambda: str(team.get_hypothesis("other")),
        )
    assert [entry["name"] for entry in team.get_hypothesis("other")["status"]["studies"]] == ["two"]


def test_studies_that_ask_for_the_same_trials_run_each_of_them_once(kube: Kube, team: Team) -> None:
    names = [f"s{index}" for index in range(4)]
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("a", "b", "c"), *(team.study(name, budget={"parallelism": 3}) for name in names))
        for name in names:
            team.wait("Succeeded", study=name, seconds=60)
    assert len(pods.started) == len({key for key, _ in pods.started}) == 16
    costs = [team.get(name)["status"]["cost"] for name in names]
    spent = [float(cost["acceleratorSeconds"]) for cost in costs]
    reused = [float(cost.get("reusedAcceleratorSeconds", 0)) for cost in costs]
    assert sum(spent) == 32
    assert [own + others for own, others in zip(spent, reused, strict=True)] == [32] * 4


def test_a_study_takes_over_what_a_deleted_one_was_running(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, never) as pods:
        team.apply(*team.hypotheses("a"), team.study("one", proxies=[]))
        team.until(lambda: len(pods.started) == 4, lambda: str(pods.started))
        team.apply(team.study("two", proxies=[]))
        team.wait("Accepted", study="two")
        pods.outcome = a_score
        team.kubectl("delete", "pstudy", "one", "--cascade=foreground")
        team.wait("Succeeded", study="two", seconds=60)


def test_too_many_failures_end_a_study_and_a_retry_goes_on(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, lambda _: FailureReason.TRAIN_FUNCTION_RAISED) as pods:
        team.apply(*team.hypotheses("other"), team.study(proxies=[], budget={"maxFailedTrials": 1, "parallelism": 1}))
        said = team.wait("Succeeded", status="False", reason="TooManyFailures")
        assert "spec.budget.maxFailedTrials is 1" in said
        assert team.condition("Stalled")["status"] == "True"
        assert "TrainFunctionRaised: as the test says" in team.events()["TrialFailed"]
        pods.outcome = a_score
        team.kubectl("annotate", "pstudy", "digits", "assay.dev/retry=2026-01-31T12:00:00Z")
        team.wait("Succeeded")
    attempts = [attempt for _, attempt in pods.started]
    assert (attempts.count(1), attempts.count(2)) == (4, 2)


def test_a_scrape_has_the_studies_that_there_are(kube: Kube, team: Team, operator: RunningOperator) -> None:
    with PlayedPods(kube, team.namespace, a_score):
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
    values = values_of(operator.scrape(), team.namespace)
    assert values["assay_study_condition", "Succeeded", "true"] == 1
    assert values["assay_study_trials", "short", "succeeded"] == 4
    assert values["assay_arm_data_wait_ratio", "short"] == 0.08
    team.kubectl("delete", "pstudy", "digits")
    team.until(lambda: values_of(operator.scrape(), team.namespace) == {}, operator.scrape)


def values_of(scraped: str, namespace: str) -> dict[tuple[str, ...], float]:
    """Return the values of all metrics of a namespace's study, by name and further labels."""
    return {
        (
            sample.name,
            *(value for label, value in sorted(sample.labels.items()) if label not in ("namespace", "study")),
        ): (sample.value)
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
        if sample.labels.get("namespace") == namespace
    }
